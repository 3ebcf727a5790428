"""The one greedy merge loop, its history, and where to cut it.

What is merged, and at which gain, is the business of the clusters (``Clusters``): delta-BIC, or the information lost.
The loop merges the best pair down to a single cluster and keeps every partition on the way, so that the cut can be
chosen, and chosen again, afterwards (``StopRule``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError
from diar.options import Options, option
from diar.segments import NOBODY, runs
from diar.work import tell_done

Labels = NDArray[np.int32]


@dataclass(frozen=True)
class SpeakerCountOptions(Options):
    """What is known of the number of speakers; 0 is unknown."""

    num_spk: int = option(0, "number of speakers; wins over the data folder's reco2num_spk", low=0, recut=True)
    min_spk: int = option(0, "fewest speakers", low=0, recut=True)
    max_spk: int = option(0, "most speakers", low=0, recut=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_spk and self.min_spk > self.max_spk:
            raise DataError("--min-spk", f"found {self.min_spk}", f"wanted at most --max-spk={self.max_spk}")
        if self.num_spk and not self.min_spk <= self.num_spk <= (self.max_spk or self.num_spk):
            allowed = f"--min-spk={self.min_spk} and --max-spk={self.max_spk}"
            raise DataError("--num-spk", f"found {self.num_spk}", f"wanted a number that agrees with {allowed}")


@dataclass(frozen=True)
class SpeakerRange:
    """The numbers of speakers allowed for one recording, both ends included; ``most`` None is no limit."""

    fewest: int = 1
    most: int | None = None

    @classmethod
    def of(cls, options: SpeakerCountOptions, known: int | None = None) -> SpeakerRange:
        """From the options and the recording's known number of speakers, if any, which yields to the options."""
        fewest, most = max(1, options.min_spk), options.max_spk or None
        exact = options.num_spk or known
        if exact:
            exact = max(fewest, exact if most is None else min(exact, most))
            return cls(exact, exact)
        return cls(fewest, most)

    def limited_to(self, possible: int) -> SpeakerRange:
        """The range for a recording that holds no more than ``possible`` speakers."""
        most = None if self.most is None else min(self.most, possible)
        return SpeakerRange(min(self.fewest, possible), most)


ANY_NUMBER = SpeakerRange()


@dataclass(frozen=True)
class Merge:
    """A pair of clusters, ``first`` < ``second``, and what merging it gains (positive: worth it)."""

    first: int
    second: int
    gain: float


class Clusters(Protocol):
    """A partition that can be made coarser."""

    @property
    def labels(self) -> Labels:
        """(N,) cluster of each item, a frame or a segment, 0 to n_clusters - 1."""

    @property
    def n_clusters(self) -> int: ...

    @property
    def measures(self) -> dict[str, float]:
        """What else the history tells of this partition, by name: the NMI, for example."""

    def best_merge(self) -> Merge:
        """The pair with the largest gain; needs two clusters or more."""

    def merge(self, pair: Merge) -> None:
        """Merge ``pair`` as ``merged`` does with the labels. Realignment may move items afterwards."""


@dataclass(frozen=True)
class Partition:
    """A partition on the way, and the best merge from there (None for the last)."""

    labels: Labels
    n_clusters: int
    best_merge: Merge | None
    measures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class History(Sequence[Partition]):
    """All partitions on the way, the finest first; an item is ``lengths[i]`` (N,) frames long.

    ``fewest`` is the number of speakers asked for, if without it the merges had been others; else 1. ``where`` it was
    kept, and ``advice``, are told when it cannot be cut.
    """

    partitions: list[Partition]
    lengths: NDArray[np.int64]
    fewest: int = 1
    where: str = "merge history"
    advice: str = "make it anew"

    def __len__(self) -> int:
        return len(self.partitions)

    def __getitem__(self, index: Any) -> Any:
        return self.partitions[index]

    def frame_labels(self, partition: Partition) -> Labels:
        """(T,) the cluster of each frame."""
        labels: Labels = np.repeat(partition.labels, self.lengths)
        return labels


def merged(labels: Labels, pair: Merge, n_clusters: int) -> Labels:
    """The labels after a merge: ``second`` becomes ``first``, and the last cluster takes its number."""
    labels = np.where(labels == pair.second, np.int32(pair.first), labels)
    after: Labels = np.where(labels == n_clusters - 1, np.int32(pair.second), labels)
    return after


def agglomerate(clusters: Clusters, lengths: NDArray[np.int64]) -> History:
    """Merge the best pair until one cluster is left; all partitions on the way.

    A merge takes the longer the more clusters there are, which is how much of the work is told to be done.
    """
    history: list[Partition] = []
    while True:
        n_clusters = clusters.n_clusters
        tell_done(1.0 - (n_clusters / history[0].n_clusters) ** 2 if history else 0.0)
        pair = clusters.best_merge() if n_clusters > 1 else None
        history.append(Partition(clusters.labels.copy(), n_clusters, pair, clusters.measures))
        if pair is None:
            return History(history, lengths)
        clusters.merge(pair)


# ---- where to cut --------------------------------------------------------------------------------------------------


class StopRule(Protocol):
    """Which of some partitions, the finest first, to stop at."""

    def choose(self, candidates: Sequence[Partition]) -> Partition:
        """One of ``candidates``, of which there is at least one."""


@dataclass(frozen=True)
class GainStop:
    """The first partition from which no merge gains more than ``threshold``."""

    threshold: float = 0.0

    def choose(self, candidates: Sequence[Partition]) -> Partition:
        for partition in candidates:
            if partition.best_merge is None or partition.best_merge.gain <= self.threshold:
                return partition
        return candidates[-1]


