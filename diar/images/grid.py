"""Many images as one picture."""

from __future__ import annotations

import numpy as np

from diar.images.sets import UInt8

_GAP = 1  # pixels between images, before they are enlarged
_GREY = 128


def grid(images: UInt8, n_columns: int, scale: int = 1) -> UInt8:
    """(Y, X, C) uint8: (N, H, W, C) images row by row, ``scale`` times as large, with grey between and behind them."""
    n_images, height, width, n_channels = images.shape
    n_rows = -(-n_images // n_columns)
    cells = np.full((n_rows * n_columns, height + _GAP, width + _GAP, n_channels), _GREY, np.uint8)
    cells[:n_images, _GAP:, _GAP:] = images
    rows = cells.reshape(n_rows, n_columns, height + _GAP, width + _GAP, n_channels).swapaxes(1, 2)
    whole = rows.reshape(n_rows * (height + _GAP), n_columns * (width + _GAP), n_channels)
    whole = np.pad(whole, ((0, _GAP), (0, _GAP), (0, 0)), constant_values=_GREY)
    return whole.repeat(scale, axis=0).repeat(scale, axis=1)


def to_bytes(numbers: np.ndarray) -> UInt8:
    """(N, C, H, W) numbers from 0 to 1, as networks give them, as (N, H, W, C) uint8; what is beyond is cut off."""
    images: UInt8 = np.rint(np.clip(numbers, 0, 1) * 255).astype(np.uint8).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images)
