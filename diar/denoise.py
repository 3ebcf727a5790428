"""Wiener filter: noise is estimated as the recording goes on, and taken out of the waveform.

For each frame t and bin f of the short-time spectrum, with |Y|^2 the power that is seen and N that of the noise::

    p = 1 / (1 + (1 + s) exp(-|Y|^2 / N * s / (1 + s)))         probability of speech, s = 15 dB its prior ratio
    N <- 0.8 N + 0.2 (p N + (1 - p) |Y|^2)                      noise follows what is not speech
    xi = a |X(t-1)|^2 / N + (1 - a) max(|Y|^2 / N - 1, 0)       a-priori ratio, decision-directed
    X = max(xi / (1 + xi), least gain) Y                        Wiener

The first noise is the minimum of the smoothed power in the first second.

References:
    T. Gerkmann and R. C. Hendriks, "Unbiased MMSE-based noise power estimation with low complexity and low tracking
    delay", IEEE TASLP 20(4), 2012.
    Y. Ephraim and D. Malah, "Speech enhancement using a minimum mean-square error short-time spectral amplitude
    estimator", IEEE TASSP 32(6), 1984 (the decision-directed ratio).
    R. Martin, "Noise power spectral density estimation based on optimal smoothing and minimum statistics", IEEE TSAP
    9(5), 2001 (noise as a minimum).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from diar.blocks import stretches
from diar.options import Options, option

Float32 = NDArray[np.float32]

_HOP_SECONDS = 0.016  # half a window
_STRETCH_FRAMES = 2048  # transformed at once
_FIRST_FRAMES = 62  # a second, in which the first noise is looked for
_SMOOTHED_FRAMES = 5
_LEAST_NOISE = 1e-12  # power of a bin; digital silence is no noise to divide by


@dataclass(frozen=True)
class WienerOptions(Options):
    """Wiener filter with a noise estimate that follows the recording."""

    max_attenuation: float = option(12.0, "no bin is lowered by more", unit="dB", low=0, high=60)
    snr_memory: float = option(0.98, "weight of the last frame in the a-priori ratio", low=0, high=0.999)


def wiener(blocks: Iterable[Float32], sample_rate: int, options: WienerOptions) -> Iterator[Float32]:
    """The signal in ``blocks`` of (n,) samples, filtered: as many samples in all, the same for blocks of any sizes."""
    from diar.kernels.wiener import wiener_gains

    hop = round(_HOP_SECONDS * sample_rate)
    # its square, added at half a window's distance, is 1
    window = np.sin(np.pi * (np.arange(2 * hop) + 0.5) / (2 * hop)).astype(np.float32)
    least_gain = 10 ** (-options.max_attenuation / 20)
    before = overlap = np.zeros(hop, dtype=np.float32)
    state: NDArray[np.float64] | None = None
    length = _Length(blocks)
    n_done = -hop  # the first frame begins half a window early
    for stretch in stretches(chain(length, [np.zeros(2 * hop, dtype=np.float32)]), _STRETCH_FRAMES * hop):
        whole = np.concatenate([before, stretch[: len(stretch) // hop * hop]])
        before = whole[-hop:]
        if len(whole) == hop:  # the stretch has nothing but what is left of the silence at the end
            continue
        frames = np.lib.stride_tricks.sliding_window_view(whole, 2 * hop)[::hop]
        spectrum = np.fft.rfft(frames * window)
        power = np.asarray(spectrum.real**2 + spectrum.imag**2, dtype=np.float32)
        if state is None:
            state = _first_state(power[:_FIRST_FRAMES])
        gains = np.empty_like(power)
        wiener_gains(power, state, options.snr_memory, least_gain, gains)
        clean = np.asarray(np.fft.irfft(spectrum * gains, 2 * hop) * window, dtype=np.float32)
        clean[0, :hop] += overlap
        clean[1:, :hop] += clean[:-1, hop:]
        overlap = clean[-1, hop:].copy()
        filtered = clean[:, :hop].reshape(-1)[max(0, -n_done) :]
        n_done = max(0, n_done)
        yield filtered[: length.seen - n_done]
        n_done += len(filtered)


class _Length:
    """Blocks as they are, and how many samples they have had so far."""

    def __init__(self, blocks: Iterable[Float32]) -> None:
        self._blocks = blocks
        self.seen = 0

    def __iter__(self) -> Iterator[Float32]:
        for block in self._blocks:
            self.seen += len(block)
            yield block


def _first_state(power: Float32) -> NDArray[np.float64]:
    """(3, F) the first noise, no speech, nothing before; from the (T, F) power of the first second."""
    n = min(_SMOOTHED_FRAMES, len(power))
    smoothed = np.lib.stride_tricks.sliding_window_view(power, n, axis=0).mean(axis=2, dtype=np.float64)
    state = np.zeros((3, power.shape[1]))
    state[0] = np.maximum(smoothed.min(axis=0), _LEAST_NOISE)
    return state
