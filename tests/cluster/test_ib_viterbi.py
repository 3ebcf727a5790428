"""Viterbi inside every merge of the information bottleneck: its losses by definition, planted speakers, any cut."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest
from bottleneck_problems import random_joint
from oracles import (
    agreement,
    bottleneck_objective,
    divergence,
    mean_posteriors,
    mutual_information,
    planted_frames,
    same_partition,
    stays,
)

from diar.background import Stream
from diar.cluster import aib
from diar.cluster.agglomerate import (
    ANY_NUMBER,
    History,
    Labels,
    SpeakerRange,
    history_from_json,
    history_to_json,
)
from diar.cluster.ib_hmm_gmm import IbHmmGmmOptions, log_likelihood_gains
from diar.cluster.ib_viterbi import (
    IbViterbiOptions,
    ViterbiClusters,
    bottleneck_gains,
    merge_history,
    most_clusters,
)
from diar.errors import DataError
from diar.pipeline import frames_to_clusters
from diar.posteriors import relevance

COMMON: dict[str, object] = {
    "max_segment": 0.8,
    "beta": 10.0,
    "prior": "uniform",
    "cluster_price": 6.0,
    "nmi_threshold": 0.0,
    "emissions": "hmm_gmm",
    "aib_clusters": 8,
    "first_passes": 2,
    "passes_per_merge": 1,
    "seconds_per_gaussian": 2.0,
    "seconds_per_gaussian_slope": 0.0,
    "em_iterations": 3,
    "min_duration": 0.8,
    "kl_min_duration": 0.8,
}
OPTIONS = IbViterbiOptions(**COMMON)
SYSTEMS = [OPTIONS, IbHmmGmmOptions(**COMMON)]
BOTH_SYSTEMS = pytest.mark.parametrize("options", SYSTEMS, ids=lambda options: type(options).__name__)
BOTH_EMISSIONS = pytest.mark.parametrize("emissions", ["hmm_gmm", "kl_hmm"])


def conversation(n_speakers: int, n_turns: int = 12, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Planted frames in which the speakers alternate, with turns of 1.5 to 3.5 s."""
    rng = np.random.default_rng([seed, n_speakers])
    return planted_frames([(turn % n_speakers, int(rng.integers(150, 350))) for turn in range(n_turns)], seed=seed)


def all_speech(frames: np.ndarray) -> np.ndarray:
    return np.ones(len(frames), dtype=bool)


def clustered(frames: np.ndarray, options: IbViterbiOptions, allowed: SpeakerRange = ANY_NUMBER, **known: History):
    return frames_to_clusters(frames, all_speech(frames), options, allowed, **known)


def a_history(frames: np.ndarray, options: IbViterbiOptions, fewest: int = 1) -> History:
    gains = log_likelihood_gains if isinstance(options, IbHmmGmmOptions) else bottleneck_gains(options.beta)
    seen = relevance((Stream("feats", frames),), all_speech(frames), options)
    return merge_history(frames, seen, options, gains, fewest)


def numbers(history: History) -> list[int]:
    return [partition.n_clusters for partition in history]


# ---- gains ---------------------------------------------------------------------------------------------------------


SHAPES = pytest.mark.parametrize(("n_clusters", "n_relevance"), [(2, 1), (2, 5), (5, 3), (6, 20)])


@SHAPES
@pytest.mark.parametrize("beta", [0.5, 10.0, 100.0])
def test_a_merge_gains_what_the_objective_rises_by(n_clusters: int, n_relevance: int, beta: float) -> None:
    """Counts of any sum give the same as probabilities."""
    joint = random_joint(n_clusters, n_relevance, 0)
    gains = bottleneck_gains(beta)(700.0 * joint)
    before = bottleneck_objective(joint, list(range(n_clusters)), beta)
    for i in range(n_clusters):
        for j in range(i + 1, n_clusters):
            labels = [i if c == j else c for c in range(n_clusters)]
            rise = bottleneck_objective(joint, labels, beta) - before
            assert gains[i, j] == pytest.approx(rise, abs=1e-10)


# ---- the state of the clustering -----------------------------------------------------------------------------------


