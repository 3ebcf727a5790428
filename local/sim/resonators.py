"""Glottal pulses and time-varying formant resonators: the two filters of a Klatt synthesiser, as Numba kernels.

Control values come as tracks: one row a frame of ``hop`` samples. The kernels hold a frame's value for its samples.

References:
    A. E. Rosenberg, "Effect of glottal pulse shape on the quality of natural vowels", JASA 49, 1971 (pulse C).
    D. H. Klatt, "Software for a cascade/parallel formant synthesizer", JASA 67, 1980 (resonator, equations 1 and 2).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from diar.errors import DataError


def glottal_flow(
    f0: NDArray[np.float64],
    hop: int,
    sample_rate: int,
    opening: float,
    closing: float,
    pulses: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Rosenberg's trigonometric pulse train.

    In a period of T seconds, at phase x = t / T, with the opening phase P and the closing phase N::

        g(x) = (1 - cos(pi x / P)) / 2          0 <= x < P
               cos(pi (x - P) / (2 N))          P <= x < P + N
               0                                elsewhere

    A pulse is scaled by its amplitude and by T, so that the flow's slope at closure does not depend on F0.

    Args:
        f0: (F,) Hz, one value a frame; a pulse takes the value of the frame in which it begins.
        hop: samples a frame; the result has F x hop samples.
        sample_rate: Hz.
        opening, closing: P and N as shares of the period; their sum is the open quotient.
        pulses: (P, 2) factors on each pulse's period and amplitude (1 is no jitter, no shimmer); used from the start
            again when there are too few.

    Raises:
        DataError: F0 outside (0, sample_rate / 4), an open quotient over 1, or pulses not positive.
    """
    if len(f0) == 0 or not np.all((f0 > 0) & (f0 < sample_rate / 4)):
        raise DataError("F0 track", "found an F0 out of range", f"wanted values between 0 and {sample_rate / 4:g} Hz")
    if min(opening, closing) <= 0 or opening + closing > 1:
        raise DataError("open quotient", f"found {opening} + {closing}", "wanted two positive shares, together <= 1")
    if pulses.ndim != 2 or pulses.shape[1] != 2 or len(pulses) == 0 or pulses.min() <= 0:
        raise DataError("glottal pulses", f"found an array {pulses.shape}", "wanted (P, 2) positive factors")
    tracks = [np.ascontiguousarray(track, dtype=np.float64) for track in (f0, pulses)]
    flow: NDArray[np.float64] = glottal_flow_kernel(tracks[0], hop, sample_rate, opening, closing, tracks[1])
    return flow


@njit("float64[::1](float64[::1], int64, int64, float64, float64, float64[:, ::1])", cache=True)
def glottal_flow_kernel(f0, hop, sample_rate, opening, closing, pulses):  # type: ignore[no-untyped-def]
    n = len(f0) * hop
    flow = np.zeros(n)
    start = 0.0  # where the pulse begins, in samples
    pulse = 0
    while start < n:
        period = sample_rate / f0[int(start) // hop] * pulses[pulse % len(pulses), 0]
        scale = pulses[pulse % len(pulses), 1] * period / sample_rate
        for i in range(math.ceil(start), min(n, math.ceil(start + period))):
            x = (i - start) / period
            if x < opening:
                flow[i] = scale * 0.5 * (1.0 - math.cos(math.pi * x / opening))
            elif x < opening + closing:
                flow[i] = scale * math.cos(0.5 * math.pi * (x - opening) / closing)
        start += period
        pulse += 1
    return flow


def resonate(
    signal: NDArray[np.float64],
    frequencies: NDArray[np.float64],
    bandwidths: NDArray[np.float64],
    hop: int,
    sample_rate: int,
) -> NDArray[np.float64]:
    """Filter ``signal`` by a cascade of K two-pole resonators whose poles move from frame to frame.

    Each is Klatt's y[n] = A x[n] + B y[n-1] + C y[n-2] with r = exp(-pi bandwidth / sample_rate), C = -r^2,
    B = 2 r cos(2 pi frequency / sample_rate) and A = 1 - B - C (gain 1 at 0 Hz). The last comes first, as in Klatt's:
    clicks that a moving low resonance makes would be amplified by a high one.

    Args:
        signal: (F x hop,) samples.
        frequencies, bandwidths: (F, K) Hz.
        hop: samples a frame.
        sample_rate: Hz.

    Raises:
        DataError: shapes that do not fit, a frequency outside (0, sample_rate / 2) or a bandwidth not above 0.
    """
    if frequencies.shape != bandwidths.shape or len(signal) != len(frequencies) * hop:
        shapes = f"found {len(signal)} samples, frequencies {frequencies.shape} and bandwidths {bandwidths.shape}"
        raise DataError("resonator tracks", shapes, f"wanted (F, K) twice and F x {hop} samples")
    if not np.all((frequencies > 0) & (frequencies < sample_rate / 2)) or not np.all(bandwidths > 0):
        raise DataError("resonator tracks", "found values out of range", f"wanted 0 to {sample_rate / 2:g} Hz")
    arrays = [np.ascontiguousarray(array, dtype=np.float64) for array in (signal, frequencies, bandwidths)]
    output: NDArray[np.float64] = resonate_kernel(arrays[0], arrays[1], arrays[2], hop, sample_rate)
    return output


@njit("float64[::1](float64[::1], float64[:, ::1], float64[:, ::1], int64, int64)", cache=True)
def resonate_kernel(signal, frequencies, bandwidths, hop, sample_rate):  # type: ignore[no-untyped-def]
    n_frames, n_resonators = frequencies.shape
    output = np.empty(n_frames * hop)
    a, b, c = np.empty(n_resonators), np.empty(n_resonators), np.empty(n_resonators)
    before, before_that = np.zeros(n_resonators), np.zeros(n_resonators)  # y[n-1] and y[n-2]
    for frame in range(n_frames):
        for k in range(n_resonators):
            r = math.exp(-math.pi * bandwidths[frame, k] / sample_rate)
            c[k] = -r * r
            b[k] = 2.0 * r * math.cos(2.0 * math.pi * frequencies[frame, k] / sample_rate)
            a[k] = 1.0 - b[k] - c[k]
        for i in range(frame * hop, (frame + 1) * hop):
            sample = signal[i]
            for k in range(n_resonators - 1, -1, -1):
                sample = a[k] * sample + b[k] * before[k] + c[k] * before_that[k]
                before_that[k] = before[k]
                before[k] = sample
            output[i] = sample
    return output
