"""Diarization scores: error rate (DER), its parts, Jaccard error rate (JER); equal to NIST's md-eval.pl, version 22.

In every interval with R reference speakers, H hypothesis speakers and C of the former mapped to one of the latter::

    missed += duration max(R - H, 0)    false alarm += duration max(H - R, 0)    error += duration (min(R, H) - C)
    DER = (missed + false alarm + error) / sum of duration R         SER = error / sum of duration R

Speakers are mapped one to one, for each recording, so that the time they share in the evaluated regions, collars and
overlapped speech included, is greatest. Where several mappings are equally good md-eval may choose another, which can
change the error time once collars or overlap are taken out.

Errors are counted by pyannote.metrics' LabelMatcher; what it is applied to is NIST's, since pyannote's own DER maps
after collars are removed, halves the collar, counts a speaker twice where two of its turns overlap, and derives the
time scored without a UEM from both sides. Its HungarianMapper is scipy's assignment, which is used as it is: the
mapper's own count of shared time is quadratic in the number of turns (13 s for the 6,000 of a long meeting).

Purity and coverage are those of pyannote.metrics (Bredin, Interspeech 2017): no collar, overlap included.

Sources: NIST, "The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan", and md-eval.pl itself; for
JER, Ryant et al., "The Second DIHARD Diarization Challenge", Interspeech 2019, and dscore.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields

from diar.io.rttm import RttmLine
from diar.regions import Exclusions
from diar.score_errors import intervals
from diar.score_input import ScoreInput, ScoreOptions, remarks, score_inputs
from diar.segments import Segment, Turn

SPEAKER_SECONDS = 5.0  # speakers with less evaluated time are not counted, neither true ones nor found ones


@dataclass(frozen=True, kw_only=True)
class Score:
    """Seconds, named as md-eval prints them, and counts. Scores add, so pooling is ``sum(scores, Score())``.

    ``jaccard_errors`` is the sum of the Jaccard errors, each 0 to 1, of ``n_reference`` reference speakers.
    ``pure_time`` of the ``hypothesis_time``, evaluated speaker seconds, is what each hypothesis speaker shares with the
    reference speaker who has most of it; ``covered_time`` of ``reference_time`` is the same with sides exchanged.
    ``n_found`` counts those of the ``n_hypothesis`` hypothesis speakers who have 5 s of evaluated time or more, and
    ``n_true`` those of the reference speakers.
    """

    eval_time: float = 0.0
    eval_speech: float = 0.0
    scored_time: float = 0.0
    scored_speech: float = 0.0
    missed_speech: float = 0.0
    falarm_speech: float = 0.0
    scored_speaker_time: float = 0.0
    missed_speaker_time: float = 0.0
    falarm_speaker_time: float = 0.0
    speaker_error_time: float = 0.0
    jaccard_errors: float = 0.0
    reference_time: float = 0.0
    covered_time: float = 0.0
    hypothesis_time: float = 0.0
    pure_time: float = 0.0
    n_reference: int = 0
    n_hypothesis: int = 0
    n_found: int = 0
    n_true: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(Score)})

    @property
    def miss(self) -> float:
        """Missed speaker time in percent of scored speaker time; like all rates nan where no speech is scored."""
        return _percent(self.missed_speaker_time, self.scored_speaker_time)

    @property
    def false_alarm(self) -> float:
        """False alarm speaker time in percent of scored speaker time."""
        return _percent(self.falarm_speaker_time, self.scored_speaker_time)

    @property
    def ser(self) -> float:
        """Speaker error rate: speaker time given to the wrong speaker, in percent of scored speaker time."""
        return _percent(self.speaker_error_time, self.scored_speaker_time)

    @property
    def der(self) -> float:
        """Diarization error rate: missed, false alarm and error time in percent of scored speaker time."""
        wrong = self.missed_speaker_time + self.falarm_speaker_time + self.speaker_error_time
        return _percent(wrong, self.scored_speaker_time)

    @property
    def speech_miss(self) -> float:
        """Time in which somebody talks and nothing is found, in percent of scored speech, which counts overlap once."""
        return _percent(self.missed_speech, self.scored_speech)

    @property
    def speech_false_alarm(self) -> float:
        """Time in which speech is found and nobody talks, in percent of scored speech."""
        return _percent(self.falarm_speech, self.scored_speech)

    @property
    def jer(self) -> float:
        """Jaccard error rate in percent: the mean over reference speakers."""
        return _percent(self.jaccard_errors, self.n_reference)

    @property
    def purity(self) -> float:
        """Time of hypothesis speakers that belongs to the reference speaker each has most of, in percent (Bredin)."""
        return _percent(self.pure_time, self.hypothesis_time)

    @property
    def coverage(self) -> float:
        """Time of reference speakers that the hypothesis speaker who has most of each has, in percent (Bredin)."""
        return _percent(self.covered_time, self.reference_time)

    @property
    def purity_coverage_f(self) -> float:
        """The harmonic mean of purity and coverage, in percent."""
        if not self.hypothesis_time or not self.reference_time:
            return math.nan
        both = self.purity + self.coverage
        return 2 * self.purity * self.coverage / both if both else 0.0

    @property
    def speaker_count_error(self) -> int:
        """Speakers found less true ones, both of 5 s or more: too many are positive."""
        return self.n_found - self.n_true


@dataclass(frozen=True, kw_only=True)
class RecordingScore(Score):
    """The score of one recording; ``mapping`` gives the hypothesis speaker of each mapped reference speaker."""

    recording: str
    mapping: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SetScore:
    """The scores of a set's recordings, sorted by name, and what the reader should know about them."""

    recordings: tuple[RecordingScore, ...]
    remarks: tuple[str, ...] = ()

    @property
    def pooled(self) -> Score:
        """Seconds and counts summed over the recordings."""
        return sum(self.recordings, Score())

    @property
    def mean_count_error(self) -> float:
        """The mean over recordings of how many speakers too many or too few are found; nan without recordings."""
        errors = [abs(score.speaker_count_error) for score in self.recordings]
        return sum(errors) / len(errors) if errors else math.nan