class Scripted:
    """Emissions whose segmentations are known beforehand; the last of them goes on."""

    def __init__(self, *paths: list[int]) -> None:
        self._paths = [np.array(path, dtype=np.int32) for path in paths]
        self.seen: list[tuple[list[int], int]] = []

    def scores(self, labels: Labels, n_speakers: int) -> np.ndarray:
        self.seen.append((labels.tolist(), n_speakers))
        return np.zeros((len(labels), n_speakers), dtype=np.float32)

    def segment(self, scores: np.ndarray) -> Labels:
        return self._paths.pop(0) if len(self._paths) > 1 else self._paths[0]


FRAMES_OF_FOUR = np.array([0, 0, 1, 1, 2, 2, 3, 3], dtype=np.int32)


OWN_VARIABLES = np.eye(4, dtype=np.float32)[:, FRAMES_OF_FOUR]
OWN_VARIABLES[:, 6:] = np.array([[0.0], [0.9], [0.0], [0.1]])


def scripted_clusters(emissions: Scripted, all_information: float = 2.0, **values: object) -> ViterbiClusters:
    """Eight frames of four clusters; each has its relevance variable, but clusters 1 and 3 share most of theirs."""
    options = dataclasses.replace(OPTIONS, **values)
    labels = FRAMES_OF_FOUR.copy()
    return ViterbiClusters(OWN_VARIABLES, labels, emissions, log_likelihood_gains, options, all_information)


@pytest.mark.parametrize(
    ("passes", "expected"),
    [
        (0, [0, 0, 1, 1, 2, 2, 3, 3]),
        (1, [0, 0, 0, 1, 1, 1, 2, 2]),  # cluster 1 is lost, those above move up
        (2, [0, 0, 0, 0, 1, 1, 1, 1]),
        (3, [0, 0, 0, 0, 0, 0, 0, 0]),
        (4, [0, 0, 0, 0, 0, 0, 0, 0]),
    ],
)
def test_passes_before_the_first_merge_drop_clusters_without_frames(passes: int, expected: list[int]) -> None:
    emissions = Scripted([0, 0, 0, 2, 2, 2, 3, 3], [0, 0, 0, 0, 2, 2, 2, 2], [1] * 8)
    clusters = scripted_clusters(emissions, first_passes=passes)
    assert clusters.labels.dtype == np.int32 and clusters.labels.tolist() == expected
    assert clusters.n_clusters == len(set(expected))


def test_no_merge_loses_a_cluster_beside_that_which_is_merged() -> None:
    emissions = Scripted([0, 0, 0, 0, 0, 0, 2, 2])
    clusters = scripted_clusters(emissions, first_passes=0, passes_per_merge=2)
    pair = clusters.best_merge()
    assert (pair.first, pair.second) == (1, 3)
    clusters.merge(pair)
    assert clusters.n_clusters == 3 and clusters.labels.tolist() == [0, 0, 1, 1, 2, 2, 1, 1]


@pytest.mark.parametrize(
    ("passes", "expected"),
    [
        (0, [0, 0, 1, 1, 2, 2, 1, 1]),
        (1, [2, 2, 2, 1, 1, 1, 0, 0]),
        (2, [0, 1, 1, 1, 2, 2, 2, 2]),
        (3, [0, 0, 0, 1, 1, 1, 2, 2]),
    ],
)
def test_every_merge_is_followed_by_its_passes(passes: int, expected: list[int]) -> None:
    paths = [2, 2, 2, 1, 1, 1, 0, 0], [0, 1, 1, 1, 2, 2, 2, 2], [0, 0, 0, 1, 1, 1, 2, 2]
    emissions = Scripted(*paths)
    clusters = scripted_clusters(emissions, first_passes=0, passes_per_merge=passes)
    clusters.merge(clusters.best_merge())
    assert clusters.labels.tolist() == expected
    assert emissions.seen == [(labels, 3) for labels in ([0, 0, 1, 1, 2, 2, 1, 1], *paths)][:passes]


