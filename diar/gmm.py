"""Diagonal Gaussian mixtures on frames of one recording.

Legend: t frame, T frames; m component, M components; d dimension, D dimensions.

With phi(x) = [x^2, x, 1] the log density of a component is linear in phi,

    log(w_m N(x; mu_m, s_m)) = phi(x) . [-1/(2 s_m), mu_m / s_m, log w_m - 1/2 sum_d (log(2 pi s_md) + mu_md^2 / s_md)]

so that densities and the sums of the M step are both matrix products (float32, in blocks), and only the log-sum-exp
between them needs a loop. Sums over blocks are float64. Frames should be centred and of unit variance
(``standardise``), which keeps float32 exact enough and makes the variance floor relative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

_BLOCK_FRAMES = 4096


@dataclass(frozen=True)
class Gmm:
    """A diagonal mixture: ``weights`` (M,), ``means`` (M, D), ``variances`` (M, D), float64."""

    weights: Float64
    means: Float64
    variances: Float64

    @property
    def n_components(self) -> int:
        return len(self.weights)

    def projection(self) -> Float32:
        """(M, 2 D + 1) float32: this times phi(x) is log(w_m N(x; mu_m, s_m))."""
        precision = 1.0 / self.variances
        constant = np.log(self.weights) - 0.5 * np.sum(
            np.log(2.0 * np.pi * self.variances) + self.means**2 * precision, axis=1
        )
        stacked = np.hstack([-0.5 * precision, self.means * precision, constant[:, np.newaxis]])
        projection: Float32 = stacked.astype(np.float32)
        return projection


def standardise(frames: Float32) -> Float32:
    """(T, D) frames with zero mean and unit variance in each dimension; constant dimensions become zero."""
    mean = frames.mean(axis=0, dtype=np.float64)
    deviation = frames.std(axis=0, dtype=np.float64)
    scale = np.where(deviation > 0, deviation, 1.0)
    scaled = np.empty(frames.shape, dtype=np.float32)
    for start in range(0, len(frames), _BLOCK_FRAMES):
        block = slice(start, start + _BLOCK_FRAMES)
        scaled[block] = (frames[block] - mean) / scale
    return scaled


def expand(frames: Float32) -> Float32:
    """(T, 2 D + 1) float32: phi(x) = [x^2, x, 1] of (T, D) frames, what all other functions here take."""
    n_frames, dim = frames.shape
    phi = np.empty((n_frames, 2 * dim + 1), dtype=np.float32)
    np.multiply(frames, frames, out=phi[:, :dim])
    phi[:, dim : 2 * dim] = frames
    phi[:, 2 * dim] = 1.0
    return phi


def merge(a: Gmm, b: Gmm, share_of_a: float) -> Gmm:
    """The mixture of all components of ``a`` and ``b``; their weights are scaled by the shares of the data."""
    return Gmm(
        np.concatenate([share_of_a * a.weights, (1.0 - share_of_a) * b.weights]),
        np.concatenate([a.means, b.means]),
        np.concatenate([a.variances, b.variances]),
    )


def log_likelihoods(phi: Float32, gmms: Sequence[Gmm]) -> Float32:
    """(T, K) float32: log p(x_t | mixture k) in nats."""
    from diar.kernels.mixture import log_sum_groups

    projection = np.vstack([gmm.projection() for gmm in gmms])
    bounds = np.cumsum([0, *(gmm.n_components for gmm in gmms)]).astype(np.int64)
    scores = np.empty((len(phi), len(gmms)), dtype=np.float32)
    for start in range(0, len(phi), _BLOCK_FRAMES):
        block = slice(start, start + _BLOCK_FRAMES)
        log_sum_groups(projection @ phi[block].T, bounds, scores[block])
    return scores


def mixed_log_likelihoods(scores: Float32, labels: NDArray[np.int32]) -> Float64:
    """(K, K) float64, above the diagonal: log-likelihood of the frames of a and b under ``merge`` of their mixtures.

    ``scores`` is (T, K) from ``log_likelihoods``; ``labels`` (T,) says whose the frames are. Before any training
    p(x | merged) = share_a p(x | a) + share_b p(x | b), so no densities are computed anew.
    """
    from diar.kernels.mixture import mixed_log_likelihoods as kernel

    counts = np.bincount(labels, minlength=scores.shape[1])
    out = np.empty((len(counts), len(counts)))
    kernel(scores, labels, np.log(np.maximum(counts, 1)), out)
    return out


def total_log_likelihood(gmm: Gmm, parts: Sequence[Float32]) -> float:
    """Sum over all frames of ``parts`` (each expanded) of log p(x_t), in nats."""
    return _expectation(gmm, parts)[0]


def train(gmm: Gmm, parts: Sequence[Float32], n_iterations: int, variance_floor: float) -> Gmm:
    """``n_iterations`` of expectation maximisation from ``gmm`` on all frames of ``parts``, each (T_i, 2 D + 1)."""
    for _ in range(n_iterations):
        gmm = _maximisation(gmm, _expectation(gmm, parts)[1], variance_floor)
    return gmm


def seed(phi: Float32, n_components: int, n_iterations: int, variance_floor: float) -> Gmm:
    """A mixture of (T, 2 D + 1) expanded frames, grown from one Gaussian without chance.

    The heaviest components are split, their halves 0.5 standard deviations to either side of the mean, and trained.
    """
    dim = (phi.shape[1] - 1) // 2
    sums = phi.sum(axis=0, dtype=np.float64, keepdims=True)
    gmm = _maximisation(Gmm(np.ones(1), np.zeros((1, dim)), np.ones((1, dim))), sums, variance_floor)
    while gmm.n_components < n_components:
        gmm = train(_split(gmm, n_components - gmm.n_components), [phi], n_iterations, variance_floor)
    return gmm


def _split(gmm: Gmm, at_most: int) -> Gmm:
    """Every component split in two, or the ``at_most`` heaviest of them."""
    heavy = np.argsort(-gmm.weights, kind="stable")[:at_most]
    step = 0.5 * np.sqrt(gmm.variances[heavy])
    weights, means = gmm.weights.copy(), gmm.means.copy()
    weights[heavy] *= 0.5
    means[heavy] -= step
    return Gmm(
        np.concatenate([weights, weights[heavy]]),
        np.concatenate([means, gmm.means[heavy] + step]),
        np.concatenate([gmm.variances, gmm.variances[heavy]]),
    )


def _expectation(gmm: Gmm, parts: Sequence[Float32]) -> tuple[float, Float64]:
    """The log-likelihood of all frames, and (M, 2 D + 1) sums of p(m | x_t) phi(x_t)."""
    from diar.kernels.mixture import normalise

    projection = gmm.projection()
    total = 0.0
    sums = np.zeros(projection.shape)
    for part in parts:
        for start in range(0, len(part), _BLOCK_FRAMES):
            block = part[start : start + _BLOCK_FRAMES]
            posteriors = projection @ block.T  # (M, n), log p(x_t, m) until normalised
            total += normalise(posteriors)
            sums += posteriors @ block
    return total, sums


def _maximisation(gmm: Gmm, sums: Float64, variance_floor: float) -> Gmm:
    """Weights, means and variances from the sums; a component with less than one frame keeps its place and shape."""
    dim = gmm.means.shape[1]
    counts = sums[:, -1]
    alive = counts >= 1.0
    counted = np.where(alive, counts, 1.0)[:, np.newaxis]
    means = np.where(alive[:, np.newaxis], sums[:, dim : 2 * dim] / counted, gmm.means)
    variances = np.where(alive[:, np.newaxis], sums[:, :dim] / counted - means**2, gmm.variances)
    weights = np.maximum(counts, 1e-3)
    return Gmm(weights / weights.sum(), means, np.maximum(variances, variance_floor))
