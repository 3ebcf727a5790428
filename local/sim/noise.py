"""Stationary noise of a meeting room: pink noise of fans and streets, and a little mains hum.

Reference:
    J. O. Smith, "Spectral Audio Signal Processing", section "Example: Synthesis of 1/F Noise (Pink Noise)", 2011.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from diar.blocks import BLOCK_SAMPLES

# three poles and zeros whose slope is near -10 dB a decade over most of the band
PINK_ZEROS = (0.049922035, -0.095993537, 0.050612699, -0.004408786)
PINK_POLES = (1.0, -2.494956002, 2.017265875, -0.522189400)
HUM_HERTZ = 50.0
HUM_AMPLITUDES = (0.2, 0.1, 0.06)  # of the fundamental and its harmonics, relative to the noise's RMS


def room_noise(n_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(n_samples,) noise with an RMS amplitude of 1."""
    noise = lfilter(PINK_ZEROS, PINK_POLES, rng.standard_normal(n_samples, dtype=np.float32))
    noise /= math.sqrt(np.mean(np.square(noise)))
    offsets = [rng.uniform(0, 2 * math.pi) for _ in HUM_AMPLITUDES]
    for first in range(0, n_samples, BLOCK_SAMPLES):  # so that an hour needs little memory
        block = noise[first : first + BLOCK_SAMPLES]
        phase = 2 * math.pi * HUM_HERTZ * np.arange(first, first + len(block)) / sample_rate
        for harmonic, (amplitude, offset) in enumerate(zip(HUM_AMPLITUDES, offsets, strict=True), 1):
            block += amplitude * math.sqrt(2) * np.sin(harmonic * phase + offset)
    noise /= math.sqrt(np.mean(np.square(noise)))
    pink: NDArray[np.float32] = noise.astype(np.float32)
    return pink
