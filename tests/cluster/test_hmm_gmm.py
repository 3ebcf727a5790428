"""HMM/GMM clustering: planted speakers, delta-BIC in float64, and the numbers of speakers that are asked for."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from oracles import (
    Mixture,
    agreement,
    concatenated,
    em_step,
    mixture_log_likelihoods,
    one_gaussian,
    planted_frames,
    same_partition,
    seeded,
    standardised,
    stays,
)

from diar import gmm, hmm
from diar.cluster.agglomerate import ANY_NUMBER, History, Partition, SpeakerRange, cut
from diar.cluster.hmm_gmm import (
    HmmGmmClusters,
    HmmGmmOptions,
    initial_complexity,
    initial_labels,
    merge_history,
    most_clusters,
)
from diar.errors import DataError

OPTIONS = HmmGmmOptions(
    initial_clusters=12,
    initial_partitions=1,
    initial_shift=0.0,
    num_gaussians=1,
    typical_initial_clusters=16,
    fewest_gaussians=2,
    most_gaussians=4,
    fewest_initial_clusters=10,
    most_initial_clusters=20,
    seconds_per_gaussian=5.0,
    seconds_per_gaussian_slope=0.0,
    initial_passes=4,
    merge_passes=2,
    em_iterations=3,
    merge_candidates=0,
    min_duration=0.5,
    segmentation="viterbi",
    self_loop=1.0,
    jump=1.0,
    variance_floor=0.01,
    lost_clusters="keep",
    bic_threshold=0.0,
)

def cluster(
    frames: np.ndarray, options: HmmGmmOptions, allowed: SpeakerRange = ANY_NUMBER
) -> tuple[Partition, History]:
    history = merge_history(frames, options, allowed.fewest)
    return cut(history, options.stop, allowed.limited_to(most_clusters(len(frames), options))), history


BY_RULE: dict[str, object] = {"initial_clusters": 0}
BOTH_BY_RULE: dict[str, object] = {"initial_clusters": 0, "num_gaussians": 0}


def changed(**values: object) -> HmmGmmOptions:
    return dataclasses.replace(OPTIONS, **values)


def conversation(n_speakers: int, n_turns: int = 24, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Planted frames in which the speakers alternate, with turns of 0.8 to 2 s."""
    rng = np.random.default_rng([seed, n_speakers])
    turns = [(turn % n_speakers, int(rng.integers(80, 200))) for turn in range(n_turns)]
    return planted_frames(turns, seed=seed)


# ---- planted speakers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_speakers", [1, 2, 3, 5])
@pytest.mark.parametrize("seed", [0, 1])
def test_planted_speakers_are_found_with_their_number(n_speakers: int, seed: int) -> None:
    frames, speakers = conversation(n_speakers, seed=seed)
    partition, history = cluster(frames, OPTIONS)
    assert partition.n_clusters == n_speakers
    assert agreement(partition.labels, speakers) > 0.99
    assert min(stays(partition.labels.tolist())) >= 50
    assert history[-1].n_clusters == 1


@pytest.mark.parametrize("values", [{"merge_candidates": 3}, {"initial_partitions": 2}, {"initial_shift": 0.4},
                                    BY_RULE, BOTH_BY_RULE, {"em_iterations": 5}], ids=str)  # fmt: skip
def test_planted_speakers_are_found_by_the_variants(values: dict[str, object]) -> None:
    frames, speakers = conversation(3)
    partition, _ = cluster(frames, changed(**values))
    assert partition.n_clusters == 3 and agreement(partition.labels, speakers) > 0.99


def test_polling_finds_planted_speakers_in_windows() -> None:
    frames, speakers = planted_frames([(turn % 3, 100 + 50 * (turn % 2)) for turn in range(20)])
    partition, _ = cluster(frames, changed(segmentation="polling"))
    assert partition.n_clusters == 3 and agreement(partition.labels, speakers) > 0.99
    assert all(len(set(partition.labels[start : start + 50].tolist())) == 1 for start in range(0, len(frames), 50))


def test_the_history_goes_through_every_number_and_gains_fall_below_the_threshold_at_the_cut() -> None:
    frames, _ = conversation(3)
    partition, history = cluster(frames, OPTIONS)
    numbers = [step.n_clusters for step in history]
    assert numbers == list(range(numbers[0], 0, -1)) and numbers[0] > 3
    for step in history:
        assert sorted(set(step.labels.tolist())) == list(range(step.n_clusters)), "no cluster is empty"
        assert len(step.labels) == len(frames) and step.labels.dtype == np.int32
    assert partition.best_merge is not None and partition.best_merge.gain <= 0.0
    before = history[: numbers.index(partition.n_clusters)]
    assert all(step.best_merge is not None and step.best_merge.gain > 0.0 for step in before)


