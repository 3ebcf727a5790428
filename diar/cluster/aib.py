"""Agglomerative and sequential information bottleneck.

N. Slonim and N. Tishby, "Agglomerative Information Bottleneck", NIPS 1999; D. Vijayasenan, F. Valente and H. Bourlard,
"An Information Theoretic Approach to Speaker Diarization of Meeting Data", IEEE TASLP 17(7), 2009. Legend: x segment, y
relevance variable, c cluster; n_c(y) = p(c, y) = sum over x in c of p(x) p(y|x); logarithms are natural.

Clusters keep what segments tell of the relevance variables, and forget which segment it was:

    F = I(Y;C) - I(C;X) / beta

A merge of i and j costs (p_i + p_j) (JS(p(y|i), p(y|j)) - H(pi) / beta) of it, pi = (p_i, p_j) / (p_i + p_j). With

    phi(n) = sum_y n(y) log n(y) - (sum_y n(y)) log(sum_y n(y))

the divergence is (p_i + p_j) JS = phi(n_i) + phi(n_j) - phi(n_i + n_j) and I(Y;C) = sum_c phi(n_c) + H(Y), so that only
the logarithms of one sum of rows are new after a merge.

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
from diar.options import option
from diar.posteriors import Float64, Lengths, Relevance, RelevanceOptions

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
        if self.is_diartk:
            return LossStop("loss", 0.0)
        return MeasureStop("nmi", self.nmi_threshold) if self.nmi_threshold else LossStop("loss", self.cluster_price)

    @property
    def segment_prior(self) -> str:
        """``prior``, or DiarTK's."""
        return "uniform" if self.is_diartk else self.prior

    def limit(self, allowed: SpeakerRange) -> SpeakerRange:
        """The numbers of clusters to cut at: DiarTK cuts at its most clusters whatever the recording."""
        if not self.is_diartk or allowed.most == allowed.fewest:
            return allowed
        most = allowed.most or max(_DIARTK_CLUSTERS, allowed.fewest)
        return SpeakerRange(most, most)


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


_ROUNDING = 1e-9  # nats: less information than this is none


def xlogx(values: Float64) -> Float64:
    """x log x, 0 for 0."""
    out: Float64 = values * np.log(np.where(values > 0, values, 1.0))
    return out


def phi(rows: Float64) -> Float64:
    """(C,) phi of (C, Y) rows."""
    out: Float64 = xlogx(rows).sum(axis=1) - xlogx(rows.sum(axis=1))
    return out


def information(joint: Float64) -> float:
    """I(Y;C) of the (C, Y) joint distribution p(c, y), in nats, at least 0."""
    return max(0.0, float(phi(joint).sum() - xlogx(joint.sum(axis=0)).sum()))


def relative_information(kept: float, everything: float) -> float:
    """NMI: the share of ``everything`` that is ``kept``, from 0 to 1; 1 where there is nothing to lose."""
    return min(1.0, kept / everything) if everything > _ROUNDING else 1.0