def test_merges_and_measures_are_of_the_frames_as_they_were_moved() -> None:
    """After the segmentation, the clusters that tell the same are others than before."""
    clusters = scripted_clusters(Scripted([0, 1, 0, 1, 2, 2, 3, 3], [0, 0, 1, 1, 2, 2, 0, 0]), first_passes=1)
    best = clusters.best_merge()
    assert (best.first, best.second, best.gain) == (0, 1, pytest.approx(0.0, abs=1e-12))
    joint = mean_posteriors(OWN_VARIABLES, [0, 1, 0, 1, 2, 2, 3, 3], 4) / 4
    assert clusters.measures["nmi"] == pytest.approx(mutual_information(joint) / 2.0, abs=1e-6)
    clusters.merge(best)
    joint = mean_posteriors(OWN_VARIABLES, [0, 0, 1, 1, 2, 2, 0, 0], 3) * np.array([[4], [2], [2]]) / 8
    assert clusters.measures["nmi"] == pytest.approx(mutual_information(joint) / 2.0, abs=1e-6)
    best = clusters.best_merge()
    assert (best.first, best.second) == (0, 1)


@pytest.mark.parametrize(("all_information", "expected"), [(0.0, 1.0), (0.1, 1.0)])
def test_the_nmi_is_one_at_most_and_all_of_nothing(all_information: float, expected: float) -> None:
    clusters = scripted_clusters(Scripted([0]), all_information, first_passes=0)
    assert clusters.measures["nmi"] == expected


@BOTH_SYSTEMS
@pytest.mark.parametrize("prior", ["uniform", "duration"])
@pytest.mark.parametrize("beta", [2.0, 10.0])
def test_gains_and_measures_are_those_of_the_definitions(options: IbViterbiOptions, prior: str, beta: float) -> None:
    """Overlapping speakers, whose last segments of turns are short; from the sums of p(y|x_t) in float64."""
    frames, _ = planted_frames([(0, 170), (1, 210), (0, 90), (2, 250), (1, 130)], distance=1.0)
    options = dataclasses.replace(options, prior=prior, beta=beta, emissions="kl_hmm", kl_min_duration=0.5)
    speech = np.insert(all_speech(frames), [170, 380, 470, 720], False)  # pauses that cut the segments short
    spread = np.zeros((len(speech), frames.shape[1]), dtype=np.float32)
    spread[speech] = frames
    seen = relevance((Stream("feats", spread),), speech, options)
    ib_hmm_gmm = isinstance(options, IbHmmGmmOptions)
    gains = log_likelihood_gains if ib_hmm_gmm else bottleneck_gains(beta)
    history = merge_history(frames, seen, options, gains)
    n_frames = seen.posteriors.shape[1]
    shares = seen.lengths / n_frames if prior == "duration" else np.full(len(seen.lengths), 1 / len(seen.lengths))
    of_segments = mutual_information(seen.segments * shares[:, np.newaxis])
    realigned = [p for p in history if "loss" in p.measures or p.n_clusters == 1]
    assert len(set(seen.lengths.tolist())) > 1 and len(realigned) > 3
    for partition in realigned:
        n = partition.n_clusters
        sizes = np.bincount(partition.labels) / n_frames
        joint = mean_posteriors(seen.posteriors, partition.labels.tolist(), n) * sizes[:, np.newaxis]
        joint /= joint.sum()
        f = bottleneck_objective(joint, list(range(n)), beta)
        assert 0 <= partition.measures["nmi"] <= 1
        assert partition.measures["nmi"] == pytest.approx(min(1.0, mutual_information(joint) / of_segments), abs=1e-5)
        assert partition.measures["f"] == pytest.approx(f, abs=1e-5)
        if n == 1:
            assert partition.best_merge is None and "loss" not in partition.measures
            continue
        found = {}
        for i in range(n):
            for j in range(i + 1, n):
                labels = [i if c == j else c for c in range(n)]
                rise = bottleneck_objective(joint, labels, beta) - f
                found[i, j] = -n_frames * divergence(joint[i], joint[j]) if ib_hmm_gmm else rise
        best = partition.best_merge
        assert best.gain == pytest.approx(max(found.values()), rel=1e-4, abs=1e-5)
        assert found[best.first, best.second] == pytest.approx(max(found.values()), rel=1e-4, abs=1e-5)
        lost = n_frames * divergence(joint[best.first], joint[best.second])
        assert partition.measures["loss"] == pytest.approx(lost / math.sqrt(n_frames), rel=1e-4, abs=1e-4)


