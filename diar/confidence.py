"""How sure a diarization is: of each turn's speaker, and of there being just one.

Every speaker has a Gaussian mixture of its frames, as in realignment. The margin of a stretch of frames is the mean
log-likelihood of its speaker less that of the best other one, in nats a frame. Of a turn it becomes a probability,

    odds(turn is its speaker's) = ODDS margin^EXPONENT,

fitted to the share of right time in 6,587 turns of simulated meetings (benchmarks/confidence.py): calibrated on those,
and on nothing else. Mixtures know only what they were trained on: they are sure of a cluster that holds two people.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diar.cluster.agglomerate import Labels
from diar.frames import to_frame
from diar.gmm import Float32
from diar.options import Options, option
from diar.realign import GmmEmissions
from diar.segments import NOBODY, Segment, Turn, frames_to_segments, labels_to_turns, speech_frames
from diar.speaker_model import SpeakerModelOptions

ODDS, EXPONENT = 1.21, 1.82
CALIBRATED_ON = "calibrated on simulated meetings, and on nothing else"
CONFIDENCES = f"""\
Confidences (field 9 of RTTM) are probabilities that the speech of a turn is its speaker's, {CALIBRATED_ON}:
elsewhere take them for an order. Where one cluster holds two people they are sure of it all the same."""
LEAST_MARGIN = 0.01  # nats; a turn that another speaker explains better has no smaller odds than this gives


@dataclass(frozen=True)
class OverlapOptions(Options):
    """Where two speakers may talk at once."""

    overlap_window: float = option(1.0, "time over which the margin of two speakers is averaged", unit="s", low=0.01)
    overlap_margin: float = option(-1.0, "overlap is likely where the margin is below this", unit="nats a frame")
    overlap_min_turn: float = option(0.2, "shorter turns of second speakers are left out", unit="s", low=0)


@dataclass(frozen=True)
class SpeakerScores:
    """(S, K) log-likelihoods of S speech frames by the mixtures of K speakers, at ``speech`` (T,) of the recording."""

    scores: Float32
    labels: Labels
    speech: NDArray[np.bool_]

    @classmethod
    def of(cls, frames: Float32, labels: Labels) -> SpeakerScores:
        """Mixtures trained on (T, D) ``frames`` by (T,) ``labels``, which are -1 without speech."""
        speech = labels != NOBODY
        names, numbers = np.unique(labels[speech], return_inverse=True)
        spoken: Labels = numbers.astype(np.int32)
        if len(names) < 2:
            return cls(np.zeros((len(spoken), len(names)), dtype=np.float32), spoken, speech)
        emissions = GmmEmissions(np.ascontiguousarray(frames[speech]), SpeakerModelOptions())
        return cls(emissions.scores(spoken, len(names)), spoken, speech)

    @property
    def n_speakers(self) -> int:
        return int(self.scores.shape[1])

    def confidence(self, turn: Turn) -> float:
        """The probability that the frames of ``turn`` are its speaker's; nan where there is no other, or no speech."""
        first, last = (int(np.count_nonzero(self.speech[: to_frame(time)])) for time in (turn.start, turn.end))
        if first == last or self.n_speakers < 2:
            return math.nan
        mean = self.scores[first:last].mean(axis=0, dtype=np.float64)
        own = np.bincount(self.labels[first:last]).argmax()  # smoothed turns may span a little of others
        margin = max(float(mean[own] - np.delete(mean, own).max()), LEAST_MARGIN)
        odds = ODDS * margin**EXPONENT
        return float(odds / (1.0 + odds))

    def margins(self, window: int) -> tuple[Float32, Labels]:
        """(S,) margin around each speech frame, averaged over ``window`` frames, and (S,) the best other speaker."""
        from scipy.ndimage import uniform_filter1d

        means = uniform_filter1d(self.scores, window, axis=0, mode="nearest")
        frames = np.arange(len(means))
        own = means[frames, self.labels].copy()
        means[frames, self.labels] = -np.inf
        second: Labels = means.argmax(axis=1).astype(np.int32)
        margin: Float32 = own - means[frames, second]
        return margin, second


def with_confidence(turns: Sequence[Turn], scores: SpeakerScores) -> list[Turn]:
    """``turns`` with the confidence that each is its speaker's."""
    return [turn._replace(confidence=scores.confidence(turn)) for turn in turns]


def second_speakers(scores: SpeakerScores, options: OverlapOptions) -> Labels:
    """(T,) the number of a second speaker where overlap is likely, -1 elsewhere."""
    found: Labels = np.full(len(scores.speech), NOBODY, dtype=np.int32)
    if scores.n_speakers >= 2:
        margin, second = scores.margins(to_frame(options.overlap_window))
        found[scores.speech] = np.where(margin < options.overlap_margin, second, NOBODY)
    return found


def with_second_speakers(
    turns: Sequence[Turn], second: Labels, names: Sequence[str], min_turn: float = 0.0
) -> list[Turn]:
    """``turns`` and those of second speakers, sorted; ``names[k]`` is the name of speaker k.

    A second speaker is never alone. Where the two meet in time it is one turn; shorter ones than ``min_turn`` seconds
    are left out.
    """
    inside = np.where(speech_frames(turns, len(second)) > 0, second, NOBODY).astype(np.int32)
    joined = sorted(turns)
    for turn in labels_to_turns(inside, names):
        touching = [t for t in joined if t.speaker == turn.speaker and t.start <= turn.end and turn.start <= t.end]
        if not touching and turn.duration < min_turn:
            continue
        whole = min(t.start for t in (turn, *touching)), max(t.end for t in (turn, *touching))
        known = max(touching, key=lambda t: t.duration).confidence if touching else math.nan
        joined = sorted([*(t for t in joined if t not in touching), Turn(*whole, turn.speaker, known)])
    return joined


def overlap_regions(second: Labels) -> list[Segment]:
    """Where overlap is likely, by (T,) second speakers."""
    return frames_to_segments(second != NOBODY)