def test_a_higher_threshold_stops_earlier_and_a_lower_one_later() -> None:
    frames, _ = conversation(3)
    numbers = [cluster(frames, changed(bic_threshold=threshold))[0].n_clusters for threshold in (1e9, 0.0, -1e9)]
    assert numbers[0] > numbers[1] == 3 > numbers[2] == 1


# ---- delta-BIC -----------------------------------------------------------------------------------------------------


def trained(frames: np.ndarray, mixture: Mixture, options: HmmGmmOptions) -> Mixture:
    for _ in range(options.em_iterations):
        mixture = em_step(frames, mixture, options.variance_floor)
    return mixture


@pytest.mark.parametrize("num_gaussians", [1, 2])
@pytest.mark.parametrize("em_iterations", [1, 4])
@pytest.mark.parametrize("seed", range(3))
def test_the_best_merge_gains_the_most_delta_bic_of_all_pairs(
    num_gaussians: int, em_iterations: int, seed: int
) -> None:
    raw, _ = planted_frames([(k, 90) for k in (0, 1, 0, 2, 1, 3)], distance=0.8, seed=seed)
    options = changed(initial_clusters=6, num_gaussians=num_gaussians, em_iterations=em_iterations, merge_candidates=0)
    frames = standardised(raw)
    parts = np.split(frames, 6)
    mixtures = [seeded(part, num_gaussians, em_iterations, options.variance_floor) for part in parts]
    own = [mixture_log_likelihoods(part, mixture).sum() for part, mixture in zip(parts, mixtures, strict=True)]
    gains = {}
    for a, b in itertools.combinations(range(6), 2):
        both = np.concatenate([parts[a], parts[b]])
        merged = trained(both, concatenated(mixtures[a], mixtures[b], 0.5), options)
        gains[a, b] = mixture_log_likelihoods(both, merged).sum() - own[a] - own[b]
    best = HmmGmmClusters(raw, options).best_merge()
    assert best.gain == pytest.approx(max(gains.values()), abs=0.02)
    assert (best.first, best.second) == max(gains, key=gains.get)


def test_the_share_of_each_cluster_weighs_its_mixture() -> None:
    """Two clusters that overlap, of unequal size after realignment; one Gaussian each, one step of EM."""
    raw, _ = planted_frames([(0, 300), (1, 100)], distance=1.2, n_sounds=1)
    options = changed(initial_clusters=2, num_gaussians=1, em_iterations=1)
    clusters = HmmGmmClusters(raw, options)
    clusters.realign(4)
    frames, labels = standardised(raw), clusters.labels
    share = (labels == 0).mean()
    assert clusters.n_clusters == 2 and abs(share - 0.5) > 0.2
    one, other = (one_gaussian(frames[labels == k], 0.01) for k in (0, 1))
    merged = em_step(frames, concatenated(one, other, share), 0.01)
    own = sum(mixture_log_likelihoods(frames[labels == k], m).sum() for k, m in ((0, one), (1, other)))
    expected = mixture_log_likelihoods(frames, merged).sum() - own
    assert clusters.best_merge().gain == pytest.approx(expected, abs=0.02)


def test_as_many_pairs_are_tried_as_asked_for_in_order_of_their_gain_before_training() -> None:
    differing = 0
    for seed in range(6):
        raw, _ = planted_frames([(k, 60) for k in (0, 1, 0, 2, 1, 3)], distance=0.2, seed=seed)
        frames, options = standardised(raw), changed(initial_clusters=6, num_gaussians=1, em_iterations=5)
        parts = np.split(frames, 6)
        mixtures = [one_gaussian(part, 0.01) for part in parts]
        own = [mixture_log_likelihoods(part, mixture).sum() for part, mixture in zip(parts, mixtures, strict=True)]
        before, after = {}, {}
        for a, b in itertools.combinations(range(6), 2):
            both, merged = np.concatenate([parts[a], parts[b]]), concatenated(mixtures[a], mixtures[b], 0.5)
            before[a, b] = mixture_log_likelihoods(both, merged).sum() - own[a] - own[b]
            after[a, b] = mixture_log_likelihoods(both, trained(both, merged, options)).sum() - own[a] - own[b]
        ranked = sorted(before, key=before.__getitem__, reverse=True)
        expected = {n: max(ranked[: n or None], key=after.__getitem__) for n in (1, 2, 3, 6, 0)}
        differing += len(set(expected.values()))
        for n_candidates, pair in expected.items():
            tried = dataclasses.replace(options, merge_candidates=n_candidates)
            best = HmmGmmClusters(raw, tried).best_merge()
            assert (best.first, best.second) == pair, (seed, n_candidates)
            assert best.gain == pytest.approx(after[pair], abs=0.02)
    assert differing > 9, "the number of candidates decides in some of these problems"


