"""CIFAR-10 as JPEG files in one numpy archive: a stand-in for the official archives, a quarter of their size.

``jpeg`` are the bytes of all files one after the other, ``offset`` (N + 1) where each begins and the last ends,
``label`` (N,) their classes. The pixels are not CIFAR-10's own, so every figure made from them has to say so.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from diar.errors import DataError
from diar.images.sets import ImageSet
from diar.io.images.cifar import SIZE, check_labels

PIXELS = "JPEG pixels"
_KINDS = {"jpeg": "uint8", "offset": "int64", "label": "uint8"}


def parse_cifar_jpeg(path: Path, content: bytes) -> ImageSet:
    """All images of an archive; ``path`` is named in messages.

    Raises:
        DataError: not such an archive, a cut one, or a JPEG file that is none of 32 x 32 pixels.
    """
    arrays = _arrays(path, content)
    jpeg, offset, label = (arrays[name] for name in _KINDS)
    if len(offset) != len(label) + 1 or offset[0] != 0 or offset[-1] != len(jpeg) or (np.diff(offset) <= 0).any():
        found = f"found {len(offset)} offsets up to {offset[-1] if len(offset) else 'none'}"
        raise DataError(path, found, f"wanted {len(label) + 1} that rise from 0 to {len(jpeg)}")
    check_labels(path, label)
    images = np.empty((len(label), SIZE, SIZE, 3), np.uint8)
    files, ends = jpeg.tobytes(), offset.tolist()
    for number in range(len(label)):
        images[number] = _decoded(path, number, files[ends[number] : ends[number + 1]])
    return ImageSet(images, label)


def _arrays(path: Path, content: bytes) -> dict[str, Any]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files if name in _KINDS}
    except (
        ValueError, OSError, EOFError, LookupError, TypeError, NotImplementedError, zipfile.BadZipFile, zlib.error,
    ) as error:  # fmt: skip
        reason = " ".join(str(error).split())[:100]
        raise DataError(path, f"cannot be read ({reason})", "wanted a numpy archive", "fetch it anew") from None
    for name, kind in _KINDS.items():
        if name not in arrays or arrays[name].dtype != kind or arrays[name].ndim != 1:
            found = f"found {arrays[name].dtype} {arrays[name].shape}" if name in arrays else "found none"
            raise DataError(path, f"'{name}': {found}", f"wanted {kind} of one dimension")
    return arrays


def _decoded(path: Path, number: int, file: bytes) -> Any:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(file), formats=["JPEG"]) as image:
            pixels = np.asarray(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = str(error).replace("<_io.BytesIO object at ", "<")[:60]
        raise DataError(path, f"image {number} is no whole JPEG file ({reason})", advice="fetch it anew") from None
    if pixels.shape != (SIZE, SIZE, 3):
        shape = " x ".join(map(str, pixels.shape))
        raise DataError(path, f"image {number} is {shape}", f"wanted {SIZE} x {SIZE} x 3")
    return pixels
