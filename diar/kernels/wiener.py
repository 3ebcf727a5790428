"""Wiener gains, frame after frame: the noise is tracked and the signal-to-noise ratio smoothed in every bin."""

from __future__ import annotations

import math

from numba import njit

_PRIOR_SNR = 10**1.5  # of bins with speech: 15 dB
_NOISE_MEMORY = 0.8  # of the noise estimate, a frame
_PRESENCE_MEMORY = 0.9
_PRESENCE_LIMIT = 0.99  # speech that seems to be there always is noise in the end


@njit("void(float32[:,::1], float64[:,::1], float64, float64, float32[:,::1])", cache=True)
def wiener_gains(power, state, snr_memory, least_gain, gains):
    """(T, F) ``gains`` of (T, F) ``power``.

    ``state`` is (3, F), the noise power, the smoothed probability of speech and the power of the last frame's clean
    signal; it is carried on. See ``diar.denoise`` for the equations.
    """
    slope = _PRIOR_SNR / (1.0 + _PRIOR_SNR)
    for t in range(power.shape[0]):
        for f in range(power.shape[1]):
            y = float(power[t, f])
            noise = state[0, f]
            presence = 1.0 / (1.0 + (1.0 + _PRIOR_SNR) * math.exp(-slope * min(y / noise, 700.0)))
            state[1, f] = _PRESENCE_MEMORY * state[1, f] + (1.0 - _PRESENCE_MEMORY) * presence
            if state[1, f] > _PRESENCE_LIMIT:
                presence = min(presence, _PRESENCE_LIMIT)
            seen = presence * noise + (1.0 - presence) * y
            noise = max(_NOISE_MEMORY * noise + (1.0 - _NOISE_MEMORY) * seen, 1e-20)
            snr = snr_memory * state[2, f] / noise + (1.0 - snr_memory) * max(y / noise - 1.0, 0.0)
            gain = max(snr / (1.0 + snr), least_gain)
            state[0, f] = noise
            state[2, f] = gain * gain * y
            gains[t, f] = gain
