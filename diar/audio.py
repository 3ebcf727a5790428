"""Samples of any rate and number of channels -> one channel at the rate asked for, checked, block by block.

A recording is never held whole: every algorithm of the front end takes blocks of samples, in whatever sizes they come,
and gives the same result for all sizes. What needs the recording twice reads it twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from diar.blocks import BLOCK_SAMPLES, Float32, Reader, checked
from diar.errors import DataError
from diar.frames import FRAMES_PER_SECOND
from diar.options import Options, option

MIN_DURATION = 0.1  # seconds; shorter recordings are refused
_FILTER_REACH = 10  # samples of the lower rate on each side that a resampled sample depends on


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
class Channels:
    """A recording as it was made: ``read()`` gives (n, C) blocks in [-1, 1] at ``rate`` Hz.

    ``name`` is for messages.
    """

    name: str
    rate: int
    read: Reader


@dataclass(frozen=True)
class Audio:
    """One channel at the rate asked for: ``blocks()`` gives (n,) float32 in [-1, 1] at ``sample_rate``.

    ``source_rate`` is what it came with, in Hz. Reading raises DataError where the recording turns out to be bad.
    """

    blocks: Reader
    sample_rate: int
    source_rate: int

    @property
    def signal(self) -> Float32:
        """The whole (n,) signal; for recordings that fit into memory."""
        return np.concatenate([*self.blocks(), np.zeros(0, dtype=np.float32)])


def from_samples(samples: Float32, source_rate: int, options: AudioOptions, name: str = "signal") -> Audio:
    """Audio of (n,) or (n, channels) float32 samples at ``source_rate`` Hz; ``name`` is for messages.

    Raises:
        DataError: an array of another shape; further, when it is read, what ``one_channel`` tells.
    """
    if samples.ndim not in (1, 2) or samples.ndim == 2 and samples.shape[1] == 0:
        raise DataError(name, f"found an array of shape {samples.shape}", "wanted (n,) or (n, channels) samples")
    columns = samples[:, np.newaxis] if samples.ndim == 1 else samples

    def read() -> Iterator[Float32]:
        for start in range(0, max(1, len(columns)), BLOCK_SAMPLES):
            yield columns[start : start + BLOCK_SAMPLES]

    return one_channel(Channels(name, source_rate, read), options)


def one_channel(channels: Channels, options: AudioOptions) -> Audio:
    """One channel of a recording, or the mean of all, at the rate asked for.

    Raises:
        DataError: when it is read: no such channel, shorter than 0.1 s, or samples that are not finite.
    """

    def blocks() -> Iterator[Float32]:
        picked = (_pick_channel(channels.name, block, options.channel) for block in channels.read())
        sound = checked(picked, channels.name, MIN_DURATION, channels.rate)
        return resample(sound, channels.rate, options.sample_rate)

    return Audio(blocks, options.sample_rate, channels.rate)


def all_channels(channels: Channels) -> Reader:
    """A reader of (n, C) blocks of all channels, as they were recorded.

    Raises:
        DataError: when it is read: shorter than 0.1 s, or samples that are not finite.
    """
    return lambda: checked(channels.read(), channels.name, MIN_DURATION, channels.rate)


def resample(blocks: Iterable[Float32], rate: int, new_rate: int) -> Iterator[Float32]:
    """(n,) or (n, C) blocks at ``new_rate`` instead of ``rate`` Hz: scipy's resample_poly of the whole, to the bit.

    The filter is the one resample_poly makes by default, a sinc windowed by Kaiser's with beta 5; every stretch comes
    with the samples around it that it depends on.
    """
    if rate == new_rate:
        yield from blocks
        return
    from scipy.signal import firwin, resample_poly

    common = math.gcd(rate, new_rate)
    up, down = new_rate // common, rate // common
    reach = _FILTER_REACH * max(up, down)  # of the upsampled signal
    response = firwin(2 * reach + 1, 1.0 / max(up, down), window=("kaiser", 5.0)).astype(np.float32)
    # input samples of context, a multiple of `down` so that outputs begin with inputs
    context = down * math.ceil((reach / up + 1) / down)
    size = down * math.ceil(BLOCK_SAMPLES / down)
    held: Float32 | None = None
    before = 0  # samples of context at the start of `held`
    for block in blocks:
        held = block if held is None else np.concatenate([held, block])
        while len(held) >= before + size + context:
            stretch = resample_poly(held[: before + size + context], up, down, window=response)
            first = before * up // down
            yield stretch[first : first + size * up // down]
            held = held[before + size - context :]
            before = context
    if held is not None and len(held) > before:
        yield resample_poly(held, up, down, window=response)[before * up // down :]


def _pick_channel(name: str, samples: Float32, channel: str) -> Float32:
    """One channel of an (n, channels) array, or the mean of all."""
    if channel == "mix":
        return np.ascontiguousarray(samples[:, 0]) if samples.shape[1] == 1 else samples.mean(axis=1)
    if int(channel) > samples.shape[1]:
        found = f"has {samples.shape[1]} channel(s)"
        raise DataError(name, found, f"wanted channel {channel}", "set --channel to one it has, or mix")
    return np.ascontiguousarray(samples[:, int(channel) - 1])
