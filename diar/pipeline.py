"""Clustering and realignment of a recording in memory, by any of the algorithms.

The steps of a recipe and ``diar.diarization`` call the same functions, so that they cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diar import realign
from diar.background import Background, Stream, check_streams
from diar.cluster import aib, hmm_gmm, ib_viterbi
from diar.cluster.agglomerate import (
    History,
    Labels,
    SpeakerRange,
    cut,
    on_all_frames,
    renumber,
)
from diar.cluster.aib import AibOptions
from diar.cluster.hmm_gmm import HmmGmmOptions
from diar.cluster.ib_hmm_gmm import IbHmmGmmOptions, log_likelihood_gains
from diar.cluster.ib_viterbi import IbViterbiOptions, bottleneck_gains
from diar.errors import DataError
from diar.frames import to_frame, to_seconds
from diar.gmm import Float32
from diar.posteriors import Relevance, cut_segments, diartk_segments, relevance
from diar.realign import KlRealignOptions, RealignOptions, SmoothOptions

ClustererOptions = HmmGmmOptions | AibOptions | IbViterbiOptions
RealignerOptions = RealignOptions | KlRealignOptions | SmoothOptions

CLUSTERERS: dict[str, type[ClustererOptions]] = {
    "hmm_gmm": HmmGmmOptions,
    "aib": AibOptions,
    "aib_viterbi": IbViterbiOptions,
    "ib_hmm_gmm": IbHmmGmmOptions,
}
REALIGNERS: dict[str, type[RealignerOptions]] = {
    "hmm_gmm": RealignOptions,
    "kl_hmm": KlRealignOptions,
    "smooth": SmoothOptions,
}
GAINS = {  # what the gain of a merge is called in histories
    "hmm_gmm": "delta_bic",
    "aib": "delta_f",
    "aib_viterbi": "delta_f",
    "ib_hmm_gmm": "delta_log_likelihood",
}
NO_MERGES = History([], np.zeros(0, dtype=np.int64))


@dataclass(frozen=True)
class Clustering:
    """(T,) ``labels`` of all frames, numbered by first appearance, -1 without speech; the merges of the speech frames.

    ``background`` is the model that the information bottleneck made, None where none was made.
    """

    labels: Labels
    history: History
    background: Background | None


def frames_to_clusters(
    frames: Float32,
    speech: NDArray[np.bool_],
    options: ClustererOptions,
    allowed: SpeakerRange,
    streams: Sequence[Stream] | None = None,
    history: History | None = None,
) -> Clustering:
    """Cluster the speech of (T, D) ``frames``; by ``history``, where the merges are known, and only the cut is new.

    ``streams`` is what the information bottleneck sees; without any, the frames.

    Raises:
        DataError: streams that cannot be combined, or more speakers wanted than ``history`` starts with.
    """
    lengths = None
    if isinstance(options, AibOptions) and options.is_diartk:
        speech, lengths = diartk_segments(speech, to_frame(options.max_segment))
    if not speech.any():
        return Clustering(on_all_frames(np.zeros(0, dtype=np.int32), speech), NO_MERGES, None)
    streams = streams or (Stream("feats", frames),)
    check_streams(streams, len(frames))
    spoken = np.ascontiguousarray(frames[speech])
    seen: Relevance | None = None
    refining = isinstance(options, AibOptions) and options.sib_sweeps > 0
    if not isinstance(options, HmmGmmOptions) and (history is None or refining):
        seen = relevance(streams, speech, options, lengths)
    if isinstance(options, AibOptions):
        allowed = options.limit(allowed)
    allowed = allowed.limited_to(most_clusters(speech, options))
    if history is None:
        history = _merge_history(spoken, seen, options, allowed.fewest)
    else:
        _check_recut(history, int(speech.sum()), allowed)
    partition = cut(history, options.stop, allowed)
    if refining and isinstance(options, AibOptions) and seen is not None:
        partition = aib.refine(partition, seen, options)
    labels = on_all_frames(renumber(history.frame_labels(partition)), speech)
    return Clustering(labels, history, seen.background if seen else None)


def _check_recut(history: History, n_frames: int, allowed: SpeakerRange) -> None:
    """Refuse a cut of saved merges that a fresh run would not make.

    Raises:
        DataError: the merges are not of this speech, were bent to another number of speakers, or do not pass one that
            is allowed.
    """
    where, advice = history.where, history.advice
    if int(history.lengths.sum()) != n_frames:
        found = f"is of {int(history.lengths.sum())} frames of speech"
        raise DataError(where, found, f"wanted {n_frames}", advice)
    if history.fewest > 1 and history.fewest != allowed.fewest:
        found = f"was made for {history.fewest} speakers or more"
        raise DataError(where, found, f"wanted those for {allowed.fewest}", advice)
    if not any(_allows(allowed, partition.n_clusters) for partition in history):
        numbers = sorted(partition.n_clusters for partition in history)
        found = f"passes {numbers[0]} to {numbers[-1]} speakers"
        most = f" to {allowed.most}" if allowed.most else " or more"
        most = "" if allowed.most == allowed.fewest else most
        raise DataError(where, found, f"wanted {allowed.fewest}{most}", advice)


def _allows(allowed: SpeakerRange, n_clusters: int) -> bool:
    return allowed.fewest <= n_clusters <= (allowed.most or n_clusters)


def _merge_history(
    spoken: Float32, seen: Relevance | None, options: ClustererOptions, fewest: int
) -> History:
    if isinstance(options, HmmGmmOptions):
        return hmm_gmm.merge_history(spoken, options, fewest)
    assert seen is not None
    if isinstance(options, IbHmmGmmOptions):
        return ib_viterbi.merge_history(spoken, seen, options, log_likelihood_gains, fewest)
    if isinstance(options, IbViterbiOptions):
        return ib_viterbi.merge_history(spoken, seen, options, bottleneck_gains(options.beta), fewest)
    return aib.merge_history(seen, options)


def realign_clusters(
    frames: Float32,
    labels: Labels,
    options: RealignerOptions,
    streams: Sequence[Stream] | None = None,
    background: Background | None = None,
    fewest: int = 1,
    soft_labels: Float32 | None = None,
) -> Labels:
    """(T,) labels after realignment, numbered by first appearance; -1 stays.

    ``streams``, ``background`` and ``fewest`` speakers matter to the KL-HMM alone: what it sees (without any, the
    frames), the clustering's background model (without one, it is made anew) and the speakers that may not be lost.
    ``soft_labels`` (S, K) of the speech frames are what is smoothed.

    Raises:
        DataError: streams that cannot be combined, or no soft labels to smooth.
    """
    speech = labels >= 0
    if not speech.any():
        return labels
    if isinstance(options, SmoothOptions):
        if soft_labels is None:
            raise DataError("--realigner smooth", "found no soft labels", "wanted those of the clusterer dec")
        moved = realign.smooth(soft_labels, options)
    elif isinstance(options, RealignOptions):
        moved = realign.hmm_gmm(np.ascontiguousarray(frames[speech]), labels[speech], options)
    else:
        streams = streams or (Stream("feats", frames),)
        check_streams(streams, len(frames))
        seen = background.posteriors(streams, speech) if background else relevance(streams, speech, options).posteriors
        moved = realign.kl_hmm(seen, labels[speech], options, fewest)
    return on_all_frames(renumber(moved), speech)


def count_speakers(labels: Labels) -> int:
    """How many speakers there are in (T,) labels."""
    return len(np.unique(labels[labels >= 0]))


def most_clusters(speech: NDArray[np.bool_], options: ClustererOptions) -> int:
    """How many speakers (T,) ``speech``, of which there is some, has room for."""
    n_frames = int(speech.sum())
    if isinstance(options, HmmGmmOptions):
        return hmm_gmm.most_clusters(n_frames, options)
    n_segments = len(cut_segments(speech, to_frame(options.max_segment)))
    if isinstance(options, IbViterbiOptions):
        return min(n_segments, ib_viterbi.most_clusters(n_frames, options))
    return n_segments


def speaker_shortfall(labels: Labels, allowed: SpeakerRange, options: ClustererOptions) -> str:
    """Why (T,) labels have fewer speakers than asked for; empty if they have enough, or there is no speech at all."""
    speech = labels >= 0
    n_speech, n_speakers = int(speech.sum()), count_speakers(labels)
    if not n_speech or n_speakers >= allowed.fewest:
        return ""
    what = {AibOptions: "segments", HmmGmmOptions: "minimum durations"}.get(type(options), "segments of their minimum")
    return (
        f"{allowed.fewest} speakers asked for, {n_speakers} made: {to_seconds(n_speech):.1f} s of speech hold "
        f"{most_clusters(speech, options)} {what}"
    )
