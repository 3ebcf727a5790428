"""The one greedy merge loop, its history, and where to cut it.

What is merged, and at which gain, is the business of the clusters (``Clusters``); the loop merges the best pair down to
the fewest clusters wanted and keeps every partition on the way, so that the cut can be chosen, and chosen again,
afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError
from diar.options import Options, option
from diar.segments import NOBODY, runs

Labels = NDArray[np.int32]


@dataclass(frozen=True)
class SpeakerCountOptions(Options):
    """What is known of the number of speakers; 0 is unknown."""

    num_spk: int = option(0, "number of speakers; wins over the data folder's reco2num_spk", low=0)
    min_spk: int = option(0, "fewest speakers", low=0)
    max_spk: int = option(0, "most speakers", low=0)

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
        """(T,) cluster of each frame, 0 to n_clusters - 1."""

    @property
    def n_clusters(self) -> int: ...

    def best_merge(self) -> Merge:
        """The pair with the largest gain; needs two clusters or more."""

    def merge(self, pair: Merge) -> None:
        """Merge ``pair``; what was ``second`` takes the label ``first``. Realignment may move frames afterwards."""


_AnyClusters = TypeVar("_AnyClusters", bound=Clusters)


@dataclass(frozen=True)
class Partition:
    """A partition on the way, and the best merge from there (None for the last)."""

    labels: Labels
    n_clusters: int
    best_merge: Merge | None


def agglomerate(clusters: Clusters, fewest: int = 1) -> list[Partition]:
    """Merge the best pair until ``fewest`` clusters are left; all partitions on the way, the finest first."""
    history = []
    while True:
        n_clusters = clusters.n_clusters
        pair = clusters.best_merge() if n_clusters > fewest else None
        history.append(Partition(clusters.labels.copy(), n_clusters, pair))
        if pair is None:
            return history
        clusters.merge(pair)


def cut(history: Sequence[Partition], threshold: float, most: int | None = None) -> Partition:
    """The first partition from which no merge gains more than ``threshold``, of at most ``most`` clusters."""
    for partition in history:
        allowed = most is None or partition.n_clusters <= most
        if allowed and (partition.best_merge is None or partition.best_merge.gain <= threshold):
            return partition
    return history[-1]


def history_to_json(history: Sequence[Partition], speech: NDArray[np.bool_], gain_name: str) -> dict[str, Any]:
    """What ``<recording>.merges.json`` holds: a partition a step, its labels as runs over all frames, -1 for silence.

    ``gain_name`` is what the gain is called, for example delta_bic; ``merge`` is the pair that was merged next.
    """
    steps = []
    for partition in history:
        labels = on_all_frames(partition.labels, speech)
        step: dict[str, Any] = {
            "n_clusters": partition.n_clusters,
            "labels": [[int(labels[first]), last - first] for first, last in runs(labels)],
        }
        if partition.best_merge is not None:
            step["merge"] = [partition.best_merge.first, partition.best_merge.second]
            step[gain_name] = partition.best_merge.gain
        steps.append(step)
    return {"n_frames": len(speech), "steps": steps}


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