def test_a_merged_cluster_has_the_mixture_of_the_merge() -> None:
    """Three clusters of one Gaussian each; the second merge starts from the two Gaussians of the first."""
    raw, _ = planted_frames([(0, 120), (0, 120), (1, 120)], distance=1.0)
    options = changed(initial_clusters=3, num_gaussians=1, merge_passes=0)
    clusters = HmmGmmClusters(raw, options)
    first = clusters.best_merge()
    clusters.merge(first)
    frames = standardised(raw)
    parts = np.split(frames, 3)
    pair = np.concatenate([parts[first.first], parts[first.second]])
    (rest,) = (part for k, part in enumerate(parts) if k not in (first.first, first.second))
    one, other = (one_gaussian(parts[k], 0.01) for k in (first.first, first.second))
    of_pair, of_rest = trained(pair, concatenated(one, other, 0.5), options), one_gaussian(rest, 0.01)
    if clusters.labels[0] == 0 and len(pair) == (clusters.labels == 0).sum():
        merged = concatenated(of_pair, of_rest, 2 / 3)
    else:
        merged = concatenated(of_rest, of_pair, 1 / 3)
    everything = np.concatenate([pair, rest])
    expected = mixture_log_likelihoods(everything, trained(everything, merged, options)).sum()
    expected -= mixture_log_likelihoods(pair, of_pair).sum() + mixture_log_likelihoods(rest, of_rest).sum()
    assert clusters.best_merge().gain == pytest.approx(expected, abs=0.02)


def test_when_a_cluster_is_dropped_the_others_are_trained_from_their_own_mixtures() -> None:
    raw, _ = conversation(2)
    options = changed(initial_clusters=12, num_gaussians=2, em_iterations=1)
    clusters, frames = HmmGmmClusters(raw, options), standardised(raw)
    dropped: set[int] = set()
    for _ in range(6):
        old = [(m.weights, m.means, m.variances) for m in clusters._gmms]
        clusters.realign(1)
        scores = np.stack([mixture_log_likelihoods(frames, mixture) for mixture in old], axis=1)
        moved = hmm.viterbi(scores.astype(np.float32), 50, options.self_loop, options.jump)
        alive = sorted(set(moved.tolist()))
        dropped |= set(range(alive[-1])) - set(alive)
        assert clusters.n_clusters == len(alive)
        for k, name in enumerate(alive):
            np.testing.assert_array_equal(clusters.labels == k, moved == name)
            expected = em_step(frames[moved == name], old[name], 0.01)
            np.testing.assert_allclose(clusters._gmms[k].means, expected[1], rtol=0, atol=1e-3)
    assert dropped, "a cluster before others was dropped"


def test_a_merge_is_followed_by_the_passes_asked_for() -> None:
    frames, _ = conversation(3)
    options = changed(lost_clusters="drop")
    at_once, by_hand = (HmmGmmClusters(frames, dataclasses.replace(options, merge_passes=n)) for n in (2, 0))
    at_once.merge(at_once.best_merge())
    by_hand.merge(by_hand.best_merge())
    before = by_hand.labels.copy()
    by_hand.realign(2)
    np.testing.assert_array_equal(at_once.labels, by_hand.labels)
    assert (before != by_hand.labels).any()


def test_merging_joins_the_labels_of_the_pair() -> None:
    frames, _ = conversation(3)
    clusters = HmmGmmClusters(frames, changed(merge_passes=0))
    before, pair = clusters.labels.copy(), clusters.best_merge()
    clusters.merge(pair)
    joined = [pair.first if label == pair.second else label for label in before.tolist()]
    assert clusters.n_clusters == 11 and same_partition(clusters.labels.tolist(), joined)
    assert sorted(set(clusters.labels.tolist())) == list(range(11))
    assert (clusters.labels[before == pair.first] == pair.first).all()


