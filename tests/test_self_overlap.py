"""Turns that overlap their speaker's own, against counts on a grid of quarters of a second."""

from __future__ import annotations

from collections import Counter

import pytest
from fixtures.md_eval.record import rttm
from hypothesis import given
from hypothesis import strategies as st

from diar.io.rttm import RttmLine
from diar.segments import Turn
from diar.self_overlap import merged, self_overlapping, surplus, surplus_seconds

span = st.tuples(st.integers(0, 40), st.integers(0, 12), st.sampled_from("AB"))
some_turns = st.lists(span.map(lambda s: Turn(s[0] / 4, (s[0] + s[1]) / 4, s[2])), max_size=10)


def depths(turns: list[Turn]) -> Counter[tuple[int, str]]:
    """How many turns of each speaker go on in each quarter of a second."""
    return Counter(
        (tick, turn.speaker[0]) for turn in turns for tick in range(round(4 * turn.start), round(4 * turn.end))
    )


def lines(text: str) -> list[RttmLine]:
    return [RttmLine.parse(line, f"text:{number}") for number, line in enumerate(text.splitlines(), 1)]


@given(some_turns)
def test_the_surplus_is_what_goes_on_beyond_once(turns: list[Turn]) -> None:
    wanted = Counter({tick: depth - 1 for tick, depth in depths(turns).items() if depth > 1})
    assert depths(surplus(turns)) == wanted
    assert surplus_seconds(turns) == sum(wanted.values()) / 4
    assert len({turn.speaker for turn in surplus(turns)}) == len(surplus(turns))  # nobody's own overlap


@given(some_turns)
def test_merged_turns_cover_the_same_time_once(turns: list[Turn]) -> None:
    once = merged(turns)
    assert depths(once) == Counter(dict.fromkeys(depths(turns), 1))
    assert surplus(once) == [] and merged(once) == once
    assert {(turn.start, turn.speaker) for turn in once} <= {(turn.start, turn.speaker) for turn in turns}
    assert merged(turns[::-1]) == once


def test_turns_that_touch_stay_apart() -> None:
    touching = [Turn(0, 0.1 + 0.2, "A"), Turn(0.3, 1, "A"), Turn(1, 2, "B")]
    assert merged(touching) == touching and surplus(touching) == []


def test_lines_come_in_the_order_of_the_file() -> None:
    text = rttm((8, 12, "A"), (0, 10, "A"), (0, 10, "B"), (9, 9.5, "A"), (20, 21, "A"), (3, 4, "B"))
    other = rttm((5, 6, "A"), recording="q")
    assert [line.place for line in self_overlapping(lines(text + other))] == ["text:1", "text:4", "text:6"]


def test_of_equal_lines_the_second_overlaps() -> None:
    assert [line.place for line in self_overlapping(lines(rttm((0, 10, "A"), (0, 10, "A"))))] == ["text:2"]


def test_counted_twice_is_what_pyannote_counts() -> None:
    from pyannote.core import Annotation, Timeline
    from pyannote.core import Segment as Span
    from pyannote.metrics.diarization import DiarizationErrorRate

    from diar.score_errors import error_segments
    from diar.segments import Segment

    def annotation(turns: list[Turn]) -> Annotation:
        made = Annotation()
        for track, turn in enumerate(turns):
            made[Span(turn.start, turn.end), track] = turn.speaker
        return made

    reference = [Turn(0, 10, "A"), Turn(10, 20, "B"), Turn(9, 12, "A")]
    hypothesis = [Turn(0, 8, "x"), Turn(4, 11, "x"), Turn(10, 20, "y"), Turn(18, 22, "y")]
    theirs = DiarizationErrorRate()(
        annotation(reference[:2]), annotation(hypothesis), uem=Timeline([Span(0, 30)]), detailed=True
    )
    mapping = {"A": "x", "B": "y"}
    twice = [*hypothesis, *surplus(hypothesis)]
    errors = error_segments(reference[:2], twice, [Segment(0, 30)], mapping)
    assert sum(error.seconds for error in errors) == pytest.approx(100 * theirs["diarization error rate"] * 20 / 100)
