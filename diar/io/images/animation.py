"""Pictures one after the other, as GIF files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from diar.images.sets import UInt8
from diar.io.files import atomic_path

_LAST_SHOWN = 2000  # milliseconds
_GREYS = 32  # a third of the bytes of 256, which noise would take


def write_animation(path: Path, frames: Sequence[UInt8], milliseconds: int = 120) -> None:
    """Write (H, W, C) uint8 ``frames``, C 1 or 3, as a GIF that goes on for ever, atomically; the last is shown longer.

    Greys are reduced to 32 levels, colours to 256. Frames that look like the one before become one with it.
    """
    from PIL import Image

    images = [Image.fromarray(_reduced(frame[..., 0]) if frame.shape[2] == 1 else frame) for frame in frames]
    durations = [milliseconds] * (len(images) - 1) + [_LAST_SHOWN]
    with atomic_path(path) as temporary:
        rest = {"append_images": images[1:], "duration": durations, "loop": 0}
        images[0].save(temporary, format="GIF", save_all=True, **rest)


def _reduced(greys: UInt8) -> UInt8:
    steps = np.rint(greys * ((_GREYS - 1) / 255))
    reduced: UInt8 = np.rint(steps * (255 / (_GREYS - 1))).astype(np.uint8)
    return reduced
