"""Realignment on planted speech: wrong boundaries move to the true place, and nobody is lost."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from oracles import (
    chain_viterbi_score,
    floored,
    kl_divergence,
    mean_posteriors,
    mixture_log_likelihoods,
    path_score,
    planted_frames,
    seeded,
    standardised,
    stays,
)

from diar.background import Stream
from diar.errors import DataError
from diar.posteriors import RelevanceOptions, relevance
from diar.realign import (
    GmmEmissions,
    KlEmissions,
    KlRealignOptions,
    RealignOptions,
    SmoothOptions,
    hmm_gmm,
    kl_hmm,
    kl_scores,
    smooth,
)

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


# ---- KL-HMM --------------------------------------------------------------------------------------------------------

KL_OPTIONS = KlRealignOptions(
    passes=3, kl_min_duration=0.6, kl_self_loop=0.9, kl_jump=0.1, lost_speakers="drop", compat="none"
)


def kl_changed(**values: object) -> KlRealignOptions:
    return dataclasses.replace(KL_OPTIONS, **values)


def planted_posteriors(turns: list[tuple[int, int]], n_relevance: int = 7, seed: int = 0, sharpness: float = 30.0):
    """(Y, T) float32 draws around a distribution of each speaker's own, and (T,) speakers."""
    rng = np.random.default_rng(seed)
    speakers = np.concatenate([np.full(length, speaker) for speaker, length in turns]).astype(np.int32)
    centres = rng.dirichlet(np.ones(n_relevance), 1 + speakers.max())
    posteriors = np.stack([rng.dirichlet(sharpness * centres[speaker] + 1e-3) for speaker in speakers], axis=1)
    return posteriors.astype(np.float32), speakers


def planted_relevance(turns: list[tuple[int, int]]):
    """(Y, T) posteriors of planted frames, from segments of half a second, and (T,) speakers."""
    frames, speakers = planted_frames(turns)
    streams = (Stream("feats", frames),)
    seen = relevance(streams, np.ones(len(frames), dtype=bool), RelevanceOptions(max_segment=0.5))
    return seen.posteriors, speakers


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_those_of_the_definition_with_a_floor(seed: int) -> None:
    """Speakers who never have some of the relevance variables among them."""
    rng = np.random.default_rng(seed)
    posteriors = rng.dirichlet(np.full(5, 0.3), 40).T.astype(np.float32)
    speakers = rng.dirichlet(np.ones(5), 3) * (rng.random((3, 5)) < 0.6)
    speakers[0] = [0, 0, 0, 1, 0]
    given = speakers.copy()
    scores = kl_scores(posteriors, speakers)
    models = [floored(speaker, 1e-10) for speaker in speakers]
    columns = posteriors.astype(np.float64).T
    expected = np.array([[(p * np.log(q)).sum() for q in models] for p in columns])
    assert scores.dtype == np.float32 and scores.shape == (40, 3)
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(speakers, given)
    divergences = np.array([[kl_divergence(p, q) for q in models] for p in columns])
    common = scores + divergences
    np.testing.assert_allclose(common, np.broadcast_to(common[:, :1], common.shape), atol=1e-4)


def test_the_floor_is_far_below_what_frames_have_and_sums_to_one_after_it() -> None:
    one_hot = np.eye(2, dtype=np.float32)
    np.testing.assert_allclose(kl_scores(one_hot, np.eye(2)), [[0, np.log(1e-10)], [np.log(1e-10), 0]], atol=1e-5)
    never = kl_scores(one_hot, np.zeros((1, 2)))
    np.testing.assert_allclose(never, np.log(0.5), rtol=1e-6)


