"""Speakers' own scores by hand, and against the score that they are parts of."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from test_score_errors import conditions, grid_turns, regions, turns

from diar.score import score_input
from diar.score_input import ScoreInput, ScoreOptions
from diar.segments import Segment, Turn
from diar.speaker_table import SpeakerScore, speaker_scores

STRICT = ScoreOptions(collar=0.0, skip_overlap=False)


def rows(given: ScoreInput, options: ScoreOptions) -> list[SpeakerScore]:
    return speaker_scores(given, score_input(given, options), options)


def test_by_hand() -> None:
    reference = turns((0, 10, "A"), (10, 30, "B"), (30, 34, "C"))
    found = rows(ScoreInput("r", reference, turns((2, 14, "x"), (14, 27, "y")), [Segment(0, 40)]), STRICT)
    assert found == [
        SpeakerScore("r", "B", "y", seconds=20, missed=3, confused=4),
        SpeakerScore("r", "A", "x", seconds=10, missed=2, confused=0),
        SpeakerScore("r", "C", "", seconds=4, missed=4, confused=0),
    ]
    assert [row.found for row in found] == pytest.approx([65, 80, 0])


def test_a_speaker_whom_collars_hide_is_told() -> None:
    reference = turns((0, 10, "A"), (12, 12.4, "B"))
    hidden = rows(ScoreInput("r", reference, [], [Segment(0, 20)]), ScoreOptions())[1]
    assert (hidden.speaker, hidden.seconds) == ("B", 0) and math.isnan(hidden.found)


@settings(max_examples=80, deadline=None)
@given(grid_turns("ABCD"), grid_turns("wxyz"), regions, conditions)
def test_speakers_sum_to_the_score(
    reference: list[Turn], hypothesis: list[Turn], uem: list[Segment], options: ScoreOptions
) -> None:
    given = ScoreInput("r", reference, hypothesis, uem)
    score, found = score_input(given, options), rows(given, options)
    assert {row.speaker for row in found} == {turn.speaker for turn in reference}
    sums = [sum(getattr(row, name) for row in found) for name in ("seconds", "missed", "confused")]
    assert sums == pytest.approx(
        [score.scored_speaker_time, score.missed_speaker_time, score.speaker_error_time], abs=1e-9
    )
    assert [row.seconds for row in found] == sorted((row.seconds for row in found), reverse=True)
    assert all(0 <= row.missed + row.confused <= row.seconds + 1e-9 for row in found)
    assert all(score.mapping.get(row.speaker, "") == row.guess for row in found)
