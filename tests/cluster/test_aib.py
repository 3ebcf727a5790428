"""The information bottleneck against F, the NMI and all costs from their definitions, on little joint tables."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest
from bottleneck_problems import PROBLEMS, joint_of, random_rows, rows_of_one_variable_each, scattered, seen
from oracles import (
    agreement,
    bottleneck_objective,
    bottleneck_sweep,
    divergence,
    merge_cost,
    mutual_information,
    of_clusters,
    planted_frames,
    same_partition,
)

from diar.cluster.agglomerate import History, Merge, Partition, SpeakerRange, cut
from diar.cluster.aib import (
    AibOptions,
    BottleneckClusters,
    joint_distribution,
    merge_history,
    refine,
)
from diar.errors import DataError
from diar.pipeline import frames_to_clusters
from diar.posteriors import Relevance

OPTIONS = AibOptions(
    beta=10.0, prior="uniform", cluster_price=6.0, nmi_threshold=0.0, sib_sweeps=0, max_segment=2.5, posteriors="soft"
)


def changed(**values: object) -> AibOptions:
    return dataclasses.replace(OPTIONS, **values)


@pytest.fixture(params=PROBLEMS, scope="module")
def rows(request: pytest.FixtureRequest) -> np.ndarray:
    return PROBLEMS[request.param]


@pytest.fixture(params=[("uniform", 10.0), ("duration", 2.0)], ids=str, scope="module")
def solved(rows: np.ndarray, request: pytest.FixtureRequest) -> tuple[Relevance, np.ndarray, float, History]:
    prior, beta = request.param
    relevance = seen(rows)
    return relevance, joint_of(relevance, prior), beta, merge_history(relevance, changed(prior=prior, beta=beta))


Solved = tuple[Relevance, np.ndarray, float, History]

# ---- merges --------------------------------------------------------------------------------------------------------


def test_the_history_goes_from_every_segment_alone_to_one_cluster(solved: Solved) -> None:
    relevance, joint, _, history = solved
    assert [partition.n_clusters for partition in history] == list(range(len(joint), 0, -1))
    assert history[0].labels.tolist() == list(range(len(joint)))
    assert history[-1].best_merge is None and history.lengths is relevance.lengths
    for partition in history:
        assert partition.labels.dtype == np.int32
        assert sorted(set(partition.labels.tolist())) == list(range(partition.n_clusters))
    for before, after in itertools.pairwise(history):
        pair = before.best_merge
        joined = np.where(before.labels == pair.second, pair.first, before.labels)
        assert pair.first < pair.second and same_partition(joined.tolist(), after.labels.tolist())


def test_every_gain_is_what_f_gains(solved: Solved) -> None:
    _, joint, beta, history = solved
    values = [bottleneck_objective(joint, partition.labels.tolist(), beta) for partition in history]
    for partition, before, after in zip(history[:-1], values[:-1], values[1:], strict=True):
        assert partition.best_merge.gain == pytest.approx(after - before, abs=1e-6)


def test_every_merge_is_the_cheapest_of_all_pairs(solved: Solved) -> None:
    """Costs of all pairs anew at every step, in float64; where several are cheapest, any of them will do."""
    _, joint, beta, history = solved
    for partition in history[:-1]:
        clusters = of_clusters(joint, partition.labels.tolist())
        costs = {
            pair: merge_cost(clusters[pair[0]], clusters[pair[1]], 1 / beta)
            for pair in itertools.combinations(range(len(clusters)), 2)
        }
        merge = partition.best_merge
        assert costs[merge.first, merge.second] == pytest.approx(min(costs.values()), abs=1e-6)
        assert -merge.gain == pytest.approx(min(costs.values()), abs=1e-6)


def test_the_nearest_neighbour_of_each_cluster_stays_known(rows: np.ndarray) -> None:
    joint = joint_of(seen(rows), "duration")
    clusters = BottleneckClusters(joint, 5.0, 1000)
    while clusters.n_clusters > 1:
        table = of_clusters(joint, clusters.labels.tolist())
        for i, mine in enumerate(table):
            costs = [math.inf if j == i else merge_cost(mine, other, 0.2) for j, other in enumerate(table)]
            nearest = int(clusters._nearest[i])
            assert costs[nearest] == pytest.approx(min(costs), abs=1e-6)
            assert clusters._nearest_cost[i] == pytest.approx(min(costs), abs=1e-6)
        clusters.merge(clusters.best_merge())


@pytest.mark.parametrize("seed", range(6))
def test_any_pair_can_be_merged(seed: int) -> None:
    """Not the best alone: what is nearest to the others, and the best after it, are known just as well."""
    rng = np.random.default_rng(seed)
    joint = joint_of(seen(random_rows(14, 9, seed)), "duration")
    clusters = BottleneckClusters(joint, 5.0, 1000)
    while clusters.n_clusters > 1:
        table = of_clusters(joint, clusters.labels.tolist())
        cheapest = [
            min(merge_cost(mine, other, 0.2) for j, other in enumerate(table) if j != i)
            for i, mine in enumerate(table)
        ]
        np.testing.assert_allclose(clusters._nearest_cost[: len(table)], cheapest, atol=1e-6)
        assert -clusters.best_merge().gain == pytest.approx(min(cheapest), abs=1e-6)
        first, second = sorted(rng.choice(len(table), 2, replace=False).tolist())
        clusters.merge(Merge(first, second, 0.0))


def test_many_segments_leave_no_rounding_behind() -> None:
    relevance = seen(random_rows(150, 40, seed=9))
    joint = joint_of(relevance, "uniform")
    for partition in merge_history(relevance, OPTIONS):
        assert partition.measures["f"] == pytest.approx(
            bottleneck_objective(joint, partition.labels.tolist(), 10.0), abs=2e-6
        )


def test_clusters_of_equal_words_merge_first() -> None:
    """With a large beta, what costs no information is free: five sorts of segments are left before any is lost."""
    history = merge_history(seen(rows_of_one_variable_each()), changed(beta=1e3))
    words = rows_of_one_variable_each().argmax(axis=1).tolist()
    (five,) = (partition for partition in history if partition.n_clusters == 5)
    assert same_partition(five.labels.tolist(), words) and five.measures["nmi"] == pytest.approx(1.0)


def test_a_small_beta_merges_large_clusters_and_a_large_one_similar_clusters() -> None:
    rows = np.array([[0.9, 0.1, 0, 0], [0.1, 0.9, 0, 0], [0, 0, 0.6, 0.4], [0, 0, 0.5, 0.5]])
    lengths = np.array([45, 45, 5, 5])
    pairs = [merge_history(seen(rows, lengths), changed(beta=b, prior="duration"))[0].best_merge for b in (0.5, 50.0)]
    assert [(pair.first, pair.second) for pair in pairs] == [(0, 1), (2, 3)]


def test_the_prior_says_whether_duration_counts() -> None:
    rows, lengths = random_rows(6, 8, seed=4), np.array([900, 10, 20, 700, 50, 60])
    for prior in ("uniform", "duration"):
        first = merge_history(seen(rows, lengths), changed(prior=prior))[0]
        joint = joint_of(seen(rows, lengths), prior)
        np.testing.assert_allclose(joint_distribution(seen(rows, lengths), changed(prior=prior)), joint)
        assert first.measures["f"] == pytest.approx(bottleneck_objective(joint, range(6), 10.0), abs=1e-9)
    uniform, other = (merge_history(seen(rows, long), OPTIONS) for long in (lengths, np.full(6, 290)))
    assert [p.labels.tolist() for p in uniform] == [p.labels.tolist() for p in other]


@pytest.mark.parametrize("prior", ["uniform", "duration"])
@pytest.mark.parametrize("seed", range(4))
def test_order_of_segments_and_relevance_variables_does_not_matter(seed: int, prior: str) -> None:
    rng = np.random.default_rng(seed)
    rows, lengths = random_rows(16, 12, seed), rng.integers(1, 250, 16)
    options = changed(prior=prior)
    history = merge_history(seen(rows, lengths), options)
    order = rng.permutation(16)
    of_segments = merge_history(seen(rows[order], lengths[order]), options)
    of_variables = merge_history(seen(np.ascontiguousarray(rows[:, rng.permutation(12)]), lengths), options)
    for partition, moved, other in zip(history, of_segments, of_variables, strict=True):
        assert same_partition(partition.labels[order].tolist(), moved.labels.tolist())
        assert same_partition(partition.labels.tolist(), other.labels.tolist())


def test_the_same_segments_give_the_same_history() -> None:
    first, second = (merge_history(seen(PROBLEMS["ties"]), OPTIONS) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        assert (a.n_clusters, a.best_merge, a.measures) == (b.n_clusters, b.best_merge, b.measures)
        np.testing.assert_array_equal(a.labels, b.labels)


def test_diartk_takes_segments_alike() -> None:
    relevance = seen(random_rows(8, 6, 1))
    history = merge_history(relevance, changed(prior="duration", compat="diartk"))
    assert [p.measures for p in history] == [p.measures for p in merge_history(relevance, OPTIONS)]


# ---- measures ------------------------------------------------------------------------------------------------------


def test_the_nmi_is_the_share_of_information_kept_and_falls_from_one(solved: Solved) -> None:
    _, joint, _, history = solved
    found = [partition.measures["nmi"] for partition in history]
    whole = mutual_information(joint)
    if whole > 1e-12:
        wanted = [mutual_information(of_clusters(joint, p.labels.tolist())) / whole for p in history]
        np.testing.assert_allclose(found, wanted, atol=1e-5)
        assert len(joint) == 1 or found[0] == 1.0
    assert all(0 <= value <= 1 for value in found)
    if whole > 1e-12:
        assert all(after <= before + 1e-6 for before, after in itertools.pairwise(found))
    assert found[-1] == (0.0 if whole > 1e-12 else 1.0), "of no information nothing is lost"


def test_f_is_that_of_the_definition(solved: Solved) -> None:
    _, joint, beta, history = solved
    for partition in history:
        wanted = bottleneck_objective(joint, partition.labels.tolist(), beta)
        assert partition.measures["f"] == pytest.approx(wanted, abs=1e-6)


def test_the_loss_is_that_of_a_likelihood_over_the_root_of_the_frames(solved: Solved) -> None:
    relevance, joint, _, history = solved
    n_frames = int(relevance.lengths.sum())
    root = math.sqrt(n_frames)
    assert "loss" not in history[-1].measures
    for partition in history[:-1]:
        clusters, merge = of_clusters(joint, partition.labels.tolist()), partition.best_merge
        lost = n_frames * divergence(clusters[merge.first], clusters[merge.second]) / root
        assert partition.measures["loss"] == pytest.approx(lost, abs=1e-6 * root)
        assert partition.measures["loss"] >= 0


def test_the_loss_is_the_likelihood_that_one_multinomial_loses_to_two() -> None:
    """Frames counted: log-likelihoods of hard counts under one multinomial and under two."""
    counts = np.array([[30.0, 10.0, 0.0], [5.0, 40.0, 15.0]])
    lengths = counts.sum(axis=1)
    history = merge_history(seen(counts / lengths[:, np.newaxis], lengths), changed(prior="duration"))
    together = [counts.sum(axis=0)]
    two, one = (
        sum(n * math.log(n / row.sum()) for row in rows for n in row if n > 0) for rows in (counts, together)
    )
    lost = (two - one) / math.sqrt(100)
    assert history[0].measures["loss"] == pytest.approx(lost, rel=1e-4)


# ---- stop rules ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [0.05, 0.3, 0.5, 0.9, 1.0])
def test_an_nmi_threshold_stops_at_the_fewest_clusters_above_it(solved: Solved, threshold: float) -> None:
    history = solved[-1]
    above = [partition.n_clusters for partition in history if partition.measures["nmi"] > threshold]
    found = cut(history, changed(nmi_threshold=threshold, cluster_price=0.0).stop)
    assert found.n_clusters == min(above, default=len(history))


@pytest.mark.parametrize("price", [0.0, 0.1, 1.2, 5.0, 1e9])
def test_a_price_stops_before_the_first_merge_that_loses_more(solved: Solved, price: float) -> None:
    history = solved[-1]
    stops = [partition.n_clusters for partition in history[:-1] if partition.measures["loss"] > price]
    assert cut(history, changed(cluster_price=price).stop).n_clusters == max(stops, default=1)


def test_stop_rules_give_way_to_the_number_of_speakers() -> None:
    history = merge_history(seen(PROBLEMS["clustered"]), OPTIONS)
    for options in (changed(nmi_threshold=0.99), changed(cluster_price=1e9)):
        for allowed in (SpeakerRange(3, 3), SpeakerRange(2, 3), SpeakerRange(5, None), SpeakerRange(1, 6)):
            found = cut(history, options.stop, options.limit(allowed)).n_clusters
            assert allowed.fewest <= found <= (allowed.most or found)


def test_diartk_cuts_at_its_most_clusters() -> None:
    options = changed(compat="diartk", nmi_threshold=0.5)
    ranges = {(1, None): 10, (1, 4): 4, (2, 3): 3, (12, None): 12, (3, 3): 3, (1, 1): 1}
    history = merge_history(seen(random_rows(15, 6, 0)), options)
    for (fewest, most), wanted in ranges.items():
        assert cut(history, options.stop, options.limit(SpeakerRange(fewest, most))).n_clusters == wanted
        assert OPTIONS.limit(SpeakerRange(fewest, most)) == SpeakerRange(fewest, most)


@pytest.mark.parametrize(
    "values",
    [{"beta": 0.0}, {"prior": "flat"}, {"cluster_price": -1.0}, {"nmi_threshold": 1.5}, {"nmi_threshold": -0.1},
     {"sib_sweeps": -1}, {"compat": "kaldi"}],
    ids=str,
)  # fmt: skip
def test_bad_options_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(DataError, match="^--"):
        changed(**values)


# ---- sweeps after the cut ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prior", ["uniform", "duration"])
def test_refining_sweeps_as_often_as_it_is_told(prior: str) -> None:
    relevance = seen(random_rows(30, 6, 4), np.random.default_rng(0).integers(1, 250, 30))
    labels = scattered(30, 4, seed=2)
    partition = Partition(labels, 4, None, {"nmi": 0.5})
    for n_sweeps in range(4):
        options = changed(sib_sweeps=n_sweeps, prior=prior, beta=3.0)
        wanted = labels.tolist()
        for _ in range(n_sweeps):
            wanted = bottleneck_sweep(joint_of(relevance, prior), wanted, 3.0)
        refined = refine(partition, relevance, options)
        assert refined.labels.tolist() == wanted
        assert (refined.n_clusters, refined.best_merge, refined.measures) == (4, None, {"nmi": 0.5})


def test_one_cluster_stays_as_it_is() -> None:
    relevance = seen(random_rows(5, 6, 4))
    whole = merge_history(relevance, OPTIONS)[-1]
    assert refine(whole, relevance, changed(sib_sweeps=3)) is whole


# ---- planted speakers ----------------------------------------------------------------------------------------------

TURNS = [(0, 600), (1, 700), (2, 500), (3, 800), (0, 400), (2, 300), (1, 300)]


def with_pauses(turns: list[tuple[int, int]], **values: object) -> tuple[np.ndarray, np.ndarray]:
    """(T, d) frames and (T,) speakers, -1 in pauses of thirty frames before every turn, which are loud."""
    frames, speakers = planted_frames(turns, **values)
    starts = np.cumsum([0, *(length for _, length in turns)])[:-1]
    where = np.repeat(starts, 30)
    return np.insert(frames, where, np.float32(50), axis=0), np.insert(speakers, where, -1)


def found_in(frames: np.ndarray, speakers: np.ndarray, options: AibOptions, allowed: SpeakerRange) -> np.ndarray:
    labels = frames_to_clusters(frames, speakers >= 0, options, allowed).labels
    np.testing.assert_array_equal(labels >= 0, speakers >= 0)
    return labels


@pytest.mark.parametrize("values", [{}, {"prior": "duration"}, {"posteriors": "hard"}, {"sib_sweeps": 5}], ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_planted_speakers_are_found(seed: int, values: dict[str, object]) -> None:
    frames, speakers = with_pauses(TURNS, seed=seed)
    labels = found_in(frames, speakers, AibOptions(**values), SpeakerRange())
    assert same_partition(labels.tolist(), speakers.tolist())


@pytest.mark.parametrize("n_speakers", [1, 2, 3, 4])
@pytest.mark.parametrize("sib_sweeps", [0, 3])
def test_as_many_speakers_as_asked_for_are_found(n_speakers: int, sib_sweeps: int) -> None:
    frames, speakers = with_pauses(TURNS)
    allowed = SpeakerRange(n_speakers, n_speakers)
    labels = found_in(frames, speakers, AibOptions(sib_sweeps=sib_sweeps), allowed)
    assert sorted(set(labels.tolist())) == [-1, *range(n_speakers)]
    for speaker in range(4):
        assert len(set(labels[speakers == speaker].tolist())) == 1


def test_sharing_relevance_variables_finds_the_same_speakers() -> None:
    frames, speakers = with_pauses(TURNS)
    labels = found_in(frames, speakers, AibOptions(max_relevance=8), SpeakerRange(4, 4))
    assert same_partition(labels.tolist(), speakers.tolist())


def test_sweeps_mend_what_was_cut_too_early() -> None:
    """The clustering's own sweeps: a segment of two speakers may lie anywhere, all others where they belong."""
    frames, speakers = planted_frames([(0, 620), (1, 730), (0, 400), (1, 500)])
    for sib_sweeps in (0, 5):
        options = AibOptions(sib_sweeps=sib_sweeps)
        labels = frames_to_clusters(frames, np.ones(len(frames), bool), options, SpeakerRange(2, 2)).labels
        assert agreement(labels, speakers) > 0.8