# ---- the history ---------------------------------------------------------------------------------------------------


@BOTH_SYSTEMS
@BOTH_EMISSIONS
@pytest.mark.parametrize("first_passes", [0, 2])
def test_the_history_goes_through_every_number_from_its_first(
    options: IbViterbiOptions, emissions: str, first_passes: int
) -> None:
    frames, _ = planted_frames([(turn % 3, 150 + 40 * (turn % 4)) for turn in range(12)], distance=1.0)
    options = dataclasses.replace(options, emissions=emissions, first_passes=first_passes, passes_per_merge=2)
    history = a_history(frames, options)
    assert numbers(history) == list(range(history[0].n_clusters, 0, -1)) and history[0].n_clusters >= 3
    for partition in history:
        assert sorted(set(partition.labels.tolist())) == list(range(partition.n_clusters)), "no cluster is empty"
        assert partition.labels.dtype == np.int32 and len(partition.labels) == len(frames)
    assert history.lengths.tolist() == [1] * len(frames)


@BOTH_SYSTEMS
def test_without_passes_the_first_clusters_are_those_of_the_aib(options: IbViterbiOptions) -> None:
    frames, _ = conversation(3)
    seen = relevance((Stream("feats", frames),), all_speech(frames), options)
    by_segment = aib.merge_history(seen, options)
    for n, fewest in ((8, 1), (5, 1), (2, 1), (8, 8), (5, 7)):
        first = a_history(frames, dataclasses.replace(options, aib_clusters=n, first_passes=0), fewest)[0]
        (expected,) = (p for p in by_segment if p.n_clusters == max(n, fewest))
        assert same_partition(first.labels.tolist(), by_segment.frame_labels(expected).tolist())


@BOTH_SYSTEMS
@BOTH_EMISSIONS
@pytest.mark.parametrize("fewest", [1, 8, 11])
def test_where_passes_drop_clusters_the_history_begins_with_the_partitions_of_the_aib(
    options: IbViterbiOptions, emissions: str, fewest: int
) -> None:
    """So that more speakers can be asked for than are left; the merges after are the same whatever is asked for."""
    frames, _ = conversation(2)
    options = dataclasses.replace(options, emissions=emissions)
    seen = relevance((Stream("feats", frames),), all_speech(frames), options)
    by_segment = aib.merge_history(seen, options)
    history = a_history(frames, options, fewest)
    assert numbers(history) == list(range(max(8, fewest), 0, -1))
    dropped = [p for p in history if "loss" not in p.measures and p.n_clusters > 1]
    left = 8 - len([p for p in dropped if p.n_clusters <= 8])
    assert len(dropped) >= 3 and left >= 2
    for partition in dropped:
        (expected,) = (p for p in by_segment if p.n_clusters == partition.n_clusters)
        assert partition.labels.tolist() == by_segment.frame_labels(expected).tolist()
        pair = partition.best_merge
        assert (pair.first, pair.second) == (expected.best_merge.first, expected.best_merge.second)
        counts = mean_posteriors(seen.posteriors, partition.labels.tolist(), partition.n_clusters)
        counts *= np.bincount(partition.labels)[:, np.newaxis]
        ib_hmm_gmm = isinstance(options, IbHmmGmmOptions)
        gains = (log_likelihood_gains if ib_hmm_gmm else bottleneck_gains(options.beta))(counts)
        assert pair.gain == pytest.approx(gains[pair.first, pair.second], rel=1e-4), "counted in frames, as those after"
        assert set(partition.measures) == {"nmi", "f"} and 0 <= partition.measures["nmi"] <= 1
    for one, other in zip(history[-left:], a_history(frames, options)[-left:], strict=True):
        assert one.labels.tolist() == other.labels.tolist() and one.measures == other.measures


@BOTH_EMISSIONS
def test_turns_last_as_long_as_the_emissions_want_them(emissions: str) -> None:
    frames, _ = planted_frames([(turn % 3, 150) for turn in range(12)], distance=1.0)
    options = dataclasses.replace(OPTIONS, emissions=emissions, min_duration=0.3, kl_min_duration=0.7)
    shortest = 70 if emissions == "kl_hmm" else 30
    for min_duration in (options, dataclasses.replace(options, min_duration=0.7, kl_min_duration=0.3)):
        history = a_history(frames, min_duration)
        assert min(stays(history[-3].labels.tolist())) >= shortest
        shortest = 100 - shortest
    assert min(stays(a_history(frames, options)[0].labels.tolist())) < 70 or emissions == "kl_hmm"


