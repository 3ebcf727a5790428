"""Official files by their names, in the places where they usually lie; other files of those names are refused."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from image_files import archive, binary_batch, idx, jpeg_archive, pixel, planes, python_batch, write_idx_set

from diar.errors import DataError
from diar.io.images import checksums, official
from diar.io.images.cifar import parse_binary_batch
from diar.io.images.cifar_jpeg import parse_cifar_jpeg
from diar.io.images.official import read_dataset

BATCHES = [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(official, "_A_BATCH", 2)


def read(name: str, folder: Path, check: bool = False) -> object:
    return read_dataset(name, folder, check)


def test_digits_need_no_files() -> None:
    found = read_dataset("digits", None)
    assert found.train.shape == (8, 8, 1) and (len(found.train), len(found.test)) == (1297, 500)
    assert found.train.images.max() == 255 and found.train.images.min() == 0
    assert set(np.unique(found.train.images)) == {round(255 * grey / 16) for grey in range(17)}
    assert all(np.bincount(part.labels, minlength=10).min() > 40 for part in (found.train, found.test))


# ---- IDX -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mnist", "fashion"])
@pytest.mark.parametrize("place", ["", "raw"])
@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_are_found_and_read(tmp_path: Path, name: str, place: str, packed: bool) -> None:
    arrays = write_idx_set(tmp_path / place, packed=packed)
    found = read(name, tmp_path)
    assert (found.name, found.pixels, len(found.sources)) == (name, "", 4)
    for part, prefix in ((found.train, "train"), (found.test, "t10k")):
        assert (part.images[..., 0] == arrays[f"{prefix}-images-idx3-ubyte"]).all()
        assert (part.labels == arrays[f"{prefix}-labels-idx1-ubyte"]).all()


def test_names_that_some_programs_unpack_to_are_known(tmp_path: Path) -> None:
    write_idx_set(tmp_path)
    for path in list(tmp_path.iterdir()):
        path.rename(tmp_path / path.name.replace("-idx", ".idx"))
    assert len(read("mnist", tmp_path).train) == 6


def test_other_files_of_official_names_are_refused(tmp_path: Path) -> None:
    write_idx_set(tmp_path)
    message = (
        r"train-images-idx3-ubyte: MD5 \w{32}; wanted 6bbc9ace898e44ae57da46a324031adb of mnist's train-images; "
        r"fetch it anew, or take it as it is with --check-md5 false$"
    )
    with pytest.raises(DataError, match=message):
        read("mnist", tmp_path, check=True)


def test_whose_a_file_is_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_idx_set(tmp_path)
    md5 = checksums.md5_of((tmp_path / "train-images-idx3-ubyte").read_bytes())
    monkeypatch.setitem(checksums.MD5["fashion"], "train-images", md5)
    with pytest.raises(DataError, match=rf"MD5 {md5}, that of fashion's train-images; wanted"):
        read("mnist", tmp_path, check=True)


def test_what_is_missing_or_does_not_fit_is_told(tmp_path: Path) -> None:
    write_idx_set(tmp_path)
    labels = tmp_path / "t10k-labels-idx1-ubyte"
    labels.write_bytes(idx(np.arange(5)))
    with pytest.raises(DataError, match="t10k-images-idx3-ubyte: 4 images, and 5 labels in t10k-labels-idx1-ubyte; "):
        read("mnist", tmp_path)
    labels.write_bytes(idx(np.array([1, 2, 3, 10])))
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte: image 3 has label 10; wanted 0 to 9"):
        read("mnist", tmp_path)
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx(np.zeros((4, 28, 27))))
    with pytest.raises(DataError, match="t10k-images-idx3-ubyte: images of 28 x 27; wanted 28 x 28"):
        read("mnist", tmp_path)
    labels.unlink()
    with pytest.raises(DataError, match="has no t10k-labels-idx1-ubyte and no .*.gz; wanted mnist's"):
        read("mnist", tmp_path)


def test_without_a_folder_it_says_where_files_are(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="^--data-dir: found none; wanted the folder of cifar10's .*/cifar.html has"):
        read_dataset("cifar10", None)
    with pytest.raises(DataError, match="none: no such folder; wanted that of mnist's official files"):
        read("mnist", tmp_path / "none")


# ---- CIFAR-10 ------------------------------------------------------------------------------------------------------

PLANES = [planes(2) for _ in BATCHES]


def batches(kind: str) -> dict[str, bytes]:
    make, suffix = (python_batch, "") if kind == "python" else (binary_batch, ".bin")
    return {f"{name}{suffix}": make(*planes) for name, planes in zip(BATCHES, PLANES, strict=True)}


def write_all(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("kind", ["python", "binary"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("place", ["", "below"])
def test_both_versions_packed_and_unpacked_give_the_same(tmp_path: Path, kind: str, packed: bool, place: str) -> None:
    below = "cifar10" if packed else f"cifar-10-batches-{'py' if kind == 'python' else 'bin'}"
    files = {f"cifar-10-{kind}.tar.gz": archive(batches(kind))} if packed else batches(kind)
    folder = write_all(tmp_path / below if place else tmp_path, files)
    for where in {tmp_path, folder, *(folder.glob("*.tar.gz") if packed else ())}:
        found = read("cifar10", where)
        assert (len(found.train), len(found.test), found.pixels) == (10, 2, "")
        assert found.train.labels.tolist() == [int(label) for _, labels in PLANES[:5] for label in labels]
        assert found.train.images[7, 3, 4].tolist() == pixel(PLANES[3][0][1], 3, 4)
        assert found.test.images[1, 31, 0].tolist() == pixel(PLANES[5][0][1], 31, 0)


def test_jpeg_pixels_say_so(tmp_path: Path) -> None:
    images = np.full((12, 32, 32, 3), 77, np.uint8)
    write_all(tmp_path, {"cifar10_jpeg.npz": jpeg_archive(images, np.arange(12) % 10)})
    found = read("cifar10", tmp_path)
    assert (found.pixels, found.title) == ("JPEG pixels", "CIFAR-10 (JPEG pixels)")
    assert found.train.labels.tolist() == [*range(10)] and found.test.labels.tolist() == [0, 1]
    write_all(tmp_path, batches("binary"))
    assert read("cifar10", tmp_path).pixels == "", "the official pixels are preferred"


@pytest.mark.parametrize("kind", ["python", "binary"])
def test_broken_archives_are_told(tmp_path: Path, kind: str) -> None:
    name = f"cifar-10-{kind}.tar.gz"
    whole = archive(batches(kind))
    for content in (whole[: len(whole) // 2], b"", b"no archive"):
        write_all(tmp_path, {name: content})
        with pytest.raises(DataError, match=rf"{name}: cannot be unpacked \(.*\); wanted a whole archive; fetch it"):
            read("cifar10", tmp_path)
        with pytest.raises(DataError, match=rf"{name}: MD5 \w+; wanted {checksums.MD5['cifar10'][name]} of cifar10's "):
            read("cifar10", tmp_path, check=True)
    some = batches(kind)
    last = some.pop(next(reversed(some)))
    write_all(tmp_path, {name: archive(some)})
    with pytest.raises(DataError, match=rf"{name}: lacks test_batch(\.bin)?; wanted all six batches; fetch them anew$"):
        read("cifar10", tmp_path)
    longer = {name: content if name.startswith("data") else binary_batch(*planes(3)) for name, content in some.items()}
    last = binary_batch(*planes(3)) if kind == "binary" else python_batch(*planes(3))
    write_all(tmp_path, {name: archive(longer | {f"test_batch{'.bin' * (kind == 'binary')}": last})})
    with pytest.raises(DataError, match=r"test_batch(\.bin)?: found 3 images; wanted 2; fetch it anew$"):
        read("cifar10", tmp_path)


def test_nothing_of_cifar_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no files of CIFAR-10; wanted cifar-10-python.tar.gz, .* needs none$"):
        read("cifar10", tmp_path)


def test_a_link_in_an_archive_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(batches("binary")["data_batch_1.bin"])
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as file:
        entry = tarfile.TarInfo("data_batch_1.bin")
        entry.type, entry.linkname = tarfile.SYMTYPE, str(tmp_path / "secret")
        file.addfile(entry)
    write_all(tmp_path, {"cifar-10-binary.tar.gz": buffer.getvalue()})
    with pytest.raises(DataError, match="lacks data_batch_1.bin"):
        read("cifar10", tmp_path)


# ---- the files themselves, where they are ----------------------------------------------------------------------------

DATA = Path(os.environ.get("DIAR_DATA", "")) / "images"
here = pytest.mark.skipif(not os.environ.get("DIAR_DATA") or not DATA.is_dir(), reason="DIAR_DATA has no images")


@here
@pytest.mark.parametrize("name", ["mnist", "fashion"])
def test_the_official_files_are_known(name: str) -> None:
    found = read_dataset(name, DATA if name == "mnist" else DATA / "fashion-mnist")
    assert (len(found.train), len(found.test), found.train.shape) == (60000, 10000, (28, 28, 1))
    wanted = [5421, 6742] if name == "mnist" else [6000, 6000]
    counts = np.bincount(found.train.labels)
    assert [counts.min(), counts.max()] == wanted


@here
def test_lossless_records_agree_with_the_jpeg_files_to_30_db() -> None:
    folder = DATA / "cifar10"
    packed = (folder / "lossless_first4000_of_data_batch_1.bin.gz").read_bytes()
    lossless = parse_binary_batch("b", gzip.decompress(packed))
    buffer = io.BytesIO()
    with np.load(folder / "cifar10_jpeg.npz") as whole:
        end = whole["offset"][4000]
        np.savez(buffer, jpeg=whole["jpeg"][:end], offset=whole["offset"][:4001], label=whole["label"][:4000])
    jpeg = parse_cifar_jpeg(folder / "cifar10_jpeg.npz", buffer.getvalue())
    assert (jpeg.labels == lossless.labels).all()
    error = np.square(jpeg.images.astype(float) - lossless.images).mean()
    assert 29.5 < 10 * np.log10(255**2 / error) < 31
