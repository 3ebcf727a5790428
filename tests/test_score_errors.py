"""Error segments against a grid of 10 ms that knows no diar.score, and against the score that they explain."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diar.score import score_input
from diar.score_errors import CONFUSION, FALSE_ALARM, KINDS, MISS, ErrorSegment, error_segments, intervals
from diar.score_input import ScoreInput, ScoreOptions
from diar.segments import Segment, Turn

EVERYTHING = [Segment(0.0, 100.0)]
STEP = 0.01  # of the grid, in seconds


def turns(*spans: tuple[float, float, str]) -> list[Turn]:
    return [Turn(*span) for span in spans]


def grid_turns(names: str) -> st.SearchStrategy[list[Turn]]:
    span = st.tuples(st.integers(0, 900), st.integers(1, 300), st.sampled_from(names))
    return st.lists(span.map(lambda s: Turn(s[0] * STEP, (s[0] + s[1]) * STEP, s[2])), max_size=10)


conditions = st.builds(ScoreOptions, collar=st.sampled_from([0.0, 0.1, 0.25]), skip_overlap=st.booleans())
regions = st.sets(st.integers(0, 1200), min_size=4, max_size=4).map(
    lambda bounds: [Segment(a * STEP, b * STEP) for a, b in zip(*[iter(sorted(bounds))] * 2, strict=True)]
)


def test_each_kind_of_error_by_hand() -> None:
    reference, hypothesis = turns((0, 10, "A"), (10, 20, "B"), (30, 32, "A")), turns((1, 12, "x"), (12, 22, "y"))
    assert error_segments(reference, hypothesis, EVERYTHING, {"A": "x", "B": "y"}) == [
        (Segment(0, 1), MISS, ("A",), ()),
        (Segment(10, 12), CONFUSION, ("B",), ("x",)),
        (Segment(20, 22), FALSE_ALARM, (), ("y",)),
        (Segment(30, 32), MISS, ("A",), ()),
    ]


def test_errors_at_once_are_apart() -> None:
    """A is found, B is confused with z, C is missed: which of B and C is which goes by name."""
    reference, hypothesis = turns((0, 4, "A"), (0, 4, "B"), (0, 4, "C")), turns((0, 4, "x"), (0, 4, "z"))
    assert error_segments(reference, hypothesis, EVERYTHING, {"A": "x"}) == [
        (Segment(0, 4), CONFUSION, ("B",), ("z",)),
        (Segment(0, 4), MISS, ("C",), ()),
    ]


def test_an_error_goes_on_while_others_come_and_go() -> None:
    """A is missed from 0 to 10 s, whatever y, a false alarm from 4 to 6 s, would be a confusion of."""
    reference, hypothesis = turns((0, 10, "A"), (2, 8, "B")), turns((2, 8, "y"))
    assert error_segments(reference, hypothesis, EVERYTHING, {"B": "y"}) == [(Segment(0, 10), MISS, ("A",), ())]


def test_two_missed_speakers_count_twice() -> None:
    (error,) = error_segments(turns((0, 3, "A"), (0, 3, "B")), [], EVERYTHING, {})
    assert (error.speakers, error.seconds) == (("A", "B"), 6)


def test_errors_end_with_the_regions() -> None:
    missed = error_segments(turns((0, 10, "A")), [], [Segment(2, 4), Segment(6, 20)], {})
    assert [error.segment for error in missed] == [(2, 4), (6, 10)]


def test_no_turns_no_errors() -> None:
    assert error_segments([], [], EVERYTHING, {}) == []
    assert error_segments(turns((3, 3, "A")), [], EVERYTHING, {}) == []
    assert list(intervals([], turns((0, 1, "A")), [])) == []


def test_a_confidence_changes_nothing() -> None:
    sure, unsure = [Turn(0, 2, "x", 0.9)], [Turn(0, 2, "x", math.nan)]
    assert error_segments([], sure, EVERYTHING, {}) == error_segments([], unsure, EVERYTHING, {})


def on_grid(reference: list[Turn], hypothesis: list[Turn], scored: list[Segment], mapping: dict[str, str]) -> Counter:
    """(frame, kind): how many speakers, counted frame by frame."""
    counts: Counter[tuple[int, str]] = Counter()
    for frame in range(1500):
        middle = (frame + 0.5) * STEP
        if any(start < middle < end for start, end in scored):
            speakers = {turn.speaker for turn in reference if turn.start < middle < turn.end}
            guesses = {turn.speaker for turn in hypothesis if turn.start < middle < turn.end}
            right = sum(mapping.get(speaker) in guesses for speaker in speakers)
            counts[frame, MISS] = max(len(speakers) - len(guesses), 0)
            counts[frame, FALSE_ALARM] = max(len(guesses) - len(speakers), 0)
            counts[frame, CONFUSION] = min(len(speakers), len(guesses)) - right
    return +counts


def rasterized(errors: list[ErrorSegment]) -> Counter:
    counts: Counter[tuple[int, str]] = Counter()
    for (start, end), kind, speakers, guesses in errors:
        for frame in range(round(start / STEP), round(end / STEP)):
            counts[frame, kind] += max(len(speakers), len(guesses))
    return counts


@settings(max_examples=60, deadline=None)
@given(grid_turns("ABC"), grid_turns("xyz"), regions, conditions)
def test_errors_are_those_of_every_frame(
    reference: list[Turn], hypothesis: list[Turn], uem: list[Segment], options: ScoreOptions
) -> None:
    given = ScoreInput("r", reference, hypothesis, uem)
    mapping = dict(score_input(given, options).mapping)
    errors = error_segments(reference, hypothesis, given.scored(options), mapping)
    assert rasterized(errors) == on_grid(reference, hypothesis, given.scored(options), mapping)


@settings(max_examples=150, deadline=None)
@given(grid_turns("ABCD"), grid_turns("wxyz"), regions, conditions)
def test_seconds_of_errors_are_those_of_the_score(
    reference: list[Turn], hypothesis: list[Turn], uem: list[Segment], options: ScoreOptions
) -> None:
    given = ScoreInput("r", reference, hypothesis, uem)
    score = score_input(given, options)
    errors = error_segments(reference, hypothesis, given.scored(options), score.mapping)
    seconds = [sum(error.seconds for error in errors if error.kind == kind) for kind in KINDS]
    assert seconds == pytest.approx(
        [score.missed_speaker_time, score.falarm_speaker_time, score.speaker_error_time], abs=1e-9
    )
    for _, kind, speakers, guesses in errors:
        assert bool(speakers) == (kind != FALSE_ALARM) and bool(guesses) == (kind != MISS)
        assert kind != CONFUSION or len(speakers) == len(guesses)
        assert not {(speaker, guess) for speaker in speakers for guess in guesses} & set(score.mapping.items())
    assert errors == sorted(errors)
    ends = {(error.segment.end, *error[1:]) for error in errors}
    assert not ends & {(error.segment.start, *error[1:]) for error in errors}  # nothing is in two pieces


@settings(max_examples=40, deadline=None)
@given(grid_turns("ABC"), grid_turns("xyz"), st.permutations("xyz"))
def test_the_order_of_turns_and_names_of_guesses_do_not_matter(
    reference: list[Turn], hypothesis: list[Turn], order: list[str]
) -> None:
    new = dict(zip("xyz", order, strict=True))
    mapping = {"A": "x", "B": "y"}
    renamed = [turn._replace(speaker=new[turn.speaker]) for turn in reversed(hypothesis)]
    before = error_segments(reference, hypothesis, EVERYTHING, mapping)
    after = error_segments(reference[::-1], renamed, EVERYTHING, {name: new[guess] for name, guess in mapping.items()})
    assert {kind: sum(e.seconds for e in before if e.kind == kind) for kind in KINDS} == pytest.approx(
        {kind: sum(e.seconds for e in after if e.kind == kind) for kind in KINDS}
    )
