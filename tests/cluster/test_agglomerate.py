"""The merge loop on clusters of numbers, its cut, its JSON, and the little rules around them."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import same_partition

from diar.cluster.agglomerate import (
    ANY_NUMBER,
    GainStop,
    History,
    LossStop,
    MeasureStop,
    Merge,
    Partition,
    SpeakerCountOptions,
    SpeakerRange,
    StopRule,
    agglomerate,
    cut,
    history_from_json,
    history_to_json,
    merged,
    on_all_frames,
    renumber,
)
from diar.errors import DataError


class Numbers:
    """Clusters of numbers; the closest neighbours merge first, and gain 10 less their distance."""

    def __init__(self, values: list[float], lost_by_merge: int = 0) -> None:
        self._groups = [[t] for t in range(len(values))]
        self._values = values
        self._lost_by_merge = lost_by_merge  # further groups that realignment takes away

    @property
    def n_clusters(self) -> int:
        return len(self._groups)

    @property
    def labels(self) -> np.ndarray:
        labels = np.empty(len(self._values), dtype=np.int32)
        for k, group in enumerate(self._groups):
            labels[group] = k
        return labels

    @property
    def measures(self) -> dict[str, float]:
        return {"share": self.n_clusters / len(self._values)}

    def _mean(self, k: int) -> float:
        return sum(self._values[t] for t in self._groups[k]) / len(self._groups[k])

    def best_merge(self) -> Merge:
        pairs = itertools.combinations(range(self.n_clusters), 2)
        a, b = min(pairs, key=lambda pair: abs(self._mean(pair[0]) - self._mean(pair[1])))
        return Merge(a, b, 10.0 - abs(self._mean(a) - self._mean(b)))

    def merge(self, pair: Merge) -> None:
        self._groups[pair.first] += self._groups[pair.second]
        self._groups[pair.second] = self._groups[-1]
        self._groups.pop()
        for _ in range(self._lost_by_merge):
            if self.n_clusters > 1:
                self._groups[0] += self._groups.pop()


VALUES = [0.0, 1.0, 30.0, 33.0, 100.0]  # merges: 1 apart, 3 apart, 31 apart, ...


def history_of(clusters: Numbers) -> History:
    return agglomerate(clusters, np.ones(len(clusters.labels), dtype=np.int64))


def test_history_holds_every_partition_and_the_merge_that_follows() -> None:
    history = history_of(Numbers(VALUES))
    assert [partition.labels.tolist() for partition in history] == [
        [0, 1, 2, 3, 4], [0, 0, 2, 3, 1], [0, 0, 2, 2, 1], [0, 0, 0, 0, 1], [0] * 5,
    ]  # fmt: skip
    assert [partition.n_clusters for partition in history] == [5, 4, 3, 2, 1]
    assert [p.best_merge for p in history] == [
        Merge(0, 1, 9.0), Merge(2, 3, 7.0), Merge(0, 2, -21.0), Merge(0, 1, -74.0), None,
    ]  # fmt: skip
    assert [partition.measures for partition in history] == [{"share": n / 5} for n in (5, 4, 3, 2, 1)]


@given(values=st.lists(st.integers(0, 99), min_size=1, max_size=12), lost_by_merge=st.integers(0, 3))
def test_merging_goes_on_to_a_single_cluster(values: list[int], lost_by_merge: int) -> None:
    history = history_of(Numbers([float(value) for value in values], lost_by_merge))
    assert history[-1].n_clusters == 1
    assert [p.best_merge is None for p in history] == [False] * (len(history) - 1) + [True]


def test_one_cluster_is_a_history_of_one() -> None:
    (only,) = history_of(Numbers([3.0]))
    assert (only.labels.tolist(), only.n_clusters, only.best_merge) == ([0], 1, None)


def test_what_realignment_does_later_leaves_the_history_as_it_was() -> None:
    history = history_of(Numbers(VALUES, lost_by_merge=1))
    assert [partition.n_clusters for partition in history] == [5, 3, 1]
    assert history[0].labels.tolist() == [0, 1, 2, 3, 4]


def test_the_frames_of_an_item_have_its_label() -> None:
    history = agglomerate(Numbers([0.0, 9.0, 1.0]), np.array([2, 1, 3]))
    assert [history.frame_labels(p).tolist() for p in history] == [[0, 0, 1, 2, 2, 2], [0, 0, 1, 0, 0, 0], [0] * 6]


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        ((0, 1), [0, 0, 2, 1, 0]),  # the last takes the number that is free
        ((1, 2), [0, 1, 1, 2, 0]),
        ((0, 3), [0, 1, 2, 0, 0]),  # the last itself is merged
        ((2, 3), [0, 1, 2, 2, 0]),
    ],
)
def test_after_a_merge_the_last_cluster_takes_the_number_of_the_second(
    pair: tuple[int, int], expected: list[int]
) -> None:
    labels = np.array([0, 1, 2, 3, 0], dtype=np.int32)
    after = merged(labels, Merge(*pair, 0.0), 4)
    assert after.dtype == np.int32 and after.tolist() == expected
    assert labels.tolist() == [0, 1, 2, 3, 0], "the labels given stay as they were"


@given(labels=st.lists(st.integers(0, 5), max_size=20), pair=st.sets(st.integers(0, 5), min_size=2, max_size=2))
def test_a_merge_joins_the_pair_and_nobody_else(labels: list[int], pair: set[int]) -> None:
    """Six clusters, of which all have an item at least."""
    first, second = sorted(pair)
    labels = [*range(6), *labels]
    after = merged(np.array(labels, dtype=np.int32), Merge(first, second, 0.0), 6).tolist()
    assert same_partition(after, [first if label == second else label for label in labels])
    assert set(after) == set(range(5))
    assert all(new == old for new, old in zip(after, labels, strict=True) if old not in (second, 5))


class InOneArray(Numbers):
    """The same, but with labels that are always the same array, overwritten by every merge."""

    @property
    def labels(self) -> np.ndarray:
        self.__dict__.setdefault("array", np.empty(len(self._values), dtype=np.int32))[:] = super().labels
        return self.__dict__["array"]


def test_labels_that_are_overwritten_leave_the_history_as_it_was() -> None:
    found, expected = history_of(InOneArray(VALUES)), history_of(Numbers(VALUES))
    assert [p.labels.tolist() for p in found] == [p.labels.tolist() for p in expected]


@pytest.mark.parametrize(
    ("threshold", "most", "expected"),
    [
        (0.0, None, 3),
        (8.0, None, 4),
        (7.0, None, 4),  # only a gain above the threshold is merged
        (6.99, None, 3),
        (9.5, None, 5),
        (-100.0, None, 1),
        (0.0, 5, 3),
        (0.0, 2, 2),
        (9.5, 3, 3),
        (9.5, 1, 1),
    ],
)
def test_the_cut_is_where_no_merge_gains_enough_and_not_too_many_are_left(
    threshold: float, most: int | None, expected: int
) -> None:
    assert cut(history_of(Numbers(VALUES)), GainStop(threshold), SpeakerRange(1, most)).n_clusters == expected


def a_history(
    numbers: list[int], gains: list[float] | None = None, losses: list[float] | None = None
) -> list[Partition]:
    """Partitions of ``numbers`` of clusters; the last has no best merge where it is one, nor a loss."""
    partitions = []
    for i, n in enumerate(numbers):
        pair = Merge(0, 1, gains[i] if gains else 1.0) if n > 1 else None
        measures = {"nmi": losses[i], "loss": losses[i]} if losses and i < len(losses) else {}
        partitions.append(Partition(np.arange(n, dtype=np.int32), n, pair, measures))
    return partitions


def test_the_cut_of_a_history_that_ends_early_is_its_last() -> None:
    assert cut(history_of(Numbers(VALUES))[:2], GainStop(-1000.0), SpeakerRange(1, 2)).n_clusters == 4
    assert cut(history_of(Numbers(VALUES))[:2], GainStop(-1000.0)).n_clusters == 4


def test_a_gain_that_rises_again_does_not_go_on_past_the_first_stop() -> None:
    history = a_history([4, 3, 2, 1], gains=[5.0, -1.0, 5.0])
    assert cut(history, GainStop()).n_clusters == 3
    assert cut(history, GainStop(), SpeakerRange(1, 2)).n_clusters == 1, "below the most, merges that gain still happen"


@pytest.mark.parametrize(
    ("threshold", "fewest", "most", "expected"),
    [
        (0.5, 1, None, 2),  # the measure may fall and rise: the last above counts
        (0.3, 1, None, 2),
        (0.7, 1, None, 4),  # above, not at
        (0.69, 1, None, 2),
        (0.95, 1, None, 5),
        (0.1, 1, None, 1),
        (1.5, 1, None, 5),  # none is above: the finest
        (1.5, 1, 3, 3),
        (0.5, 3, None, 4),  # among those allowed
        (0.1, 3, None, 3),
        (0.5, 1, 3, 2),
    ],
)
def test_a_measure_stops_at_the_last_partition_above_the_threshold(
    threshold: float, fewest: int, most: int | None, expected: int
) -> None:
    history = a_history([5, 4, 3, 2, 1], losses=[1.0, 0.9, 0.3, 0.7, 0.2])
    assert cut(history, MeasureStop("nmi", threshold), SpeakerRange(fewest, most)).n_clusters == expected


@pytest.mark.parametrize(
    ("threshold", "fewest", "most", "expected"),
    [
        (1.0, 1, None, 3),
        (0.4, 1, None, 4),
        (0.5, 1, None, 3),  # a loss at the threshold is still merged
        (0.0, 1, None, 5),
        (9.0, 1, None, 1),
        (9.0, 2, None, 2),  # not below what is allowed
        (0.0, 1, 3, 3),
        (1.0, 1, 2, 1),  # past the first stop, merges that lose little still happen
        (1.0, 4, None, 4),
    ],
)
def test_a_loss_stops_at_the_first_partition_whose_best_merge_loses_more(
    threshold: float, fewest: int, most: int | None, expected: int
) -> None:
    history = a_history([5, 4, 3, 2, 1], losses=[0.1, 0.5, 2.0, 0.9])
    assert cut(history, LossStop("loss", threshold), SpeakerRange(fewest, most)).n_clusters == expected


def test_a_partition_without_a_loss_is_passed() -> None:
    history = a_history([5, 4], losses=[]) + a_history([3, 2, 1], losses=[0.5, 2.0])
    numbers = [cut(history, LossStop("loss", threshold)).n_clusters for threshold in (0.0, 1.0, 9.0)]
    assert numbers == [3, 2, 1]
    assert cut(history, LossStop("loss", 0.0), SpeakerRange(4, 5)).n_clusters == 4


STOPS = [GainStop(-1.0), GainStop(99.0), MeasureStop("nmi", 0.0), MeasureStop("nmi", 9.0), LossStop("loss", 0.0),
         LossStop("loss", 99.0)]  # fmt: skip


@pytest.mark.parametrize("stop", STOPS, ids=str)
@pytest.mark.parametrize(
    ("fewest", "most", "expected"),
    [(5, 6, 7), (2, 3, 4), (2, 2, 4), (8, 9, 7), (8, None, 7), (4, 6, 4), (1, 3, 1), (7, 7, 7), (4, 4, 4), (1, 1, 1)],
)
def test_a_number_that_was_not_visited_gives_the_nearest_above_whatever_the_rule(
    stop: StopRule, fewest: int, most: int | None, expected: int
) -> None:
    history = a_history([7, 4, 1], losses=[1.0, 1.0, 1.0])
    assert cut(history, stop, SpeakerRange(fewest, most)).n_clusters == expected


@given(numbers=st.sets(st.integers(1, 20), min_size=1), ends=st.tuples(st.integers(1, 20), st.integers(1, 20)))
@pytest.mark.parametrize("stop", STOPS, ids=str)
def test_the_cut_lies_in_the_range_wherever_a_number_in_it_was_visited(
    stop: StopRule, numbers: set[int], ends: tuple[int, int]
) -> None:
    fewest, most = sorted(ends)
    history = a_history(sorted(numbers, reverse=True), losses=[1.0] * len(numbers))
    found = cut(history, stop, SpeakerRange(fewest, most)).n_clusters
    if any(fewest <= n <= most for n in numbers):
        assert fewest <= found <= most
    else:
        assert found == min((n for n in numbers if n > most), default=max(numbers))


# ---- the number of speakers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("num_spk", "min_spk", "max_spk", "known", "expected"),
    [
        (0, 0, 0, None, (1, None)),
        (3, 0, 0, None, (3, 3)),
        (3, 0, 0, 5, (3, 3)),  # the flag wins over the data folder
        (0, 0, 0, 5, (5, 5)),
        (0, 2, 4, 5, (4, 4)),  # what is known yields to the bounds
        (0, 2, 4, 1, (2, 2)),
        (0, 2, 4, 3, (3, 3)),
        (0, 2, 0, 9, (9, 9)),
        (0, 0, 4, 9, (4, 4)),
        (3, 1, 9, None, (3, 3)),
        (3, 3, 3, 5, (3, 3)),
        (3, 3, 0, None, (3, 3)),
        (3, 0, 3, None, (3, 3)),
        (0, 2, 0, None, (2, None)),
        (0, 0, 4, None, (1, 4)),
        (0, 2, 4, None, (2, 4)),
        (0, 3, 3, None, (3, 3)),
    ],
)
def test_the_range_comes_from_the_number_first_then_what_is_known_then_the_bounds(
    num_spk: int, min_spk: int, max_spk: int, known: int | None, expected: tuple[int, int | None]
) -> None:
    options = SpeakerCountOptions(num_spk=num_spk, min_spk=min_spk, max_spk=max_spk)
    assert SpeakerRange.of(options, known) == SpeakerRange(*expected)


@pytest.mark.parametrize(
    ("given_range", "possible", "expected"),
    [
        ((1, None), 7, (1, None)),
        ((3, 3), 7, (3, 3)),
        ((3, 3), 2, (2, 2)),
        ((2, 6), 4, (2, 4)),
        ((5, None), 4, (4, None)),
        ((5, 6), 1, (1, 1)),
    ],
)
def test_the_range_is_limited_to_what_the_speech_holds(given_range, possible: int, expected) -> None:
    assert SpeakerRange(*given_range).limited_to(possible) == SpeakerRange(*expected)


def test_any_number_is_one_and_more() -> None:
    assert SpeakerRange.of(SpeakerCountOptions(num_spk=0, min_spk=0, max_spk=0)) == ANY_NUMBER


@pytest.mark.parametrize("values", [{"num_spk": -1}, {"min_spk": -1}, {"max_spk": -2}, {"min_spk": 3, "max_spk": 2},
                                    {"num_spk": 5, "max_spk": 4}, {"num_spk": 1, "min_spk": 2},
                                    {"num_spk": 5, "min_spk": 2, "max_spk": 4}], ids=str)  # fmt: skip
def test_bad_numbers_of_speakers_are_refused(values: dict[str, int]) -> None:
    with pytest.raises(DataError, match="^--(num|min|max)-spk: found"):
        SpeakerCountOptions(**values)


# ---- labels --------------------------------------------------------------------------------------------------------


@given(values=st.lists(st.integers(-1, 5), max_size=30))
def test_renumbering_counts_by_first_appearance(values: list[int]) -> None:
    names: dict[int, int] = {-1: -1}
    expected = [names.setdefault(value, len(names) - 1) for value in values]
    renumbered = renumber(np.array(values, dtype=np.int32))
    assert renumbered.dtype == np.int32 and renumbered.tolist() == expected


@given(values=st.lists(st.integers(0, 4), min_size=1, max_size=30), order=st.permutations(range(5)))
def test_renumbering_does_not_depend_on_the_names(values: list[int], order: list[int]) -> None:
    labels = np.array(values, dtype=np.int32)
    turned = np.array(order, dtype=np.int32)[labels]
    assert renumber(turned).tolist() == renumber(labels).tolist()
    assert same_partition(values, renumber(labels).tolist())


@given(speech=st.lists(st.booleans(), max_size=30))
def test_labels_of_speech_frames_are_put_where_speech_is(speech: list[bool]) -> None:
    mask = np.array(speech, dtype=bool)
    labels = np.arange(sum(speech), dtype=np.int32)
    everywhere = on_all_frames(labels, mask)
    counter = itertools.count()
    assert everywhere.dtype == np.int32 and everywhere.tolist() == [next(counter) if s else -1 for s in speech]


# ---- histories in files --------------------------------------------------------------------------------------------


def realigned_history(n_items: int, n_clusters: int, seed: int, how_often: float) -> History:
    """A history of items of 1 to 4 frames, in which realignment moves items after some of the merges."""
    rng = np.random.default_rng(seed)
    labels = np.r_[np.arange(n_clusters), rng.integers(0, n_clusters, n_items - n_clusters)].astype(np.int32)
    partitions = []
    for n in range(n_clusters, 0, -1):
        first, second = sorted(rng.choice(n, 2, replace=False).tolist()) if n > 1 else (0, 0)
        pair = Merge(first, second, float(rng.normal())) if n > 1 else None
        partitions.append(Partition(labels, n, pair, {"nmi": float(rng.random())} | ({"loss": 0.5} if pair else {})))
        if pair:
            labels = merged(labels, pair, n)
            labels = rng.permutation(labels).astype(np.int32) if rng.random() < how_often else labels
    return History(partitions, rng.integers(1, 5, n_items))


def spread(n_speech: int, seed: int) -> np.ndarray:
    """A mask of ``n_speech`` speech frames with pauses between."""
    rng = np.random.default_rng(seed)
    return rng.permutation(np.r_[np.ones(n_speech, dtype=bool), np.zeros(int(rng.integers(0, 9)), dtype=bool)])


def written_and_read(history: History, speech: np.ndarray) -> tuple[dict, History]:
    content = json.loads(json.dumps(history_to_json(history, speech, "delta_f")))
    return content, history_from_json(content, "here")


@given(
    n_items=st.integers(1, 20),
    n_clusters=st.integers(1, 6),
    seed=st.integers(0, 999),
    how_often=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_a_history_comes_back_from_json(n_items: int, n_clusters: int, seed: int, how_often: float) -> None:
    history = realigned_history(n_items, min(n_items, n_clusters), seed, how_often)
    speech = spread(int(history.lengths.sum()), seed)
    content, restored = written_and_read(history, speech)
    assert content["n_frames"] == len(speech) and len(restored) == len(history) == len(content["steps"])
    for old, new in zip(history, restored, strict=True):
        assert (new.n_clusters, new.best_merge, new.measures) == (old.n_clusters, old.best_merge, old.measures)
        assert new.labels.dtype == np.int32
        assert restored.frame_labels(new).tolist() == history.frame_labels(old).tolist()
    items = list(zip(*(partition.labels.tolist() for partition in restored), strict=True))
    assert restored.lengths.sum() == speech.sum() and len(items) == len(restored.lengths)
    assert all(one != next_one for one, next_one in itertools.pairwise(items)), "no item could be longer"
    if how_often == 0.0:
        assert ["labels" in step for step in content["steps"]] == [True] + [False] * (len(history) - 1)


def test_labels_are_written_again_only_after_realignment_moved_something() -> None:
    labels = [[0, 1, 2, 2], [0, 0, 1, 1], [0, 1, 1, 1], [0, 0, 0, 0]]
    pairs = [Merge(0, 1, 3.5), Merge(0, 1, -2.0), Merge(0, 1, -4.0), None]
    numbers = [3, 2, 2, 1]
    partitions = [
        Partition(np.array(row, dtype=np.int32), n, pair) for row, n, pair in zip(labels, numbers, pairs, strict=True)
    ]
    speech = np.array([0, 1, 1, 0, 0, 1, 1, 1, 1, 1, 0], dtype=bool)
    content, restored = written_and_read(History(partitions, np.array([1, 2, 3, 1])), speech)
    assert content == {
        "n_frames": 11,
        "gain": "delta_f",
        "fewest": 1,
        "steps": [
            {"n_clusters": 3, "labels": [[-1, 1], [0, 1], [1, 1], [-1, 2], [1, 1], [2, 4], [-1, 1]],
             "merge": [0, 1], "delta_f": 3.5},
            {"n_clusters": 2, "merge": [0, 1], "delta_f": -2.0},
            {"n_clusters": 2, "labels": [[-1, 1], [0, 1], [1, 1], [-1, 2], [1, 5], [-1, 1]],
             "merge": [0, 1], "delta_f": -4.0},
            {"n_clusters": 1},
        ],
    }  # fmt: skip
    assert [p.labels.tolist() for p in restored] == [[0, 1, 2], [0, 0, 1], [0, 1, 1], [0, 0, 0]]
    assert restored.lengths.tolist() == [1, 2, 4]


def test_silence_has_an_empty_history() -> None:
    content, restored = written_and_read(History([], np.zeros(0, dtype=np.int64)), np.zeros(5, dtype=bool))
    assert content["steps"] == [] and len(restored) == 0 and restored.lengths.tolist() == []


def test_a_restored_history_is_cut_like_the_one_written() -> None:
    history = realigned_history(15, 6, 3, 0.5)
    _, restored = written_and_read(history, spread(int(history.lengths.sum()), 3))
    for stop in (GainStop(-0.5), GainStop(0.5), MeasureStop("nmi", 0.5), LossStop("loss", 0.4), LossStop("loss", 0.6)):
        for allowed in (ANY_NUMBER, SpeakerRange(2, 3), SpeakerRange(4, 4)):
            old, new = cut(history, stop, allowed), cut(restored, stop, allowed)
            assert restored.frame_labels(new).tolist() == history.frame_labels(old).tolist()


GOOD_STEPS = [{"n_clusters": 2, "labels": [[0, 3], [-1, 1], [1, 2]], "merge": [0, 1], "delta_f": 0.5},
              {"n_clusters": 1}]  # fmt: skip


def steps_with(number: int, without: str = "", **values: object) -> dict[str, object]:
    steps = [dict(step) for step in GOOD_STEPS]
    steps[number] = {key: value for key, value in (steps[number] | values).items() if key != without}
    return {"n_frames": 6, "gain": "delta_f", "fewest": 1, "steps": steps}


@pytest.mark.parametrize(
    "content",
    [
        None, 3, "steps", [], {}, {"steps": 3}, {"steps": [3]}, {"steps": [{}]}, {"steps": GOOD_STEPS},
        steps_with(0, without="labels"), steps_with(0, without="n_clusters"), steps_with(0, without="merge"),
        steps_with(0, without="delta_f"), steps_with(0, merge=[0]), steps_with(0, merge=3), steps_with(0, labels=3),
        steps_with(0, labels=[[0, 3, 1]]), steps_with(0, labels=[["a", 6]]), steps_with(0, labels=[[0, -6]]),
        steps_with(0, labels=[[0, 3], [1]]), steps_with(0, labels=[]), steps_with(0, labels=[[-1, 6]]),
        steps_with(1, labels=[[0, 4]]), steps_with(1, labels=[[0, 3]]), steps_with(1, without="n_clusters"),
        steps_with(0, merge=[0, 9]), steps_with(0, n_clusters=3), steps_with(0, labels=[[0, 3], [-1, 1], [2, 2]]),
        steps_with(0, labels=[[0, 3], [-1, 1], [1, 3]]), steps_with(0, delta_f="much"), steps_with(0, delta_f=None),
        steps_with(0, labels=[[0, 3], [-1, 1], [10**30, 2]]), steps_with(0) | {"n_frames": 7},
        {key: value for key, value in steps_with(0).items() if key != "fewest"},
    ],
    ids=str,
)  # fmt: skip
def test_content_that_is_no_history_is_refused(content: object) -> None:
    assert len(history_from_json(steps_with(0), "a.json")) == 2
    with pytest.raises(DataError, match=r"^a.json: not a merge history of this version; make it anew$"):
        history_from_json(content, "a.json")