def test_after_a_merge_every_cluster_still_has_its_own_mixture() -> None:
    raw, _ = planted_frames([(k, 90) for k in (0, 0, 1, 2, 3)], distance=3.0)
    clusters = HmmGmmClusters(raw, changed(initial_clusters=5, num_gaussians=1, merge_passes=0))
    pair, frames = clusters.best_merge(), standardised(raw)
    assert pair.second < 4, "the last cluster takes another number"
    clusters.merge(pair)
    for k in set(range(4)) - {pair.first}:
        mean = frames[clusters.labels == k].mean(axis=0)
        np.testing.assert_allclose(clusters._gmms[k].means, mean[np.newaxis], atol=1e-3)


# ---- how many ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", range(1, 7))
@pytest.mark.parametrize("lost_clusters", ["drop", "keep"])
@pytest.mark.parametrize("decide", ["viterbi", "polling"])
def test_the_number_asked_for_is_given_exactly(asked: int, lost_clusters: str, decide: str) -> None:
    frames, _ = conversation(3, n_turns=12)
    options = changed(
        initial_clusters=4, lost_clusters=lost_clusters, segmentation=decide, initial_passes=2, merge_passes=1
    )
    partition, _ = cluster(frames, options, SpeakerRange(asked, asked))
    assert partition.n_clusters == asked == len(set(partition.labels.tolist()))


