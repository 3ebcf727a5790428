"""Pictures as files: pixels written as PNG and read again, and PNG and GIF files as they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from diar.errors import DataError
from diar.images.sets import UInt8
from diar.io.files import atomic_path

_MIME = {b"\x89PNG\r\n\x1a\n": "image/png", b"GIF87a": "image/gif", b"GIF89a": "image/gif"}
_ENDS = {"image/png": b"IEND\xaeB`\x82", "image/gif": b"\x3b"}


@dataclass(frozen=True)
class Picture:
    """A PNG or GIF file: its ``name`` without the suffix, its bytes, and its size in pixels."""

    name: str
    content: bytes
    mime: str
    width: int
    height: int

    @property
    def is_animation(self) -> bool:
        return self.mime == "image/gif"


def write_picture(path: Path, pixels: UInt8) -> None:
    """Write (H, W, C) uint8 pixels, C 1 or 3, as PNG, atomically."""
    from PIL import Image

    with atomic_path(path) as temporary:
        Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(temporary, format="PNG")


def read_picture(path: Path) -> UInt8:
    """The (H, W, C) uint8 pixels that ``write_picture`` wrote.

    Raises:
        DataError: the file is missing or no picture.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            pixels = np.asarray(image)
    except (OSError, ValueError, SyntaxError) as error:  # Pillow's, of a file that is cut
        reason = " ".join(str(error).split())[:100]
        raise DataError(path, f"cannot be read as a picture ({reason})", advice="remove its folder") from None
    return np.array(pixels.reshape(*pixels.shape[:2], -1))


def to_picture(name: str, content: bytes, where: object) -> Picture:
    """The picture that a file holds.

    Raises:
        DataError: it is neither PNG nor GIF, or is cut.
    """
    mime = next((mime for start, mime in _MIME.items() if content.startswith(start)), "")
    if not mime:
        raise DataError(where, "found no PNG and no GIF", advice="remove it, or run its stage again")
    if len(content) < 24 or not content.rstrip(b"\0").endswith(_ENDS[mime]):
        raise DataError(where, "the picture is cut", advice="remove it, or run its stage again")
    if mime == "image/png":
        width, height = int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    else:
        width, height = int.from_bytes(content[6:8], "little"), int.from_bytes(content[8:10], "little")
    return Picture(name, content, mime, width, height)
