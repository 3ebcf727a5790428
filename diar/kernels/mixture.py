"""The inner loops of Gaussian mixtures.

Scores come component by component, (M, n), so that every inner loop runs over neighbouring frames and the compiler can
use vector instructions; a call of the C library's exp per element would cost ten times as much.
"""

import numpy as np
from numba import njit

_LOWEST = np.float32(-87.0)  # exp of less is zero in float32, as far as a sum of posteriors goes
_LOG2_E = np.float32(1.44269504)
_LN2_HIGH = np.float32(0.693359375)
_LN2_LOW = np.float32(-2.12194440e-4)
_HALF = np.float32(0.5)
_ONE = np.float32(1.0)
# Cephes' expf (S. Moshier): minimax polynomial of (exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2
_C5 = np.float32(1.9875691500e-4)
_C4 = np.float32(1.3981999507e-3)
_C3 = np.float32(8.3334519073e-3)
_C2 = np.float32(4.1665795894e-2)
_C1 = np.float32(1.6666665459e-1)
_C0 = np.float32(5.0000001201e-1)


@njit("float32(float32)", cache=True, inline="always")
def exp(x):
    """exp(x) for -87 <= x <= 88 with a relative error below 3e-7: exp(x) = 2^k exp(r), k = round(x / ln 2)."""
    k = np.floor(x * _LOG2_E + _HALF)
    r = x - k * _LN2_HIGH - k * _LN2_LOW
    p = ((((_C5 * r + _C4) * r + _C3) * r + _C2) * r + _C1) * r + _C0
    power = np.int32((np.int32(k) + np.int32(127)) << np.int32(23)).view(np.float32)
    return (p * r * r + r + _ONE) * power


@njit("float64(float32[:, ::1])", cache=True)
def normalise(log_joint):
    """Turn log p(x_t, m), (M, n), into p(m | x_t), in place; the sum over t of log p(x_t)."""
    n_components, n_frames = log_joint.shape
    top = log_joint[0].copy()
    for m in range(1, n_components):
        for t in range(n_frames):
            top[t] = max(top[t], log_joint[m, t])
    mass = np.zeros(n_frames, dtype=np.float32)
    for m in range(n_components):
        for t in range(n_frames):
            joint = exp(max(log_joint[m, t] - top[t], _LOWEST))
            log_joint[m, t] = joint
            mass[t] += joint
    total = 0.0
    for t in range(n_frames):
        total += np.float64(top[t]) + np.log(np.float64(mass[t]))
        mass[t] = _ONE / mass[t]
    for m in range(n_components):
        for t in range(n_frames):
            log_joint[m, t] *= mass[t]
    return total


@njit("void(float32[:, ::1], int64[::1], float32[:, ::1])", cache=True)
def log_sum_groups(log_joint, bounds, out):
    """out[t, k] = log of the sum over bounds[k] <= m < bounds[k + 1] of exp(log_joint[m, t])."""
    n_frames = log_joint.shape[1]
    for k in range(bounds.shape[0] - 1):
        first = bounds[k]
        last = bounds[k + 1]
        top = log_joint[first].copy()
        for m in range(first + 1, last):
            for t in range(n_frames):
                top[t] = max(top[t], log_joint[m, t])
        mass = np.zeros(n_frames, dtype=np.float32)
        for m in range(first, last):
            for t in range(n_frames):
                mass[t] += exp(max(log_joint[m, t] - top[t], _LOWEST))
        for t in range(n_frames):
            out[t, k] = top[t] + np.log(mass[t])


@njit("void(float32[:, ::1], int32[::1], float64[::1], float64[:, ::1])", cache=True)
def mixed_log_likelihoods(scores, labels, log_counts, out):
    """out[a, b], a < b: the log-likelihood of the frames of a and b under their two densities, mixed by frame counts.

    scores[t, k] is log p(x_t | k), log_counts[k] the logarithm of the number of frames with labels[t] = k.
    """
    n_clusters = scores.shape[1]
    out[:, :] = 0.0
    for t in range(scores.shape[0]):
        a = labels[t]
        for b in range(n_clusters):
            if b == a:
                continue
            first = scores[t, a] + log_counts[a]
            second = scores[t, b] + log_counts[b]
            gap = np.float32(abs(first - second))
            tail = np.log(_ONE + exp(max(-gap, _LOWEST)))
            joint = max(first, second) + np.float64(tail)
            out[min(a, b), max(a, b)] += joint
    for a in range(n_clusters):
        for b in range(a + 1, n_clusters):
            count = np.exp(log_counts[a]) + np.exp(log_counts[b])
            out[a, b] -= count * np.log(count)
