"""Frames of the short-time spectrum: cepstra (MFCC, LFCC) and log-mel energies, equal to Kaldi's.

Flag names, formulas and defaults of the parts are Kaldi's compute-mfcc-feats and compute-fbank-feats (src/feat of
kaldi-asr/kaldi: feature-mfcc.h, feature-fbank.h, feature-window.h, mel-computations.h); what differs by intent: 20
cepstra of 26 bins, no energy, no dither, ``snip-edges=false``, and c0 is dropped, since the loudness of a frame says
little about who speaks. LFCC, which Kaldi has not, are the same with triangles that are equally wide in Hz.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError
from diar.frames import FRAMES_PER_SECOND
from diar.options import Options, option

Float32 = NDArray[np.float32]

_INT16_SCALE = 32768.0  # Kaldi sees samples as 16-bit integers
_BLOCK_FRAMES = 2048  # frames transformed at once: bounds the memory
_EPSILON = float(np.finfo(np.float32).eps)  # Kaldi's floor before the logarithm


@dataclass(frozen=True)
class FeatsOptions(Options):
    """Features of the spectrum, a frame every 10 ms."""

    feature_type: str = option(
        "mfcc",
        "cepstra of mel bins or of bins equally wide in Hz, or the mel bins' log energies",
        choices=("mfcc", "lfcc", "fbank"),
    )
    num_ceps: int = option(20, "number of cepstra, c0 included", low=1)
    drop_c0: bool = option(True, "leave out the first cepstrum, c0")
    num_mel_bins: int = option(26, "number of triangular bins", low=3)
    low_freq: float = option(20.0, "lower end of the bins", unit="Hz", low=0)
    high_freq: float = option(0.0, "upper end of the bins; 0 or less: relative to half the sample rate", unit="Hz")
    frame_length: float = option(25.0, "length of the window", unit="ms", low=2, high=1000)
    window_type: str = option("povey", "shape of the window", choices=("povey", "hamming", "hanning", "rectangular"))
    preemphasis_coefficient: float = option(0.97, "coefficient of the pre-emphasis", low=0, high=1)
    remove_dc_offset: bool = option(True, "subtract the mean of each window")
    cepstral_lifter: float = option(22.0, "scaling of the cepstra; 0 for none", low=0)
    use_energy: bool = option(False, "log energy in the place of c0 (with --drop-c0 false), or before the mel bins")
    raw_energy: bool = option(True, "energy before pre-emphasis and window")
    energy_floor: float = option(0.0, "least energy, of 16-bit samples; 0 for none", low=0)
    snip_edges: bool = option(False, "only windows that fit into the recording: fewer frames than 100 a second")
    dither: float = option(0.0, "amplitude of the noise added to 16-bit samples; 0 for none", low=0)
    seed: int = option(0, "seed of the dither", low=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.has_cepstra:
            return
        if self.num_ceps > self.num_mel_bins:
            wanted = f"wanted at most --num-mel-bins={self.num_mel_bins}"
            raise DataError("--num-ceps", f"found {self.num_ceps}", wanted)
        if self.use_energy and self.drop_c0:
            found = "found true with --drop-c0 true, which drops it"
            raise DataError("--use-energy", found, "wanted --drop-c0 false")
        if self.drop_c0 and self.num_ceps == 1:
            raise DataError("--num-ceps", "found 1 with --drop-c0 true", "wanted at least 2")

    @property
    def has_cepstra(self) -> bool:
        """Whether the bins' log energies are transformed to cepstra."""
        return self.feature_type != "fbank"

    @property
    def dim(self) -> int:
        """Number of values a frame."""
        return self.num_ceps - self.drop_c0 if self.has_cepstra else self.num_mel_bins + self.use_energy


def features(
    blocks: Iterable[Float32],
    sample_rate: int,
    options: FeatsOptions,
    *,
    max_freq: float | None = None,
    rng: np.random.Generator | None = None,
) -> Float32:
    """(T, D) float32 features of a signal in [-1, 1], which comes in blocks of (n,) samples, of any sizes.

    T = round(100 x samples / sample_rate), or the number of whole windows with ``snip_edges``; D = ``options.dim``.
    ``max_freq`` (Hz) bounds the bins where the signal was upsampled; ``rng`` makes the dither, if any.

    Raises:
        DataError: the bins do not fit below half the sample rate, or the sample rate gives no whole frame shift.
    """
    shift = sample_rate // FRAMES_PER_SECOND
    length = int(sample_rate * options.frame_length / 1000)
    if sample_rate % FRAMES_PER_SECOND:
        raise DataError("--sample-rate", f"found {sample_rate} Hz", f"wanted a multiple of {FRAMES_PER_SECOND}")
    fft_length = 1 << (length - 1).bit_length()
    bins = filters(options, sample_rate, fft_length, max_freq)
    cosines = _cepstral_transform(options)
    window = _window(options.window_type, length)
    found = bytearray()  # which grows where it is: joining a list of blocks would hold them twice
    for frames in _framed(blocks, length, shift, options.snip_edges):
        windowed = _windowed(frames, window, options, rng)
        spectrum = np.fft.rfft(windowed, fft_length)
        power = spectrum.real**2 + spectrum.imag**2
        values = np.log(np.maximum(power[:, : len(bins)] @ bins, _EPSILON))
        if options.has_cepstra:
            values = values @ cosines
        if options.use_energy:
            energy = _log_energy(frames if options.raw_energy else windowed, options.energy_floor)
            rest = values[:, 1:] if options.has_cepstra else values
            values = np.column_stack([energy, rest])
        found += values[:, int(options.has_cepstra and options.drop_c0) :].tobytes()
    return np.frombuffer(found, dtype=np.float32).reshape(-1, options.dim)


