"""Real speech: a folder of recorded utterances a speaker, as in LibriSpeech, read as a stream without long pauses."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError
from diar.io.wav import WavOptions, read_wav
from diar.segments import runs

Float32 = NDArray[np.float32]

SUFFIXES = (".flac", ".ogg", ".wav")
LAYOUT = "wanted a folder a speaker with .flac, .wav or .ogg files anywhere below it, as in LibriSpeech"
FRAMES_PER_SECOND = 100  # of the pause detector
LOUD_PERCENTILE = 95  # of the frames' levels: the level of vowels
PAUSE_DB = 32.0  # a frame this far below the vowels is a pause
MAX_PAUSE = 0.25  # seconds; longer ones are cut
KEPT_PAUSE = 0.2  # seconds are left of a pause that is cut
CUT_SEARCH = 0.2  # seconds before the end of a turn in which the best place to stop is looked for
FADE_SECONDS = 0.005
CACHED_UTTERANCES = 400
LEVEL_SPREAD = 2.0  # dB, standard deviation of talkers' levels


@lru_cache(maxsize=1)  # a corpus has many files
def find_readers(folder: Path) -> dict[str, list[Path]]:
    """The audio files of each speaker, both sorted by name.

    Raises:
        DataError: there is no such folder, or no audio in it.
    """
    if not folder.is_dir():
        raise DataError(folder, "no such folder", LAYOUT)
    readers: dict[str, list[Path]] = {}
    for speaker in sorted(path for path in folder.iterdir() if path.is_dir()):
        paths = sorted(path for path in speaker.rglob("*") if path.suffix.lower() in SUFFIXES)
        if paths:
            readers[speaker.name] = paths
    if not readers:
        raise DataError(folder, "found no speaker with audio", LAYOUT)
    return readers


class Reader:
    """A talker who reads the utterances of ``paths`` in a random order, again from the start when all are read.

    In session k of n of the same ``rng``, k from 0 on, the reader begins with the k-th n-th of that order, and has
    another level.

    Attributes:
        name: the speaker's name.
        level: level relative to the other talkers, dB.
    """

    def __init__(
        self,
        name: str,
        paths: list[Path],
        sample_rate: int,
        rng: np.random.Generator,
        session: tuple[int, int] = (0, 1),
    ) -> None:
        self.name = name
        self.level = float(rng.normal(0.0, LEVEL_SPREAD))
        self._sample_rate = sample_rate
        order = np.roll(rng.permutation(len(paths)), -(session[0] * len(paths) // session[1]))
        self._utterances = self._endless([paths[k] for k in order])
        if session[0]:
            self.level = float(rng.normal(0.0, LEVEL_SPREAD, session[0])[-1])
        self._rest: Float32 = np.zeros(0, dtype=np.float32)  # speech read but not said yet

    def say(self, n_samples: int) -> Float32:
        """At most ``n_samples`` of speech, from a sound to a sound; it stops in the quietest place near the end."""
        parts, length = [self._rest], len(self._rest)
        while length < n_samples:
            parts.append(next(self._utterances))
            length += len(parts[-1])
        stream = np.concatenate(parts)
        end = quietest_end(stream[:n_samples], self._sample_rate)
        self._rest = trimmed(stream[end:], self._sample_rate)
        return faded(trimmed(stream[:end], self._sample_rate), self._sample_rate)

    def _endless(self, paths: list[Path]) -> Iterator[Float32]:
        """The speech of one file after the other, with a pause after each."""
        pause = np.zeros(round(KEPT_PAUSE * self._sample_rate), dtype=np.float32)
        while True:
            found = False
            for path in paths:
                speech = read_speech(path, self._sample_rate)
                if len(speech):
                    found = True
                    yield np.concatenate([speech, pause])
            if not found:
                raise DataError(paths[0].parent, "found only silence", f"wanted speech of '{self.name}'")


@lru_cache(maxsize=CACHED_UTTERANCES)
def read_speech(path: Path, sample_rate: int) -> Float32:
    """The speech of an audio file without its long pauses; nothing where it is silent."""
    signal = read_wav(str(path), WavOptions(sample_rate=sample_rate)).signal
    return without_long_pauses(signal, sample_rate)


def without_long_pauses(signal: Float32, sample_rate: int) -> Float32:
    """``signal`` from its first sound to its last, with pauses over ``MAX_PAUSE`` cut to ``KEPT_PAUSE``."""
    hop = sample_rate // FRAMES_PER_SECOND
    speech = speech_frames(signal, hop)
    stretches = runs(speech)
    kept_frames = round(KEPT_PAUSE * FRAMES_PER_SECOND / 2)
    keep = np.ones(len(speech), dtype=bool)
    for number, (first, last) in enumerate(stretches):
        if speech[first]:
            continue
        if number in (0, len(stretches) - 1):
            keep[first:last] = False
        elif last - first > MAX_PAUSE * FRAMES_PER_SECOND:
            keep[first + kept_frames : last - kept_frames] = False
    kept: Float32 = signal[: len(keep) * hop].reshape(-1, hop)[keep].reshape(-1)
    return kept


def speech_frames(signal: Float32, hop: int) -> NDArray[np.bool_]:
    """(n // hop,) where the signal is within ``PAUSE_DB`` of the level of its vowels."""
    levels = frame_levels(signal, hop)
    loud = np.percentile(levels, LOUD_PERCENTILE) if len(levels) else 0.0
    return levels > max(loud * 10 ** (-PAUSE_DB / 10), 1e-10)


def frame_levels(signal: Float32, hop: int) -> NDArray[np.float64]:
    """(n // hop,) mean square of each frame and its two neighbours."""
    frames = signal[: len(signal) // hop * hop].reshape(-1, hop)
    squares = np.mean(np.square(frames, dtype=np.float64), axis=1)
    padded = np.pad(squares, 1, mode="edge") if len(squares) else np.zeros(2)
    levels: NDArray[np.float64] = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
    return levels


def quietest_end(stream: Float32, sample_rate: int) -> int:
    """The sample within the last ``CUT_SEARCH`` of ``stream`` (and its last half) at which to stop."""
    hop = sample_rate // FRAMES_PER_SECOND
    n_frames = len(stream) // hop
    searched = min(round(CUT_SEARCH * FRAMES_PER_SECOND), n_frames // 2)
    if searched == 0:
        return len(stream)
    levels = frame_levels(stream, hop)[-searched:]
    return (n_frames - searched + int(np.argmin(levels)) + 1) * hop


def trimmed(stream: Float32, sample_rate: int) -> Float32:
    """``stream`` without the silence at its ends; what is silent throughout stays whole."""
    hop = sample_rate // FRAMES_PER_SECOND
    speech = np.flatnonzero(speech_frames(stream, hop))
    return stream[speech[0] * hop : (speech[-1] + 1) * hop] if len(speech) else stream


def faded(stream: Float32, sample_rate: int) -> Float32:
    """``stream`` faded in and out, so that a cut makes no click."""
    n = min(round(FADE_SECONDS * sample_rate), len(stream) // 2)
    ramp = np.sin(np.linspace(0, math.pi / 2, n, dtype=np.float32))
    shaped = stream.copy()
    shaped[:n] *= ramp
    shaped[len(stream) - n :] *= ramp[::-1]
    return shaped
