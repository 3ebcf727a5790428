"""Principal component analysis of images: the best linear code of a size, by squared error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diar.images.sets import UInt8

Float32 = NDArray[np.float32]
_BLOCK = 5000  # images at once


@dataclass(frozen=True)
class PrincipalAxes:
    """(D,) ``mean`` of images of D values from 0 to 1, and (K, D) orthonormal ``axes``, the largest variance first."""

    mean: Float32
    axes: Float32

    def reconstruct(self, images: UInt8) -> Float32:
        """(N, C, H, W) float32 that is left of (N, H, W, C) ``images`` along the axes, cut off at 0 and 1."""
        numbers = as_numbers(images).reshape(len(images), -1) - self.mean
        found = np.clip(numbers @ self.axes.T @ self.axes + self.mean, 0, 1)
        shape = (len(images), images.shape[3], *images.shape[1:3])
        return found.reshape(shape).astype(np.float32, copy=False)


def as_numbers(images: UInt8) -> Float32:
    """(N, C, H, W) float32, 0 to 1, of (N, H, W, C) bytes, as networks see them."""
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2), np.float32) / np.float32(255)


def principal_axes(images: UInt8, n_axes: int) -> PrincipalAxes:
    """The ``n_axes`` axes of the largest variance of (N, H, W, C) ``images``; as many as there are values at most.

    They are eigenvectors of the covariance, which is summed up in float64 over blocks of float32 products.
    """
    from scipy.linalg import eigh

    n_values = int(np.prod(images.shape[1:]))
    mean = np.zeros(n_values)
    for block in _blocks(images):
        mean += block.sum(axis=0, dtype=np.float64) / len(images)
    covariance = np.zeros((n_values, n_values))
    for block in _blocks(images):
        block -= mean.astype(np.float32)
        covariance += block.T @ block
    first = max(0, n_values - n_axes)
    axes = eigh(covariance, subset_by_index=(first, n_values - 1), overwrite_a=True)[1].T[::-1]
    return PrincipalAxes(mean.astype(np.float32), np.ascontiguousarray(axes, np.float32))


def _blocks(images: UInt8) -> Iterator[Float32]:
    for n in range(0, len(images), _BLOCK):
        block = as_numbers(images[n : n + _BLOCK])
        yield block.reshape(len(block), -1)
