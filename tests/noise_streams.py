"""Streams of noise that sounds like something: what the background model and the posteriors are tried on."""

from __future__ import annotations

import numpy as np

from diar.background import Stream
from diar.posteriors import cut_segments


def noise(n_frames: int, dim: int = 3, seed: int = 0, level: float = 0.0) -> np.ndarray:
    """(T, dim) frames that keep a sound for 20 frames and differ in scale from dimension to dimension."""
    rng = np.random.default_rng(seed)
    sounds = np.repeat(rng.standard_normal((n_frames // 20 + 1, dim)), 20, axis=0)[:n_frames]
    scale = 10.0 ** np.arange(dim)
    return (level + scale * (sounds + 0.5 * rng.standard_normal((n_frames, dim)))).astype(np.float32)


def spoken(n_frames: int) -> np.ndarray:
    """(T,) speech with pauses of ten frames."""
    return np.arange(n_frames) % 73 >= 10


TWO_STREAMS = (Stream("mfcc", noise(700), 0.7), Stream("tdoa:1", noise(700, dim=2, seed=1), 0.3))
SPEECH = spoken(700)
LENGTHS = cut_segments(SPEECH, 50)


def groups(lengths: np.ndarray) -> list[slice]:
    ends = np.cumsum(lengths)
    return [slice(end - length, end) for end, length in zip(ends, lengths, strict=True)]
