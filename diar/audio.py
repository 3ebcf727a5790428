"""Samples of any rate and number of channels -> one channel at the rate asked for, checked."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError
from diar.frames import FRAMES_PER_SECOND
from diar.options import Options, option

Float32 = NDArray[np.float32]

MIN_DURATION = 0.1  # seconds; shorter recordings are refused


@dataclass(frozen=True)
class AudioOptions(Options):
    """Which channel, and at what rate."""

    sample_rate: int = option(
        16000, "all audio is resampled to this rate; 8000 for telephone data", unit="Hz", low=4000, high=192000
    )
    channel: str = option("mix", "channel to take, counted from 1, or 'mix' for the mean of all channels")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sample_rate % FRAMES_PER_SECOND:
            raise DataError(
                "--sample-rate", f"found {self.sample_rate} Hz", f"wanted a multiple of {FRAMES_PER_SECOND}, as 16000"
            )
        if self.channel != "mix" and not (self.channel.isdecimal() and int(self.channel) >= 1):
            raise DataError("--channel", f"found '{self.channel}'", "wanted 'mix' or a number from 1 on")


@dataclass(frozen=True)
class Audio:
    """``signal`` is (n,) float32 in [-1, 1] at ``sample_rate``; ``source_rate`` is what it came with, in Hz."""

    signal: Float32
    sample_rate: int
    source_rate: int


def from_samples(samples: Float32, source_rate: int, options: AudioOptions, name: str = "signal") -> Audio:
    """Audio of (n,) or (n, channels) float32 samples at ``source_rate`` Hz; ``name`` is for messages.

    Raises:
        DataError: no such channel, shorter than 0.1 s, or samples that are not finite.
    """
    if samples.ndim not in (1, 2) or samples.ndim == 2 and samples.shape[1] == 0:
        raise DataError(name, f"found an array of shape {samples.shape}", "wanted (n,) or (n, channels) samples")
    signal = _pick_channel(name, samples[:, np.newaxis] if samples.ndim == 1 else samples, options.channel)
    if len(signal) < MIN_DURATION * source_rate:
        raise DataError(name, f"{len(signal) / source_rate:.3f} s long", f"wanted at least {MIN_DURATION} s")
    if not np.isfinite(signal).all():
        bad = int(np.flatnonzero(~np.isfinite(signal))[0])
        raise DataError(name, f"sample {bad} is not a number", "wanted finite samples", "write the file anew")
    return Audio(resample(signal, source_rate, options.sample_rate), options.sample_rate, source_rate)


def resample(signal: Float32, rate: int, new_rate: int) -> Float32:
    """``signal`` at ``new_rate`` instead of ``rate`` Hz (polyphase filter of scipy)."""
    if rate == new_rate:
        return signal
    from scipy.signal import resample_poly

    common = math.gcd(rate, new_rate)
    resampled: Float32 = resample_poly(signal, new_rate // common, rate // common).astype(np.float32)
    return resampled


def _pick_channel(name: str, samples: Float32, channel: str) -> Float32:
    """One channel of an (n, channels) array, or the mean of all."""
    if channel == "mix":
        return np.ascontiguousarray(samples[:, 0]) if samples.shape[1] == 1 else samples.mean(axis=1)
    if int(channel) > samples.shape[1]:
        found = f"has {samples.shape[1]} channel(s)"
        raise DataError(name, found, f"wanted channel {channel}", "set --channel to one it has, or mix")
    return np.ascontiguousarray(samples[:, int(channel) - 1])