@pytest.mark.parametrize("seconds", [0.3, 0.5, 1.2, 2.4])
@pytest.mark.parametrize("decide", ["viterbi", "polling"])
def test_less_speech_than_asked_for_gives_the_largest_possible_number(seconds: float, decide: str) -> None:
    frames = np.random.default_rng(0).standard_normal((round(100 * seconds), 4)).astype(np.float32)
    partition, _ = cluster(frames, changed(min_duration=0.5, segmentation=decide), SpeakerRange(6, 6))
    assert partition.n_clusters == len(set(partition.labels.tolist())) == max(1, len(frames) // 50)


@pytest.mark.parametrize(("fewest", "most", "expected"), [(1, None, 3), (4, None, 4), (1, 2, 2), (2, 5, 3), (5, 6, 5)])
def test_the_number_lies_in_the_range_allowed(fewest: int, most: int | None, expected: int) -> None:
    frames, _ = conversation(3)
    partition, history = cluster(frames, OPTIONS, SpeakerRange(fewest, most))
    assert partition.n_clusters == len(set(partition.labels.tolist())) == expected
    assert history[-1].n_clusters == 1


@pytest.mark.parametrize(("n_frames", "n_partitions", "asked"), [(4, 2, 3), (6, 3, 4), (40, 2, 5)])
def test_more_initial_pieces_than_frames_are_not_made(n_frames: int, n_partitions: int, asked: int) -> None:
    frames = np.random.default_rng(0).standard_normal((n_frames, 3)).astype(np.float32)
    options = changed(initial_clusters=40, initial_partitions=n_partitions, min_duration=0.01, initial_passes=0)
    partition, history = cluster(frames, options, SpeakerRange(asked, asked))
    assert partition.n_clusters == len(set(partition.labels.tolist())) == asked
    assert all(step.n_clusters == len(set(step.labels.tolist())) for step in history)


@pytest.mark.parametrize(("n_frames", "expected"), [(1, 1), (49, 1), (50, 1), (99, 1), (100, 2), (499, 9)])
def test_there_is_room_for_a_cluster_each_minimum_duration(n_frames: int, expected: int) -> None:
    assert most_clusters(n_frames, changed(min_duration=0.5)) == expected


@pytest.mark.parametrize("n_frames", [1, 2, 49, 50, 51])
@pytest.mark.parametrize("decide", ["viterbi", "polling"])
def test_speech_of_about_one_minimum_duration_or_less_is_one_speaker(n_frames: int, decide: str) -> None:
    frames = np.random.default_rng(1).standard_normal((n_frames, 3)).astype(np.float32)
    partition, history = cluster(frames, changed(segmentation=decide))
    assert partition.labels.tolist() == [0] * n_frames and len(history) == 1


@pytest.mark.parametrize("asked", [None, 3])
def test_identical_frames_are_clustered_without_a_number_that_is_not_finite(asked: int | None) -> None:
    frames = np.full((500, 4), 3.5, dtype=np.float32)
    partition, history = cluster(frames, OPTIONS, SpeakerRange(asked or 1, asked))
    assert partition.n_clusters == len(set(partition.labels.tolist())) == (asked or 1)
    assert all(np.isfinite(step.best_merge.gain) for step in history if step.best_merge)


@pytest.mark.parametrize("lost_clusters", ["drop", "keep"])
@pytest.mark.parametrize("fewest", [1, 4, 8])
def test_before_the_first_merge_clusters_are_dropped_but_never_below_the_fewest(
    lost_clusters: str, fewest: int
) -> None:
    frames, _ = conversation(2)
    options = changed(lost_clusters=lost_clusters, initial_clusters=12, num_gaussians=3)
    clusters = HmmGmmClusters(frames, options, fewest)
    clusters.realign(6)
    assert fewest <= clusters.n_clusters < 12
    assert sorted(set(clusters.labels.tolist())) == list(range(clusters.n_clusters))


@pytest.mark.parametrize("lost_clusters", ["drop", "keep"])
@pytest.mark.parametrize("fewest", [1, 7])
def test_after_the_first_merge_clusters_are_dropped_only_where_the_options_say_so(
    lost_clusters: str, fewest: int
) -> None:
    """Many Gaussians and passes after each merge, so that clusters of one speaker swallow each other."""
    frames, _ = conversation(2, n_turns=12)
    options = changed(lost_clusters=lost_clusters, num_gaussians=3, initial_passes=0, merge_passes=3)
    numbers = [step.n_clusters for step in merge_history(frames, options, fewest)]
    assert numbers[0] == 12 and numbers[-1] == 1
    if lost_clusters == "keep":
        assert numbers == list(range(12, 0, -1))
    else:
        assert len(numbers) < 12
        assert numbers[-fewest:] == list(range(fewest, 0, -1)), "from the fewest down, each is visited"


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("decide", ["viterbi", "polling"])
def test_another_cut_gives_what_asking_for_the_number_from_the_start_gives(seed: int, decide: str) -> None:
    """The history depends on the number asked for only where it starts below it."""
    frames, _ = conversation(3, n_turns=12, seed=seed)
    options = changed(
        initial_clusters=8, num_gaussians=2, initial_passes=2, merge_passes=1, segmentation=decide, min_duration=1.0
    )
    history = merge_history(frames, options)
    assert history[0].n_clusters < 8
    for n in range(1, 7):
        asked = SpeakerRange(n, n)
        fresh = cut(merge_history(frames, options, n), options.stop, asked)
        assert fresh.n_clusters == n
        if history[0].n_clusters >= n:
            again = cut(history, options.stop, asked)
            assert (again.n_clusters, again.best_merge) == (n, fresh.best_merge)
            np.testing.assert_array_equal(again.labels, fresh.labels)


@pytest.mark.parametrize("initial_clusters", [12, 3])
def test_the_history_starts_with_the_number_asked_for_at_least(initial_clusters: int) -> None:
    frames, _ = conversation(2, n_turns=12)
    options = changed(initial_clusters=initial_clusters, num_gaussians=3)
    first, asked = (merge_history(frames, options, fewest)[0].n_clusters for fewest in (1, 9))
    assert first < 9 <= asked
    assert merge_history(frames[:300], changed(min_duration=1.0), 7)[0].n_clusters == 3, "as far as there is room"


# ---- invariances ---------------------------------------------------------------------------------------------------


def test_the_same_frames_give_the_same_bytes() -> None:
    frames, _ = conversation(3)
    (first, history), (second, again) = cluster(frames, OPTIONS), cluster(frames.copy(), OPTIONS)
    assert first.labels.tobytes() == second.labels.tobytes()
    assert [(step.labels.tobytes(), step.best_merge) for step in history] == [
        (step.labels.tobytes(), step.best_merge) for step in again
    ]


@pytest.mark.parametrize("change", ["shift and scale", "other order of dimensions"])
def test_labels_do_not_depend_on_level_scale_or_order_of_dimensions(change: str) -> None:
    frames, _ = conversation(3)
    other = frames * np.float32(4.0) + np.float32(8.0) if change == "shift and scale" else frames[:, ::-1].copy()
    np.testing.assert_array_equal(cluster(other, OPTIONS)[0].labels, cluster(frames, OPTIONS)[0].labels)


def test_the_frames_are_left_as_they_were() -> None:
    frames, _ = conversation(2, n_turns=6)
    before = frames.copy()
    cluster(frames, OPTIONS)
    np.testing.assert_array_equal(frames, before)


# ---- parts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_frames", "n_clusters", "n_partitions"), [(100, 4, 1), (103, 7, 1), (240, 4, 3), (97, 5, 2)]
)
def test_initial_pieces_are_equal_and_take_turns(n_frames: int, n_clusters: int, n_partitions: int) -> None:
    labels = initial_labels(n_frames, n_clusters, n_partitions).tolist()
    pieces = stays(labels)
    assert len(pieces) == n_clusters * n_partitions and max(pieces) - min(pieces) <= 1
    assert [name for name, _ in itertools.groupby(labels)] == list(range(n_clusters)) * n_partitions