def test_the_model_of_a_speaker_is_the_mean_over_its_frames_however_few() -> None:
    posteriors = np.repeat(np.eye(3, dtype=np.float32), [190, 8, 2], axis=1)
    labels = np.repeat(np.array([0, 1], dtype=np.int32), [190, 10])
    expected = np.log([floored(mean, 1e-10) for mean in ([1, 0, 0], [0, 0.8, 0.2])])
    scores = KlEmissions(posteriors, KL_OPTIONS).scores(labels, 2)
    np.testing.assert_allclose(scores, posteriors.T @ expected.T, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shift", [10, 40])
@pytest.mark.parametrize("passes", [1, 3])
def test_wrong_boundaries_move_to_the_true_place_by_relevance_variables(shift: int, passes: int) -> None:
    posteriors, speakers = planted_relevance(TURNS)
    moved = kl_hmm(posteriors, with_wrong_boundaries(speakers, shift), kl_changed(passes=passes))
    assert moved.dtype == np.int32
    np.testing.assert_array_equal(moved, speakers)


@pytest.mark.parametrize("n_speakers", [2, 3])
@pytest.mark.parametrize(("self_loop", "jump"), [(0.9, 0.1), (0.9, 1e-4), (0.5, 1.0), (0.99, 1e-9)])
@pytest.mark.parametrize("seed", range(2))
def test_a_pass_is_the_best_path_through_means_of_posteriors(
    n_speakers: int, self_loop: float, jump: float, seed: int
) -> None:
    """Speakers who differ little; going over costs the jump's weight shared by all of them."""
    turns = [(turn % n_speakers, 20 + 7 * (turn % 3)) for turn in range(9)]
    posteriors, speakers = planted_posteriors(turns, sharpness=1.0, seed=seed)
    labels = with_wrong_boundaries(speakers, 5)
    scores = kl_scores(posteriors, mean_posteriors(posteriors, labels.tolist(), n_speakers)).astype(np.float64)
    options = kl_changed(passes=1, kl_min_duration=0.08, kl_self_loop=self_loop, kl_jump=jump)
    moved = kl_hmm(posteriors, labels, options, n_speakers).tolist()
    best = chain_viterbi_score(scores, 8, self_loop, jump / n_speakers)
    alternative = KlEmissions(posteriors, options).segment(scores.astype(np.float32)).tolist()
    assert path_score(scores, alternative, 8, self_loop, jump / n_speakers) == pytest.approx(best, abs=0.002)
    if len(set(alternative)) == n_speakers:
        assert moved == alternative
    else:
        assert moved == labels.tolist()


def test_the_weights_by_default_are_those_of_a_chain_that_goes_on_nine_times_in_ten() -> None:
    """One frame beyond the minimum weighs 0.9, another speaker 0.1 / 4; a frame's scores tip the balance either way."""
    defaults = KlRealignOptions(kl_min_duration=0.02)
    assert (defaults.kl_self_loop, defaults.kl_jump) == (0.9, 0.1)
    staying = 5 * np.log(0.9)  # two frames of seven are the minimum
    there_and_back = 2 * np.log(0.1 / 4) + np.log(0.9)  # stays of two, three and two frames
    for surplus, expected in ((-0.05, [0] * 7), (0.05, [0, 0, 1, 1, 1, 0, 0])):
        scores = np.full((7, 4), -50.0, dtype=np.float32)
        scores[:, 0] = 0.0
        scores[2:5, 1] = (staying - there_and_back + surplus) / 3
        assert KlEmissions(np.ones((1, 7), dtype=np.float32), defaults).segment(scores).tolist() == expected


def half_a_turn_late() -> tuple[np.ndarray, np.ndarray]:
    """Posteriors, and labels of which each of three passes moves some."""
    posteriors, speakers = planted_posteriors([(0, 120), (1, 120)] * 3, sharpness=2.0, seed=4)
    return posteriors, np.roll(speakers, 55)


@pytest.mark.parametrize("passes", [0, 1, 2, 3])
def test_realigning_several_times_is_realigning_once_several_times(passes: int) -> None:
    posteriors, labels = half_a_turn_late()
    expected = labels
    for _ in range(passes):
        expected = kl_hmm(posteriors, expected, kl_changed(passes=1))
    moved = kl_hmm(posteriors, labels, kl_changed(passes=passes))
    np.testing.assert_array_equal(moved, expected)
    assert (moved != labels).any() == (passes > 0)


def with_a_shadow() -> tuple[np.ndarray, np.ndarray]:
    """Posteriors of two speakers, and labels with a third, who is said to have ten frames of either."""
    posteriors, speakers = planted_posteriors([(0, 200), (1, 200), (0, 200)])
    labels = speakers.copy()
    labels[50:60] = labels[250:260] = 2
    return posteriors, labels


@pytest.mark.parametrize("passes", [1, 3])
@pytest.mark.parametrize("fewest", [1, 2])
def test_speakers_without_frames_are_dropped(passes: int, fewest: int) -> None:
    posteriors, labels = with_a_shadow()
    moved = kl_hmm(posteriors, labels, kl_changed(passes=passes), fewest)
    np.testing.assert_array_equal(moved, np.repeat([0, 1, 0], 200))


@pytest.mark.parametrize(("lost_speakers", "fewest"), [("keep", 1), ("keep", 2), ("drop", 3), ("drop", 9)])
def test_a_pass_that_loses_a_speaker_is_refused_where_all_are_wanted(lost_speakers: str, fewest: int) -> None:
    posteriors, labels = with_a_shadow()
    np.testing.assert_array_equal(kl_hmm(posteriors, labels, kl_changed(lost_speakers=lost_speakers), fewest), labels)


@pytest.mark.parametrize("n_frames", [3, 29, 59, 60, 130, 400])
@pytest.mark.parametrize("n_speakers", [1, 2, 3])
@pytest.mark.parametrize("lost_speakers", ["drop", "keep"])
def test_as_many_speakers_as_wanted_stay(n_frames: int, n_speakers: int, lost_speakers: str) -> None:
    """Labels without any sense, with recordings too short for everyone among them."""
    posteriors = np.random.default_rng(n_frames).dirichlet(np.ones(4), n_frames).T.astype(np.float32)
    labels = (np.arange(n_frames) * n_speakers // n_frames).astype(np.int32)
    for fewest in (1, 2, 3):
        moved = kl_hmm(posteriors, labels, kl_changed(lost_speakers=lost_speakers), fewest)
        assert moved.shape == labels.shape and set(moved.tolist()) <= set(range(n_speakers))
        assert len(set(moved.tolist())) >= (n_speakers if lost_speakers == "keep" else min(fewest, n_speakers))


def test_speakers_of_other_numbers_are_realigned_alike_by_relevance_variables() -> None:
    posteriors, labels = with_a_shadow()
    order = np.array([7, 2, 5], dtype=np.int32)
    np.testing.assert_array_equal(
        kl_hmm(posteriors, order[labels], KL_OPTIONS), order[kl_hmm(posteriors, labels, KL_OPTIONS)]
    )


def test_the_order_of_relevance_variables_does_not_matter() -> None:
    posteriors, speakers = planted_posteriors(TURNS, sharpness=5.0)
    labels = with_wrong_boundaries(speakers, 40)
    order = np.random.default_rng(0).permutation(len(posteriors))
    np.testing.assert_array_equal(kl_hmm(posteriors[order], labels, KL_OPTIONS), kl_hmm(posteriors, labels, KL_OPTIONS))


def test_one_relevance_variable_tells_speakers_not_apart() -> None:
    labels = np.repeat(np.array([0, 1], dtype=np.int32), 100)
    uniform = np.ones((1, 200), dtype=np.float32)
    assert len(set(kl_hmm(uniform, labels, KL_OPTIONS).tolist())) == 1
    assert len(set(kl_hmm(uniform, labels, KL_OPTIONS, 2).tolist())) == 2


def test_diartk_makes_one_pass() -> None:
    posteriors, labels = half_a_turn_late()
    once, thrice = (kl_hmm(posteriors, labels, kl_changed(passes=passes)) for passes in (1, 3))
    assert (once != thrice).any()
    np.testing.assert_array_equal(kl_hmm(posteriors, labels, kl_changed(passes=3, compat="diartk")), once)


def test_posteriors_and_labels_are_left_as_they_were() -> None:
    posteriors, labels = with_a_shadow()
    before = posteriors.copy(), labels.copy()
    kl_hmm(posteriors, labels, KL_OPTIONS)
    np.testing.assert_array_equal(posteriors, before[0])
    np.testing.assert_array_equal(labels, before[1])


def test_mixtures_get_gaussians_by_their_share_of_the_speech() -> None:
    """8 s of speech are worth four Gaussians: three for 5.9 s of a speaker, one for 2 s, and one for 0.1 s."""
    frames, speakers = planted_frames([(0, 590), (1, 200), (2, 10)], distance=1.0)
    options = changed(seconds_per_gaussian=2.0)
    scores = GmmEmissions(frames, options).scores(speakers, 3)
    standard = standardised(frames)
    for k, one in ((1, True), (2, True), (0, False)):
        of_one = mixture_log_likelihoods(standard, seeded(standard[speakers == k], 1, 3, options.variance_floor))
        assert np.allclose(scores[:, k], of_one, atol=1e-2) == one


@pytest.mark.parametrize(
    "values",
    [{"passes": -1}, {"kl_min_duration": 0.0}, {"kl_self_loop": 0.0}, {"kl_jump": -0.1}, {"lost_speakers": "hide"},
     {"compat": "icsi"}, {"max_relevance": 0}],
    ids=str,
)  # fmt: skip
def test_bad_options_of_the_kl_hmm_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(DataError, match="^--"):
        kl_changed(**values)


# ---- smoothing of soft labels --------------------------------------------------------------------------------------


def soft_labels(n_frames: int = 300, n_speakers: int = 3, seed: int = 0) -> np.ndarray:
    """(T, K) probabilities, a few of them zero, of speakers who change every 75 frames."""
    rng = np.random.default_rng(seed)
    favoured = np.eye(n_speakers)[np.arange(n_frames) // 75 % n_speakers]
    probabilities = np.stack([rng.dirichlet(0.3 + 0.5 * row) for row in favoured])
    probabilities[::40, 0] = 0.0
    return probabilities.astype(np.float32)


@pytest.mark.parametrize(("duration", "n"), [(0.01, 1), (0.12, 12), (0.5, 50)])
@pytest.mark.parametrize("jump", [1.0, 1e-3])
def test_smoothing_is_the_best_path_through_log_probabilities(duration: float, n: int, jump: float) -> None:
    probabilities = soft_labels()
    scores = np.log(np.maximum(probabilities.astype(np.float64), 1e-10))
    path = smooth(probabilities, SmoothOptions(duration, jump)).tolist()
    assert path_score(scores, path, n, 1.0, jump) == pytest.approx(chain_viterbi_score(scores, n, 1.0, jump), abs=1e-2)
    assert min(stays(path)) >= n


def test_frames_of_certain_speakers_stay_theirs_and_short_turns_go() -> None:
    labels = np.repeat([0, 1, 0, 2, 1], [100, 80, 60, 20, 70])
    probabilities = np.eye(3, dtype=np.float32)[labels]
    np.testing.assert_array_equal(smooth(probabilities, SmoothOptions(0.2)), labels)
    moved = smooth(probabilities, SmoothOptions(0.6))
    assert moved.dtype == np.int32 and set(moved.tolist()) == {0, 1}, "a speaker of 0.2 s is lost"
    np.testing.assert_array_equal(moved[:240], labels[:240])


def test_speakers_of_other_numbers_are_smoothed_alike() -> None:
    probabilities, order = soft_labels(), np.array([2, 0, 1])
    moved, turned = (smooth(p, SmoothOptions(0.3)) for p in (probabilities, probabilities[:, order]))
    np.testing.assert_array_equal(order[turned], moved)


def test_a_recording_shorter_than_the_minimum_is_one_speakers() -> None:
    probabilities = np.array([[0.6, 0.4]] * 3 + [[0.1, 0.9]] * 4, dtype=np.float32)
    assert smooth(probabilities, SmoothOptions()).tolist() == [1] * 7


@pytest.mark.parametrize("values", [{"smooth_duration": 0.0}, {"smooth_jump": 0.0}], ids=str)
def test_bad_options_of_smoothing_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(DataError, match="^--smooth-"):
        SmoothOptions(**values)
