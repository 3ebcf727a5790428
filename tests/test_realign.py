"""Realignment on planted speech: wrong boundaries move to the true place, and nobody is lost."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from oracles import (
    chain_viterbi_score,
    mixture_log_likelihoods,
    path_score,
    planted_frames,
    seeded,
    standardised,
    stays,
)

from diar.errors import DataError
from diar.realign import RealignOptions, hmm_gmm

OPTIONS = RealignOptions(
    passes=2,
    final_min_duration=0.3,
    min_duration=0.6,
    seconds_per_gaussian=4.0,
    seconds_per_gaussian_slope=0.0,
    em_iterations=3,
    self_loop=1.0,
    jump=1.0,
    variance_floor=0.01,
)
TURNS = [(0, 230), (1, 170), (2, 310), (0, 140), (2, 90), (1, 260)]


def changed(**values: object) -> RealignOptions:
    return dataclasses.replace(OPTIONS, **values)


def with_wrong_boundaries(speakers: np.ndarray, shift: int) -> np.ndarray:
    """The same labels ``shift`` frames too late."""
    return np.concatenate([np.full(shift, speakers[0]), speakers[:-shift]]).astype(np.int32)


@pytest.mark.parametrize("shift", [10, 40])
@pytest.mark.parametrize("passes", [1, 2, 4])
def test_wrong_boundaries_move_to_the_true_place(shift: int, passes: int) -> None:
    frames, speakers = planted_frames(TURNS)
    moved = hmm_gmm(frames, with_wrong_boundaries(speakers, shift), changed(passes=passes))
    assert moved.dtype == np.int32
    np.testing.assert_array_equal(moved, speakers)


@pytest.mark.parametrize(("seconds_per_gaussian", "n_gaussians"), [(2.0, 1), (1.0, 2)])
@pytest.mark.parametrize(("self_loop", "jump"), [(1.0, 1.0), (1.0, 1e-3), (0.5, 1.0)])
def test_a_pass_is_the_best_path_through_mixtures_of_the_labels(
    seconds_per_gaussian: float, n_gaussians: int, self_loop: float, jump: float
) -> None:
    """4 s of overlapping speakers, half each, with models and the dynamic programme in float64."""
    raw, _ = planted_frames([(0, 100), (1, 110), (0, 90), (1, 100)], distance=0.5)
    labels = np.repeat(np.array([0, 1, 0, 1], dtype=np.int32), 100)
    options = changed(
        passes=1, final_min_duration=0.08, seconds_per_gaussian=seconds_per_gaussian, self_loop=self_loop, jump=jump
    )
    frames = standardised(raw)
    models = [seeded(frames[labels == k], n_gaussians, options.em_iterations, options.variance_floor) for k in (0, 1)]
    scores = np.stack([mixture_log_likelihoods(frames, model) for model in models], axis=1)
    moved = hmm_gmm(raw, labels, options).tolist()
    best = chain_viterbi_score(scores, 8, self_loop, jump)
    assert len(set(moved)) == 2
    assert path_score(scores, moved, 8, self_loop, jump) == pytest.approx(best, abs=0.02)


def test_the_last_pass_has_the_shorter_minimum() -> None:
    """A turn of 0.5 s that the labels lack is found by the last pass alone."""
    frames, speakers = planted_frames([(0, 300), (1, 50), (0, 300), (1, 200)])
    labels = np.where(np.arange(len(speakers)) < 650, 0, 1).astype(np.int32)
    options = changed(final_min_duration=0.4, min_duration=2.0)
    np.testing.assert_array_equal(hmm_gmm(frames, labels, options), speakers)
    too_long = hmm_gmm(frames, labels, changed(final_min_duration=2.0, min_duration=0.4, passes=1))
    assert min(stays(too_long.tolist())) >= 200
    in_passes_before = hmm_gmm(frames, labels, changed(final_min_duration=2.0, min_duration=0.4, passes=2))
    assert min(stays(in_passes_before.tolist())) >= 200


def test_the_passes_before_the_last_have_the_longer_minimum() -> None:
    """With a first pass as long as the recording's half, a pass more does not give what a shorter one gives."""
    frames, speakers = planted_frames([(0, 150), (1, 150), (0, 150), (1, 150)])
    labels = np.repeat(np.array([0, 1, 0, 1, 0, 1], dtype=np.int32), 100)
    once = hmm_gmm(frames, labels, changed(passes=1, final_min_duration=0.05, min_duration=100.0))
    refused_then_once = hmm_gmm(frames, labels, changed(passes=2, final_min_duration=0.05, min_duration=100.0))
    np.testing.assert_array_equal(once, refused_then_once)
    assert (once == speakers).mean() > (labels == speakers).mean()