@dataclass(frozen=True)
class MeasureStop:
    """The last partition whose measure ``name`` is above ``threshold``; the finest where none is."""

    name: str
    threshold: float

    def choose(self, candidates: Sequence[Partition]) -> Partition:
        above = [partition for partition in candidates if partition.measures.get(self.name, 0.0) > self.threshold]
        return above[-1] if above else candidates[0]


@dataclass(frozen=True)
class LossStop:
    """The first partition from which the best merge costs more than ``threshold`` of measure ``name``.

    Partitions without that measure are passed.
    """

    name: str
    threshold: float

    def choose(self, candidates: Sequence[Partition]) -> Partition:
        for partition in candidates:
            if partition.best_merge is None or partition.measures.get(self.name, 0.0) > self.threshold:
                return partition
        return candidates[-1]


def cut(history: Sequence[Partition], stop: StopRule, allowed: SpeakerRange = ANY_NUMBER) -> Partition:
    """The partition where ``stop`` stops among those whose number of clusters is allowed.

    Where no number that is allowed was visited, the nearest above the fewest, else the finest.
    """
    few_enough = [p for p in history if allowed.most is None or p.n_clusters <= allowed.most]
    candidates = [p for p in few_enough if p.n_clusters >= allowed.fewest]
    if candidates:
        return stop.choose(candidates)
    more = [p for p in history if p.n_clusters >= allowed.fewest]
    return more[-1] if more else history[0]


# ---- histories in files --------------------------------------------------------------------------------------------


def history_to_json(history: History, speech: NDArray[np.bool_], gain_name: str) -> dict[str, Any]:
    """What ``<recording>.merges.json`` holds: a step a partition, from the finest to a single cluster.

    A step has its number of clusters, its measures, the pair that was merged next as ``merge`` and its gain as
    ``gain_name``. Its labels are runs over all frames, -1 for silence; they are left out where they are those of the
    step before after its merge.
    """
    steps = []
    expected: Labels | None = None
    for partition in history:
        step: dict[str, Any] = {"n_clusters": partition.n_clusters, **partition.measures}
        if expected is None or not np.array_equal(partition.labels, expected):
            labels = on_all_frames(history.frame_labels(partition), speech)
            step["labels"] = [[int(labels[first]), last - first] for first, last in runs(labels)]
        if partition.best_merge is not None:
            step["merge"] = [partition.best_merge.first, partition.best_merge.second]
            step[gain_name] = partition.best_merge.gain
            expected = merged(partition.labels, partition.best_merge, partition.n_clusters)
        steps.append(step)
    return {"n_frames": len(speech), "gain": gain_name, "fewest": history.fewest, "steps": steps}


def history_from_json(content: dict[str, Any], where: str, advice: str = "make it anew") -> History:
    """The history that ``history_to_json`` wrote; its items are the longest stretches that no partition divides.

    Raises:
        DataError: the content is not such a history; ``where`` tells of which file, ``advice`` what to do.
    """
    try:
        steps = content["steps"]
        if not isinstance(content.get("gain", ""), str):
            raise ValueError
        stored = {
            number: np.repeat(*np.array(step["labels"], dtype=np.int64).reshape(-1, 2).T).astype(np.int32)
            for number, step in enumerate(steps)
            if "labels" in step
        }
        if any(len(labels) != content["n_frames"] for labels in stored.values()):
            raise ValueError
        if not steps:
            return History([], np.zeros(0, dtype=np.int64))
        fewest = int(content["fewest"])
        speech = np.flatnonzero(stored[0] != NOBODY)
        stacked = np.stack([labels[speech] for labels in stored.values()])
        starts = np.flatnonzero(np.r_[True, (stacked[:, 1:] != stacked[:, :-1]).any(axis=0)])
        rows = dict(zip(stored, stacked[:, starts], strict=True))
        partitions: list[Partition] = []
        for number, step in enumerate(steps):
            pair = Merge(step["merge"][0], step["merge"][1], float(step[content["gain"]])) if "merge" in step else None
            known = {"n_clusters", "labels", "merge", content["gain"]}
            measures = {name: value for name, value in step.items() if name not in known}
            if not all(isinstance(value, (int, float)) for value in measures.values()):
                raise ValueError
            if number in rows:
                labels = rows[number]
            else:
                assert partitions[-1].best_merge is not None
                labels = merged(partitions[-1].labels, partitions[-1].best_merge, partitions[-1].n_clusters)
            if not np.array_equal(np.unique(labels), np.arange(step["n_clusters"])):
                raise ValueError
            partitions.append(Partition(labels, step["n_clusters"], pair, measures))
    except (KeyError, TypeError, ValueError, IndexError, AssertionError, OverflowError, MemoryError):
        raise DataError(where, "not a merge history of this version", advice=advice) from None
    return History(partitions, np.diff(np.r_[starts, len(speech)]), fewest, where, advice)


# ---- labels --------------------------------------------------------------------------------------------------------


def on_all_frames(labels: Labels, speech: NDArray[np.bool_]) -> Labels:
    """(T,) labels of all frames from those of the speech frames; -1 elsewhere."""
    everywhere = np.full(len(speech), NOBODY, dtype=np.int32)
    everywhere[speech] = labels
    return everywhere


def renumber(labels: Labels) -> Labels:
    """The same partition with clusters numbered by first appearance; -1 stays."""
    found = labels[labels != NOBODY]
    names, first = np.unique(found, return_index=True)
    number = np.empty(len(names), dtype=np.int32)
    number[np.argsort(first, kind="stable")] = np.arange(len(names), dtype=np.int32)
    renumbered = np.full(len(labels), NOBODY, dtype=np.int32)
    renumbered[labels != NOBODY] = number[np.searchsorted(names, found)]
    return renumbered
