"""The choice among candidate delays that keeps them from jumping."""

import numpy as np
from numba import njit


@njit("int64[::1](int32[:, ::1], float32[:, ::1], float64, float64)", cache=True)
def steady_path(lags, peaks, jump_penalty, jump_lags):
    """The candidate k_b of each block b that maximises the sum over b of

        peaks[b, k_b] - jump_penalty min(1, |lags[b, k_b] - lags[b - 1, k_(b - 1)]| / jump_lags)

    Ties go to the candidate that comes first.
    """
    n_blocks, n_best = lags.shape
    score = np.zeros(n_best)
    origin = np.zeros((n_blocks, n_best), dtype=np.int32)
    entered = np.empty(n_best)
    for b in range(n_blocks):
        for k in range(n_best):
            entered[k] = 0.0
            if b > 0:
                entered[k] = -np.inf
                for j in range(n_best):
                    jump = abs(np.float64(lags[b, k]) - np.float64(lags[b - 1, j])) / jump_lags
                    reached = score[j] - jump_penalty * min(1.0, jump)
                    if reached > entered[k]:
                        entered[k] = reached
                        origin[b, k] = j
        for k in range(n_best):
            score[k] = entered[k] + peaks[b, k]
    path = np.zeros(n_blocks, dtype=np.int64)
    if n_blocks > 0:
        path[n_blocks - 1] = np.argmax(score)
    for b in range(n_blocks - 1, 0, -1):
        path[b - 1] = origin[b, path[b]]
    return path
