"""HTK's parameter files: a header of 12 bytes, then a vector a frame, all big-endian (The HTK Book, section 5.10).

The header is nSamples (int32), sampPeriod (int32, in 100 ns), sampSize (int16, bytes a frame) and parmKind (uint16: a
basic kind in 6 bits and a bit for each qualifier). Values are float32, or, with _C, int16 X that stand for
(X + B) / A, where the vectors A and B of float32 come first and count as four frames in nSamples. With _K two bytes of
checksum end the file; they are not verified.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError

_HEADER = struct.Struct(">iihH")
_BASIC_KIND, _COMPRESSED, _CHECKSUM = 0o77, 0o2000, 0o10000
_NOT_FLOATS = {0: "WAVEFORM", 5: "IREFC", 10: "DISCRETE"}
_SCALE_FRAMES = 4  # what A and B count as
_UNITS_PER_SECOND = 1e7


def read_htk(path: Path) -> tuple[NDArray[np.float32], float]:
    """The (T, D) float32 frames of an HTK parameter file and its frame shift in seconds.

    Raises:
        DataError: the file is missing or truncated, is no HTK file, or one of another kind than vectors of floats.
    """
    content = _content(path)
    wanted = "wanted an HTK parameter file"
    if len(content) < _HEADER.size:
        raise DataError(path, f"is {len(content)} bytes long", wanted)
    n_samples, period, sample_size, kind = _HEADER.unpack_from(content)
    compressed = bool(kind & _COMPRESSED)
    scale_frames = _SCALE_FRAMES if compressed else 0
    value_size = 2 if compressed else 4
    promised = _HEADER.size + n_samples * sample_size + (2 if kind & _CHECKSUM else 0)
    if n_samples < scale_frames or period <= 0 or sample_size <= 0:
        raise DataError(path, "has no header of HTK (big-endian)", wanted)
    if promised != len(content):
        raise DataError(path, f"is {len(content)} bytes long, where HTK's header says {promised}", wanted)
    if (kind & _BASIC_KIND) in _NOT_FLOATS:
        raise DataError(path, f"holds {_NOT_FLOATS[kind & _BASIC_KIND]}", "wanted vectors of floats, as MFCC")
    if sample_size % value_size:
        raise DataError(path, f"has {sample_size} bytes a frame", f"wanted a multiple of {value_size}")
    dim = sample_size // value_size
    if compressed:
        a, b = np.frombuffer(content, ">f4", 2 * dim, _HEADER.size).reshape(2, dim).astype(np.float32)
        packed = np.frombuffer(content, ">i2", (n_samples - scale_frames) * dim, _HEADER.size + 8 * dim)
        with np.errstate(divide="ignore", invalid="ignore"):  # who wants the values looks for infinity
            values = (packed.reshape(-1, dim) + b) / a
    else:
        values = np.frombuffer(content, ">f4", n_samples * dim, _HEADER.size).reshape(-1, dim)
    return values.astype(np.float32), period / _UNITS_PER_SECOND


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(path, "no such file") from None
    except IsADirectoryError:
        raise DataError(path, "is a folder", "wanted an HTK parameter file") from None
