"""JSON: ``{"recording", "duration", "turns": [{"start", "end", "speaker", "confidence"}]}``, or a list of such.

Times are seconds. A duration or confidence that is not known is null.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from diar.errors import DataError
from diar.io.files import read_json
from diar.io.turn_formats.turn import Content, Durations, Turns, checked_name, checked_turn, confidence_text
from diar.segments import Turn

_RECORDING = 'wanted {"recording": ..., "turns": [...]}, or a list of those'
_TURN = 'wanted {"start": ..., "end": ..., "speaker": ...}'


def json_text(turns: Turns, durations: Durations) -> str:
    """One object where there is one recording, else a list; a turn a line."""
    recordings = [_recording_text(recording, turns[recording], durations.get(recording)) for recording in turns]
    return (recordings[0] if len(recordings) == 1 else "[" + ",\n".join(recordings) + "]") + "\n"


def _recording_text(recording: str, turns: Any, duration: float | None) -> str:
    known = {"recording": recording, "duration": duration if duration is None else round(duration, 3)}
    head = json.dumps(known, ensure_ascii=False).removesuffix("}")
    rows = [json.dumps(_turn_object(turn), ensure_ascii=False) for turn in turns]
    return f'{head}, "turns": [' + ",".join(f"\n  {row}" for row in rows) + "]}"


def _turn_object(turn: Turn) -> dict[str, Any]:
    confidence = confidence_text(turn)
    return {
        "start": round(turn.start, 3),
        "end": round(turn.end, 3),
        "speaker": turn.speaker,
        "confidence": float(confidence) if confidence else None,
    }


def read_json_turns(path: Path) -> Content:
    """The turns and durations of each recording; other keys are passed over.

    Raises:
        DataError: the file is not JSON, or of another shape; a recording is there twice.
    """
    content = read_json(path, _RECORDING)
    turns: dict[str, list[Turn]] = {}
    durations: dict[str, float] = {}
    for number, entry in enumerate(content if isinstance(content, list) else [content], 1):
        place = f"{path}: recording {number}"
        if not isinstance(entry, dict) or not isinstance(entry.get("turns"), list):
            raise DataError(place, f"found {_shown(entry)}", _RECORDING)
        recording = checked_name(place, entry.get("recording"), "recording")
        if recording in turns:
            raise DataError(place, f"'{recording}' is there twice", advice="join their turns")
        turns[recording] = [
            _turn(f"{path}: '{recording}', turn {count}", value) for count, value in enumerate(entry["turns"], 1)
        ]
        if entry.get("duration") is not None:
            durations[recording] = _duration(place, entry["duration"])
    return turns, durations


def _turn(place: str, value: Any) -> Turn:
    if not isinstance(value, dict):
        raise DataError(place, f"found {_shown(value)}", _TURN)
    for key in ("start", "end", "speaker"):
        if key not in value:
            raise DataError(place, f"has no '{key}'", _TURN)
    return checked_turn(place, value.get("start"), value.get("end"), value.get("speaker"), value.get("confidence"))


def _duration(place: str, value: Any) -> float:
    if not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise DataError(place, f"found the duration {_shown(value)}", "wanted seconds")
    return float(value)


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
