"""The training image that is most like another one: whether a network that makes images copies them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from diar.images.sets import UInt8

_AT_ONCE = 5000  # images compared with


def nearest_images(images: UInt8, others: UInt8) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(N,) numbers of the nearest of ``others`` to each of N ``images``, and (N,) distances to them.

    Both are (..., H, W, C) uint8. Distances are Euclidean, of pixels from 0 to 1.
    """
    wanted = _rows(images)
    n_images = len(wanted)
    nearest, least = np.zeros(n_images, np.int64), np.full(n_images, np.inf)
    for start in range(0, len(others), _AT_ONCE):
        block = _rows(others[start : start + _AT_ONCE])
        # but for the images' own squares, which are the same everywhere
        squares = np.square(block, dtype=np.float64).sum(axis=1) - 2 * (wanted @ block.T).astype(np.float64)
        best = squares.argmin(axis=1)
        found = squares[np.arange(n_images), best]
        closer = found < least
        nearest[closer], least[closer] = start + best[closer], found[closer]
    differences = wanted.astype(np.float64) - _rows(others[nearest])
    return nearest, np.sqrt(np.square(differences).sum(axis=1)) / 255


def _rows(images: UInt8) -> NDArray[np.float32]:
    return images.reshape(len(images), -1).astype(np.float32)
