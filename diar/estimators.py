"""The clusterers and the realignment alone, on arrays, in scikit-learn's habit.

    >>> from diar.estimators import AgglomerativeIB
    >>> labels = AgglomerativeIB(n_speakers=3).fit_predict(frames)

``frames`` are (T, D) feature frames of speech, 100 a second, in their order in time; labels are (T,) int32, numbered by
first appearance. Speech with pauses taken out is joined, as everywhere in the toolkit.
"""

from __future__ import annotations

import warnings
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClusterMixin

from diar.cluster.agglomerate import History, Labels, SpeakerRange
from diar.cluster.aib import AibOptions
from diar.cluster.hmm_gmm import HmmGmmOptions
from diar.cluster.ib_hmm_gmm import IbHmmGmmOptions
from diar.cluster.ib_viterbi import IbViterbiOptions
from diar.errors import DataError
from diar.pipeline import ClustererOptions, count_speakers, frames_to_clusters, realign_clusters, speaker_shortfall
from diar.realign import RealignOptions

Float32 = NDArray[np.float32]


class _Clusterer(ClusterMixin, BaseEstimator):
    """Clustering of speech frames into speakers.

    Args:
        n_speakers: how many there are; None: the stop rule decides.
        options: those of the algorithm; None: its defaults.

    Attributes:
        labels_: (T,) int32.
        n_speakers_: how many were found.
        history_: all merges, for other cuts (``diar.cluster.agglomerate.cut``).
    """

    _options: ClassVar[type[ClustererOptions]]

    labels_: Labels
    n_speakers_: int
    history_: History

    def __init__(self, n_speakers: int | None = None, options: ClustererOptions | None = None) -> None:
        self.n_speakers = n_speakers
        self.options = options

    def fit(self, frames: ArrayLike, y: object = None) -> _Clusterer:
        """Cluster (T, D) ``frames``; ``y`` is ignored.

        Raises:
            DataError: frames that are no finite (T, D) array, options of another algorithm, or no number of speakers.
        """
        options = self._options() if self.options is None else self.options
        if type(options) is not self._options:
            wanted = f"wanted {self._options.__name__}"
            raise DataError(f"{type(self).__name__}: options", f"found {type(options).__name__}", wanted)
        if self.n_speakers is not None and (not isinstance(self.n_speakers, Integral) or self.n_speakers < 1):
            raise DataError("n_speakers", f"found {self.n_speakers}", "wanted a whole number of at least 1, or None")
        spoken = checked_frames(frames)
        allowed = SpeakerRange(self.n_speakers or 1, self.n_speakers)
        found = frames_to_clusters(spoken, np.ones(len(spoken), dtype=bool), options, allowed)
        self.labels_, self.history_ = found.labels, found.history
        self.n_speakers_ = count_speakers(found.labels)
        if shortfall := speaker_shortfall(found.labels, allowed, options):
            warnings.warn(shortfall, stacklevel=2)
        return self


class HmmGmm(_Clusterer):
    """HMM/GMM clustering by delta-BIC (``diar.cluster.hmm_gmm``)."""

    _options = HmmGmmOptions


class AgglomerativeIB(_Clusterer):
    """The agglomerative information bottleneck (``diar.cluster.aib``)."""

    _options = AibOptions


class ViterbiIB(_Clusterer):
    """The information bottleneck with Viterbi realignment after every merge (``diar.cluster.ib_viterbi``)."""

    _options = IbViterbiOptions


class HmmGmmLikeIB(_Clusterer):
    """The information bottleneck made to behave like HMM/GMM clustering (``diar.cluster.ib_hmm_gmm``)."""

    _options = IbHmmGmmOptions


class Realigner(BaseEstimator):
    """Realignment of labels by a mixture a speaker and minimum-duration Viterbi (``diar.realign``)."""

    def __init__(self, options: RealignOptions | None = None) -> None:
        self.options = options

    def transform(self, frames: ArrayLike, labels: ArrayLike) -> Labels:
        """(T,) labels of (T, D) ``frames`` realigned, from (T,) ``labels``, -1 where nobody speaks.

        Raises:
            DataError: frames that are no finite (T, D) array, or labels of another length.
        """
        spoken, before = checked_frames(frames), np.asarray(labels)
        if before.shape != (len(spoken),):
            raise DataError("labels", f"found shape {before.shape}", f"wanted ({len(spoken)},), as many as frames")
        return realign_clusters(spoken, before.astype(np.int32), self.options or RealignOptions())

    def fit(self, frames: ArrayLike, y: object = None) -> Realigner:
        """Nothing is learned beforehand."""
        return self


def checked_frames(frames: Any) -> Float32:
    """``frames`` as a contiguous (T, D) float32 array.

    Raises:
        DataError: another shape, none at all, or values that are not finite.
    """
    array = np.ascontiguousarray(frames, dtype=np.float32)
    if array.ndim != 2 or 0 in array.shape:
        raise DataError("frames", f"found an array of shape {array.shape}", "wanted (T, D) feature frames")
    if not np.isfinite(array).all():
        raise DataError("frames", "found values that are not finite", "wanted numbers")
    return array
