"""Minimum-duration Viterbi in O(T K)."""

import numpy as np
from numba import njit


@njit("int32[::1](float32[:, ::1], int64, float64, float64)", cache=True)
def minimum_duration_path(log_likelihoods, min_duration, log_self_loop, log_jump):
    """The best state of each frame; every stay in a state lasts min_duration frames or longer.

    A state is a chain of min_duration sub-states that share one density. Only two moves have a choice: from the last
    sub-state on to itself (log_self_loop), or into the first sub-state of any chain (log_jump). So with
    b_k(t) = log_likelihoods[t, k] and D = min_duration, the score of ending a stay of k with frame t - 1 is

        e_k(t) = max(best(t - D) + log_jump + b_k(t - D) + ... + b_k(t - 1),  e_k(t - 1) + log_self_loop + b_k(t - 1))

    where best(t) = max_k e_k(t), best(0) = 0 without log_jump, and best(t) = -inf for 0 < t < D. Needs T >= D.
    """
    n_frames, n_states = log_likelihoods.shape
    stay = np.full(n_states, -np.inf)  # e_k(t - 1)
    window = np.zeros(n_states)  # b_k(t - D) + ... + b_k(t - 1)
    start = np.zeros((n_frames + 1, n_states), dtype=np.int32)  # where the stay that ends before t began
    best = np.full(n_frames + 1, -np.inf)
    best_state = np.zeros(n_frames + 1, dtype=np.int32)
    best[0] = 0.0
    for t in range(1, n_frames + 1):
        # begin the sums anew at every multiple of D, so that rounding does not build up over hours
        if t % min_duration == 0 and t >= min_duration:
            window[:] = 0.0
            for u in range(t - min_duration, t):
                for k in range(n_states):
                    window[k] += log_likelihoods[u, k]
        else:
            for k in range(n_states):
                window[k] += log_likelihoods[t - 1, k]
                if t > min_duration:
                    window[k] -= log_likelihoods[t - 1 - min_duration, k]
        if t < min_duration:
            continue
        origin = t - min_duration
        entry = best[origin] + (log_jump if origin > 0 else 0.0)
        for k in range(n_states):
            enter = entry + window[k]
            longer = stay[k] + log_self_loop + log_likelihoods[t - 1, k]
            if longer >= enter and longer > -np.inf:
                stay[k] = longer
                start[t, k] = start[t - 1, k]
            else:
                stay[k] = enter
                start[t, k] = origin
            if stay[k] > best[t]:
                best[t] = stay[k]
                best_state[t] = k
    path = np.empty(n_frames, dtype=np.int32)
    t = n_frames
    while t > 0:
        k = best_state[t]
        begin = start[t, k]
        path[begin:t] = k
        t = begin
    return path
