"""Recorded noises, as in the folder ``noise`` of MUSAN, which sound now and then during a meeting."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError
from diar.io.wav import WavOptions, read_wav

Float32 = NDArray[np.float32]

SUFFIXES = (".flac", ".ogg", ".opus", ".wav")
PLACES = 3  # in a room, from which noises come
EVERY = 15.0  # seconds of quiet between two noises on average
LONGEST = 10.0  # seconds; of longer recordings a part is played
FADE_SECONDS = 0.05
TRIES = 20  # at finding a recording that is not silent


class Noise(NamedTuple):
    """A noise of RMS 1 that sounds from ``start`` seconds on at one of ``PLACES``."""

    start: float
    place: int
    sound: Float32


@lru_cache(maxsize=1)
def find_noises(folder: str) -> tuple[Path, ...]:
    """The audio files anywhere below ``folder``, sorted.

    Raises:
        DataError: there is no such folder, or no audio in it.
    """
    if not Path(folder).is_dir():
        raise DataError("--noises", f"{folder}: no such folder", "wanted a folder of recorded noises, as in MUSAN")
    found = sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in SUFFIXES)
    if not found:
        raise DataError("--noises", f"found no {', '.join(SUFFIXES)} below {folder}", "wanted recorded noises")
    return tuple(found)


def draw_noises(folder: str, duration: float, sample_rate: int, rng: np.random.Generator) -> list[Noise]:
    """Noises one after the other, each at a random place; none without a folder."""
    if not folder:
        return []
    paths = find_noises(folder)
    noises, start = [], rng.exponential(EVERY)
    while start < duration:
        sound = _draw_sound(paths, sample_rate, rng)
        noises.append(Noise(round(start, 3), int(rng.integers(PLACES)), sound))
        start += len(sound) / sample_rate + rng.exponential(EVERY)
    return noises


def _draw_sound(paths: tuple[Path, ...], sample_rate: int, rng: np.random.Generator) -> Float32:
    """At most ``LONGEST`` of a recording, faded at both ends, with an RMS of 1."""
    n_most = round(LONGEST * sample_rate)
    for _ in range(TRIES):
        signal = read_wav(str(paths[rng.integers(len(paths))]), WavOptions(sample_rate=sample_rate)).signal
        first = int(rng.integers(max(1, len(signal) - n_most + 1)))
        sound = signal[first : first + n_most].copy()
        n = min(round(FADE_SECONDS * sample_rate), len(sound) // 2)
        ramp = np.linspace(0, 1, n, dtype=np.float32)
        sound[:n] *= ramp
        sound[len(sound) - n :] *= ramp[::-1]
        rms = math.sqrt(np.mean(np.square(sound, dtype=np.float64)))
        if rms > 1e-5:
            return sound / np.float32(rms)
    raise DataError("--noises", f"found silence in {TRIES} of {len(paths)} files", "wanted recorded noises")
