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
    Merge,
    Partition,
    SpeakerCountOptions,
    SpeakerRange,
    agglomerate,
    cut,
    history_to_json,
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

    def _mean(self, k: int) -> float:
        return sum(self._values[t] for t in self._groups[k]) / len(self._groups[k])

    def best_merge(self) -> Merge:
        pairs = itertools.combinations(range(self.n_clusters), 2)
        a, b = min(pairs, key=lambda pair: abs(self._mean(pair[0]) - self._mean(pair[1])))
        return Merge(a, b, 10.0 - abs(self._mean(a) - self._mean(b)))

    def merge(self, pair: Merge) -> None:
        self._groups[pair.first] += self._groups.pop(pair.second)
        for _ in range(self._lost_by_merge):
            if self.n_clusters > 1:
                self._groups[0] += self._groups.pop()


VALUES = [0.0, 1.0, 30.0, 33.0, 100.0]  # merges: 1 apart, 3 apart, 31 apart, ...


def test_history_holds_every_partition_and_the_merge_that_follows() -> None:
    history = agglomerate(Numbers(VALUES))
    assert [partition.labels.tolist() for partition in history] == [
        [0, 1, 2, 3, 4], [0, 0, 1, 2, 3], [0, 0, 1, 1, 2], [0, 0, 0, 0, 1], [0] * 5,
    ]  # fmt: skip
    assert [partition.n_clusters for partition in history] == [5, 4, 3, 2, 1]
    assert [p.best_merge for p in history] == [
        Merge(0, 1, 9.0), Merge(1, 2, 7.0), Merge(0, 1, -21.0), Merge(0, 1, -74.0), None,
    ]  # fmt: skip


@pytest.mark.parametrize("fewest", [1, 2, 4, 5, 6])
def test_no_merge_goes_below_the_fewest(fewest: int) -> None:
    history = agglomerate(Numbers(VALUES), fewest)
    assert history[-1].n_clusters == min(fewest, 5)
    assert [p.best_merge is None for p in history] == [False] * (len(history) - 1) + [True]


def test_one_cluster_is_a_history_of_one() -> None:
    (only,) = agglomerate(Numbers([3.0]))
    assert (only.labels.tolist(), only.n_clusters, only.best_merge) == ([0], 1, None)


def test_what_realignment_does_later_leaves_the_history_as_it_was() -> None:
    history = agglomerate(Numbers(VALUES, lost_by_merge=1))
    assert [partition.n_clusters for partition in history] == [5, 3, 1]
    assert history[0].labels.tolist() == [0, 1, 2, 3, 4]


class InOneArray(Numbers):
    """The same, but with labels that are always the same array, overwritten by every merge."""

    @property
    def labels(self) -> np.ndarray:
        self.__dict__.setdefault("array", np.empty(len(self._values), dtype=np.int32))[:] = super().labels
        return self.__dict__["array"]


def test_labels_that_are_overwritten_leave_the_history_as_it_was() -> None:
    found, expected = agglomerate(InOneArray(VALUES)), agglomerate(Numbers(VALUES))
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
    assert cut(agglomerate(Numbers(VALUES)), threshold, most).n_clusters == expected


def test_the_cut_of_a_history_that_ends_early_is_its_last() -> None:
    assert cut(agglomerate(Numbers(VALUES), 4), -1000.0, 2).n_clusters == 4


def test_a_gain_that_rises_again_does_not_go_on_past_the_first_stop() -> None:
    labels = np.zeros(3, dtype=np.int32)
    history = [
        Partition(labels, n, merge)
        for n, merge in ((4, Merge(0, 1, 5.0)), (3, Merge(0, 1, -1.0)), (2, Merge(0, 1, 5.0)), (1, None))
    ]
    assert cut(history, 0.0).n_clusters == 3
    assert cut(history, 0.0, 2).n_clusters == 1, "below the most, merges that gain still happen"


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


@given(speech=st.lists(st.booleans(), min_size=1, max_size=40).filter(any), seed=st.integers(0, 99))
def test_every_partition_can_be_restored_from_json(speech: list[bool], seed: int) -> None:
    mask = np.array(speech)
    values = np.random.default_rng(seed).normal(0, 50, sum(speech)).tolist()
    history = agglomerate(Numbers(values))
    content = json.loads(json.dumps(history_to_json(history, mask, "delta_bic")))
    assert content["n_frames"] == len(speech) and len(content["steps"]) == len(history)
    for partition, step in zip(history, content["steps"], strict=True):
        restored = [label for label, length in step["labels"] for _ in range(length)]
        assert [label for label, spoken in zip(restored, speech, strict=True) if spoken] == partition.labels.tolist()
        assert all(label == -1 for label, spoken in zip(restored, speech, strict=True) if not spoken)
        assert step["n_clusters"] == partition.n_clusters
        if partition.best_merge is None:
            assert "merge" not in step and "delta_bic" not in step
        else:
            assert step["merge"] == [partition.best_merge.first, partition.best_merge.second]
            assert step["delta_bic"] == partition.best_merge.gain
