"""How near reconstructions are to their images: squared error, PSNR and SSIM, an image at a time.

Pixels are numbers from 0 to 1; reconstructions are cut off there before they come here, but not rounded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

_LEAST_ERROR = 1e-10  # of which PSNR is 100 dB: equal images have a number, too
_RADIUS, _DEVIATION = 5, 1.5  # of the window of SSIM, pixels
_C1, _C2 = 0.01**2, 0.03**2
_BLOCK = 500  # images at once


def squared_errors(images: NDArray[np.floating], others: NDArray[np.floating]) -> Float64:
    """(N,) mean squared error of each of (N, C, H, W) ``images``, over its pixels and channels."""
    found = [np.square(a.astype(np.float64) - b).mean(axis=(1, 2, 3)) for a, b in _blocks(images, others)]
    return np.concatenate([np.zeros(0), *found])


def psnr(errors: Float64) -> Float64:
    """(N,) peak signal-to-noise ratios, -10 log10 of (N,) squared errors, in dB; 100 dB at most."""
    ratios: Float64 = -10 * np.log10(np.maximum(errors, _LEAST_ERROR))
    return ratios


def ssim(images: NDArray[np.floating], others: NDArray[np.floating]) -> Float64:
    """(N,) structural similarity of (N, C, H, W) ``images``, mean over channels and all whole windows.

        SSIM = (2 m_x m_y + C1) (2 s_xy + C2) / ((m_x^2 + m_y^2 + C1) (s_x^2 + s_y^2 + C2))

    with means m and (co)variances s over a Gaussian window of 11 x 11 pixels and deviation 1.5, C1 = 0.01^2 and
    C2 = 0.03^2 (Z. Wang et al., "Image quality assessment: from error visibility to structural similarity", IEEE
    Trans. Image Processing 13, 2004). Images smaller than the window get the largest odd one that they hold.
    """
    found = [_similarities(a.astype(np.float64), b.astype(np.float64)) for a, b in _blocks(images, others)]
    return np.concatenate([np.zeros(0), *found])


def _similarities(x: Float64, y: Float64) -> Float64:
    height, width = x.shape[2:]
    radius = min(_RADIUS, (min(height, width) - 1) // 2)
    down, across = _windows(height, radius), _windows(width, radius).T

    def mean(values: Float64) -> Float64:
        found: Float64 = down @ values @ across
        return found

    mean_x, mean_y = mean(x), mean(y)
    var_x, var_y, cov = mean(x * x) - mean_x**2, mean(y * y) - mean_y**2, mean(x * y) - mean_x * mean_y
    found = (2 * mean_x * mean_y + _C1) * (2 * cov + _C2) / ((mean_x**2 + mean_y**2 + _C1) * (var_x + var_y + _C2))
    similarities: Float64 = found.mean(axis=(1, 2, 3))
    return similarities


def _windows(size: int, radius: int) -> Float64:
    """(size - 2 radius, size) weights of every whole window along one side; each row adds up to 1."""
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / _DEVIATION) ** 2)
    rows = np.zeros((size - 2 * radius, size))
    for place, row in enumerate(rows):
        row[place : place + len(weights)] = weights / weights.sum()
    return rows


def _blocks(images: NDArray[np.floating], others: NDArray[np.floating]) -> list[tuple[NDArray, NDArray]]:
    assert images.shape == others.shape and images.ndim == 4, (images.shape, others.shape)
    return [(images[n : n + _BLOCK], others[n : n + _BLOCK]) for n in range(0, len(images), _BLOCK)]
