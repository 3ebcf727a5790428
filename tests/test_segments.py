"""Interval algebra against a grid of cells, turns against labels."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import covered, same_partition, turns_to_labels

from diar.errors import DataError
from diar.segments import (
    Segment,
    Turn,
    TurnOptions,
    intersection,
    join_overlaps,
    labels_to_turns,
    runs,
    smooth_turns,
    speech_frames,
    union,
)

CELLS = 24
bounds = st.integers(0, CELLS)
segment_lists = st.lists(st.builds(Segment, bounds, bounds), max_size=8)  # empty and reversed ones among them
label_lists = st.lists(st.integers(-1, 3), max_size=40)


def assert_normal(segments: list[Segment]) -> None:
    assert all(segment.start < segment.end for segment in segments)
    assert all(a.end < b.start for a, b in itertools.pairwise(segments)), "sorted, and neither overlap nor touch"


@given(segments=segment_lists)
def test_union_covers_the_same_cells(segments: list[Segment]) -> None:
    joined = union(segments)
    assert_normal(joined)
    assert covered(joined, CELLS) == covered(segments, CELLS)


@given(segments=segment_lists, max_gap=st.integers(0, 4))
def test_union_fills_gaps_up_to_the_given_length_and_no_others(segments: list[Segment], max_gap: int) -> None:
    cells = covered(segments, CELLS)
    gaps = covered(
        [(a.end, b.start) for a, b in itertools.pairwise(union(segments)) if b.start - a.end <= max_gap], CELLS
    )
    assert covered(union(segments, max_gap), CELLS) == cells | gaps


@given(a=segment_lists, b=segment_lists)
def test_intersection_covers_the_common_cells(a: list[Segment], b: list[Segment]) -> None:
    common = intersection(a, b)
    assert all(segment.start < segment.end for segment in common)
    assert all(first.end <= second.start for first, second in itertools.pairwise(common))
    assert covered(common, CELLS) == covered(a, CELLS) & covered(b, CELLS)
    assert common == intersection(b, a)


@given(segments=segment_lists, shift=st.integers(1, 1000))
def test_algebra_moves_with_time(segments: list[Segment], shift: int) -> None:
    later = [Segment(start + shift, end + shift) for start, end in segments]
    assert union(later) == [Segment(start + shift, end + shift) for start, end in union(segments)]


def test_turns_are_segments_too() -> None:
    assert union([Turn(1, 3, "a"), Turn(2, 4, "b"), Segment(6, 7)]) == [Segment(1, 4), Segment(6, 7)]
    assert (Turn(1.5, 4, "a").duration, Segment(1, 1.25).duration) == (2.5, 0.25)


@given(values=label_lists)
def test_runs_are_those_of_groupby(values: list[int]) -> None:
    found = runs(np.array(values, dtype=np.int32))
    lengths = [len(list(group)) for _, group in itertools.groupby(values)]
    ends = list(itertools.accumulate(lengths))
    assert found == list(zip([0, *ends[:-1]], ends, strict=True) if values else [])


@given(starts=st.lists(st.tuples(bounds, bounds), max_size=6))
def test_speech_frames_are_the_cells_of_the_segments(starts: list[tuple[int, int]]) -> None:
    segments = [Segment(start / 100, end / 100) for start, end in starts]
    speech = speech_frames(segments, CELLS - 4)  # some segments end after the recording
    expected = covered(starts, CELLS)
    assert speech.dtype == np.float32
    assert speech.tolist() == [float(t in expected) for t in range(CELLS - 4)]


def test_speech_frames_round_times_and_ignore_what_lies_before_zero() -> None:
    speech = speech_frames([Segment(-0.02, 0.014), Segment(0.0251, 0.0449), Segment(-2.0, -0.02)], 6)
    assert speech.tolist() == [1, 0, 0, 1, 0, 0]


@given(values=label_lists)
def test_labels_come_back_from_their_turns(values: list[int]) -> None:
    labels = np.array(values, dtype=np.int32)
    names = ["a", "b", "c", "d"]
    turns = labels_to_turns(labels, names)
    present = sorted(set(values) - {-1})
    back = turns_to_labels(turns, len(labels))
    assert back == [present.index(value) if value >= 0 else -1 for value in values]
    assert sum(turn.duration for turn in turns) == pytest.approx(sum(value >= 0 for value in values) / 100)


def test_turns_have_times_in_seconds_and_default_names() -> None:
    labels = np.array([-1, 1, 1, 0, 0, 0, -1, 1], dtype=np.int32)
    assert labels_to_turns(labels) == [Turn(0.01, 0.03, "spk2"), Turn(0.03, 0.06, "spk1"), Turn(0.07, 0.08, "spk2")]
    assert labels_to_turns(labels, ["x", "y"])[0].speaker == "y"


@given(values=label_lists, names=st.permutations(["a", "b", "c", "d"]))
def test_other_names_give_the_same_partition(values: list[int], names: list[str]) -> None:
    labels = np.array(values, dtype=np.int32)
    first = turns_to_labels(labels_to_turns(labels), len(labels))
    second = turns_to_labels(labels_to_turns(labels, names), len(labels))
    assert same_partition(first, second)


# ---- smoothing -----------------------------------------------------------------------------------------------------


def frames_of(turns: list[Turn]) -> list[tuple[int, int, str]]:
    return [(round(100 * turn.start), round(100 * turn.end), turn.speaker) for turn in turns]


def joined_by_hand(turns: list[tuple[int, int, str]], gap: int) -> list[tuple[int, int, str]]:
    """On frames: neighbours of one speaker less than ``gap`` apart joined, a pair at a time until there is none."""
    joined = list(turns)
    while True:
        pairs = [i for i, (a, b) in enumerate(itertools.pairwise(joined)) if a[2] == b[2] and b[0] - a[1] < gap]
        if not pairs:
            return joined
        i = pairs[0]
        joined[i : i + 2] = [(joined[i][0], joined[i + 1][1], joined[i][2])]


@given(values=label_lists, gap=st.integers(0, 6), shortest=st.integers(0, 6))
def test_smoothing_is_that_by_hand_and_loses_no_speaker(values: list[int], gap: int, shortest: int) -> None:
    turns = labels_to_turns(np.array(values, dtype=np.int32))
    smoothed = frames_of(smooth_turns(turns, TurnOptions(min_gap=gap / 100, min_turn=shortest / 100)))
    joined = joined_by_hand(frames_of(turns), gap)
    for speaker in {turn.speaker for turn in turns}:
        lengths = sorted((end - start for start, end, name, *_ in joined if name == speaker), reverse=True)
        kept = [end - start for start, end, name, *_ in smoothed if name == speaker]
        enough = [length for length in lengths if length >= shortest]
        assert sorted(kept, reverse=True) == (enough or lengths[:1])
    assert set(smoothed) <= set(joined) and smoothed == sorted(smoothed)


def test_which_of_two_equally_long_turns_stays_does_not_depend_on_when_they_are() -> None:
    options = TurnOptions(min_gap=0.0, min_turn=1.0)
    for shift in range(50):
        labels = np.array([-1] * shift + [0, 1, 0, 1], dtype=np.int32)
        kept = frames_of(smooth_turns(labels_to_turns(labels), options))
        assert kept == [(shift, shift + 1, "spk1"), (shift + 1, shift + 2, "spk2")]


@given(values=label_lists)
def test_no_smoothing_changes_nothing(values: list[int]) -> None:
    turns = labels_to_turns(np.array(values, dtype=np.int32))
    assert smooth_turns(turns, TurnOptions(min_gap=0.0, min_turn=0.0)) == turns


def test_a_gap_in_which_someone_else_speaks_stays() -> None:
    turns = [Turn(0, 1, "a"), Turn(1, 1.1, "b"), Turn(1.1, 2, "a")]
    assert smooth_turns(turns, TurnOptions(min_gap=0.5, min_turn=0.0)) == turns


@pytest.mark.parametrize("values", [{"min_gap": -0.1}, {"min_turn": -1.0}, {"min_gap": float("nan")}])
def test_bad_options_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(DataError, match="--min-"):
        TurnOptions(**values)


some_turns = st.builds(Turn, bounds, bounds, st.sampled_from("AB"), st.just(math.nan)).filter(
    lambda turn: turn.start < turn.end
)


@given(turns=st.lists(some_turns, max_size=8))
def test_joined_turns_cover_each_speakers_cells_and_do_not_overlap(turns: list[Turn]) -> None:
    joined = join_overlaps(turns)
    assert joined == sorted(joined)
    assert {turn.speaker for turn in joined} == {turn.speaker for turn in turns}
    for speaker in "AB":
        own = [turn for turn in joined if turn.speaker == speaker]
        assert covered(own, CELLS) == covered([turn for turn in turns if turn.speaker == speaker], CELLS)
        assert all(a.end <= b.start for a, b in itertools.pairwise(own))


def test_turns_that_only_touch_stay_apart_and_keep_their_confidence() -> None:
    apart = [Turn(0, 1, "A", 0.5), Turn(1, 2, "A", 0.7)]
    assert join_overlaps(apart[::-1]) == apart
    (joined,) = join_overlaps([*apart, Turn(0.5, 1.5, "A", 0.9)])
    assert joined == Turn(0, 2, "A")
