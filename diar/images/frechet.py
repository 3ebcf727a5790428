"""How far two sets of images lie apart, by features that a classifier sees in them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]


def frechet_distance(found: NDArray[np.floating[Any]], wanted: NDArray[np.floating[Any]]) -> float:
    """The squared Frechet distance of the Gaussians with the moments of (N, F) and (M, F) features, N and M 2 or more.

    With features of the Inception network it is the FID (M. Heusel et al., "GANs Trained by a Two Time-Scale Update
    Rule", 2017); distances by features of different networks, or of different N, are not comparable. It falls with N
    and M: that of two halves of the same set is not 0.
    """
    (mean, covariance), (other_mean, other_covariance) = _moments(found), _moments(wanted)
    # the roots of the eigenvalues of S T are those of R T R, which is symmetric, with R R = S
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ other_covariance @ root).clip(0)).sum()
    distance = np.square(mean - other_mean).sum() + np.trace(covariance) + np.trace(other_covariance) - 2 * cross
    return max(float(distance), 0.0)


def _moments(features: NDArray[np.floating[Any]]) -> tuple[Float64, Float64]:
    values = np.asarray(features, dtype=np.float64)
    assert values.ndim == 2 and len(values) > 1, values.shape
    return values.mean(axis=0), np.atleast_2d(np.cov(values, rowvar=False))