def joint_distribution(segments: Float64, lengths: Lengths, prior: str) -> Float64:
    """(N, Y) p(x, y) of the segments' p(y|x)."""
    p_x = lengths / lengths.sum() if prior == "duration" else np.full(len(lengths), 1.0 / len(lengths))
    joint: Float64 = segments * p_x[:, np.newaxis]
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
        self._n = len(joint)
        self._labels: Labels = np.arange(self._n, dtype=np.int32)
        self._columns = np.ascontiguousarray(joint.T, dtype=np.float32)
        self._mass: Float64 = joint.sum(axis=1)
        self._phi: Float64 = phi(joint)
        self._relevance_entropy = -float(xlogx(joint.sum(axis=0)).sum())
        self._all_information = max(0.0, float(self._phi.sum()) + self._relevance_entropy)
        self._root_frames = float(np.sqrt(n_frames))
        self._costs = np.empty((self._n, self._n), dtype=np.float32)
        self._new_costs = np.empty(self._n, dtype=np.float32)
        all_merge_costs(self._columns, self._mass, self._phi, 1.0 / beta, self._costs)
        self._nearest = self._costs.argmin(axis=1)
        self._nearest_cost = self._costs[np.arange(self._n), self._nearest]

    @property
    def labels(self) -> Labels:
        return self._labels

    @property
    def n_clusters(self) -> int:
        return self._n

    @property
    def measures(self) -> dict[str, float]:
        """The NMI, F in nats, and what the best merge would lose, in nats over the root of the number of frames."""
        mass = self._mass[: self._n]
        kept = max(0.0, float(self._phi[: self._n].sum()) + self._relevance_entropy) if self._n > 1 else 0.0
        nmi = relative_information(kept, self._all_information)
        found = {"nmi": nmi, "f": kept + float(xlogx(mass).sum()) / self._beta}
        if self._n > 1:
            pair = self.best_merge()
            p_i, p_j = mass[pair.first], mass[pair.second]
            entropy = float(xlogx(p_i + p_j) - xlogx(p_i) - xlogx(p_j))
            found["loss"] = max(0.0, entropy / self._beta - pair.gain) * self._root_frames
        return found

    def best_merge(self) -> Merge:
        row = int(self._nearest_cost[: self._n].argmin())
        other = int(self._nearest[row])
        return Merge(min(row, other), max(row, other), -float(self._nearest_cost[row]))

    def merge(self, pair: Merge) -> None:
        from diar.kernels.bottleneck import merge_costs

        first, second, last = pair.first, pair.second, self._n - 1
        self._labels = merged(self._labels, pair, self._n)
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
            self._costs[second, second] = np.inf
            self._nearest[self._nearest == last] = second
        self._n = n = last
        costs = self._new_costs
        merge_costs(self._columns, self._mass, self._phi, 1.0 / self._beta, first, 0, n, costs)
        self._costs[first, :n] = self._costs[:n, first] = costs[:n]
        if n == 1:
            return
        nearer = costs[:n] < self._nearest_cost[:n]
        self._nearest[:n][nearer] = first
        self._nearest_cost[:n][nearer] = costs[:n][nearer]
        rows = np.flatnonzero(stale[:n] & ~(nearer & (np.arange(n) != first)))
        self._nearest[rows] = self._costs[rows, :n].argmin(axis=1)
        self._nearest_cost[rows] = self._costs[rows, self._nearest[rows]]


def merge_history(relevance: Relevance, options: BottleneckOptions) -> History:
    """Merge the segments down to one cluster."""
    joint = joint_distribution(relevance.segments, relevance.lengths, options.segment_prior)
    n_frames = int(relevance.lengths.sum())
    return agglomerate(BottleneckClusters(joint, options.beta, n_frames), relevance.lengths)


def refine(partition: Partition, relevance: Relevance, options: AibOptions) -> Partition:
    """The partition after ``sib_sweeps`` sweeps of the sequential information bottleneck."""
    if not options.sib_sweeps or partition.n_clusters == 1:
        return partition
    joint = joint_distribution(relevance.segments, relevance.lengths, options.segment_prior)
    labels = sequential(joint, partition.labels, options.beta, options.sib_sweeps)
    return Partition(labels, partition.n_clusters, partition.best_merge, partition.measures)


def sequential(joint: Float64, labels: Labels, beta: float, n_sweeps: int) -> Labels:
    """(N,) labels after sweeps of the sequential information bottleneck; F never falls, and no cluster is emptied.

    Each segment in turn leaves its cluster for the one that it costs least to join (N. Slonim, N. Friedman and N.
    Tishby, "Unsupervised Document Classification using Sequential Information Maximization", SIGIR 2002). Ends early
    when a sweep moves nothing.
    """
    labels = labels.copy()
    n_clusters = int(labels.max()) + 1
    clusters = np.zeros((n_clusters, joint.shape[1]))
    np.add.at(clusters, labels, joint)
    sizes = np.bincount(labels, minlength=n_clusters)
    alone = phi(joint)
    for _ in range(n_sweeps):
        moved = False
        for x, row in enumerate(joint):
            home = int(labels[x])
            if sizes[home] == 1:
                continue
            clusters[home] = np.maximum(clusters[home] - row, 0.0)
            costs = _joining_costs(row, alone[x], clusters, beta)
            best = int(costs.argmin())
            if costs[best] >= costs[home] - 1e-12:  # rounding must not move a segment back and forth
                best = home
            clusters[best] += row
            if best != home:
                labels[x] = best
                sizes[home] -= 1
                sizes[best] += 1
                moved = True
        if not moved:
            break
    return labels


def _joining_costs(row: Float64, alone: float, clusters: Float64, beta: float) -> Float64:
    """(C,) what F loses when ``row`` joins each of ``clusters``."""
    mass, masses = row.sum(), clusters.sum(axis=1)
    divergence = np.maximum(alone + phi(clusters) - phi(clusters + row), 0.0)
    costs: Float64 = divergence - (xlogx(masses + mass) - xlogx(masses) - xlogx(mass)) / beta
    return costs


