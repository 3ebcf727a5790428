"""Pictures of pixels, as PNG files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from diar.errors import DataError
from diar.images.sets import UInt8
from diar.io.files import atomic_path


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
