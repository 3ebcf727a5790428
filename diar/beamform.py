"""Delay-and-sum of several distant microphones of one meeting, of any length, in bounded memory.

Every channel is shifted by its delay against a reference channel, so that speech adds up in phase and noise does not.

Legend: c channel, C of them; b block, B of them; tau lag in samples, D the largest; f frequency; X_c(f) the spectrum of
a window of channel c. The generalised cross-correlation with phase transform,

    g(tau) = mean over f of X_c X_r* / |X_c X_r*| exp(2 pi i f tau),

is 1 at the delay of c against r, if it is r delayed. Of independent noises it is about normal, with a standard
deviation of ``_NOISE / sqrt(window)``.

Reference:
    X. Anguera, C. Wooters and J. Hernando, "Acoustic beamforming for speaker diarization of meetings", IEEE TASLP
    15(7), 2007. Their program, BeamformIt, is where windows, shifts and the number of candidates come from; it takes a
    fixed share of the blocks for noise and weighs channels anew in every block.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diar.blocks import Float32, Reader, padded, slices
from diar.errors import DataError
from diar.frames import FRAMES_PER_SECOND
from diar.options import Options, option

Float64 = NDArray[np.float64]
Complex64 = NDArray[np.complex64]
Int32 = NDArray[np.int32]

_BATCH = 16  # blocks whose spectra are held at a time
_MOST_COMPARED = 400  # blocks that the reference is chosen by; of long recordings at least half as many, evenly spread
_NOISE = 1.28  # measured with Hann windows of 0.25 to 1 s and white noise
_JUMP = 0.5  # ms; a delay that changes by more has jumped


@dataclass(frozen=True)
class BeamformOptions(Options):
    """Delays between microphones, and what to do about blocks without speech."""

    window: float = option(0.5, "length of signal that a delay is found from", unit="s", low=0.02, high=10)
    block_shift: float = option(0.25, "from one delay to the next", unit="s", low=0.01, high=10)
    max_delay: float = option(20.0, "longest delay: 3 ms a metre between microphones", unit="ms", low=0.1, high=1000)
    n_best: int = option(4, "highest peaks of the cross-correlation that a delay is chosen from", low=1, high=100)
    jump_penalty: float = option(0.1, "cross-correlation that a jump of the delay must gain", low=0)
    noise_threshold: float = option(
        4.5,
        "blocks with a lower peak keep the delay before, in standard deviations of the cross-correlation of noise",
        low=0,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.window < self.block_shift:
            found = f"found {self.window:g} s"
            raise DataError("--window", found, f"wanted --block-shift, {self.block_shift:g} s, or more")


@dataclass(frozen=True)
class Delays:
    """What ``delay_and_sum`` does with a recording.

    Attributes:
        reference: the channel against which delays are taken, from 0 on.
        samples: (B, C) delay of each channel in block b, [b, b + 1) x ``block_shift``; positive where it lags behind.
        weights: (C,) of the channels in the sum, which sum to 1.
        block_shift: samples.
        sample_rate: Hz.
    """

    reference: int
    samples: Int32
    weights: Float32
    block_shift: int
    sample_rate: int


def find_delays(read: Reader, sample_rate: int, options: BeamformOptions, name: str = "recording") -> Delays:
    """The delays of all channels, and their weights; the recording, ``name`` in messages, is read twice.

    The reference is the channel with the highest cross-correlation with the others, on average over blocks spread
    through the recording. A channel's delays are the best path through the highest peaks of each block that stand out
    of noise; other blocks keep the delay before, those at the start have the first one found. A channel's weight is
    the square of the mean height of the peaks that stand out, over the level of the channel: a dead one has none, one
    of noise alone next to none. Silence has delays of 0.

    Raises:
        DataError: fewer than 2 channels.
    """
    lengths = _Lengths.of(sample_rate, options)
    n_channels = next(read()).shape[1]
    if n_channels < 2:
        raise DataError(name, f"has {n_channels} channel", "wanted 2 or more to sum", "leave out --beamform")
    reference, levels = _choose_reference(read, lengths)
    lags, peaks = _find_candidates(read, lengths, reference)
    loud = peaks[..., 0] > options.noise_threshold * _NOISE / np.sqrt(lengths.window)
    loud[:, reference] = False
    jump = max(1.0, _JUMP * sample_rate / 1000)
    samples = np.zeros(loud.shape, dtype=np.int32)
    for channel in np.flatnonzero(loud.any(axis=0)):
        where = np.flatnonzero(loud[:, channel])
        path = _steady(lags[where, channel], peaks[where, channel], options.jump_penalty, jump)
        samples[:, channel] = path[np.maximum(np.searchsorted(where, np.arange(len(loud)), side="right") - 1, 0)]
    strengths = np.where(loud, peaks[..., 0], 0).mean(axis=0, dtype=np.float64)
    strengths[reference] = strengths.max()  # it is in step with itself, which says nothing
    return Delays(reference, samples, _weigh(strengths, levels), lengths.shift, sample_rate)


def delay_and_sum(read: Reader, delays: Delays) -> Iterator[Float32]:
    """Blocks of (n,) float32 samples, as many in all as the recording has: the weighted sum of the channels in step.

        y(t) = sum over c of w_c x_c(t + tau_bc)

    From the middle of one block to the middle of the next, the first's sum is faded out and the second's in, as with
    triangular windows. Rounding apart, no sample is larger than the largest of the recording.
    """
    margin = int(np.abs(delays.samples).max(initial=0))
    shift, last_block = delays.block_shift, len(delays.samples) - 1
    edges = itertools.chain([0], itertools.count(shift // 2, shift))  # the middles of the blocks
    bounds = ((first, last + 2 * margin) for first, last in itertools.pairwise(edges))
    stream = padded(read(), margin, margin)
    for number, part in enumerate(slices(stream, bounds), start=-1):
        n = len(part) - 2 * margin
        if n <= 0:
            return
        before, after = (delays.samples[min(max(b, 0), last_block)] for b in (number, number + 1))
        y = _in_step(part, before, delays.weights, margin, n)
        if not np.array_equal(before, after):
            rise = (np.arange(n, dtype=np.float32) + np.float32(0.5)) / np.float32(shift)
            y += rise * (_in_step(part, after, delays.weights, margin, n) - y)
        yield y


def delay_frames(delays: Delays, n_frames: int) -> Float32:
    """(T, C - 1) float32: the delays of the channels but the reference in milliseconds, a row a 10 ms frame.

    A stream for the information bottleneck, where it is called ``tdoa``. A frame has the delays of the block that its
    middle lies in.
    """
    middles = (np.arange(n_frames) + 0.5) * (delays.sample_rate / FRAMES_PER_SECOND)
    block = np.minimum((middles // delays.block_shift).astype(np.int64), len(delays.samples) - 1)
    others = np.delete(delays.samples, delays.reference, axis=1)
    milliseconds: Float32 = (others[block] * (1000 / delays.sample_rate)).astype(np.float32)
    return milliseconds


@dataclass(frozen=True)
class _Lengths:
    """Lengths in samples."""

    window: int
    shift: int
    max_lag: int
    n_best: int
    n_fft: int

    @classmethod
    def of(cls, sample_rate: int, options: BeamformOptions) -> _Lengths:
        from scipy.fft import next_fast_len

        window, shift = round(options.window * sample_rate), round(options.block_shift * sample_rate)
        max_lag = max(1, round(options.max_delay * sample_rate / 1000))
        n_fft = next_fast_len(max(window, max_lag + 2) + max_lag + 1, real=True)  # no lag wraps around
        return cls(window, shift, max_lag, options.n_best, n_fft)


def _batches(read: Reader, lengths: _Lengths) -> Iterator[tuple[Complex64, Float64]]:
    """(k, C, F) spectra of magnitude 1 of the next k blocks, and the (C,) energies of their samples.

    A block's window has the block in its middle; what it lacks at either end of the recording is zero.
    """
    from scipy.fft import rfft

    shape = np.hanning(lengths.window + 2)[1:-1].astype(np.float32)
    before = (lengths.window - lengths.shift) // 2
    step = _BATCH * lengths.shift
    bounds = ((first, first + step - lengths.shift + lengths.window) for first in itertools.count(0, step))
    for part in slices(padded(read(), before), bounds):
        n_blocks = min(_BATCH, -(-(len(part) - before) // lengths.shift))
        if n_blocks <= 0:
            return
        whole = np.zeros(((n_blocks - 1) * lengths.shift + lengths.window, part.shape[1]), dtype=np.float32)
        whole[: len(part)] = part[: len(whole)]
        windows = np.lib.stride_tricks.sliding_window_view(whole, lengths.window, axis=0)[:: lengths.shift]
        spectra = rfft(windows * shape, lengths.n_fft)
        magnitudes = np.abs(spectra)
        magnitudes[magnitudes == 0] = 1
        spectra /= magnitudes
        mine = whole[before : before + n_blocks * lengths.shift]
        yield spectra, np.square(mine, dtype=np.float64).sum(axis=0)


def _cross_correlation(first: Complex64, second: Complex64, lengths: _Lengths) -> Float32:
    """(..., 2 D + 3) g at lags -D - 1 ... D + 1."""
    from scipy.fft import irfft

    g = irfft(first * second.conj(), lengths.n_fft)
    edge = lengths.max_lag + 1
    both: Float32 = np.concatenate([g[..., -edge:], g[..., : edge + 1]], axis=-1)
    return both


def _choose_reference(read: Reader, lengths: _Lengths) -> tuple[int, Float64]:
    """The reference channel, and the (C,) root mean squares of all channels, up to a common factor."""
    compared: list[Float64] = []
    stride, n_blocks = 1, 0
    energies: Float64 = np.zeros(1)
    for spectra, batch_energies in _batches(read, lengths):
        energies = energies + batch_energies
        for spectrum in spectra:
            if n_blocks % stride == 0:
                compared.append(_likeness(spectrum, lengths))
            if len(compared) == _MOST_COMPARED:
                compared, stride = compared[::2], 2 * stride
            n_blocks += 1
    return int(np.sum(compared, axis=0).argmax()), np.sqrt(energies)


def _likeness(spectrum: Complex64, lengths: _Lengths) -> Float64:
    """(C,) the sum of the highest cross-correlations of each channel with the others."""
    n_channels = len(spectrum)
    highest = np.zeros((n_channels, n_channels))
    for c in range(n_channels - 1):
        highest[c, c + 1 :] = _cross_correlation(spectrum[c + 1 :], spectrum[c], lengths).max(axis=-1)
    total: Float64 = (highest + highest.T).sum(axis=0)
    return total


def _find_candidates(read: Reader, lengths: _Lengths, reference: int) -> tuple[Int32, Float32]:
    """(B, C, N) lags of the N highest peaks of each block, and the peaks, highest first; 0 where there is none."""
    lags, peaks = [], []
    for spectra, _ in _batches(read, lengths):
        g = _cross_correlation(spectra, spectra[:, [reference]], lengths)
        inner = g[..., 1:-1]
        heights = np.where((inner > g[..., :-2]) & (inner >= g[..., 2:]), inner, np.float32(0))
        n_best = min(lengths.n_best, heights.shape[-1])
        at = np.sort(np.argpartition(heights, -n_best, axis=-1)[..., -n_best:], axis=-1)
        best = np.take_along_axis(heights, at, axis=-1)
        order = np.argsort(-best, axis=-1, kind="stable")
        lags.append((np.take_along_axis(at, order, axis=-1) - lengths.max_lag).astype(np.int32))
        peaks.append(np.take_along_axis(best, order, axis=-1))
    return np.concatenate(lags), np.concatenate(peaks)


def _steady(lags: Int32, peaks: Float32, jump_penalty: float, jump: float) -> Int32:
    """(B,) the lags of (B, N) that the best path takes."""
    from diar.kernels.delays import steady_path

    path = steady_path(np.ascontiguousarray(lags), np.ascontiguousarray(peaks), jump_penalty, jump)
    chosen: Int32 = lags[np.arange(len(lags)), path]
    return chosen


def _weigh(strengths: Float64, levels: Float64) -> Float32:
    """(C,) weights that sum to 1; where no channel is strong, all that sound have the same.

    The sum has least noise where weights are the level of the speech over the power of the noise; the square of the
    strengths, over the levels, is near that without knowing either.
    """
    sounding = levels > 0
    if not strengths[sounding].any():
        strengths = np.ones(len(levels))
        sounding = sounding if sounding.any() else np.ones(len(levels), dtype=bool)
        levels = np.ones(len(levels))
    weights = np.where(sounding, strengths**2 / np.where(sounding, levels, 1), 0)
    normalised: Float32 = (weights / weights.sum()).astype(np.float32)
    return normalised


def _in_step(part: Float32, samples: Int32, weights: Float32, margin: int, n: int) -> Float32:
    """(n,) the sum of the channels of ``part``, which has ``margin`` samples more at both ends."""
    y = np.zeros(n, dtype=np.float32)
    for channel in np.flatnonzero(weights):
        first = margin + samples[channel]
        y += weights[channel] * part[first : first + n, channel]
    return y
