"""Minimum-duration Viterbi against a brute-force dynamic programme over sub-states, polling against a count."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import chain_viterbi_score, majority, path_score, same_partition, stays

from diar.hmm import polling, viterbi


def problem(seed: int) -> tuple[np.ndarray, int, float, float]:
    """Scores (T, K), D, self-loop and jump; small integers in every third problem, so that ties are common."""
    rng = np.random.default_rng(seed)
    min_duration = int(rng.integers(1, 8))
    shape = (min_duration + int(rng.integers(0, 30)), int(rng.integers(1, 5)))
    scores = rng.integers(-2, 3, shape) if seed % 3 == 0 else rng.normal(0, 2, shape)
    self_loop, jump = (1.0, 1.0) if seed % 4 == 0 else rng.uniform(0.02, 2.0, 2)
    return scores.astype(np.float32), min_duration, float(self_loop), float(jump)


@pytest.mark.parametrize("seed", range(150))
def test_the_path_scores_as_well_as_the_best_of_all_paths(seed: int) -> None:
    scores, min_duration, self_loop, jump = problem(seed)
    path = viterbi(scores, min_duration, self_loop, jump)
    assert path.dtype == np.int32 and path.shape == (len(scores),)
    assert min(stays(path)) >= min_duration
    best = chain_viterbi_score(scores, min_duration, self_loop, jump)
    assert path_score(scores, path, min_duration, self_loop, jump) == pytest.approx(best, abs=1e-4)


@pytest.mark.parametrize("seed", range(12))
def test_the_dynamic_programme_itself_equals_trying_every_path(seed: int) -> None:
    """The oracle's oracle: all 2^8 paths of eight frames."""
    rng = np.random.default_rng(seed)
    scores, min_duration = rng.standard_normal((8, 2)), int(rng.integers(1, 5))
    self_loop, jump = rng.uniform(0.05, 2.0, 2)
    paths = itertools.product(range(2), repeat=8)
    tried = max(path_score(scores, path, min_duration, self_loop, jump) for path in paths)
    assert chain_viterbi_score(scores, min_duration, self_loop, jump) == pytest.approx(tried, abs=1e-9)


def test_without_weights_given_the_densities_alone_decide() -> None:
    scores, min_duration, _, _ = problem(7)
    np.testing.assert_array_equal(viterbi(scores, min_duration), viterbi(scores, min_duration, 1.0, 1.0))
    one_frame = viterbi(scores, 1)
    np.testing.assert_array_equal(one_frame, scores.argmax(axis=1))


def test_weights_decide_as_in_the_formula() -> None:
    """Two frames in the other state gain 3 nats and cost two jumps instead of four frames of self-loop."""
    scores = np.zeros((12, 2), dtype=np.float32)
    scores[:, 1] = -9.0
    scores[4:6] = [-0.75, 0.75]
    there_and_back, stay = [0] * 4 + [1] * 2 + [0] * 6, [0] * 12
    gain = 3.0
    for self_loop in (0.5, 1.0):
        break_even = math.exp((4 * math.log(self_loop) - gain) / 2)
        assert viterbi(scores, 2, self_loop, 1.02 * break_even).tolist() == there_and_back
        assert viterbi(scores, 2, self_loop, 0.98 * break_even).tolist() == stay


@pytest.mark.parametrize("n_frames", range(6))
def test_fewer_frames_than_the_minimum_are_one_segment_of_the_largest_sum(n_frames: int) -> None:
    scores = np.random.default_rng(n_frames).standard_normal((n_frames, 3)).astype(np.float32)
    sums = scores.sum(axis=0).tolist()
    path = viterbi(scores, 6)
    assert path.dtype == np.int32 and path.tolist() == [sums.index(max(sums))] * n_frames


def test_exactly_the_minimum_is_one_segment_of_the_largest_sum() -> None:
    scores = np.array([[5, 0, 1], [0, 4, 3], [0, 4, 3]], dtype=np.float32)
    assert viterbi(scores, 3).tolist() == [1, 1, 1]


@pytest.mark.parametrize("n_frames", range(1, 5))
def test_with_a_minimum_of_one_frame_every_frame_goes_to_its_best_state(n_frames: int) -> None:
    scores = np.eye(4, dtype=np.float32)[:n_frames, ::-1].copy()
    assert viterbi(scores, 1).tolist() == [3, 2, 1, 0][:n_frames]


