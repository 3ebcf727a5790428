"""Agglomerative clustering with an HMM of Gaussian mixtures and delta-BIC.

J. Ajmera and C. Wooters, "A robust speaker clustering algorithm", ASRU 2003; X. Anguera, "Robust Speaker Diarization
for Meetings", PhD thesis, UPC 2006. A cluster is a state of an HMM with a minimum duration and a mixture as its
density. The merge of clusters a and b gains

    delta_bic(a, b) = log p(D_a, D_b | theta_ab) - log p(D_a | theta_a) - log p(D_b | theta_b)

nats, where theta_ab has as many Gaussians as theta_a and theta_b together: the number of parameters stays the same, so
BIC's penalty cancels and the threshold is 0. After every merge the frames are segmented and the mixtures trained anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diar import gmm, hmm
from diar.cluster.agglomerate import (
    GainStop,
    History,
    Labels,
    Merge,
    StopRule,
    agglomerate,
    merged,
)
from diar.errors import DataError
from diar.frames import to_frame
from diar.gmm import Float32, Gmm
from diar.options import flag, option
from diar.speaker_model import SpeakerModelOptions


@dataclass(frozen=True)
class HmmGmmOptions(SpeakerModelOptions):
    """HMM/GMM clustering by delta-BIC."""

    initial_clusters: int = option(0, "initial number of clusters; 0: by the amount of speech, as below", low=0)
    num_gaussians: int = option(0, "Gaussians of an initial cluster; 0: by the amount of speech, as below", low=0)
    typical_initial_clusters: int = option(
        16, "the Gaussians that the speech supports, by the cluster complexity ratio, are shared by this many", low=1
    )
    fewest_gaussians: int = option(2, "fewest Gaussians of an initial cluster by the amount of speech", low=1)
    most_gaussians: int = option(4, "most Gaussians of an initial cluster by the amount of speech", low=1)
    fewest_initial_clusters: int = option(10, "fewest initial clusters by the amount of speech", low=1)
    most_initial_clusters: int = option(20, "most initial clusters by the amount of speech", low=1)
    initial_partitions: int = option(
        1, "cut the speech in this many partitions, each in as many pieces as clusters; piece k seeds cluster k", low=1
    )
    initial_shift: float = option(
        0.0, "shift of the initial pieces, in pieces: to see how much hangs on where they lie", low=0, high=1
    )
    initial_passes: int = option(10, "passes of segmentation and training before the first merge", low=0)
    merge_passes: int = option(3, "passes of segmentation and training after each merge", low=0)
    merge_candidates: int = option(
        5, "pairs tried at each merge: those of largest delta-BIC before their mixture is trained; 0 for all", low=0
    )
    segmentation: str = option(
        "viterbi",
        "how frames find their cluster: exact Viterbi, or majority in fixed windows",
        choices=("viterbi", "polling"),
    )
    lost_clusters: str = option(
        "keep",
        "after the first merge, a segmentation that leaves a cluster without frames is refused, or the cluster dropped",
        choices=("drop", "keep"),
    )
    bic_threshold: float = option(0.0, "merge while a pair gains more delta-BIC than this", unit="nats", recut=True)

    @property
    def stop(self) -> StopRule:
        return GainStop(self.bic_threshold)

    def __post_init__(self) -> None:
        super().__post_init__()
        for what in ("gaussians", "initial_clusters"):
            fewest, most = getattr(self, f"fewest_{what}"), getattr(self, f"most_{what}")
            if fewest > most:
                limit = f"{flag(f'most_{what}')}={most}"
                raise DataError(flag(f"fewest_{what}"), f"found {fewest}", f"wanted at most {limit}")


def merge_history(frames: Float32, options: HmmGmmOptions, fewest: int = 1) -> History:
    """Merge clusters of (T, D) speech frames, T >= 1, down to one; the first has ``fewest`` clusters at least.

    The history says so (``fewest``) where it had been another one without that wish.
    """
    clusters = HmmGmmClusters(frames, options, min(fewest, most_clusters(len(frames), options)))
    clusters.realign(options.initial_passes)
    history = agglomerate(clusters, np.ones(len(frames), dtype=np.int64))
    return History(history.partitions, history.lengths, fewest if clusters.is_bound else 1)


def most_clusters(n_frames: int, options: HmmGmmOptions) -> int:
    """How many clusters ``n_frames`` of speech have room for: one a minimum duration, and at least one."""
    return max(1, n_frames // to_frame(options.min_duration))


def initial_complexity(n_frames: int, options: HmmGmmOptions, fewest: int = 1) -> tuple[int, int]:
    """The initial number of clusters, and of Gaussians in each, for ``n_frames`` of speech.

    Without a number in the options, the Gaussians that the speech supports are divided among 16 clusters; as many
    clusters are then made as there are shares. Both stay within the options' limits: less than 10 clusters are bound to
    mix speakers, more than 4 Gaussians take in two. There are at least ``fewest`` clusters, and never more than there
    are minimum durations of speech.
    """
    total = options.total_gaussians(n_frames)
    share = min(max(int(total / options.typical_initial_clusters), options.fewest_gaussians), options.most_gaussians)
    n_gaussians = options.num_gaussians or share
    shares = min(max(round(total / n_gaussians), options.fewest_initial_clusters), options.most_initial_clusters)
    wanted = options.initial_clusters or shares
    return max(fewest, min(wanted, most_clusters(n_frames, options))), n_gaussians


def initial_labels(n_frames: int, n_clusters: int, n_partitions: int = 1, shift: float = 0.0) -> Labels:
    """(T,) the uniform partition: ``n_partitions`` times ``n_clusters`` equal pieces, in turn for each cluster.

    ``shift`` moves the boundaries later by that share of a piece; what is left at the front goes to the last piece.
    """
    n_pieces = n_clusters * n_partitions
    piece = np.floor(np.arange(n_frames) * (n_pieces / n_frames) - shift).astype(np.int64)
    labels: Labels = (piece % n_pieces % n_clusters).astype(np.int32)
    return labels


class HmmGmmClusters:
    """The state of the clustering: the label of each frame and the mixture of each cluster (see ``Clusters``)."""

    def __init__(self, frames: Float32, options: HmmGmmOptions, fewest: int = 1) -> None:
        n_frames = len(frames)
        n_clusters, n_gaussians = initial_complexity(n_frames, options, fewest)
        self._options = options
        self._fewest = fewest
        self._phi = gmm.expand(gmm.standardise(frames))
        n_partitions = min(options.initial_partitions, max(1, n_frames // n_clusters))  # a frame a piece or more
        self._labels = initial_labels(n_frames, n_clusters, n_partitions, options.initial_shift)
        self._gmms = [
            gmm.seed(part, n_gaussians, options.em_iterations, options.variance_floor) for part in self._parts()
        ]
        self._merging = False
        self.is_bound = n_clusters > initial_complexity(n_frames, options)[0]  # by the fewest clusters wanted
        self._merged: Gmm | None = None  # the mixture of the pair that best_merge found

    @property
    def labels(self) -> Labels:
        return self._labels

    @property
    def n_clusters(self) -> int:
        return len(self._gmms)

    @property
    def measures(self) -> dict[str, float]:
        return {}

    def realign(self, n_passes: int) -> None:
        """Segment and train, ``n_passes`` times.

        Before the first merge, clusters left without frames are dropped; see ``--lost-clusters`` for later. A
        segmentation that would leave fewer clusters than wanted is refused in any case.
        """
        for _ in range(n_passes):
            labels = self._segmentation()
            counts = np.bincount(labels, minlength=self.n_clusters)
            alive = np.flatnonzero(counts)
            fewest = min(self._fewest, self.n_clusters)  # below it, on the way down to one, nothing more is wanted
            dropping = not self._merging or self._options.lost_clusters == "drop"
            may_drop = dropping and len(alive) >= fewest
            self.is_bound |= dropping and len(alive) < fewest
            if len(alive) == self.n_clusters or may_drop:
                self._gmms = [self._gmms[k] for k in alive]
                self._labels = np.searchsorted(alive, labels).astype(np.int32)
            self._gmms = [
                gmm.train(model, [part], self._options.em_iterations, self._options.variance_floor)
                for model, part in zip(self._gmms, self._parts(), strict=True)
            ]

    def best_merge(self) -> Merge:
        parts = self._parts()
        scores = gmm.log_likelihoods(self._phi, self._gmms)
        own = [float(scores[self._labels == k, k].sum(dtype=np.float64)) for k in range(self.n_clusters)]
        best: Merge | None = None
        for a, b in self._candidates(scores, own):
            pair = [parts[a], parts[b]]
            mixture = gmm.train(
                gmm.merge(self._gmms[a], self._gmms[b], len(parts[a]) / (len(parts[a]) + len(parts[b]))),
                pair,
                self._options.em_iterations,
                self._options.variance_floor,
            )
            delta_bic = gmm.total_log_likelihood(mixture, pair) - own[a] - own[b]
            if best is None or delta_bic > best.gain:
                best, self._merged = Merge(a, b, delta_bic), mixture
        assert best is not None, "one cluster cannot be merged"
        return best

    def _candidates(self, scores: Float32, own: list[float]) -> list[tuple[int, int]]:
        """The pairs worth training: those with the largest delta-BIC before training, all if the options say so."""
        untrained = gmm.mixed_log_likelihoods(scores, self._labels)
        pairs = [(a, b) for a in range(self.n_clusters) for b in range(a + 1, self.n_clusters)]
        pairs.sort(key=lambda pair: own[pair[0]] + own[pair[1]] - untrained[pair])
        return pairs[: self._options.merge_candidates or None]

    def merge(self, pair: Merge) -> None:
        assert self._merged is not None, "best_merge comes first"
        self._gmms[pair.first] = self._merged
        self._labels = merged(self._labels, pair, self.n_clusters)
        self._gmms[pair.second] = self._gmms[-1]
        del self._gmms[-1]
        self._merged = None
        self._merging = True
        self.realign(self._options.merge_passes)

    def _parts(self) -> list[Float32]:
        """The expanded frames of each cluster."""
        return [self._phi[self._labels == k] for k in range(int(self._labels.max()) + 1)]

    def _segmentation(self) -> Labels:
        options, min_duration = self._options, to_frame(self._options.min_duration)
        scores = gmm.log_likelihoods(self._phi, self._gmms)
        if options.segmentation == "polling":
            return hmm.polling(scores, min_duration)
        return hmm.viterbi(scores, min_duration, options.self_loop, options.jump)
