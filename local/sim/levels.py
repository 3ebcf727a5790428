"""How loud people are: against each other, against the noise, and from one minute to the next."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from talkers import Talker

from diar.segments import Segment, Turn, union

Float32 = NDArray[np.float32]

DRIFT_SECONDS = 20.0  # in which a level has changed to one that has little to do with it
DRIFT_STEP = 1.0  # seconds between two points of a track, which is straight between them


def level_talkers(turns: Sequence[Turn], spoken: Sequence[Float32], talkers: Sequence[Talker]) -> list[Float32]:
    """The speech of each turn, scaled so that all speech of a talker together has the talker's level as its RMS."""
    gains = {}
    for talker in talkers:
        own = [speech for speech, turn in zip(spoken, turns, strict=True) if turn.speaker == talker.name]
        if own:
            rms = math.sqrt(np.mean(np.square(np.concatenate(own))))
            gains[talker.name] = np.float32(10 ** (talker.level / 20) / rms)
    return [gains[turn.speaker] * speech for speech, turn in zip(spoken, turns, strict=True)]


def drift_levels(
    turns: Sequence[Turn], spoken: Sequence[Float32], decibels: float, sample_rate: int, rng: np.random.Generator
) -> list[Float32]:
    """The speech of each turn with the talker's level moving slowly, by ``decibels`` as a standard deviation."""
    if not decibels:
        return list(spoken)
    names = sorted({turn.speaker for turn in turns})
    end = max(turn.end for turn in turns)
    tracks = {name: decibels * drift_track(end, own) for name, own in zip(names, rng.spawn(len(names)), strict=True)}
    moving = []
    for turn, speech in zip(turns, spoken, strict=True):
        time = turn.start + np.arange(len(speech)) / sample_rate
        track = tracks[turn.speaker]
        level = np.interp(time, DRIFT_STEP * np.arange(len(track)), track)
        moving.append(speech * (10 ** (level / 20)).astype(np.float32))
    return moving


def drift_track(seconds: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A smooth random walk that stays near 0: a point each ``DRIFT_STEP``, with a variance of 1.

    White noise through a Gaussian window, whose correlation is exp(-1/2) after ``DRIFT_SECONDS``.
    """
    width = DRIFT_SECONDS / DRIFT_STEP / math.sqrt(2)
    n_taps = round(4 * width)
    window = np.exp(-0.5 * np.square(np.arange(-n_taps, n_taps + 1) / width))
    n = math.ceil(seconds / DRIFT_STEP) + 1
    noise = rng.standard_normal(n + 2 * n_taps)
    track: NDArray[np.float64] = np.convolve(noise, window / np.linalg.norm(window), "valid")
    return track


def rms_within(signal: Float32, segments: Sequence[Segment | Turn], sample_rate: int) -> float:
    """RMS amplitude of ``signal`` over the time of ``segments``."""
    parts = [signal[round(s.start * sample_rate) : round(s.end * sample_rate)] for s in union(segments)]
    return math.sqrt(np.mean(np.square(np.concatenate(parts), dtype=np.float64)))
