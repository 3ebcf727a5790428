"""A prepared data set: arrays of numpy that stages map into memory, and a table of what they are.

``train_images.npy`` and ``test_images.npy`` are (N, H, W, C) uint8, ``train_labels.npy`` and ``test_labels.npy`` (N,)
uint8; ``dataset.json``, written last, is the mark that the folder is complete.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from diar.errors import DataError
from diar.images.sets import CLASSES, Dataset, ImageSet, UInt8
from diar.io.files import TEMPORARY_SUFFIX, atomic_path, read_json, write_json

_TABLE = "dataset.json"
_ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")
_ADVICE = "stage 0 makes it: ./run.sh --stop-stage 0 --dataset NAME"


def write_dataset(folder: Path, dataset: Dataset) -> None:
    """Write ``dataset`` into ``folder``, each file whole or not at all; the same set gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _TABLE).unlink(missing_ok=True)
    for left in folder.glob(f".*{TEMPORARY_SUFFIX}"):
        left.unlink(missing_ok=True)
    arrays = dict(zip(_ARRAYS, _arrays(dataset), strict=True))
    for name, array in arrays.items():
        with atomic_path(folder / f"{name}.npy") as temporary, temporary.open("wb") as file:
            np.save(file, array, allow_pickle=False)
    table = {"name": dataset.name, "pixels": dataset.pixels, "sources": dict(dataset.sources)}
    sums = {name: _crc32(array) for name, array in arrays.items()}
    write_json(folder / _TABLE, table | {"classes": list(dataset.classes), "crc32": sums})


def read_table(folder: Path) -> Mapping[str, Any]:
    """What is known of a prepared data set: its name, pixels, sources, classes, and crc32 of its arrays.

    Raises:
        DataError: the folder is missing or not complete.
    """
    if not (folder / _TABLE).is_file():
        found = f"is not complete (no {_TABLE})" if folder.is_dir() else "no such folder"
        raise DataError(folder, found, "wanted a prepared data set", _ADVICE)
    table = read_json(folder / _TABLE)
    kinds = {"name": str, "pixels": str, "sources": dict, "crc32": dict}
    is_table = isinstance(table, dict) and all(isinstance(table.get(key), kind) for key, kind in kinds.items())
    if not is_table or table["name"] not in CLASSES or set(table["crc32"]) != set(_ARRAYS):
        raise DataError(folder / _TABLE, "is no table of a data set", advice=_ADVICE)
    return dict(table)


def read_prepared(folder: Path) -> Dataset:
    """The data set that ``write_dataset`` wrote; its images are mapped into memory.

    Raises:
        DataError: the folder is missing or not complete, or a file of it is another's.
    """
    table = read_table(folder)
    n_classes = len(CLASSES[table["name"]])
    train, test = (_read_part(folder, part, n_classes) for part in ("train", "test"))
    if train.shape != test.shape:
        raise DataError(folder, f"found training images of {train.shape} and test images of {test.shape}",
                        "wanted the same size", _ADVICE)  # fmt: skip
    found = Dataset(table["name"], train, test, table["pixels"], table["sources"])
    for name, array in zip(_ARRAYS, _arrays(found), strict=True):
        if _crc32(array) != table["crc32"][name]:
            raise DataError(folder / f"{name}.npy", "has other content than stage 0 wrote", advice=_ADVICE)
    return found


def _read_part(folder: Path, part: str, n_classes: int) -> ImageSet:
    path, labels_path = folder / f"{part}_images.npy", folder / f"{part}_labels.npy"
    images, labels = _read_array(path, 4), _read_array(labels_path, 1)
    if len(images) != len(labels):
        raise DataError(labels_path, f"found {len(labels)} labels", f"wanted {len(images)}, one an image", _ADVICE)
    if len(labels) and labels.max() >= n_classes:
        raise DataError(labels_path, f"found label {labels.max()}", f"wanted 0 to {n_classes - 1}", _ADVICE)
    return ImageSet(images, labels)


def _read_array(path: Path, n_dims: int) -> UInt8:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split())[:100]
        raise DataError(path, f"cannot be read ({reason})", advice=_ADVICE) from None
    if not isinstance(array, np.ndarray) or array.dtype != np.uint8 or array.ndim != n_dims:
        found = f"{array.dtype} of {array.ndim} dimensions" if isinstance(array, np.ndarray) else "no array"
        raise DataError(path, f"found {found}", f"wanted uint8 of {n_dims}", _ADVICE)
    return array


def _arrays(dataset: Dataset) -> tuple[UInt8, UInt8, UInt8, UInt8]:
    return dataset.train.images, dataset.train.labels, dataset.test.images, dataset.test.labels


def _crc32(array: UInt8) -> str:
    return f"{zlib.crc32(np.ascontiguousarray(array).data):08x}"
