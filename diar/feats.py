"""Mel-frequency cepstral coefficients, equal to Kaldi's compute-mfcc-feats.

Flag names and defaults of the parts are Kaldi's (src/feat/feature-mfcc.h and feature-window.h of kaldi-asr/kaldi); what
differs by intent: 20 cepstra of 26 mel bins, no energy, no dither, ``snip-edges=false``, and c0 is dropped, since the
loudness of a frame says little about who speaks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError
from diar.frames import FRAMES_PER_SECOND
from diar.options import Options, option

Float32 = NDArray[np.float32]

_INT16_SCALE = 32768.0  # Kaldi sees samples as 16-bit integers
_BLOCK_FRAMES = 2048  # frames transformed at once: bounds the memory, does not change the result
_EPSILON = float(np.finfo(np.float32).eps)  # Kaldi's floor before the logarithm


@dataclass(frozen=True)
class MfccOptions(Options):
    """Mel-frequency cepstral coefficients, a frame every 10 ms."""

    num_ceps: int = option(20, "number of cepstra, c0 included", low=1)
    drop_c0: bool = option(True, "leave out the first coefficient: c0, or the energy with --use-energy true")
    num_mel_bins: int = option(26, "number of triangular mel bins", low=3)
    low_freq: float = option(20.0, "lower end of the mel bins", unit="Hz", low=0)
    high_freq: float = option(0.0, "upper end of the mel bins; 0 or less: relative to half the sample rate", unit="Hz")
    frame_length: float = option(25.0, "length of the window", unit="ms", low=2, high=1000)
    window_type: str = option("povey", "shape of the window", choices=("povey", "hamming", "hanning", "rectangular"))
    preemphasis_coefficient: float = option(0.97, "coefficient of the pre-emphasis", low=0, high=1)
    remove_dc_offset: bool = option(True, "subtract the mean of each window")
    cepstral_lifter: float = option(22.0, "scaling of the cepstra; 0 for none", low=0)
    use_energy: bool = option(False, "put the log energy of the window in the place of c0")
    snip_edges: bool = option(False, "only windows that fit into the recording: fewer frames than 100 a second")
    dither: float = option(0.0, "amplitude of the noise added to 16-bit samples; 0 for none", low=0)
    seed: int = option(0, "seed of the dither", low=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_ceps > self.num_mel_bins:
            wanted = f"wanted at most --num-mel-bins={self.num_mel_bins}"
            raise DataError("--num-ceps", f"found {self.num_ceps}", wanted)
        if self.drop_c0 and self.num_ceps == 1:
            raise DataError("--num-ceps", "found 1 with --drop-c0 true", "wanted at least 2")

    @property
    def dim(self) -> int:
        """Number of coefficients a frame."""
        return self.num_ceps - self.drop_c0


def mfcc(
    signal: Float32,
    sample_rate: int,
    options: MfccOptions,
    *,
    max_freq: float | None = None,
    rng: np.random.Generator | None = None,
) -> Float32:
    """(T, D) float32 cepstra of an (n,) signal in [-1, 1].

    T = round(100 n / sample_rate), or the number of whole windows with ``snip_edges``; D = ``options.dim``.
    ``max_freq`` (Hz) bounds the mel bins where the signal was upsampled; ``rng`` makes the dither, if any.

    Raises:
        DataError: the mel bins do not fit below half the sample rate, or the sample rate gives no whole frame shift.
    """
    shift = sample_rate // FRAMES_PER_SECOND
    length = int(sample_rate * options.frame_length / 1000)
    if sample_rate % FRAMES_PER_SECOND:
        raise DataError("--sample-rate", f"found {sample_rate} Hz", f"wanted a multiple of {FRAMES_PER_SECOND}")
    fft_length = 1 << (length - 1).bit_length()
    mel = mel_filters(options, sample_rate, fft_length, max_freq)
    cosines = _cepstral_transform(options)
    window = _window(options.window_type, length)
    blocks = []
    for frames in _framed(signal, length, shift, options.snip_edges):
        frames *= _INT16_SCALE
        if options.dither and rng is not None:
            frames += options.dither * rng.standard_normal(frames.shape, dtype=np.float32)
        if options.remove_dc_offset:
            frames -= frames.mean(axis=1, keepdims=True)
        energy = np.einsum("tn,tn->t", frames, frames) if options.use_energy else None
        emphasised = frames.copy()
        emphasised[:, 1:] -= options.preemphasis_coefficient * frames[:, :-1]
        emphasised[:, 0] -= options.preemphasis_coefficient * frames[:, 0]
        spectrum = np.fft.rfft(emphasised * window, fft_length)
        power = spectrum.real**2 + spectrum.imag**2
        cepstra = np.log(np.maximum(power[:, : len(mel)] @ mel, _EPSILON)) @ cosines
        if energy is not None:
            cepstra[:, 0] = np.log(np.maximum(energy, _EPSILON))
        blocks.append(cepstra[:, int(options.drop_c0) :])
    if not blocks:
        return np.zeros((0, options.dim), dtype=np.float32)
    return np.ascontiguousarray(np.concatenate(blocks), dtype=np.float32)


def mel_filters(options: MfccOptions, sample_rate: int, fft_length: int, max_freq: float | None = None) -> Float32:
    """(fft_length / 2, bins) float32: weights of the triangles, linear in mel = 1127 log(1 + f / 700)."""
    nyquist = 0.5 * sample_rate
    high = options.high_freq if options.high_freq > 0 else nyquist + options.high_freq
    if max_freq is not None:
        high = min(high, max_freq)
    if not options.low_freq < high <= nyquist:
        raise DataError(
            "--high-freq", f"mel bins from {options.low_freq:g} to {high:g} Hz", f"wanted low < high <= {nyquist:g} Hz"
        )
    edges = np.linspace(_mel(options.low_freq), _mel(high), options.num_mel_bins + 2)
    bins = _mel(np.arange(fft_length // 2) * sample_rate / fft_length)[:, np.newaxis]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


def _mel(hertz: float | NDArray[np.float64]) -> NDArray[np.float64]:
    return 1127.0 * np.log1p(np.asarray(hertz) / 700.0)


def _cepstral_transform(options: MfccOptions) -> Float32:
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


def _framed(signal: Float32, length: int, shift: int, snip_edges: bool) -> Iterator[Float32]:
    """Blocks of windows, (up to 2048, length), each a copy.

    With ``snip_edges`` window t starts at sample t x shift; without, it is centred on the middle of frame t and the
    signal is mirrored beyond its ends.
    """
    if snip_edges:
        n_frames = max(0, (len(signal) - length) // shift + 1)
        first = 0
    else:
        n_frames = (len(signal) + shift // 2) // shift
        first = shift // 2 - length // 2
    for start in range(0, n_frames, _BLOCK_FRAMES):
        count = min(_BLOCK_FRAMES, n_frames - start)
        begin = first + start * shift
        end = begin + (count - 1) * shift + length
        if begin >= 0 and end <= len(signal):
            stretch = signal[begin:end]
        else:
            stretch = signal[_mirrored(np.arange(begin, end), len(signal))]
        yield np.lib.stride_tricks.sliding_window_view(stretch, length)[::shift].copy()


def _mirrored(index: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Indices beyond [0, length) reflected at the ends as often as it takes, the end samples doubled."""
    index = index % (2 * length)
    return np.minimum(index, 2 * length - 1 - index)
