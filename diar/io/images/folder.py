"""A prepared data set: arrays of numpy that stages map into memory, and a table of what they are.

``train_images.npy`` and ``test_images.npy`` are (N, H, W, C) uint8, ``train_labels.npy`` and ``test_labels.npy`` (N,)
uint8; ``dataset.json``, written last, is the mark that the folder is complete.
"""

from __future__ import annotations

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
    if not isinstance(table, dict) or table.get("name") not in CLASSES or set(table.get("crc32", ())) != set(_ARRAYS):
        raise DataError(folder / _TABLE, "is no table of a data set", advice=_ADVICE)
    return table


def read_prepared(folder: Path) -> Dataset:
    """The data set that ``write_dataset`` wrote; its images are mapped, not read.

    Raises:
        DataError: the folder is missing or not complete, or a file of it is another's.
    """
    table = read_table(folder)
    images, labels, test_images, test_labels = (_read_array(folder / f"{name}.npy") for name in _ARRAYS)
    try:
        train, test = ImageSet(images, labels), ImageSet(test_images, test_labels)
    except AssertionError as error:
        raise DataError(folder, f"its arrays do not fit together ({error})", advice=_ADVICE) from None
    return Dataset(table["name"], train, test, table["pixels"], table["sources"])


def _read_array(path: Path) -> UInt8:
    try:
        array: UInt8 = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = " ".join(str(error).split())[:100]
        raise DataError(path, f"cannot be read ({reason})", advice=_ADVICE) from None
    return array


def _arrays(dataset: Dataset) -> tuple[UInt8, UInt8, UInt8, UInt8]:
    return dataset.train.images, dataset.train.labels, dataset.test.images, dataset.test.labels


def _crc32(array: UInt8) -> str:
    return f"{zlib.crc32(np.ascontiguousarray(array).data):08x}"
