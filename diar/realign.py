"""Realignment: new models from given speaker labels, and a new segmentation with them.

Two kinds of models: a Gaussian mixture a speaker (``hmm_gmm``), or what the speaker's frames tell of the relevance
variables of the information bottleneck, p(y|k) (``kl_hmm``; D. Vijayasenan and F. Valente, "DiarTk", Interspeech 2012).
``Emissions`` makes the scores of either, for the clustering with Viterbi after every merge, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from diar import gmm, hmm
from diar.cluster.agglomerate import Labels
from diar.frames import to_frame
from diar.gmm import Float32, Float64
from diar.options import Options, option
from diar.posteriors import RelevanceOptions, label_counts
from diar.speaker_model import SpeakerModelOptions

_SMALLEST_PROBABILITY = 1e-10  # of a relevance variable that a speaker's frames never have


@dataclass(frozen=True)
class RealignOptions(SpeakerModelOptions):
    """HMM/GMM realignment."""

    passes: int = option(2, "passes of training and segmentation", low=0)
    final_min_duration: float = option(1.5, "minimum duration of a segment in the last pass", unit="s", low=0.01)


@dataclass(frozen=True)
class KlHmmOptions(Options):
    """The HMM whose states are distributions over relevance variables."""

    kl_min_duration: float = option(2.5, "minimum duration of a segment", unit="s", low=0.01)
    kl_self_loop: float = option(0.9, "weight of each frame that a segment lasts beyond its minimum", low=1e-30)
    kl_jump: float = option(0.1, "weight of going over into another speaker, shared by all speakers", low=1e-30)


@dataclass(frozen=True)
class KlRealignOptions(KlHmmOptions, RelevanceOptions):
    """KL-HMM realignment; the relevance variables are the clustering's, or made anew where it had none."""

    passes: int = option(3, "passes of training and segmentation", low=0)
    lost_speakers: str = option(
        "drop",
        "a speaker left without frames is dropped, down to --num-spk or --min-spk, or the pass that does so is refused",
        choices=("drop", "keep"),
    )
    compat: str = option("none", "as the released DiarTK: one pass", choices=("none", "diartk"))

    @property
    def is_diartk(self) -> bool:
        return self.compat == "diartk"


@dataclass(frozen=True)
class SmoothOptions(Options):
    """Minimum-duration Viterbi over soft labels that a clustering gave to the frames (DEC's)."""

    smooth_duration: float = option(2.5, "minimum duration of a segment", unit="s", low=0.01)
    smooth_jump: float = option(1.0, "weight of going over into any given speaker", low=1e-30)


class Emissions(Protocol):
    """How the frames find their speaker: scores of T speech frames, and the HMM around them."""

    def scores(self, labels: Labels, n_speakers: int) -> Float32:
        """(T, K) scores of models of the frames with ``labels`` 0 to K - 1."""

    def segment(self, scores: Float32) -> Labels:
        """(T,) the best path."""


class GmmEmissions:
    """A Gaussian mixture a speaker, of as many Gaussians as the speaker's share of the speech is worth."""

    def __init__(self, frames: Float32, options: SpeakerModelOptions) -> None:
        """``frames`` are (T, D) speech frames."""
        self._phi = gmm.expand(gmm.standardise(frames))
        self._options = options

    def scores(self, labels: Labels, n_speakers: int) -> Float32:
        options = self._options
        total = options.total_gaussians(len(self._phi))
        models = []
        for k in range(n_speakers):
            part = self._phi[labels == k]
            n_gaussians = max(1, round(total * len(part) / len(self._phi)))
            models.append(gmm.seed(part, n_gaussians, options.em_iterations, options.variance_floor))
        return gmm.log_likelihoods(self._phi, models)

    def segment(self, scores: Float32) -> Labels:
        return self.segment_at(scores, self._options.min_duration)

    def segment_at(self, scores: Float32, min_duration: float) -> Labels:
        """The best path with another minimum duration, in seconds."""
        return hmm.viterbi(scores, to_frame(min_duration), self._options.self_loop, self._options.jump)


class KlEmissions:
    """A distribution over relevance variables a speaker: the mean of p(y|x_t) over the speaker's frames."""

    def __init__(self, posteriors: Float32, options: KlHmmOptions) -> None:
        """``posteriors`` are (Y, T) p(y|x_t)."""
        self._posteriors = posteriors
        self._options = options

    def scores(self, labels: Labels, n_speakers: int) -> Float32:
        counts = label_counts(self._posteriors, labels, n_speakers)
        return kl_scores(self._posteriors, counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-30))

    def segment(self, scores: Float32) -> Labels:
        options = self._options
        jump = options.kl_jump / scores.shape[1]
        return hmm.viterbi(scores, to_frame(options.kl_min_duration), options.kl_self_loop, jump)


def kl_scores(posteriors: Float32, speakers: Float64) -> Float32:
    """(T, K) sum_y p(y|x_t) log p(y|k): -KL(p(.|x_t) || p(.|k)) up to a term that all speakers share.

    ``posteriors`` (Y, T), ``speakers`` (K, Y); probabilities of speakers are at least 1e-10, and sum to one after that.
    """
    floored = np.maximum(speakers, _SMALLEST_PROBABILITY)
    floored /= floored.sum(axis=1, keepdims=True)
    scores: Float32 = np.ascontiguousarray((np.log(floored).astype(np.float32) @ posteriors).T)
    return scores


def hmm_gmm(frames: Float32, labels: Labels, options: RealignOptions) -> Labels:
    """(T,) new labels of (T, D) speech frames: a mixture a speaker, then minimum-duration Viterbi, ``passes`` times.

    The number of speakers stays: a pass that would leave one without frames is refused, and those before it stand.
    """
    names, labels = _numbered(labels)
    emissions = GmmEmissions(frames, options)
    for remaining in reversed(range(options.passes)):
        min_duration = options.min_duration if remaining else options.final_min_duration
        moved = emissions.segment_at(emissions.scores(labels, len(names)), min_duration)
        if len(np.unique(moved)) == len(names):
            labels = moved
    named: Labels = names[labels]
    return named


def kl_hmm(posteriors: Float32, labels: Labels, options: KlRealignOptions, fewest: int = 1) -> Labels:
    """(T,) new labels of speech frames with (Y, T) ``posteriors``: p(y|k), then Viterbi, ``passes`` times.

    Speakers who get no frames are dropped unless the options say otherwise, but never below ``fewest``: such a pass is
    refused, and those before it stand.
    """
    names, labels = _numbered(labels)
    emissions = KlEmissions(posteriors, options)
    for _ in range(min(options.passes, 1) if options.is_diartk else options.passes):
        moved = emissions.segment(emissions.scores(labels, len(names)))
        alive, compact = _numbered(moved)
        if len(alive) == len(names) or (options.lost_speakers == "drop" and len(alive) >= min(fewest, len(names))):
            names, labels = names[alive], compact
        else:
            break  # another pass would try the same
    named: Labels = names[labels]
    return named


def smooth(soft_labels: Float32, options: SmoothOptions) -> Labels:
    """(T,) the best path through (T, K) soft labels, probabilities of the speakers at each speech frame.

    A speaker who never has the minimum duration is lost.
    """
    scores = np.log(np.maximum(soft_labels, _SMALLEST_PROBABILITY))
    return hmm.viterbi(scores, to_frame(options.smooth_duration), jump=options.smooth_jump)


def _numbered(labels: Labels) -> tuple[Labels, Labels]:
    """The labels there are, and the same labelling with numbers from 0."""
    names = np.unique(labels)
    return names, np.searchsorted(names, labels).astype(np.int32)
