"""JSON: the text written, one recording or several, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from diar.errors import DataError
from diar.io.turn_formats.json_turns import json_text, read_json_turns
from diar.segments import Turn

TURN = {"start": 0, "end": 1, "speaker": "A"}


def test_the_object_of_one_recording_and_the_list_of_several() -> None:
    turns = {"r": [Turn(0.5, 2, 'A "Ü"', 0.75)], "q": []}
    one = {
        "recording": "r",
        "duration": 2.5,
        "turns": [{"start": 0.5, "end": 2.0, "speaker": 'A "Ü"', "confidence": 0.75}],
    }
    assert json.loads(json_text({"r": turns["r"]}, {"r": 2.5})) == one
    assert json.loads(json_text(turns, {"r": 2.5})) == [one, {"recording": "q", "duration": None, "turns": []}]
    assert json.loads(json_text({}, {})) == []
    assert json.loads(json_text({"r": [Turn(0, 1, "A")]}, {}))["turns"][0]["confidence"] is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (7, r": recording 1: found 7; wanted \{\"recording\""),
        ([{"recording": "r"}], ": recording 1: found .*wanted"),
        ({"turns": []}, ": recording 1: the recording's name is blank"),
        ([{"recording": "r", "turns": []}] * 2, ": recording 2: 'r' is there twice"),
        ({"recording": "r", "turns": [TURN, 3]}, ": 'r', turn 2: found 3; wanted"),
        ({"recording": "r", "turns": [{"start": 0, "end": 1}]}, ": 'r', turn 1: has no 'speaker'; wanted"),
        ({"recording": "r", "turns": [TURN | {"speaker": ""}]}, ": 'r', turn 1: the speaker's name is blank"),
        ({"recording": "r", "turns": [TURN | {"end": -1}]}, ": 'r', turn 1: found a turn from 0 to -1"),
        ({"recording": "r", "turns": [TURN | {"start": [0]}]}, ": 'r', turn 1: found times"),
        ({"recording": "r", "turns": [TURN | {"confidence": {}}]}, ": 'r', turn 1: found the confidence"),
        ({"recording": "r", "turns": [], "duration": "long"}, ": recording 1: found the duration \"long\""),
        ({"recording": "r", "turns": [], "duration": float("inf")}, ": recording 1: found the duration Infinity"),
        ({"recording": "\ud800", "turns": []}, ": recording 1: found the recording"),
    ],
)
def test_faults_are_told_with_their_place(tmp_path: Path, content: object, reason: str) -> None:
    (tmp_path / "hyp.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=rf"hyp\.json{reason}"):
        read_json_turns(tmp_path / "hyp.json")


def test_what_is_not_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hyp.json").write_text("{")
    with pytest.raises(DataError, match=r'hyp\.json: not JSON .*; wanted {"recording"'):
        read_json_turns(tmp_path / "hyp.json")
