"""The information bottleneck with Viterbi realignment after every merge.

Merging segments alone, an early mistake stays. Here the aIB merges down to some twenty clusters; from then on, as in
HMM/GMM clustering, the frames are segmented anew after every merge, so that what a cluster is, n_k(y), follows from
frames and no longer from the first segments. The emissions of the HMM are mixtures or p(y|k) (``diar.realign``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from diar.cluster import aib, information
from diar.cluster.agglomerate import History, Labels, Merge, Partition, agglomerate, merged
from diar.cluster.aib import BottleneckOptions
from diar.cluster.information import information_losses, xlogx
from diar.frames import to_frame
from diar.gmm import Float32, Float64
from diar.options import option
from diar.posteriors import Relevance, label_counts
from diar.realign import Emissions, GmmEmissions, KlEmissions, KlHmmOptions
from diar.speaker_model import SpeakerModelOptions
from diar.work import part

_SEGMENTS_EFFORT = 0.15  # the share of the work that the merges of segments are


@dataclass(frozen=True)
class IbViterbiOptions(BottleneckOptions, KlHmmOptions, SpeakerModelOptions):
    """Viterbi realignment after every merge of the information bottleneck."""

    emissions: str = option("hmm_gmm", "models of the realignment", choices=("hmm_gmm", "kl_hmm"))
    aib_clusters: int = option(20, "clusters of the aIB from which on every merge is realigned", low=1)
    first_passes: int = option(3, "passes of training and segmentation before the first of these merges", low=0)
    passes_per_merge: int = option(1, "passes of training and segmentation after each merge", low=0)


class MergeGains(Protocol):
    """What all merges gain."""

    def __call__(self, counts: Float64) -> Float64:
        """(C, C), above the diagonal: the gain of each merge, from (C, Y) sums of frame posteriors."""


def bottleneck_gains(beta: float) -> MergeGains:
    """The aIB's own gains: minus what F loses."""

    def gains(counts: Float64) -> Float64:
        joint = counts / counts.sum()
        mass = joint.sum(axis=1)
        together = mass[:, np.newaxis] + mass
        entropy = xlogx(together) - xlogx(mass)[:, np.newaxis] - xlogx(mass)
        difference: Float64 = entropy / beta - information_losses(joint)
        return difference

    return gains


class ViterbiClusters:
    """The state of the clustering: the label of each frame, and n_k(y) (see ``Clusters``).

    Before the first merge, clusters left without frames are dropped; from then on, a segmentation that would leave one
    so is refused, and every number of clusters is visited.
    """

    def __init__(
        self,
        posteriors: Float32,
        labels: Labels,
        emissions: Emissions,
        gains: MergeGains,
        options: IbViterbiOptions,
        all_information: float,
    ) -> None:
        """``all_information`` is I(X;Y) of the first segments: what the NMI is measured by."""
        self._posteriors = posteriors
        self.labels = labels
        self.n_clusters = int(labels.max()) + 1
        self._emissions = emissions
        self._gains = gains
        self._options = options
        self._all_information = all_information
        self._realign(options.first_passes, 1)
        self._count()

    @property
    def measures(self) -> dict[str, float]:
        """The NMI, F in nats, and what the best merge would lose, in nats over the root of the number of frames."""
        joint = self._counts / self._counts.sum()
        found = information.measures(joint, self._all_information, self._options.beta)
        if self.n_clusters > 1:
            pair = self.best_merge()
            lost = float(information_losses(joint[[pair.first, pair.second]])[0, 1])
            found["loss"] = lost * float(np.sqrt(self._posteriors.shape[1]))
        return found

    def best_merge(self) -> Merge:
        gains = self._gains(self._counts)
        rows, columns = np.triu_indices(self.n_clusters, k=1)
        best = int(gains[rows, columns].argmax())
        first, second = int(rows[best]), int(columns[best])
        return Merge(first, second, float(gains[first, second]))

    def merge(self, pair: Merge) -> None:
        self.labels = merged(self.labels, pair, self.n_clusters)
        self.n_clusters -= 1
        self._realign(self._options.passes_per_merge, self.n_clusters)
        self._count()

    def _realign(self, n_passes: int, fewest: int) -> None:
        for _ in range(n_passes if self.n_clusters > 1 else 0):
            moved = self._emissions.segment(self._emissions.scores(self.labels, self.n_clusters))
            alive = np.unique(moved)
            if len(alive) < fewest:
                break
            self.labels = np.searchsorted(alive, moved).astype(np.int32)
            self.n_clusters = len(alive)

    def _count(self) -> None:
        self._counts = label_counts(self._posteriors, self.labels, self.n_clusters)


def most_clusters(n_frames: int, options: IbViterbiOptions) -> int:
    """How many clusters ``n_frames`` of speech have room for: one a minimum duration, and at least one."""
    seconds = options.kl_min_duration if options.emissions == "kl_hmm" else options.min_duration
    return max(1, n_frames // to_frame(seconds))


def merge_history(
    frames: Float32, relevance: Relevance, options: IbViterbiOptions, gains: MergeGains, fewest: int = 1
) -> History:
    """Merge down to one cluster: segments first, and from ``--aib-clusters`` on with realignment.

    ``frames`` (T, D) are the speech frames for mixtures. Where the first segmentations drop clusters, the history holds
    the aIB's own partitions, without a ``loss``, down to as many as are left: who asks for more speakers gets those. It
    starts with ``fewest`` clusters if that is more than the options say, and has the same merges otherwise.
    """
    room = min(most_clusters(len(frames), options), len(relevance.lengths))
    start = min(options.aib_clusters, room)
    with part(0.0, _SEGMENTS_EFFORT):
        segments = aib.merge_history(relevance, options)
    first = next(partition for partition in segments if partition.n_clusters == start)
    all_information = information.information(aib.joint_distribution(relevance, options))
    if options.emissions == "hmm_gmm":
        emissions: Emissions = GmmEmissions(frames, options)
    else:
        emissions = KlEmissions(relevance.posteriors, options)
    clusters = ViterbiClusters(
        relevance.posteriors,
        segments.frame_labels(first),
        emissions,
        gains,
        options,
        all_information,
    )
    before = [
        _before_realignment(segments, known, relevance, options, gains, all_information)
        for known in segments
        if clusters.n_clusters < known.n_clusters <= max(start, min(fewest, room))
    ]
    with part(_SEGMENTS_EFFORT, 1.0):
        after = agglomerate(clusters, np.ones(len(frames), dtype=np.int64))
    return History([*before, *after], after.lengths, fewest if fewest > start else 1)


def _before_realignment(
    segments: History,
    partition: Partition,
    relevance: Relevance,
    options: IbViterbiOptions,
    gains: MergeGains,
    all_information: float,
) -> Partition:
    """The aIB's partition with gain and measures counted as those after it, from frames; without a loss."""
    labels = segments.frame_labels(partition)
    counts = label_counts(relevance.posteriors, labels, partition.n_clusters)
    pair = partition.best_merge
    if pair is not None:
        pair = Merge(pair.first, pair.second, float(gains(counts)[pair.first, pair.second]))
    measures = information.measures(counts / counts.sum(), all_information, options.beta)
    return Partition(labels, partition.n_clusters, pair, measures)
