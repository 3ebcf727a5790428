"""What is scored of each recording, by hand; remarks and options are told in test_score.py."""

from __future__ import annotations

import math

import pytest
from fixtures.md_eval.record import rttm

from diar.errors import DataError
from diar.io.rttm import RttmLine
from diar.score import score_recording, score_set
from diar.score_input import ScoreInput, ScoreOptions, by_recording, channels, remarks, score_inputs
from diar.segments import Segment, Turn


def lines(text: str) -> list[RttmLine]:
    return [RttmLine.parse(line, f"text:{number}") for number, line in enumerate(text.splitlines(), 1)]


BOTH = lines(rttm((5, 10, "B"), (0, 6, "A"), (8, 9, "NOSCORE")) + rttm((2, 4, "A"), recording="a"))


def spans(turns: list[Turn]) -> list[tuple[float, float, str]]:
    return [(turn.start, turn.end, turn.speaker) for turn in turns]


def test_recordings_come_by_name_with_their_sides() -> None:
    found = score_inputs(BOTH, lines(rttm((1, 2, "x")) + rttm((1, 2, "x"), recording="other")), None)
    assert [given.recording for given in found] == ["a", "r"]
    assert [spans(given.reference) for given in found] == [[(2, 4, "A")], [(0, 6, "A"), (5, 10, "B")]]
    assert [spans(given.hypothesis) for given in found] == [[], [(1, 2, "x")]]


def test_regions_are_the_uems_or_the_extent() -> None:
    found = score_inputs(BOTH, [], {"r": [Segment(0, 20)]})
    assert [given.uem for given in found] == [[(2, 4)], [(0, 20)]]
    assert found[1].evaluated == [(0, 8), (9, 20)]


@pytest.mark.parametrize(
    ("options", "scored"),
    [
        (ScoreOptions(collar=0.0, skip_overlap=False), [(0, 8), (9, 20)]),
        (ScoreOptions(collar=0.0, skip_overlap=True), [(0, 5), (6, 8), (9, 20)]),
        (ScoreOptions(collar=0.5, skip_overlap=True), [(0.5, 4.5), (6.5, 8), (9, 9.5), (10.5, 20)]),
    ],
)
def test_scored_time_is_that_of_the_condition(options: ScoreOptions, scored: list[tuple[float, float]]) -> None:
    assert score_inputs(BOTH, [], {"r": [Segment(0, 20)]})[1].scored(options) == scored


def test_a_score_is_that_of_its_input() -> None:
    (given,) = score_inputs(BOTH[:2], BOTH[:1])
    plain = ScoreInput("r", given.reference, given.hypothesis, [Segment(0, 10)])
    assert plain == given
    assert score_recording("r", given.reference, given.hypothesis) == score_set(BOTH[:2], BOTH[:1]).recordings[0]


def test_confidences_of_turns_do_not_matter() -> None:
    sure = [Turn(0, 8, "x", 0.5)]
    unsure = [Turn(0, 8, "x", math.nan)]
    scores = [score_recording("r", [Turn(0, 10, "A", 1.0)], guesses) for guesses in (sure, unsure)]
    assert scores[0] == scores[1] and scores[0].missed_speaker_time == 1.75


def test_recordings_without_turns_are_none() -> None:
    assert by_recording(lines(rttm((0, 1, "NON-LEX")))) == {}
    with pytest.raises(DataError, match="no SPEAKER line"):
        score_inputs(lines(rttm((0, 1, "NON-LEX"))), BOTH)


def test_channels_are_those_of_turns_in_lower_case() -> None:
    text = rttm((0, 1, "A"), channel="B") + rttm((0, 1, "A"), channel="1") + rttm((0, 1, "NON-LEX"), channel="7")
    assert channels(lines(text)) == {"b", "1"}
    upper = rttm((0, 1, "A"), channel="A")
    assert list(remarks(lines(upper), lines(upper.replace(" A 0", " a 0")))) == []
