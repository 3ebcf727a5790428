"""Reports as values and as JSON: each part against the module that it comes from."""

from __future__ import annotations

import json
import math

import pytest
from fixtures.md_eval import record as md_eval

from diar.bootstrap import BootstrapOptions, compare_pooled, pooled_interval
from diar.errors import DataError
from diar.io.rttm import RttmLine
from diar.options import Options
from diar.score import ScoreOptions, SetScore, score_set
from diar.score_report import (
    CONDITIONS,
    ReportOptions,
    ScoreReport,
    Stamp,
    compare_systems,
    make_report,
    report_content,
)
from diar.score_traps import find_traps
from diar.segments import Segment

DRAWS = BootstrapOptions(resamples=200)
STAMP = Stamp("ref.rttm", "hyp.rttm", "all.uem", "other.rttm")
CASE = md_eval.cases()["random, no uem"]


def lines(text: str) -> list[RttmLine]:
    return [RttmLine.parse(line, f"text:{number}") for number, line in enumerate(text.splitlines(), 1)]


REFERENCE, HYPOTHESIS = lines(CASE.reference), lines(CASE.hypothesis)
OTHER = HYPOTHESIS[::2]


def report(*options: Options, other: list[RttmLine] | None = None) -> ScoreReport:
    return make_report(REFERENCE, HYPOTHESIS, None, (DRAWS, *options), other)


def errors(scores: SetScore) -> list[float]:
    return [s.der * s.scored_speaker_time / 100 for s in scores.recordings]


def scored(scores: SetScore) -> list[float]:
    return [s.scored_speaker_time for s in scores.recordings]


def test_only_what_is_asked_for_is_reported() -> None:
    found = report()
    assert (found.conditions, found.traps, found.comparison) == (None, None, None)
    assert found.scores == score_set(REFERENCE, HYPOTHESIS)
    assert sum(row.seconds for row in found.speakers) == pytest.approx(found.scores.pooled.scored_speaker_time)


def test_intervals_are_those_of_the_condition() -> None:
    condition = ScoreOptions(collar=0.1, skip_overlap=False)
    found = report(condition)
    scores = score_set(REFERENCE, HYPOTHESIS, None, condition)
    assert found.intervals["DER"] == pytest.approx(tuple(pooled_interval(errors(scores), scored(scores), DRAWS)))
    low, high = found.intervals["JER"]
    assert low < scores.pooled.jer < high
    low, high = found.intervals["SER"]
    assert low < scores.pooled.ser < high < found.intervals["DER"].high


def test_the_usual_conditions() -> None:
    """Collar and overlap of each, whatever the condition of the first table."""
    found = report(ScoreOptions(collar=0.7), ReportOptions(all_conditions=True)).conditions or ()
    wanted = {"forgiving": (0.25, True), "fair": (0.0, True), "full": (0.0, False), "fair of VBx": (0.25, False)}
    assert {c.name: (c.options.collar, c.options.skip_overlap) for c in found} == wanted
    for condition in found:
        assert condition.score == score_set(REFERENCE, HYPOTHESIS, None, CONDITIONS[condition.name]).pooled
        assert condition.interval.low < condition.score.der < condition.interval.high
        figures = md_eval.recorded("random, no uem", *wanted[condition.name])
        assert f"= {condition.score.der:.2f} percent" in figures.line


def test_traps_are_those_of_the_condition() -> None:
    condition = ScoreOptions(collar=0.1)
    found = report(condition, ReportOptions(explain=True))
    assert list(found.traps or ()) == find_traps(REFERENCE, HYPOTHESIS, None, condition) != []


def test_a_comparison_is_paired_by_recording() -> None:
    found = report(other=OTHER)
    assert found.comparison is not None
    other = score_set(REFERENCE, OTHER)
    wanted = compare_pooled(errors(found.scores), errors(other), scored(other), DRAWS)
    assert found.comparison.scores == other
    assert found.comparison.der.difference == pytest.approx(wanted.difference)
    assert found.comparison.der.p_value == wanted.p_value
    assert found.comparison.ser.second == pytest.approx(other.pooled.ser)
    same = compare_systems(found.scores, found.scores, DRAWS)
    assert (same.der.difference, same.der.p_value, same.ser.p_value) == (0, 1, 1)


def test_scores_of_different_recordings_are_not_compared() -> None:
    part = [line for line in REFERENCE if line.recording != "rec00"]
    with pytest.raises(DataError, match="different recordings"):
        compare_systems(score_set(REFERENCE, HYPOTHESIS), score_set(part, HYPOTHESIS))


def test_a_reference_without_scored_speech_is_an_error() -> None:
    with pytest.raises(DataError, match="no reference speech lies in the regions"):
        make_report(REFERENCE, HYPOTHESIS, {line.recording: [Segment(1000, 1001)] for line in REFERENCE})
    with pytest.raises(DataError, match="no SPEAKER line"):
        make_report([], HYPOTHESIS)


def test_json_has_everything_and_no_nan() -> None:
    found = report(ReportOptions(all_conditions=True, explain=True), other=OTHER)
    content = report_content(found, STAMP)
    again = json.loads(json.dumps(content, allow_nan=False))
    assert again["condition"] == {
        "collar": 0.25, "skip_overlap": True, "reference": "ref.rttm", "hypothesis": "hyp.rttm", "uem": "all.uem",
        "compared": "other.rttm", "speaker_seconds": 5.0,
    }  # fmt: skip
    assert again["pooled"]["der"] == found.scores.pooled.der
    assert [row["recording"] for row in again["recordings"]] == [s.recording for s in found.scores.recordings]
    assert again["recordings"][0]["mapping"] == dict(found.scores.recordings[0].mapping)
    assert len(again["speakers"]) == found.scores.pooled.n_reference
    assert len(again["conditions"]) == 4 and len(again["traps"]) == len(found.traps or ())
    assert again["comparison"]["der"]["interval"]["low"] == found.comparison.der.interval.low
    assert again["comparison"]["second"]["pooled"]["der"] == found.comparison.scores.pooled.der
    assert again["intervals"]["DER"] == {"low": found.intervals["DER"].low, "high": found.intervals["DER"].high}


def test_what_does_not_exist_is_null() -> None:
    one = [line for line in REFERENCE if line.recording == "rec00"]
    found = make_report(one, [])
    assert math.isnan(found.scores.pooled.purity)
    content = report_content(found, STAMP)
    assert content["pooled"]["purity"] is None and content["intervals"]["DER"] == {"low": None, "high": None}
    assert content["recordings"][0]["der"] == 100


def test_same_input_same_report() -> None:
    options = ReportOptions(all_conditions=True, explain=True)
    contents = [report_content(report(options, other=OTHER), STAMP) for _ in range(2)]
    assert json.dumps(contents[0]) == json.dumps(contents[1])


def test_the_order_of_lines_does_not_matter() -> None:
    backwards = make_report(REFERENCE[::-1], HYPOTHESIS[::-1], None, (DRAWS,))
    first, second = report().scores.pooled, backwards.scores.pooled
    assert vars(first) == pytest.approx(vars(second))


def test_both_systems_are_scored_under_the_condition() -> None:
    condition = ScoreOptions(collar=0.0, skip_overlap=False)
    found = report(condition, other=OTHER).comparison
    assert found is not None and found.scores == score_set(REFERENCE, OTHER, None, condition)