@pytest.mark.parametrize("seed", range(3))
def test_one_speaker_is_one_cluster(seed: int) -> None:
    frames, speakers = with_pauses([(0, 1500), (0, 1500)], seed=seed)
    assert set(found_in(frames, speakers, AibOptions(), SpeakerRange()).tolist()) == {-1, 0}


@pytest.mark.parametrize("n_frames", [1, 2, 3, 250])
@pytest.mark.parametrize("values", [{}, {"sib_sweeps": 2}, {"nmi_threshold": 0.5}], ids=str)
def test_a_single_segment_is_one_speaker_however_many_are_asked_for(n_frames: int, values: dict[str, object]) -> None:
    frames, speakers = with_pauses([(0, n_frames)])
    for allowed in (SpeakerRange(), SpeakerRange(3, 3)):
        assert set(found_in(frames, speakers, AibOptions(**values), allowed).tolist()) == {-1, 0}


@pytest.mark.parametrize(
    "values", [{}, {"prior": "duration"}, {"posteriors": "hard"}, {"cluster_price": 0.01}, {"nmi_threshold": 0.3}],
    ids=str,
)  # fmt: skip
def test_identical_segments_are_one_speaker_unless_more_are_asked_for(values: dict[str, object]) -> None:
    frames = np.tile(planted_frames([(0, 250)])[0], (6, 1))
    speech = np.ones(1500, dtype=bool)
    one, three = (
        frames_to_clusters(frames, speech, AibOptions(**values), allowed).labels
        for allowed in (SpeakerRange(), SpeakerRange(3, 3))
    )
    assert set(one.tolist()) == {0} and set(three.tolist()) == {0, 1, 2}


def test_constant_features_are_one_speaker() -> None:
    frames = np.full((900, 4), 3.25, dtype=np.float32)
    labels = frames_to_clusters(frames, np.ones(900, bool), AibOptions(), SpeakerRange()).labels
    assert set(labels.tolist()) == {0}
