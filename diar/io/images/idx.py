"""IDX files of MNIST and Fashion-MNIST: two zero bytes, a type, a number of dimensions, the dimensions, the values.

The format is on MNIST's page (http://yann.lecun.com/exdb/mnist); numbers are big-endian. Compressed files are known by
their content, not by their names.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError

_GZIP = b"\x1f\x8b"
_UNSIGNED_BYTE = 8


def read_uncompressed(path: Path) -> bytes:
    """The bytes of a file, which may be compressed by gzip.

    Raises:
        DataError: there is no such file, or a compressed one is cut or broken.
    """
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(_GZIP) else content
    except FileNotFoundError:
        raise DataError(path, "no such file") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(path, f"cannot be unpacked ({error})", "wanted a whole .gz file", "fetch it anew") from None


def parse_idx(path: Path, content: bytes, n_dimensions: int) -> NDArray[np.uint8]:
    """The array of an IDX file of unsigned bytes; ``path`` is named in messages.

    Raises:
        DataError: another magic number, or a size that is not that of the dimensions.
    """
    magic = bytes((0, 0, _UNSIGNED_BYTE, n_dimensions))
    if content[:4] != magic:
        wanted = f"wanted {magic.hex(' ')}: IDX of unsigned bytes in {n_dimensions} dimension{'s' * (n_dimensions > 1)}"
        raise DataError(path, f"begins with {content[:4].hex(' ') or 'nothing'}", wanted)
    header = 4 + 4 * n_dimensions
    if len(content) < header:
        raise DataError(path, f"is cut in its header, at byte {len(content)}", f"wanted {header} bytes of it")
    shape = struct.unpack(f">{n_dimensions}I", content[4:header])
    if len(content) - header != math.prod(shape):
        fault = "is cut" if len(content) - header < math.prod(shape) else "is too long"
        wanted = f"wanted {math.prod(shape)} for {' x '.join(map(str, shape))}"
        raise DataError(path, f"{fault}: {len(content) - header} values", wanted, "fetch it anew")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
