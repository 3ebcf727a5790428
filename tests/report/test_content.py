"""What a page shows: speakers, their colours and their order."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from report_content import small

from diar.report.content import SetContent, set_row, speaker_rows, speakers
from diar.score import Score
from diar.segments import Turn


def test_speakers_come_by_first_appearance() -> None:
    turns = [Turn(5, 6, "a"), Turn(1, 2, "c"), Turn(1, 9, "b"), Turn(7, 8, "c")]
    assert speakers(turns) == ["b", "c", "a"] and speakers([]) == []


def test_a_speakers_line_has_time_turns_and_confidence_weighted_by_time() -> None:
    found, true = speaker_rows(small())
    assert [(row.name, row.seconds, row.turns, row.other, row.colour) for row in found] == [
        ("spk1", 12, 3, "A", 0), ("spk2", 5, 2, "B", 1),
    ]  # fmt: skip
    assert found[0].confidence == pytest.approx((5 * 0.95 + 3 * 0.3 + 4 * 0.8) / 12)
    assert [(row.name, row.seconds, row.other, row.colour) for row in true] == [
        ("A", 11, "spk1", 0), ("B", 7, "spk2", 1),
    ]  # fmt: skip
    assert all(math.isnan(row.confidence) for row in true)


def test_own_turns_that_overlap_count_once_and_unknown_confidences_not_at_all() -> None:
    turns = (Turn(0, 4, "a", 0.5), Turn(2, 6, "a"), Turn(9, 9, "a", 0.1))
    (row,), _ = speaker_rows(small(hypothesis=turns, reference=None, mapping={}))
    assert (row.seconds, row.turns, row.confidence) == (6, 3, 0.5)


def test_a_reference_speaker_has_the_place_and_colour_of_whom_it_is_mapped_to() -> None:
    hypothesis = (Turn(0, 1, "x"), Turn(1, 2, "y"), Turn(2, 3, "z"))
    reference = (Turn(0, 1, "lost"), Turn(1, 2, "Z"), Turn(2, 3, "X"), Turn(3, 4, "gone"))
    content = small(hypothesis=hypothesis, reference=reference, mapping={"X": "x", "Z": "z", "gone": "not there"})
    found, true = speaker_rows(content)
    assert [(row.name, row.colour) for row in true] == [("X", 0), ("Z", 2), ("lost", 3), ("gone", 4)]
    assert [(row.name, row.other) for row in found] == [("x", "X"), ("y", ""), ("z", "Z")]
    # whatever speakers are called and whenever it all begins
    later = [tuple(t._replace(start=t.start + 7, end=t.end + 7) for t in side) for side in (hypothesis, reference)]
    moved = replace(content, hypothesis=later[0], reference=later[1])
    assert [[row.colour for row in side] for side in speaker_rows(moved)] == [
        [row.colour for row in side] for side in (found, true)
    ]


def test_a_set_pools_the_scores_that_there_are() -> None:
    scored, silent = set_row(small(), "a.html"), set_row(small(recording="b", score=None), "b.html")
    assert (scored.n_turns, scored.n_found, scored.recording, scored.href) == (5, 2, "r1", "a.html")
    one, two = SetContent(name="x", rows=(scored, silent)), SetContent(name="x", rows=(scored, scored))
    assert one.pooled.missed_speaker_time == scored.score.missed_speaker_time
    assert two.pooled.missed_speaker_time == 2 * scored.score.missed_speaker_time
    assert SetContent(name="x", rows=(silent,)).pooled is None
    assert isinstance(two.pooled, Score)
