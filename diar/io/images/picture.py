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
    """(H, W, C) uint8 pixels of a PNG that ``write_picture`` wrote.

    Raises:
        DataError: there is no such file, or no picture in it.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            pixels = np.asarray(image, np.uint8)
    except (OSError, SyntaxError) as error:  # PIL's own for a broken PNG
        reason = " ".join(str(error).split())[:100]
        raise DataError(path, f"not a picture ({reason})", advice="make it again") from None
    return pixels if pixels.ndim == 3 else pixels[..., None]
