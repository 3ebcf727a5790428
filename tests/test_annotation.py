"""Turns as other toolkits hold them, and back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from turn_strategies import turn_lists

from diar.annotation import from_annotation, from_kaldi, from_supervisions, to_annotation, to_kaldi, to_supervisions
from diar.errors import DataError
from diar.segments import Turn

TURNS = [Turn(0.5, 1.75, "ann", 0.9), Turn(1.0, 3.0, "bob"), Turn(1.0, 3.0, "bob")]


@given(turn_lists())
@settings(deadline=None)
def test_annotations_are_the_turns_again(turns: list[Turn]) -> None:
    again = from_annotation(to_annotation(turns, "r"))
    assert [turn[:3] for turn in again] == sorted(turn[:3] for turn in turns)


def test_pyannote_counts_the_same_speech() -> None:
    annotation = to_annotation(TURNS, "r")
    assert annotation.uri == "r"
    assert dict(annotation.chart()) == {"ann": 1.25, "bob": 2.0}, "it counts what is there twice once"
    assert annotation.get_timeline().support().duration() == pytest.approx(2.5)


def test_labels_that_are_numbers_become_text() -> None:
    annotation = to_annotation([Turn(0, 1, "x")]).rename_labels({"x": 7})
    assert from_annotation(annotation) == [Turn(0, 1, "7")]
    with pytest.raises(DataError, match="annotation 'r': the speaker's name is blank"):
        from_annotation(to_annotation([Turn(0, 1, "x")], "r").rename_labels({"x": " "}))


@given(turn_lists())
@settings(deadline=None)
def test_supervisions_are_the_turns_again(turns: list[Turn]) -> None:
    again = from_supervisions(to_supervisions({"r": turns})).get("r", [])
    wanted = sorted(turns)
    assert [turn.speaker for turn in again] == [turn.speaker for turn in wanted]
    for found, turn in zip(again, wanted, strict=True):
        assert found[:2] == pytest.approx(turn[:2], abs=1e-6)
        assert found.confidence == turn.confidence or math.isnan(turn.confidence) == math.isnan(found.confidence)


def test_the_fields_of_supervisions() -> None:
    first, second, third = to_supervisions({"r": TURNS}, channel=1)
    assert first == {
        "id": "r-00000", "recording_id": "r", "start": 0.5, "duration": 1.25, "channel": 1, "speaker": "ann",
        "custom": {"confidence": 0.9},
    }  # fmt: skip
    assert "custom" not in second and second["id"] != third["id"]


@pytest.mark.parametrize("key", ["recording_id", "start", "duration", "speaker"])
def test_supervisions_that_lack_something(key: str) -> None:
    (supervision,) = to_supervisions({"r": [Turn(0, 1, "x")]})
    del supervision[key]
    with pytest.raises(DataError, match=f"supervision 'r-00000': has no '{key}'"):
        from_supervisions([supervision])


def test_faulty_supervisions() -> None:
    (supervision,) = to_supervisions({"r": [Turn(0, 1, "x")]})
    with pytest.raises(DataError, match=r"supervision 'r-00000': found a turn from -1 to 0"):
        from_supervisions([supervision | {"start": -1}])
    with pytest.raises(DataError, match="supervision 'r-00000': found times"):
        from_supervisions([supervision | {"start": "soon"}])


def test_kaldis_tables() -> None:
    tables = to_kaldi({"r": TURNS}, {"r": 2.5})
    assert from_kaldi(tables["segments"], tables["utt2spk"]) == {"r": [Turn(0.5, 1.75, "ann"), Turn(1.0, 2.5, "bob")]}


def test_speakers_of_the_same_segment_are_tracks_of_their_own() -> None:
    turns = [Turn(0, 1, "ann"), Turn(0, 1, "bob")]
    assert from_annotation(to_annotation(turns)) == turns
