"""Pictures of pixels, as PNG files."""

from __future__ import annotations

from pathlib import Path

from diar.images.sets import UInt8
from diar.io.files import atomic_path


def write_picture(path: Path, pixels: UInt8) -> None:
    """Write (H, W, C) uint8 pixels, C 1 or 3, as PNG, atomically."""
    from PIL import Image

    with atomic_path(path) as temporary:
        Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(temporary, format="PNG")
