"""The only place that rounds time: frame t stands for the interval [t, t + 1) x 10 ms."""

from __future__ import annotations

import math

FRAMES_PER_SECOND = 100

# frames by which what belongs together may differ: --snip-edges leaves out windows, of up to 1 s, that do not fit
LENGTH_TOLERANCE = 100


def to_frame(seconds: float) -> int:
    """The frame boundary nearest to ``seconds``; halves go up, as in Kaldi's frame count."""
    return math.floor(FRAMES_PER_SECOND * seconds + 0.5)


def to_seconds(frame: int) -> float:
    """The time in seconds at which frame ``frame`` begins."""
    return frame / FRAMES_PER_SECOND


def to_milliseconds(seconds: float) -> int:
    """The whole millisecond nearest to ``seconds``; halves go up. Files of turns have no finer times."""
    return math.floor(1000 * seconds + 0.5)


def num_frames(num_samples: int, sample_rate: int) -> int:
    """Frames of a signal: round(100 x duration), computed in integers so that no length rounds two ways."""
    return (2 * num_samples * FRAMES_PER_SECOND + sample_rate) // (2 * sample_rate)
