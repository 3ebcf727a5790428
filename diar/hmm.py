"""From frame scores to segments: minimum-duration Viterbi, or the older polling.

The topology is ICSI's (Ajmera and Wooters, "A robust speaker clustering algorithm", ASRU 2003): a state a cluster, each
a chain of sub-states that share one density, which makes every stay at least ``min_duration`` long.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int32]


def viterbi(
    log_likelihoods: NDArray[np.float32], min_duration: int, self_loop: float = 1.0, jump: float = 1.0
) -> Labels:
    """(T,) the state of each frame on the best path, every stay at least ``min_duration`` frames long.

    Args:
        log_likelihoods: (T, K) log p(x_t | state k), in nats.
        min_duration: frames; with T < min_duration the whole is one segment of the state with the largest sum.
        self_loop: weight of staying on beyond the minimum duration, for each further frame.
        jump: weight of going over into any given state.

    The weights need not sum to one: with 1 and 1 the densities alone decide.
    """
    _check(log_likelihoods, min_duration)
    assert self_loop > 0 and jump > 0, (self_loop, jump)
    if len(log_likelihoods) < min_duration:
        return _constant(log_likelihoods)
    from diar.kernels.viterbi import minimum_duration_path

    path: Labels = minimum_duration_path(
        np.ascontiguousarray(log_likelihoods), min_duration, math.log(self_loop), math.log(jump)
    )
    return path


def polling(log_likelihoods: NDArray[np.float32], window: int) -> Labels:
    """(T,) the state that is best for most frames of each window of ``window`` frames; ties go to the lower state.

    What pycasp's diarizer does in place of Viterbi ("segment majority vote", Gonina et al., ASRU 2011): the boundaries
    lie on multiples of the window.
    """
    _check(log_likelihoods, window)
    n_frames, n_states = log_likelihoods.shape
    if n_frames == 0:
        return np.zeros(0, dtype=np.int32)
    window_of = np.arange(n_frames) // window
    votes = np.zeros((int(window_of[-1]) + 1, n_states), dtype=np.int64)
    np.add.at(votes, (window_of, log_likelihoods.argmax(axis=1)), 1)
    winners: Labels = votes.argmax(axis=1).astype(np.int32)
    return winners[window_of]


def _constant(log_likelihoods: NDArray[np.float32]) -> Labels:
    best = int(log_likelihoods.sum(axis=0, dtype=np.float64).argmax())
    return np.full(len(log_likelihoods), best, dtype=np.int32)


def _check(log_likelihoods: NDArray[np.float32], min_duration: int) -> None:
    assert log_likelihoods.ndim == 2 and log_likelihoods.shape[1] >= 1, log_likelihoods.shape
    assert log_likelihoods.dtype == np.float32, log_likelihoods.dtype
    assert min_duration >= 1, min_duration