@pytest.mark.parametrize("n_frames", [1, 3, 10])
def test_one_state_takes_everything(n_frames: int) -> None:
    scores = np.random.default_rng(0).standard_normal((n_frames, 1)).astype(np.float32)
    assert viterbi(scores, 3, 0.9, 0.1).tolist() == [0] * n_frames


def test_ties_go_to_the_lowest_state_and_give_one_segment() -> None:
    assert viterbi(np.zeros((20, 3), dtype=np.float32), 4).tolist() == [0] * 20


@pytest.mark.parametrize("seed", [1, 2, 4, 5, 7, 8])  # none of the problems with ties
def test_states_in_another_order_give_the_same_partition(seed: int) -> None:
    scores, min_duration, self_loop, jump = problem(seed)
    order = np.random.default_rng(seed).permutation(scores.shape[1])
    turned = viterbi(np.ascontiguousarray(scores[:, order]), min_duration, self_loop, jump)
    np.testing.assert_array_equal(order[turned], viterbi(scores, min_duration, self_loop, jump))


@pytest.mark.parametrize("seed", [1, 2, 4, 5, 7, 8])
def test_time_backwards_gives_a_path_as_good(seed: int) -> None:
    scores, min_duration, self_loop, jump = problem(seed)
    backwards = viterbi(np.ascontiguousarray(scores[::-1]), min_duration, self_loop, jump)[::-1]
    forwards = viterbi(scores, min_duration, self_loop, jump)
    assert path_score(scores, backwards, min_duration, self_loop, jump) == pytest.approx(
        path_score(scores, forwards, min_duration, self_loop, jump), abs=1e-4
    )


def test_the_same_amount_added_to_all_states_of_a_frame_changes_nothing() -> None:
    scores, min_duration, self_loop, jump = problem(10)
    level = np.random.default_rng(0).integers(-64, 64, (len(scores), 1)).astype(np.float32)
    moved = viterbi(scores + level, min_duration, self_loop, jump)
    np.testing.assert_array_equal(moved, viterbi(scores, min_duration, self_loop, jump))


@pytest.mark.parametrize("decide", [viterbi, polling])
@pytest.mark.parametrize(
    ("scores", "min_duration"),
    [
        (np.zeros((5, 2)), 2),  # float64
        (np.zeros(5, dtype=np.float32), 2),
        (np.zeros((5, 0), dtype=np.float32), 2),
        (np.zeros((5, 2), dtype=np.float32), 0),
    ],
)
def test_scores_of_another_kind_are_refused(decide, scores: np.ndarray, min_duration: int) -> None:
    with pytest.raises(AssertionError):
        decide(scores, min_duration)


@pytest.mark.parametrize("weights", [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0)])
def test_weights_that_have_no_logarithm_are_refused(weights: tuple[float, float]) -> None:
    with pytest.raises(AssertionError):
        viterbi(np.zeros((5, 2), dtype=np.float32), 2, *weights)


# ---- polling -------------------------------------------------------------------------------------------------------


@given(
    best=st.lists(st.integers(0, 2), max_size=30),
    window=st.integers(1, 8),
    level=st.floats(-100, 100, width=32),
)
def test_polling_is_the_count_of_each_window(best: list[int], window: int, level: float) -> None:
    scores = np.full((len(best), 3), level, dtype=np.float32)
    scores[np.arange(len(best)), best] += 1
    path = polling(scores, window)
    assert path.dtype == np.int32 and path.tolist() == majority(scores, window)


def test_polling_counts_frames_and_not_scores() -> None:
    scores = np.array([[100, 0], [0, 1], [0, 1], [3, 0]], dtype=np.float32)
    assert polling(scores, 3).tolist() == [1, 1, 1, 0]


def test_polling_gives_ties_to_the_lower_state() -> None:
    assert polling(np.array([[0, 1], [1, 0], [2, 2]], dtype=np.float32), 2).tolist() == [0, 0, 0]


def test_polling_of_another_order_is_the_same_partition_without_ties() -> None:
    scores = np.random.default_rng(3).standard_normal((33, 2)).astype(np.float32)
    assert same_partition(polling(scores, 5), polling(np.ascontiguousarray(scores[:, ::-1]), 5))
