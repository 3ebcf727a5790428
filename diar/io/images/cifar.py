"""CIFAR-10's official archives: the python version, which is pickles, and the binary one.

Both are described on www.cs.toronto.edu/~kriz/cifar.html: six batches of 10,000 images, three planes of 32 x 32 bytes
an image. A pickle can run any code when it is read; these are read by an unpickler that builds dictionaries, lists,
text, numbers and bytes, and takes notes where it is told to build an array.
"""

from __future__ import annotations

import io
import pickle
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from diar.errors import DataError
from diar.images.sets import ImageSet, UInt8

SIZE = 32
_PLANES = (3, SIZE, SIZE)
_VALUES = 3 * SIZE * SIZE
N_CLASSES = 10


class _Note:
    """What stands where a pickle builds an array or its type: the words that it is built by, nothing of them done."""

    def __init__(self, *words: Any) -> None:
        self.words, self.state = words, ()

    def __setstate__(self, state: Any) -> None:
        self.state = state


# modules that Python 2 and numpy before and after 2.0 name
_NOTED = {
    (module, name)
    for name, modules in {
        "_reconstruct": ("numpy.core.multiarray", "numpy._core.multiarray"),
        "ndarray": ("numpy",),
        "dtype": ("numpy",),
    }.items()
    for module in modules
}


class _BatchUnpickler(pickle.Unpickler):
    """It builds what the official batches hold, and no other object: a class or function is only ever a note."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _NOTED:
            raise pickle.UnpicklingError(f"it wants {module}.{name}, which the official files do not")
        return _Note

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("it wants an object from outside")


def parse_python_batch(path: Path | str, content: bytes) -> ImageSet:
    """A batch of the python version; ``path`` is named in messages.

    Raises:
        DataError: no pickle, one that would run code, or one of something else.
    """
    try:
        batch = _BatchUnpickler(io.BytesIO(content), encoding="bytes").load()
        array = batch[b"data"]
        _, shape, kind, is_fortran, values = array.state
        labels = np.array(batch[b"labels"])
        if kind.words[0] not in (b"u1", "u1") or labels.ndim != 1 or labels.dtype.kind not in "iu":
            raise ValueError("the data are no bytes, or the labels no numbers")
        images = np.frombuffer(values, np.uint8).reshape(shape, order="F" if is_fortran else "C")
    except (
        pickle.UnpicklingError, ValueError, LookupError, TypeError, AttributeError, EOFError, ImportError,
        OverflowError, MemoryError, RecursionError, struct.error,
    ) as error:  # fmt: skip
        reason = " ".join(str(error).split())[:120]
        wanted = "wanted a batch of CIFAR-10's python version"
        raise DataError(path, f"cannot be read ({reason})", wanted, "nothing of it was run") from None
    if images.shape != (len(labels), _VALUES):
        found = f"found data of {' x '.join(map(str, images.shape))} and {len(labels)} labels"
        raise DataError(path, found, f"wanted {_VALUES} values and a label an image")
    return _image_set(path, images, labels)


def parse_binary_batch(path: Path | str, content: bytes) -> ImageSet:
    """A batch of the binary version: records of a label and an image's values.

    Raises:
        DataError: no whole number of records, or labels that are none.
    """
    if not content or len(content) % (_VALUES + 1):
        wanted = f"wanted records of {_VALUES + 1} bytes: a label and {_VALUES} values"
        raise DataError(path, f"found {len(content)} bytes", wanted, "fetch it anew")
    records = np.frombuffer(content, np.uint8).reshape(-1, _VALUES + 1)
    return _image_set(path, records[:, 1:], records[:, 0])


def _image_set(path: Path | str, rows: UInt8, labels: Any) -> ImageSet:
    check_labels(path, labels)
    images = rows.reshape(-1, *_PLANES).transpose(0, 2, 3, 1)
    return ImageSet(np.ascontiguousarray(images), labels.astype(np.uint8))


def check_labels(where: Path | str, labels: Any) -> None:
    """Refuse labels that are not the number of one of ten classes.

    Raises:
        DataError: there is one.
    """
    wrong = np.flatnonzero((labels < 0) | (labels >= N_CLASSES))
    if len(wrong):
        raise DataError(where, f"image {wrong[0]} has label {labels[wrong[0]]}", f"wanted 0 to {N_CLASSES - 1}")


def joined(batches: Sequence[ImageSet]) -> ImageSet:
    """The images of several batches, one after the other."""
    return ImageSet(np.concatenate([b.images for b in batches]), np.concatenate([b.labels for b in batches]))