def test_a_shift_moves_the_initial_pieces_later() -> None:
    assert initial_labels(12, 3, shift=0.25).tolist() == [2, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2]
    assert initial_labels(12, 3, shift=0.0).tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert initial_labels(12, 3, shift=1.0).tolist() == [2] * 4 + [0] * 4 + [1] * 4


def segmented(monkeypatch: pytest.MonkeyPatch, scores: np.ndarray, **values: object) -> list[int]:
    """The labels after a pass in which the frames score as given, with a minimum of two frames."""
    frames = np.random.default_rng(0).standard_normal((len(scores), 2)).astype(np.float32)
    options = changed(min_duration=0.02, initial_clusters=2, lost_clusters="drop", **values)
    clusters = HmmGmmClusters(frames, options)
    monkeypatch.setattr(gmm, "log_likelihoods", lambda phi, models: scores)
    clusters.realign(1)
    return clusters.labels.tolist()


@pytest.mark.parametrize(
    ("decide", "expected"), [("viterbi", [0, 0, 1, 1, 1, 1, 1]), ("polling", [0, 0, 0, 0, 0, 0, 1])]
)
def test_the_segmentation_is_the_one_asked_for(
    monkeypatch: pytest.MonkeyPatch, decide: str, expected: list[int]
) -> None:
    scores = np.array([[1, 0], [1, 0], [0, 9], [1, 0], [1, 0], [0, 1], [0, 1]], dtype=np.float32)
    assert segmented(monkeypatch, scores, segmentation=decide) == expected


def test_the_segmentation_heeds_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = np.array([[1, 0]] * 4 + [[0, 1]] * 3 + [[1, 0]] * 4, dtype=np.float32)
    assert segmented(monkeypatch, scores, jump=0.5) == [0] * 4 + [1] * 3 + [0] * 4
    assert segmented(monkeypatch, scores, jump=0.01) == [0] * 11
    assert segmented(monkeypatch, scores, jump=0.01, self_loop=0.01) != [0] * 11


@pytest.mark.parametrize(
    ("seconds", "values", "expected"),
    [
        (60.0, {}, 12),  # what is asked for
        (3.0, {}, 6),  # one a minimum duration
        (0.2, {}, 1),
        (20.0, {"initial_clusters": 40}, 40),  # more than the rule allows
        (60.0, {"initial_clusters": 3}, 3),  # fewer than the rule's fewest
        (60.0, BY_RULE, 12),  # 60 s / 5 s a Gaussian
        (120.0, BY_RULE | {"seconds_per_gaussian_slope": 0.0125}, 18),
        (120.0, BY_RULE | {"num_gaussians": 2}, 12),
        (40.0, BY_RULE, 10),
        (40.0, BY_RULE | {"fewest_initial_clusters": 4}, 8),
        (10.0, BY_RULE | {"fewest_initial_clusters": 4}, 4),
        (150.0, BY_RULE, 20),
        (150.0, BY_RULE | {"most_initial_clusters": 25}, 25),
        (150.0, BY_RULE | {"most_initial_clusters": 50}, 30),
        (3.0, BY_RULE, 6),  # one a minimum duration
    ],
    ids=str,
)
def test_the_initial_number_is_what_is_asked_for_or_by_the_rule_as_far_as_the_speech_is_enough(
    seconds: float, values: dict[str, object], expected: int
) -> None:
    """``BY_RULE`` with a Gaussian a cluster and a Gaussian each 5 s, between 10 and 20 clusters, if not said."""
    options, n_frames = changed(**values), round(100 * seconds)
    assert initial_complexity(n_frames, options) == (expected, options.num_gaussians)
    frames = np.random.default_rng(0).standard_normal((n_frames, 2)).astype(np.float32)
    clusters = HmmGmmClusters(frames, options)
    assert clusters.n_clusters == expected == len(set(clusters.labels.tolist()))
    assert initial_complexity(n_frames, options, fewest=41)[0] == 41