def _windowed(
    frames: Float32, window: Float32, options: FeatsOptions, rng: np.random.Generator | None
) -> Float32:
    """What is transformed of (n, length) frames; they are themselves scaled, dithered and centred in place."""
    frames *= _INT16_SCALE
    if options.dither and rng is not None:
        frames += options.dither * rng.standard_normal(frames.shape, dtype=np.float32)
    if options.remove_dc_offset:
        frames -= frames.mean(axis=1, keepdims=True)
    emphasised = frames.copy()
    emphasised[:, 1:] -= options.preemphasis_coefficient * frames[:, :-1]
    emphasised[:, 0] -= options.preemphasis_coefficient * frames[:, 0]
    windowed: Float32 = emphasised * window
    return windowed


def _log_energy(frames: Float32, floor: float) -> Float32:
    """(n,) log of the sum of squares of (n, length) frames."""
    energies: Float32 = np.einsum("tn,tn->t", frames, frames)
    return np.log(np.maximum(energies, max(_EPSILON, floor)))


def filters(options: FeatsOptions, sample_rate: int, fft_length: int, max_freq: float | None = None) -> Float32:
    """(fft_length / 2, bins) float32: weights of the triangles, linear in mel = 1127 log(1 + f / 700), or in Hz."""
    nyquist = 0.5 * sample_rate
    high = options.high_freq if options.high_freq > 0 else nyquist + options.high_freq
    if max_freq is not None:
        high = min(high, max_freq)
    if not options.low_freq < high <= nyquist:
        raise DataError(
            "--high-freq", f"bins from {options.low_freq:g} to {high:g} Hz", f"wanted low < high <= {nyquist:g} Hz"
        )
    scale = _hertz if options.feature_type == "lfcc" else _mel
    edges = np.linspace(scale(options.low_freq), scale(high), options.num_mel_bins + 2)
    at = scale(np.arange(fft_length // 2) * sample_rate / fft_length)[:, np.newaxis]
    rising = (at - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - at) / (edges[2:] - edges[1:-1])
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


def _mel(hertz: float | NDArray[np.float64]) -> NDArray[np.float64]:
    return 1127.0 * np.log1p(np.asarray(hertz) / 700.0)


def _hertz(hertz: float | NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(hertz, dtype=np.float64)


def _cepstral_transform(options: FeatsOptions) -> Float32:
    """(bins, ceps): the orthonormal cosine transform times the lifter 1 + L/2 sin(pi k / L)."""
    n = options.num_mel_bins
    k = np.arange(options.num_ceps)
    cosines = math.sqrt(2.0 / n) * np.cos(np.pi / n * np.outer(np.arange(n) + 0.5, k))
    cosines[:, 0] = math.sqrt(1.0 / n)
    if options.cepstral_lifter:
        cosines *= 1.0 + 0.5 * options.cepstral_lifter * np.sin(np.pi * k / options.cepstral_lifter)
    return cosines.astype(np.float32)


def _window(shape: str, length: int) -> Float32:
    if shape == "rectangular":
        return np.ones(length, dtype=np.float32)
    cosine = np.cos(2.0 * np.pi * np.arange(length) / (length - 1))
    if shape == "hamming":
        return (0.54 - 0.46 * cosine).astype(np.float32)
    hanning = 0.5 - 0.5 * cosine
    return (hanning if shape == "hanning" else hanning**0.85).astype(np.float32)


def _framed(blocks: Iterable[Float32], length: int, shift: int, snip_edges: bool) -> Iterator[Float32]:
    """Windows of the signal, ``_BLOCK_FRAMES`` at a time however it comes, (n, length), each a copy.

    With ``snip_edges`` window t starts at sample t x shift; without, it is centred on the middle of frame t and the
    signal is mirrored beyond its ends.
    """
    first = 0 if snip_edges else shift // 2 - length // 2  # where window 0 begins
    held = np.zeros(0, dtype=np.float32)  # the samples from `origin` on
    origin = done = 0
    for block in blocks:
        held = np.concatenate([held, block])
        while first + (done + _BLOCK_FRAMES - 1) * shift + length <= origin + len(held):
            yield _windows(held, origin, None, first + done * shift, _BLOCK_FRAMES, length, shift)
            done += _BLOCK_FRAMES
            # the end is mirrored no further than into its window
            gone = min(len(held), max(0, first + done * shift - origin))
            held, origin = held[gone:], origin + gone
    n_samples = origin + len(held)
    n_frames = max(0, (n_samples - length) // shift + 1) if snip_edges else (n_samples + shift // 2) // shift
    for start in range(done, n_frames, _BLOCK_FRAMES):
        count = min(_BLOCK_FRAMES, n_frames - start)
        yield _windows(held, origin, n_samples, first + start * shift, count, length, shift)


def _windows(
    held: Float32, origin: int, n_samples: int | None, begin: int, count: int, length: int, shift: int
) -> Float32:
    """``count`` windows from sample ``begin`` on; ``held`` has the samples from ``origin`` on.

    Indices beyond the signal are reflected at its ends as often as it takes, the end samples doubled; without
    ``n_samples`` its end is not near.
    """
    end = begin + (count - 1) * shift + length
    if begin >= origin and end <= origin + len(held):
        stretch = held[begin - origin : end - origin]
    else:
        index = np.arange(begin, end)
        index = np.where(index < 0, -1 - index, index) if n_samples is None else index % (2 * n_samples)
        if n_samples is not None:
            index = np.minimum(index, 2 * n_samples - 1 - index)
        stretch = held[index - origin]
    return np.lib.stride_tricks.sliding_window_view(stretch, length)[::shift].copy()