@pytest.mark.parametrize(("n_frames", "expected"), [(1, 1), (49, 1), (50, 1), (99, 1), (100, 2), (499, 9)])
def test_there_is_room_for_a_cluster_each_minimum_duration_of_the_emissions(n_frames: int, expected: int) -> None:
    by_mixtures = dataclasses.replace(OPTIONS, emissions="hmm_gmm", min_duration=0.5, kl_min_duration=9.0)
    by_relevance = dataclasses.replace(OPTIONS, emissions="kl_hmm", min_duration=9.0, kl_min_duration=0.5)
    assert most_clusters(n_frames, by_mixtures) == most_clusters(n_frames, by_relevance) == expected


@pytest.mark.parametrize(("min_duration", "max_segment", "expected"), [(0.8, 0.8, 8), (2.0, 0.8, 5), (0.8, 3.0, 4)])
def test_the_first_clusters_are_as_many_as_the_speech_and_its_segments_hold(
    min_duration: float, max_segment: float, expected: int
) -> None:
    frames, _ = planted_frames([(0, 500), (1, 550)])
    options = dataclasses.replace(OPTIONS, min_duration=min_duration, max_segment=max_segment, first_passes=0)
    assert [a_history(frames, options, fewest)[0].n_clusters for fewest in (1, 3)] == [expected, expected]
    assert a_history(frames, dataclasses.replace(options, aib_clusters=2), 99)[0].n_clusters >= expected


# ---- planted speakers ----------------------------------------------------------------------------------------------