def score_recording(
    recording: str,
    reference: Sequence[Turn],
    hypothesis: Sequence[Turn],
    uem: Sequence[Segment] | None = None,
    options: ScoreOptions | None = None,
    exclusions: Exclusions | None = None,
) -> RecordingScore:
    """Score the turns of one recording.

    Args:
        recording: its name, kept in the score.
        reference: the true turns. A speaker whose own turns overlap counts once, but the time is overlap.
        hypothesis: the turns to judge; none means that everything is missed.
        uem: the regions to evaluate; without them, from the first to the last reference turn.
        options: the scoring condition.
        exclusions: what the reference excludes beside that, see ``Exclusions.of_reference``.
    """
    if uem is None:
        uem = [Segment(min(t.start for t in reference), max(t.end for t in reference))] if reference else []
    return score_input(ScoreInput(recording, reference, hypothesis, uem, exclusions or Exclusions()), options)


def score_input(given: ScoreInput, options: ScoreOptions | None = None) -> RecordingScore:
    """Score one recording as it comes from ``score_inputs``."""
    evaluated = given.evaluated
    shared = _SharedTime(evaluated, given.reference, given.hypothesis)
    mapping = shared.best_mapping()
    return RecordingScore(
        recording=given.recording,
        mapping=mapping,
        eval_time=sum(region.duration for region in evaluated),
        eval_speech=shared.speech,
        **error_times(given.scored(options or ScoreOptions()), given.reference, given.hypothesis, mapping),
        jaccard_errors=shared.jaccard_errors(),
        reference_time=sum(shared.reference.values()),
        covered_time=shared.largest(side=0),
        hypothesis_time=sum(shared.hypothesis.values()),
        pure_time=shared.largest(side=1),
        n_reference=len(shared.reference),
        n_hypothesis=len(shared.hypothesis),
        n_found=_count_speakers(shared.hypothesis),
        n_true=_count_speakers(shared.reference),
    )


def _count_speakers(seconds: Mapping[str, float]) -> int:
    """Speakers of 5 s or more, also where turns of exactly 5 s were summed in floating point."""
    return sum(time >= SPEAKER_SECONDS - 1e-6 for time in seconds.values())


def score_set(
    reference: Iterable[RttmLine],
    hypothesis: Iterable[RttmLine],
    uem: Mapping[str, Sequence[Segment]] | None = None,
    options: ScoreOptions | None = None,
) -> SetScore:
    """Score every recording that has SPEAKER lines in the reference, as md-eval does.

    A recording without hypothesis is scored as missed, one that only the hypothesis or only the UEM names is left out,
    and one that the UEM does not name is evaluated from its first to its last event, as if there were no UEM.

    Recordings are matched by name, whole and unchanged, and channels do not matter. md-eval differs there (it wants the
    same text as channel, and cuts names in the UEM at the first dot); the remarks say where it would score otherwise.

    Raises:
        DataError: the reference has no SPEAKER line.
    """
    reference, hypothesis = list(reference), list(hypothesis)
    scores = tuple(score_input(given, options) for given in score_inputs(reference, hypothesis, uem))
    return SetScore(scores, tuple(remarks(reference, hypothesis, uem)))


