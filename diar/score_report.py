"""A whole report of one hypothesis, or of two on the same reference: everything that is said of them, as values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from diar.bootstrap import BootstrapOptions, Comparison, ConfidenceInterval, compare_pooled, pooled_interval
from diar.errors import DataError
from diar.io.rttm import RttmLine
from diar.options import Options, option
from diar.score import SPEAKER_SECONDS, RecordingScore, Score, SetScore, score_input, score_set
from diar.score_input import ScoreOptions, score_inputs
from diar.score_material import Trap
from diar.score_traps import find_traps
from diar.segments import Segment
from diar.speaker_table import SpeakerScore, speaker_scores

# the three usual conditions, mildest first, and the one that VBx, NeMo and VoxSRC call fair
CONDITIONS = {
    "forgiving": ScoreOptions(collar=0.25, skip_overlap=True),
    "fair": ScoreOptions(collar=0.0, skip_overlap=True),
    "full": ScoreOptions(collar=0.0, skip_overlap=False),
    "fair of VBx": ScoreOptions(collar=0.25, skip_overlap=False),
}
RATES = (
    "der", "ser", "miss", "false_alarm", "jer", "speech_miss", "speech_false_alarm", "purity", "coverage",
    "purity_coverage_f", "speaker_count_error",
)  # fmt: skip

Uem = Mapping[str, Sequence[Segment]]


@dataclass(frozen=True)
class ReportOptions(Options):
    """What is said beside the score under one condition."""

    all_conditions: bool = option(False, "score under the usual conditions, too: forgiving, fair and full")
    explain: bool = option(False, "list every trap in the input, and what it does to the figure")
    format: str = option("text", "how the report is written", choices=("text", "json"))


@dataclass(frozen=True)
class Stamp:
    """Names of the files that were scored; empty where there is none."""

    reference: str
    hypothesis: str
    uem: str = ""
    compared: str = ""


@dataclass(frozen=True)
class ConditionScore:
    """The pooled score under one of the usual conditions, and how sure its DER is."""

    name: str
    options: ScoreOptions
    score: Score
    interval: ConfidenceInterval


@dataclass(frozen=True)
class SystemComparison:
    """A second system on the same recordings; differences are the second's rate less the first's.

    SER, which is 0 where nothing is found, is compared only if no recording has turns of just one of the two.
    """

    scores: SetScore
    der: Comparison
    ser: Comparison | None


@dataclass(frozen=True)
class ScoreReport:
    """All that is said of one hypothesis; what was not asked for is None. ``intervals`` are of DER, SER and JER."""

    options: ScoreOptions
    bootstrap: BootstrapOptions
    scores: SetScore
    speakers: tuple[SpeakerScore, ...]
    intervals: Mapping[str, ConfidenceInterval]
    conditions: tuple[ConditionScore, ...] | None = None
    traps: tuple[Trap, ...] | None = None
    comparison: SystemComparison | None = None


def make_report(
    reference: Sequence[RttmLine],
    hypothesis: Sequence[RttmLine],
    uem: Uem | None = None,
    options: Sequence[Options] = (),
    other: Sequence[RttmLine] | None = None,
) -> ScoreReport:
    """Score a hypothesis and say everything that is asked for.

    Args:
        reference: the lines of the reference.
        hypothesis: the lines to judge.
        uem: the regions to evaluate of each recording.
        options: any of ``ScoreOptions``, ``BootstrapOptions`` and ``ReportOptions``; defaults for the others.
        other: a second hypothesis, to compare with the first.

    Raises:
        DataError: the reference has no SPEAKER line, or no reference speech lies in the regions to score.
    """
    given = {type(chosen): chosen for chosen in (ScoreOptions(), BootstrapOptions(), ReportOptions(), *options)}
    condition, draws, asked = given[ScoreOptions], given[BootstrapOptions], given[ReportOptions]
    assert isinstance(condition, ScoreOptions) and isinstance(draws, BootstrapOptions)
    assert isinstance(asked, ReportOptions)
    scores = score_set(reference, hypothesis, uem, condition)
    if scores.pooled.scored_speaker_time == 0:
        found = "no reference speech lies in the regions to score"
        raise DataError("reference", found, "wanted speech within the UEM that collar and overlap leave")
    speakers = [
        row
        for recording, score in zip(score_inputs(reference, hypothesis, uem), scores.recordings, strict=True)
        for row in speaker_scores(recording, score, condition)
    ]
    return ScoreReport(
        condition,
        draws,
        scores,
        tuple(speakers),
        _intervals(scores.recordings, draws),
        _conditions(reference, hypothesis, uem, draws) if asked.all_conditions else None,
        tuple(find_traps(reference, hypothesis, uem, condition)) if asked.explain else None,
        compare_systems(scores, score_set(reference, other, uem, condition), draws) if other is not None else None,
    )


def compare_systems(first: SetScore, second: SetScore, options: BootstrapOptions | None = None) -> SystemComparison:
    """Compare the scores of two systems on the same recordings, under the same condition.

    Raises:
        DataError: the recordings differ.
    """
    if [score.recording for score in first.recordings] != [score.recording for score in second.recordings]:
        raise DataError("comparison", "found scores of different recordings", "wanted the same reference for both")
    scored = [score.scored_speaker_time for score in first.recordings]

    def compared(seconds: Callable[[Score], float]) -> Comparison:
        of_first, of_second = ([seconds(score) for score in scores.recordings] for scores in (first, second))
        return compare_pooled(of_first, of_second, scored, options)

    lacking = [[score.n_hypothesis == 0 for score in scores.recordings] for scores in (first, second)]
    ser = compared(lambda score: score.speaker_error_time) if lacking[0] == lacking[1] else None
    return SystemComparison(second, compared(wrong_time), ser)


def wrong_time(score: Score) -> float:
    """The seconds of which DER is the share."""
    return score.missed_speaker_time + score.falarm_speaker_time + score.speaker_error_time


def _intervals(scores: Sequence[RecordingScore], options: BootstrapOptions) -> dict[str, ConfidenceInterval]:
    scored = [score.scored_speaker_time for score in scores]
    return {
        "DER": pooled_interval([wrong_time(score) for score in scores], scored, options),
        "SER": pooled_interval([score.speaker_error_time for score in scores], scored, options),
        "JER": pooled_interval([s.jaccard_errors for s in scores], [s.n_reference for s in scores], options),
    }


def _conditions(
    reference: Sequence[RttmLine], hypothesis: Sequence[RttmLine], uem: Uem | None, draws: BootstrapOptions
) -> tuple[ConditionScore, ...]:
    inputs, found = score_inputs(reference, hypothesis, uem), []
    for name, options in CONDITIONS.items():
        scores = [score_input(given, options) for given in inputs]
        found.append(ConditionScore(name, options, sum(scores, Score()), _intervals(scores, draws)["DER"]))
    return tuple(found)


# ---- JSON ----------------------------------------------------------------------------------------------------------


def report_content(report: ScoreReport, stamp: Stamp) -> dict[str, Any]:
    """Everything in a report as JSON has it: seconds, percent, null where a rate does not exist."""
    content: dict[str, Any] = {
        "condition": {**asdict(report.options), **asdict(stamp), "speaker_seconds": SPEAKER_SECONDS},
        "bootstrap": asdict(report.bootstrap),
        **_set_content(report.scores),
        "intervals": {name: interval._asdict() for name, interval in report.intervals.items()},
        "speakers": [{**asdict(row), "found": row.found} for row in report.speakers],
    }
    if report.conditions is not None:
        content["conditions"] = [
            {"name": c.name, **asdict(c.options), "score": _content(c.score), "interval": c.interval._asdict()}
            for c in report.conditions
        ]
    if report.traps is not None:
        content["traps"] = [asdict(trap) for trap in report.traps]
    if report.comparison is not None:
        content["comparison"] = {
            "second": _set_content(report.comparison.scores),
            **{
                name: {**asdict(compared), "interval": compared.interval._asdict()} if compared is not None else None
                for name, compared in (("der", report.comparison.der), ("ser", report.comparison.ser))
            },
        }
    found: dict[str, Any] = _without_nan(content)
    return found


def _set_content(scores: SetScore) -> dict[str, Any]:
    return {
        "recordings": [_content(score) for score in scores.recordings],
        "pooled": _content(scores.pooled),
        "mean_count_error": scores.mean_count_error,
        "remarks": list(scores.remarks),
    }


def _content(score: Score) -> dict[str, Any]:
    return {**asdict(score), **{name: getattr(score, name) for name in RATES}}


def _without_nan(content: Any) -> Any:
    """JSON has no nan: null stands for it."""
    if isinstance(content, dict):
        return {key: _without_nan(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_without_nan(value) for value in content]
    return None if isinstance(content, float) and math.isnan(content) else content
