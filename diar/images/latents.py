"""Latent vectors that pictures and figures are made from: drawn once, and ways between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]


def draw_latents(n: int, n_latent: int, seed: int) -> Float32:
    """(n, L) values of the standard normal; the same at every call."""
    return np.random.default_rng(seed).standard_normal((n, n_latent)).astype(np.float32)


def ways(starts: Float32, ends: Float32, n_steps: int) -> Float32:
    """(N, n_steps, L) vectors from (N, L) ``starts`` to ``ends``, both included, which are not 0.

    Directions go along a great circle and lengths evenly (T. White, "Sampling Generative Networks", 2016): in between
    on a straight line are vectors shorter than those that a generator has seen.
    """
    lengths = [np.linalg.norm(vectors, axis=1, keepdims=True) for vectors in (starts, ends)]
    first, last = (vectors / length for vectors, length in zip((starts, ends), lengths, strict=True))
    angle = np.arccos(np.clip((first * last).sum(axis=1, keepdims=True), -1, 1))[:, None]
    share = np.linspace(0, 1, n_steps)[:, None]
    turning = np.sin(angle) > 1e-6  # else a straight line is as good
    sine = np.where(turning, np.sin(angle), 1)
    before = np.where(turning, np.sin((1 - share) * angle) / sine, 1 - share)
    after = np.where(turning, np.sin(share * angle) / sine, share)
    directions = before * first[:, None] + after * last[:, None]
    length = (1 - share) * lengths[0][:, None] + share * lengths[1][:, None]
    found: Float32 = (directions * length).astype(np.float32)
    return found


def along_dimensions(dimensions: NDArray[np.int64], n_latent: int, values: Float32) -> Float32:
    """(N, V, L) vectors that are 0 but for one of N ``dimensions``, which takes each of (V,) ``values``."""
    found = np.zeros((len(dimensions), len(values), n_latent), np.float32)
    found[np.arange(len(dimensions))[:, None], np.arange(len(values)), dimensions[:, None]] = values
    return found