@BOTH_SYSTEMS
@BOTH_EMISSIONS
@pytest.mark.parametrize("n_speakers", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", [0, 1])
def test_planted_speakers_are_found_with_their_number(
    options: IbViterbiOptions, emissions: str, n_speakers: int, seed: int
) -> None:
    frames, speakers = conversation(n_speakers, seed=seed)
    labels = clustered(frames, dataclasses.replace(options, emissions=emissions)).labels
    assert len(set(labels.tolist())) == n_speakers
    assert agreement(labels, speakers) > 0.99


@BOTH_SYSTEMS
@BOTH_EMISSIONS
def test_planted_speakers_are_found_around_pauses(options: IbViterbiOptions, emissions: str) -> None:
    frames, speakers = conversation(3)
    speech = all_speech(frames)
    speech[400:470] = speech[1500:1501] = speech[2500:2600] = speech[-30:] = False
    frames[~speech] = 1e3
    labels = frames_to_clusters(frames, speech, dataclasses.replace(options, emissions=emissions), ANY_NUMBER).labels
    assert (labels[~speech] == -1).all() and agreement(labels[speech], speakers[speech]) > 0.99


@BOTH_SYSTEMS
@BOTH_EMISSIONS
@pytest.mark.parametrize("asked", range(1, 6))
@pytest.mark.parametrize("aib_clusters", [3, 8])
def test_the_number_asked_for_is_given_exactly(
    options: IbViterbiOptions, emissions: str, asked: int, aib_clusters: int
) -> None:
    frames, _ = conversation(2)
    options = dataclasses.replace(options, emissions=emissions, aib_clusters=aib_clusters)
    labels = clustered(frames, options, SpeakerRange(asked, asked)).labels
    assert sorted(set(labels.tolist())) == list(range(asked))


@BOTH_SYSTEMS
@BOTH_EMISSIONS
@pytest.mark.parametrize("first_passes", [0, 2])
def test_another_cut_gives_what_a_fresh_clustering_gives(
    options: IbViterbiOptions, emissions: str, first_passes: int
) -> None:
    """Through JSON, as from a file; a number above the first of the history needs a clustering of its own."""
    frames, _ = planted_frames([(turn % 3, 150 + 40 * (turn % 4)) for turn in range(12)], distance=1.5)
    options = dataclasses.replace(options, emissions=emissions, first_passes=first_passes)
    first = clustered(frames, options)
    content = json.loads(json.dumps(history_to_json(first.history, all_speech(frames), "delta_f")))
    history = history_from_json(content, "here")
    found = set()
    for values in ({}, {"cluster_price": 0.01}, {"cluster_price": 1e6}, {"nmi_threshold": 0.2}, {"nmi_threshold": 0.9}):
        for fewest, most in ((1, None), (1, 1), (2, 3), (4, 4), (5, None), (5, 7), (9, 9)):
            other, allowed = dataclasses.replace(options, **values), SpeakerRange(fewest, most)
            fresh = clustered(frames, other, allowed).labels
            if fewest > history[0].n_clusters:
                with pytest.raises(DataError, match="^here: passes 1 to "):
                    clustered(frames, other, allowed, history=history)
            else:
                again = clustered(frames, other, allowed, history=history)
                np.testing.assert_array_equal(again.labels, fresh)
                found.add(len(set(fresh.tolist())))
    assert len(found) >= 3


@BOTH_SYSTEMS
@BOTH_EMISSIONS
@pytest.mark.parametrize(
    ("n_frames", "values"),
    [(700, {"min_duration": 9.0, "kl_min_duration": 9.0}), (60, {}), (1, {}), (80, {"min_duration": 0.01}), (2, {}),
     (700, {"max_segment": 99.0}), (700, {"aib_clusters": 1})],
    ids=str,
)  # fmt: skip
def test_speech_without_room_for_two_is_one_speaker(
    options: IbViterbiOptions, emissions: str, n_frames: int, values: dict[str, object]
) -> None:
    """Shorter than a minimum duration, a single segment, or a start from one cluster."""
    frames, _ = planted_frames([(0, 350), (1, 350)])
    options = dataclasses.replace(options, emissions=emissions, **values)
    result = clustered(np.ascontiguousarray(frames[:n_frames]), options)
    assert result.labels.tolist() == [0] * n_frames and numbers(result.history) == [1]


@BOTH_SYSTEMS
@BOTH_EMISSIONS
@pytest.mark.parametrize("asked", [None, 3])
def test_identical_frames_are_clustered_without_a_number_that_is_not_finite(
    options: IbViterbiOptions, emissions: str, asked: int | None
) -> None:
    frames = np.full((700, 4), 3.5, dtype=np.float32)
    result = clustered(frames, dataclasses.replace(options, emissions=emissions), SpeakerRange(asked or 1, asked))
    assert len(set(result.labels.tolist())) == (asked or 1)
    assert all(p.measures["nmi"] == 1.0 for p in result.history), "there is no information to lose"
    assert all(np.isfinite(list(p.measures.values())).all() for p in result.history)


# ---- invariances ---------------------------------------------------------------------------------------------------


@BOTH_SYSTEMS
@BOTH_EMISSIONS
def test_level_scale_and_order_of_dimensions_do_not_matter(options: IbViterbiOptions, emissions: str) -> None:
    frames, _ = conversation(3)
    options = dataclasses.replace(options, emissions=emissions)
    expected = clustered(frames, options).labels
    np.testing.assert_array_equal(clustered(frames.copy(), options).labels, expected)
    np.testing.assert_array_equal(clustered(frames * np.float32(4) + np.float32(8), options).labels, expected)
    np.testing.assert_array_equal(clustered(np.ascontiguousarray(frames[:, ::-1]), options).labels, expected)


def test_the_frames_are_left_as_they_were() -> None:
    frames, _ = conversation(2, n_turns=6)
    before = frames.copy()
    clustered(frames, OPTIONS)
    np.testing.assert_array_equal(frames, before)


@pytest.mark.parametrize(
    "values",
    [{"emissions": "gmm"}, {"aib_clusters": 0}, {"first_passes": -1}, {"passes_per_merge": -1}, {"beta": 0.0},
     {"cluster_price": -1.0}, {"nmi_threshold": 1.5}, {"prior": "none"}, {"kl_jump": 0.0}, {"min_duration": 0.0}],
    ids=str,
)  # fmt: skip
@BOTH_SYSTEMS
def test_bad_options_are_refused(options: IbViterbiOptions, values: dict[str, object]) -> None:
    with pytest.raises(DataError, match="^--"):
        dataclasses.replace(options, **values)