def _percent(part: float, whole: float) -> float:
    return 100 * part / whole if whole > 0 else math.nan


class _SharedTime:
    """Evaluated seconds of each reference speaker, each hypothesis speaker, each pair of them, and of speech."""

    def __init__(self, evaluated: Sequence[Segment], reference: Sequence[Turn], hypothesis: Sequence[Turn]) -> None:
        self.speech = 0.0
        self.reference: dict[str, float] = defaultdict(float)
        self.hypothesis: dict[str, float] = defaultdict(float)
        self.pairs: dict[tuple[str, str], float] = defaultdict(float)
        for (start, end), speakers, guesses in intervals(evaluated, reference, hypothesis):
            duration = end - start
            self.speech += duration if speakers else 0.0
            for guess in guesses:
                self.hypothesis[guess] += duration
            for speaker in speakers:
                self.reference[speaker] += duration
                for guess in guesses:
                    self.pairs[speaker, guess] += duration

    def best_mapping(self) -> dict[str, str]:
        """The one-to-one mapping of reference to hypothesis speakers with the greatest shared time."""
        pairs = _assign(sorted(self.reference), sorted(self.hypothesis), self.pairs)
        return {speaker: guess for speaker, guess in pairs if (speaker, guess) in self.pairs}

    def largest(self, side: int) -> float:
        """The greatest time that each speaker of a side (0 reference, 1 hypothesis) shares with one of the other's."""
        most: dict[str, float] = defaultdict(float)
        for pair, seconds in self.pairs.items():
            most[pair[side]] = max(most[pair[side]], seconds)
        return sum(most.values())

    def jaccard_errors(self) -> float:
        """The sum over reference speakers of (false alarm + miss) / union, mapped so that it is least; unmapped: 1."""
        indices = {
            (speaker, guess): shared / (self.reference[speaker] + self.hypothesis[guess] - shared)
            for (speaker, guess), shared in self.pairs.items()
        }
        pairs = _assign(sorted(self.reference), sorted(self.hypothesis), indices)
        return len(self.reference) - sum(indices.get(pair, 0.0) for pair in pairs)


def _assign(
    rows: Sequence[str], columns: Sequence[str], gain: Mapping[tuple[str, str], float]
) -> list[tuple[str, str]]:
    """Pairs of rows and columns, one to one, with the greatest sum of ``gain`` (0 where not given)."""
    from scipy.optimize import linear_sum_assignment

    if not rows or not columns:
        return []
    chosen = linear_sum_assignment([[gain.get((r, c), 0.0) for c in columns] for r in rows], maximize=True)
    return [(rows[i], columns[j]) for i, j in zip(*chosen, strict=True)]


def error_times(
    scored: Sequence[Segment], reference: Sequence[Turn], hypothesis: Sequence[Turn], mapping: Mapping[str, str]
) -> dict[str, float]:
    """The seconds of the module's equations and md-eval's speech times, by field of ``Score``."""
    from pyannote.metrics import matcher

    count_errors = matcher.LabelMatcher()
    speaker_of = {guess: speaker for speaker, guess in mapping.items()}
    times: dict[str, float] = defaultdict(float)
    for (start, end), speakers, guesses in intervals(scored, reference, hypothesis):
        duration = end - start
        # an unmapped guess keeps a name that no reference speaker has
        counts, _ = count_errors(speakers, [speaker_of.get(guess, ("unmapped", guess)) for guess in guesses])
        times["scored_time"] += duration
        times["scored_speech"] += duration if speakers else 0.0
        times["missed_speech"] += duration if speakers and not guesses else 0.0
        times["falarm_speech"] += duration if guesses and not speakers else 0.0
        times["scored_speaker_time"] += duration * counts[matcher.MATCH_TOTAL]
        times["missed_speaker_time"] += duration * counts[matcher.MATCH_MISSED_DETECTION]
        times["falarm_speaker_time"] += duration * counts[matcher.MATCH_FALSE_ALARM]
        times["speaker_error_time"] += duration * counts[matcher.MATCH_CONFUSION]
    return dict(times)
