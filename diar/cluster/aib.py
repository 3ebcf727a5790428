"""Agglomerative information bottleneck.

N. Slonim and N. Tishby, "Agglomerative Information Bottleneck", NIPS 1999; D. Vijayasenan, F. Valente and H. Bourlard,
"An Information Theoretic Approach to Speaker Diarization of Meeting Data", IEEE TASLP 17(7), 2009. Legend: x segment, y
relevance variable, c cluster; n_c(y) = p(c, y) = sum over x in c of p(x) p(y|x); logarithms are natural.

Clusters keep what segments tell of the relevance variables, and forget which segment it was:

    F = I(Y;C) - I(C;X) / beta

A merge of i and j costs (p_i + p_j) (JS(p(y|i), p(y|j)) - H(pi) / beta) of it, pi = (p_i, p_j) / (p_i + p_j). In the
form of ``diar.cluster.information`` only the logarithms of one sum of rows are new after a merge.

Where to stop. NMI = I(Y;C) / I(X;Y) falls from 1 to 0; a threshold on it depends on how many speakers share the
information. The default test is one of description length instead: the frames of two clusters, as draws of y, lose

    T (p_i + p_j) JS

nats of log-likelihood when one distribution replaces two, and a distribution less has to be described. BIC's price of
it, (|Y| - 1) / 2 log T, takes |Y| for fixed, but here every few seconds bring a new y, and most are rare. What it costs
to describe the pattern of T draws from an unknown distribution, however many symbols there are, is of the order of
sqrt(T) nats (A. Orlitsky, N. Santhanam and J. Zhang, "Universal Compression of Memoryless Sources over Unknown
Alphabets", IEEE Trans. Information Theory 50(7), 2004). So ``loss`` is what the best merge loses over sqrt(T), and
merging goes on while it is at most ``--cluster-price``. One price fits simulated meetings from half a minute to an
hour, where BIC's penalty would need a weight that falls from 5 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diar.cluster.agglomerate import (
    History,
    Labels,
    LossStop,
    MeasureStop,
    Merge,
    Partition,
    SpeakerRange,
    StopRule,
    agglomerate,
    merged,
)
from diar.cluster.information import phi, relative_information, xlogx
from diar.cluster.sib import sequential
from diar.gmm import Float64
from diar.options import option
from diar.posteriors import Relevance, RelevanceOptions

_DIARTK_CLUSTERS = 10  # its NMI threshold is dead code: it always cuts at --maxclust


@dataclass(frozen=True)
class BottleneckOptions(RelevanceOptions):
    """The information bottleneck's objective, and where its merging stops."""

    beta: float = option(10.0, "what a nat of I(Y;C) is worth in nats of I(C;X)", low=1e-3)
    prior: str = option(
        "uniform", "segments count alike, or by their duration", choices=("uniform", "duration")
    )
    cluster_price: float = option(
        6.5, "merge while a merge loses at most this times the root of the number of frames", unit="nats", low=0,
        recut=True,
    )  # fmt: skip
    nmi_threshold: float = option(
        0.0, "stop by normalised mutual information: the fewest clusters above this; 0: by price", low=0, high=1,
        recut=True,
    )  # fmt: skip

    @property
    def stop(self) -> StopRule:
        return MeasureStop("nmi", self.nmi_threshold) if self.nmi_threshold else LossStop("loss", self.cluster_price)


@dataclass(frozen=True)
class AibOptions(BottleneckOptions):
    """Agglomerative information bottleneck."""

    sib_sweeps: int = option(0, "sweeps of sequential information bottleneck after the cut", low=0, recut=True)
    compat: str = option(
        "none",
        "as the released DiarTK, whatever prior, posteriors, price and NMI say: 10 clusters, or --max-spk",
        choices=("none", "diartk"),
    )

    @property
    def is_diartk(self) -> bool:
        return self.compat == "diartk"

    def limit(self, allowed: SpeakerRange) -> SpeakerRange:
        """The numbers of clusters to cut at: DiarTK cuts at its most clusters whatever the recording."""
        if not self.is_diartk or allowed.most == allowed.fewest:
            return allowed
        most = allowed.most or max(_DIARTK_CLUSTERS, allowed.fewest)
        return SpeakerRange(most, most)


def joint_distribution(relevance: Relevance, options: BottleneckOptions) -> Float64:
    """(N, Y) p(x, y) of the segments; DiarTK's count alike."""
    n_segments = len(relevance.lengths)
    by_duration = options.prior == "duration" and not options.is_diartk
    p_x = relevance.lengths / relevance.lengths.sum() if by_duration else np.full(n_segments, 1.0 / n_segments)
    joint: Float64 = relevance.segments * p_x[:, np.newaxis]
    return joint