@pytest.mark.parametrize("seed", range(3))
def test_no_pass_changes_nothing(seed: int) -> None:
    frames, speakers = planted_frames(TURNS, seed=seed)
    labels = with_wrong_boundaries(speakers, 33)
    np.testing.assert_array_equal(hmm_gmm(frames, labels, changed(passes=0)), labels)


@pytest.mark.parametrize("n_frames", [3, 29, 30, 61, 400])
@pytest.mark.parametrize("n_speakers", [1, 2, 3])
@pytest.mark.parametrize("jump", [1.0, 1e-20])
def test_no_speaker_is_ever_lost(n_frames: int, n_speakers: int, jump: float) -> None:
    """Labels without any sense on noise, with recordings too short for everyone among them."""
    rng = np.random.default_rng([n_frames, n_speakers])
    frames = rng.standard_normal((n_frames, 3)).astype(np.float32)
    labels = (np.arange(n_frames) * n_speakers // n_frames).astype(np.int32)
    moved = hmm_gmm(frames, labels, changed(passes=3, jump=jump))
    assert moved.shape == labels.shape
    assert sorted(set(moved.tolist())) == list(range(n_speakers))


def test_a_refused_pass_leaves_the_labels_of_the_one_before() -> None:
    """Two speakers in less than two minimum durations: every pass would give all to one."""
    frames, speakers = planted_frames([(0, 20), (1, 20)])
    np.testing.assert_array_equal(hmm_gmm(frames, speakers, changed(final_min_duration=0.3)), speakers)


def test_identical_frames_keep_their_speakers() -> None:
    labels = np.repeat(np.array([0, 1], dtype=np.int32), 100)
    moved = hmm_gmm(np.full((200, 3), 2.5, dtype=np.float32), labels, OPTIONS)
    assert set(moved.tolist()) == {0, 1}


def test_speakers_of_other_numbers_are_realigned_alike() -> None:
    frames, speakers = planted_frames(TURNS)
    order = np.array([2, 0, 1], dtype=np.int32)
    labels = with_wrong_boundaries(speakers, 40)
    np.testing.assert_array_equal(hmm_gmm(frames, order[labels], OPTIONS), order[hmm_gmm(frames, labels, OPTIONS)])


def test_level_and_scale_of_the_frames_do_not_matter() -> None:
    frames, speakers = planted_frames(TURNS, distance=2.0)
    labels = with_wrong_boundaries(speakers, 40)
    moved = hmm_gmm(frames * np.float32(4) + np.float32(16), labels, OPTIONS)
    np.testing.assert_array_equal(moved, hmm_gmm(frames, labels, OPTIONS))


def test_no_speaker_appears_who_was_not_there() -> None:
    frames, speakers = planted_frames([(0, 200), (1, 200), (0, 200)], distance=1.0)
    moved = hmm_gmm(frames, 2 * speakers, OPTIONS)
    assert set(moved.tolist()) == {0, 2}


@pytest.mark.parametrize(
    "values",
    [{"passes": -1}, {"final_min_duration": 0.0}, {"min_duration": -1.0}, {"em_iterations": 0}, {"jump": 0.0},
     {"self_loop": 0.0}, {"variance_floor": 0.0}, {"seconds_per_gaussian": 0.0}],
    ids=str,
)  # fmt: skip
def test_bad_options_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(DataError, match="^--"):
        changed(**values)
