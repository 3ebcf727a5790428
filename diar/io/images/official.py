"""The official files of a data set, found in a folder by their names and read by their formats."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from diar.errors import DataError
from diar.images.sets import DATASETS, Dataset, ImageSet, UInt8
from diar.io.images.checksums import CIFAR_BATCHES, check_md5
from diar.io.images.cifar import check_labels, joined, parse_binary_batch, parse_python_batch
from diar.io.images.cifar_jpeg import PIXELS, parse_cifar_jpeg
from diar.io.images.digits import read_digits
from diar.io.images.idx import parse_idx, read_uncompressed

_SUBFOLDERS = {
    "mnist": ("", "mnist", "MNIST", "raw", "MNIST/raw"),
    "fashion": ("", "fashion-mnist", "fashion", "FashionMNIST", "raw", "FashionMNIST/raw"),
    "cifar10": ("", "cifar10", "cifar-10-batches-py", "cifar-10-batches-bin", "cifar10/cifar-10-batches-py",
                "cifar10/cifar-10-batches-bin"),
}  # fmt: skip
_IDX_PARTS = (("train-images", 3), ("train-labels", 1), ("t10k-images", 3), ("t10k-labels", 1))
_IDX_SIDE = 28
_A_BATCH = 10_000
_JPEG = "cifar10_jpeg.npz"


def read_dataset(name: str, folder: Path | None, check: bool = True) -> Dataset:
    """The data set ``name`` from the official files in ``folder``, or in a usual folder below; digits need none.

    With ``check`` a file with another MD5 than the official one of its name is refused.

    Raises:
        DataError: a file is missing, broken, or another than its name says.
    """
    assert name in DATASETS, name
    if name == "digits":
        return read_digits()
    if folder is None:
        raise DataError("--data-dir", "found none", f"wanted the folder of {name}'s official files", _advice(name))
    if not folder.exists():
        raise DataError(folder, "no such folder", f"wanted that of {name}'s official files")
    return _read_idx_set(name, folder, check) if name in ("mnist", "fashion") else _read_cifar(folder, check)


def _advice(name: str) -> str:
    page = {"mnist": "yann.lecun.com/exdb/mnist", "fashion": "github.com/zalandoresearch/fashion-mnist"}
    return f"{page.get(name, 'www.cs.toronto.edu/~kriz/cifar.html')} has them; --dataset digits needs none"


def _places(name: str, folder: Path) -> list[Path]:
    return [folder / sub for sub in _SUBFOLDERS[name]]


# ---- MNIST and Fashion-MNIST ---------------------------------------------------------------------------------------


def _read_idx_set(name: str, folder: Path, check: bool) -> Dataset:
    arrays: dict[str, UInt8] = {}
    paths: dict[str, Path] = {}
    sources: dict[str, str] = {}
    for part, n_dimensions in _IDX_PARTS:
        path = paths[part] = _find_idx(name, folder, part, n_dimensions)
        content = read_uncompressed(path)
        arrays[part] = parse_idx(path, content, n_dimensions)
        sources[path.name] = check_md5(path, name, part, content, check)
    sets: list[ImageSet] = []
    for images, labels in (("train-images", "train-labels"), ("t10k-images", "t10k-labels")):
        if arrays[images].shape[1:] != (_IDX_SIDE, _IDX_SIDE):
            found = "images of " + " x ".join(map(str, arrays[images].shape[1:]))
            raise DataError(paths[images], found, f"wanted {_IDX_SIDE} x {_IDX_SIDE}")
        if len(arrays[images]) != len(arrays[labels]) or not len(arrays[images]):
            found = f"{len(arrays[images])} images, and {len(arrays[labels])} labels in {paths[labels].name}"
            raise DataError(paths[images], found, "wanted a label an image")
        check_labels(paths[labels], arrays[labels])
        sets.append(ImageSet(arrays[images][..., np.newaxis], arrays[labels]))
    return Dataset(name, sets[0], sets[1], sources=sources)


def _find_idx(name: str, folder: Path, part: str, n_dimensions: int) -> Path:
    official = f"{part}-idx{n_dimensions}-ubyte"
    names = [official, f"{official}.gz", f"{part}.idx{n_dimensions}-ubyte"]
    for place in _places(name, folder):
        for candidate in names:
            if (place / candidate).is_file():
                return place / candidate
    raise DataError(folder, f"has no {official} and no {official}.gz", f"wanted {name}'s four files", _advice(name))


# ---- CIFAR-10 ------------------------------------------------------------------------------------------------------

_Parse = Callable[[Path | str, bytes], ImageSet]
_VERSIONS: tuple[tuple[str, str, _Parse], ...] = (
    ("cifar-10-python.tar.gz", "", parse_python_batch),
    ("cifar-10-binary.tar.gz", ".bin", parse_binary_batch),
)


def _read_cifar(folder: Path, check: bool) -> Dataset:
    """Of the first of: archives, unpacked batches, JPEG files."""
    places = [folder.parent] if folder.is_file() else _places("cifar10", folder)
    names = {folder.name} if folder.is_file() else {archive for archive, _, _ in _VERSIONS} | {_JPEG}
    for archive, suffix, parse in _VERSIONS:
        for path in (place / archive for place in places):
            if archive in names and path.is_file():
                sources = {path.name: check_md5(path, "cifar10", archive, path.read_bytes(), check)}
                return _of_batches(path, parse, dict(_members(path, suffix)), suffix, sources)
    for _, suffix, parse in _VERSIONS:
        for place in places:
            paths = {name: place / f"{name}{suffix}" for name in CIFAR_BATCHES}
            found = {name: path for name, path in paths.items() if path.is_file()}
            if found and folder.is_dir():
                content = {name: path.read_bytes() for name, path in found.items()}
                sources = {
                    found[name].name: check_md5(found[name], "cifar10", found[name].name, content[name], check)
                    for name in found
                }
                return _of_batches(place, parse, content, suffix, sources)
    for path in (place / _JPEG for place in places):
        if _JPEG in names and path.is_file():
            return _of_jpeg(path, check)
    wanted = "wanted cifar-10-python.tar.gz, cifar-10-binary.tar.gz, what is in one of them, or " + _JPEG
    raise DataError(folder, "has no files of CIFAR-10", wanted, _advice("cifar10"))


def _members(path: Path, suffix: str) -> Iterator[tuple[str, bytes]]:
    """The batches of an archive, by name; nothing is unpacked to disk."""
    wanted = {f"{name}{suffix}": name for name in CIFAR_BATCHES}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                name = wanted.get(member.name.rpartition("/")[2])
                file = archive.extractfile(member) if name and member.isfile() else None
                if name and file is not None:
                    yield name, file.read()
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        reason = " ".join(str(error).split())[:100]
        raise DataError(path, f"cannot be unpacked ({reason})", "wanted a whole archive", "fetch it anew") from None


def _of_batches(
    where: Path, parse: _Parse, content: dict[str, bytes], suffix: str, sources: dict[str, str]
) -> Dataset:
    missing = [f"{name}{suffix}" for name in CIFAR_BATCHES if name not in content]
    if missing:
        raise DataError(where, f"lacks {', '.join(missing)}", "wanted all six batches", "fetch them anew")
    batches = []
    for name in CIFAR_BATCHES:
        place = where / f"{name}{suffix}"
        batches.append(parse(place, content[name]))
        if len(batches[-1]) != _A_BATCH:
            raise DataError(place, f"found {len(batches[-1])} images", f"wanted {_A_BATCH}", "fetch it anew")
    return Dataset("cifar10", joined(batches[:-1]), batches[-1], sources=sources)


def _of_jpeg(path: Path, check: bool) -> Dataset:
    content = path.read_bytes()
    md5 = check_md5(path, "cifar10", _JPEG, content, check)
    images = parse_cifar_jpeg(path, content)
    if len(images) != len(CIFAR_BATCHES) * _A_BATCH:
        raise DataError(path, f"found {len(images)} images", f"wanted {len(CIFAR_BATCHES) * _A_BATCH}", "fetch it anew")
    train, test = np.split(np.arange(len(images)), [-_A_BATCH])
    return Dataset("cifar10", images[train], images[test], PIXELS, {path.name: md5})
