"""The inner loops of the agglomerative information bottleneck.

Joint masses n_c(y) = p(c, y) lie as columns, (Y, C), so that every inner loop runs over neighbouring clusters: the
compiler can use vector instructions, and no sum depends on how wide they are.
"""

import numpy as np
from numba import njit

_ONE = np.float32(1.0)
_HALF = np.float32(0.5)
_ROOT_HALF = np.float32(0.707106781186547524)
_SMALLEST = np.float32(1.1754944e-38)  # smallest normal number: below it 0 log 0 = 0 is near enough
_LN2_HIGH = np.float32(0.693359375)
_LN2_LOW = np.float32(-2.12194440e-4)
# Cephes' logf (S. Moshier): log(1 + r) = r - r^2 / 2 + r^3 P(r) for sqrt(1/2) - 1 <= r < sqrt(2) - 1
_P0 = np.float32(7.0376836292e-2)
_P1 = np.float32(-1.1514610310e-1)
_P2 = np.float32(1.1676998740e-1)
_P3 = np.float32(-1.2420140846e-1)
_P4 = np.float32(1.4249322787e-1)
_P5 = np.float32(-1.6668057665e-1)
_P6 = np.float32(2.0000714765e-1)
_P7 = np.float32(-2.4999993993e-1)
_P8 = np.float32(3.3333331174e-1)


@njit("float32(float32)", cache=True, inline="always")
def xlogx(x):
    """x log(x) for x >= 0 with a relative error of log(x) below 1e-6 away from 1; 0 for 0."""
    bits = np.float32(max(x, _SMALLEST)).view(np.int32)
    exponent = np.float32((bits >> np.int32(23)) - np.int32(126))
    mantissa = np.int32((bits & np.int32(0x007FFFFF)) | np.int32(0x3F000000)).view(np.float32)  # in [1/2, 1)
    low = mantissa < _ROOT_HALF
    exponent = exponent - _ONE if low else exponent
    r = mantissa + mantissa - _ONE if low else mantissa - _ONE
    square = r * r
    p = _P0
    p = p * r + _P1
    p = p * r + _P2
    p = p * r + _P3
    p = p * r + _P4
    p = p * r + _P5
    p = p * r + _P6
    p = p * r + _P7
    p = p * r + _P8
    tail = p * r * square + exponent * _LN2_LOW - _HALF * square
    return x * (r + tail + exponent * _LN2_HIGH)


@njit("void(float32[:, ::1], int64, int64, int64, float64[::1])", cache=True)
def joint_terms(columns, i, first, last, out):
    """out[j] = sum over y of xlogx(n_i(y) + n_j(y)) for first <= j < last."""
    n_y = columns.shape[0]
    out[first:last] = 0.0
    block = np.empty(last - first, dtype=np.float32)
    for start in range(0, n_y, 32):  # float32 within 32 terms, float64 across
        block[:] = np.float32(0.0)
        for y in range(start, min(start + 32, n_y)):
            mine = columns[y, i]
            others = columns[y, first:last]
            for j in range(last - first):
                block[j] += xlogx(mine + others[j])
        for j in range(last - first):
            out[first + j] += np.float64(block[j])


@njit("void(float32[:, ::1], float64[::1], float64[::1], float64, int64, int64, int64, float32[::1])", cache=True)
def merge_costs(columns, masses, phi, trade_off, i, first, last, out):
    """out[j] = what merging i and j loses of F, for first <= j < last; infinity for i itself.

    columns[y, c] = p(c, y), masses[c] = p(c), phi[c] = sum over y of xlogx(p(c, y)), less xlogx(p(c)); trade_off is
    1 / beta.
    """
    sums = np.empty(columns.shape[1])
    joint_terms(columns, i, first, last, sums)
    own = masses[i] * np.log(masses[i])
    for j in range(first, last):
        mass = masses[i] + masses[j]
        together = mass * np.log(mass)
        divergence = max(phi[i] + phi[j] - (sums[j] - together), 0.0)  # rounding must not make it negative
        out[j] = divergence - trade_off * (together - own - masses[j] * np.log(masses[j]))
    if first <= i < last:
        out[i] = np.inf


@njit("void(float32[:, ::1], float64[::1], float64[::1], float64, float32[:, ::1])", cache=True)
def all_merge_costs(columns, masses, phi, trade_off, out):
    """``merge_costs`` of all pairs."""
    n = columns.shape[1]
    for i in range(n):
        merge_costs(columns, masses, phi, trade_off, i, i, n, out[i])
        for j in range(i):
            out[i, j] = out[j, i]