@pytest.mark.parametrize(
    ("seconds", "values", "expected"),
    [
        (60.0, {}, (10, 2)),  # 12 Gaussians: fewer than two for each of 16
        (200.0, {}, (20, 2)),
        (255.0, {}, (17, 3)),
        (340.0, {}, (17, 4)),
        (600.0, {}, (20, 4)),
        (600.0, {"most_gaussians": 8}, (17, 7)),
        (60.0, {"fewest_gaussians": 1}, (12, 1)),
        (200.0, {"typical_initial_clusters": 10}, (10, 4)),
        (255.0, {"initial_clusters": 5}, (5, 3)),
        (255.0, {"num_gaussians": 5}, (10, 5)),  # an explicit number is taken as it is
        (3.0, {}, (6, 2)),
    ],
    ids=str,
)
def test_the_gaussians_that_the_speech_supports_are_shared_by_the_initial_clusters(
    seconds: float, values: dict[str, object], expected: tuple[int, int]
) -> None:
    options, n_frames = changed(**BOTH_BY_RULE | values), round(100 * seconds)
    assert initial_complexity(n_frames, options) == expected
    frames = np.random.default_rng(0).standard_normal((n_frames, 2)).astype(np.float32)
    clusters = HmmGmmClusters(frames, options)
    assert (clusters.n_clusters, {len(mixture.weights) for mixture in clusters._gmms}) == (expected[0], {expected[1]})


@pytest.mark.parametrize(
    "values",
    [
        {"initial_clusters": -1},
        {"most_initial_clusters": 0},
        {"typical_initial_clusters": 0},
        {"fewest_gaussians": 0},
        {"most_gaussians": 0},
        {"fewest_initial_clusters": 0},
        {"min_duration": 0.0},
        {"em_iterations": 0},
        {"variance_floor": 0.0},
        {"segmentation": "guess"},
        {"lost_clusters": "hide"},
        {"self_loop": 0.0},
        {"jump": -1.0},
        {"seconds_per_gaussian": 0.0},
        {"seconds_per_gaussian_slope": -0.1},
        {"num_gaussians": -1},
        {"initial_shift": 1.5},
        {"bic_threshold": float("nan")},
    ],
    ids=str,
)
def test_bad_options_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(DataError, match="^--"):
        changed(**values)


def test_one_cluster_has_nothing_to_merge() -> None:
    frames = np.random.default_rng(0).standard_normal((40, 2)).astype(np.float32)
    with pytest.raises(AssertionError):
        HmmGmmClusters(frames, OPTIONS).best_merge()


def test_realignment_never_lowers_the_likelihood_of_the_best_path() -> None:
    """Viterbi and EM both raise it as long as no cluster is dropped and every stay may be as short as a frame."""
    raw, _ = conversation(3, n_turns=12)
    clusters = HmmGmmClusters(raw, changed(min_duration=0.01, lost_clusters="keep", initial_clusters=3))
    frames = standardised(raw)
    reached = []
    for _ in range(8):
        clusters.realign(1)
        reached.append(
            sum(
                mixture_log_likelihoods(frames[clusters.labels == k], (m.weights, m.means, m.variances)).sum()
                for k, m in enumerate(clusters._gmms)
            )
        )
    assert all(after >= before - 1e-4 * abs(before) for before, after in itertools.pairwise(reached))
    assert isinstance(clusters._gmms[0], gmm.Gmm)


@pytest.mark.parametrize("what", ["gaussians", "initial_clusters"])
def test_limits_that_leave_no_number_are_refused(what: str) -> None:
    flags = f"--fewest-{what}: found 9; wanted at most --most-{what}=8".replace("_", "-")
    with pytest.raises(DataError, match=f"^{flags}$"):
        HmmGmmOptions(**{f"fewest_{what}": 9, f"most_{what}": 8})
    assert getattr(HmmGmmOptions(**{f"fewest_{what}": 8, f"most_{what}": 8}), f"most_{what}") == 8