class BottleneckClusters:
    """The state of the aIB: the joint distribution of the clusters and the cost of every merge (see ``Clusters``).

    The nearest neighbour of each cluster is kept, so that a merge computes one row of costs and looks through the rows
    that had lost their neighbour.
    """

    def __init__(self, joint: Float64, beta: float, n_frames: int) -> None:
        """``joint`` (N, Y) is p(x, y); ``n_frames`` is how many frames' log-likelihood the losses stand for."""
        from diar.kernels.bottleneck import all_merge_costs

        self._beta = beta
        self.n_clusters = len(joint)
        self.labels: Labels = np.arange(self.n_clusters, dtype=np.int32)
        self._columns = np.ascontiguousarray(joint.T, dtype=np.float32)
        self._mass: Float64 = joint.sum(axis=1)
        self._phi: Float64 = phi(joint)
        self._relevance_entropy = -float(xlogx(joint.sum(axis=0)).sum())
        self._all_information = max(0.0, float(self._phi.sum()) + self._relevance_entropy)
        self._root_frames = float(np.sqrt(n_frames))
        self._costs = np.empty((self.n_clusters, self.n_clusters), dtype=np.float32)
        self._new_costs = np.empty(self.n_clusters, dtype=np.float32)
        all_merge_costs(self._columns, self._mass, self._phi, 1.0 / beta, self._costs)
        self._nearest = self._costs.argmin(axis=1)
        self._nearest_cost = self._costs[np.arange(self.n_clusters), self._nearest]

    @property
    def measures(self) -> dict[str, float]:
        """The NMI, F in nats, and what the best merge would lose, in nats over the root of the number of frames."""
        mass = self._mass[: self.n_clusters]
        everything_merged = self.n_clusters == 1
        kept = 0.0 if everything_merged else max(0.0, float(self._phi[: len(mass)].sum()) + self._relevance_entropy)
        nmi = relative_information(kept, self._all_information)
        found = {"nmi": nmi, "f": kept + float(xlogx(mass).sum()) / self._beta}
        if self.n_clusters > 1:
            pair = self.best_merge()
            p_i, p_j = mass[pair.first], mass[pair.second]
            entropy = float(xlogx(p_i + p_j) - xlogx(p_i) - xlogx(p_j))
            found["loss"] = max(0.0, entropy / self._beta - pair.gain) * self._root_frames
        return found

    def best_merge(self) -> Merge:
        row = int(self._nearest_cost[: self.n_clusters].argmin())
        other = int(self._nearest[row])
        return Merge(min(row, other), max(row, other), -float(self._nearest_cost[row]))

    def merge(self, pair: Merge) -> None:
        from diar.kernels.bottleneck import merge_costs

        first, second, last = pair.first, pair.second, self.n_clusters - 1
        self.labels = merged(self.labels, pair, self.n_clusters)
        column = self._columns[:, first].astype(np.float64) + self._columns[:, second]
        self._columns[:, first] = column
        self._mass[first] += self._mass[second]
        self._phi[first] = float(xlogx(column).sum() - xlogx(self._mass[first]))
        stale = np.isin(self._nearest, (first, second))  # rows that must look again
        stale[first] = True
        if second != last:  # the last takes the place of the second
            self._columns[:, second] = self._columns[:, last]
            for values in (self._mass, self._phi, self._nearest, self._nearest_cost, stale):
                values[second] = values[last]
            self._costs[second] = self._costs[last]
            self._costs[:, second] = self._costs[:, last]
            self._nearest[self._nearest == last] = second
        self.n_clusters = n = last
        costs = self._new_costs
        merge_costs(self._columns, self._mass, self._phi, 1.0 / self._beta, first, 0, n, costs)
        self._costs[first, :n] = self._costs[:n, first] = costs[:n]
        if n == 1:
            return
        nearer = costs[:n] < self._nearest_cost[:n]
        self._nearest[:n][nearer] = first
        self._nearest_cost[:n][nearer] = costs[:n][nearer]
        rows = np.flatnonzero(stale[:n])
        self._nearest[rows] = self._costs[rows, :n].argmin(axis=1)
        self._nearest_cost[rows] = self._costs[rows, self._nearest[rows]]


def merge_history(relevance: Relevance, options: BottleneckOptions) -> History:
    """Merge the segments down to one cluster."""
    joint = joint_distribution(relevance, options)
    n_frames = int(relevance.lengths.sum())
    return agglomerate(BottleneckClusters(joint, options.beta, n_frames), relevance.lengths)


def refine(partition: Partition, relevance: Relevance, options: AibOptions) -> Partition:
    """The partition after ``sib_sweeps`` sweeps of the sequential information bottleneck."""
    if not options.sib_sweeps or partition.n_clusters == 1:
        return partition
    joint = joint_distribution(relevance, options)
    labels = sequential(joint, partition.labels, options.beta, options.sib_sweeps)
    return Partition(labels, partition.n_clusters, partition.best_merge, partition.measures)
