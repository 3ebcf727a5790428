"""What a page's scripts draw, as JSON: groups of rows of spans, regions that are not scored, merge curves."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from diar.report.colours import SPEAKERS
from diar.report.content import MergeCurve, Note, RecordingContent, SpeakerRow, speaker_rows
from diar.score_errors import CONFUSION, FALSE_ALARM, KINDS, MISS, ErrorSegment
from diar.segments import Segment, Turn, union

KIND_NAMES = {MISS: "missed", FALSE_ALARM: "false alarm", CONFUSION: "confusion"}


def script_json(content: Any) -> str:
    """``content`` as JSON that may stand in a script element: ASCII, and nothing in it ends the element."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def recording_data(content: RecordingContent) -> dict[str, Any]:
    """The data of a recording's page.

    ``groups`` has a ``title``, a ``kind`` (turns, reference, errors, speech, notes) and ``rows``: name, colour (a
    custom property) and spans ``[start, end, confidence or null, index into texts]``, cut short where nothing follows.
    """
    texts = _Texts()
    found, true = speaker_rows(content)
    groups = [_group("Hypothesis", "turns", _turn_rows(found, content.hypothesis))]
    if content.reference is not None:
        groups.append(_group("Reference", "reference", _turn_rows(true, content.reference)))
    if content.scored is not None:
        groups.append(_group("Errors", "errors", _error_rows(content.errors, texts)))
    if content.vad is not None:
        spans = [[*_times(region)] for region in content.vad.regions]
        groups.append(_group("Speech", "speech", [_row("found", "speech", spans)]))
    if content.notes:
        groups.append(_group("To check", "notes", _note_rows(content.notes, texts)))
    scored = None if content.scored is None else _gaps(content.scored, content.duration)
    return {
        "recording": content.recording,
        "duration": _rounded(content.duration),
        "groups": groups,
        "texts": texts.listed,
        "notScored": [[*_times(gap)] for gap in scored or ()],
        "curves": [_curve(curve) for curve in content.curves],
    }


class _Texts:
    """Texts, each kept once."""

    def __init__(self) -> None:
        self._index: dict[str, int] = {}

    @property
    def listed(self) -> list[str]:
        return list(self._index)

    def index(self, text: str) -> int:
        return self._index.setdefault(text, len(self._index))


def _group(title: str, kind: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"title": title, "kind": kind, "rows": rows}


def _row(name: str, colour: str, spans: list[list[Any]]) -> dict[str, Any]:
    return {"name": name, "colour": f"--{colour}", "spans": sorted(spans, key=lambda span: span[:2])}


def _turn_rows(rows: Sequence[SpeakerRow], turns: Sequence[Turn]) -> list[dict[str, Any]]:
    spans: dict[str, list[list[Any]]] = {row.name: [] for row in rows}
    for turn in turns:
        known = [round(turn.confidence, 3)] if math.isfinite(turn.confidence) else []
        spans[turn.speaker].append([*_times(turn), *known])
    return [
        _row(row.name, f"speaker-{row.colour % len(SPEAKERS)}", spans[row.name])
        | ({"other": row.other} if row.other else {})
        for row in rows
    ]


def _error_rows(errors: Sequence[ErrorSegment], texts: _Texts) -> list[dict[str, Any]]:
    spans: dict[str, list[list[Any]]] = {kind: [] for kind in KINDS}
    for error in errors:
        spans[error.kind].append([*_times(error.segment), None, texts.index(_who(error))])
    return [_row(KIND_NAMES[kind], kind.replace("_", "-"), spans[kind]) for kind in KINDS]


def _who(error: ErrorSegment) -> str:
    """Who talks, by the reference, and who was found."""
    return f"{', '.join(error.speakers) or 'nobody'} talks, {', '.join(error.guesses) or 'nobody'} found"


def _note_rows(notes: Sequence[Note], texts: _Texts) -> list[dict[str, Any]]:
    spans: dict[str, list[list[Any]]] = {}
    for note in notes:
        spans.setdefault(note.kind, []).append([*_times(note.segment), None, texts.index(note.text or note.kind)])
    return [_row(kind, "note", found) for kind, found in spans.items()]


def _gaps(regions: Iterable[Segment], duration: float) -> list[Segment]:
    """The time from 0 to ``duration`` outside ``regions``."""
    bounds = [0.0, *(time for region in union(regions) for time in region), duration]
    gaps = zip(bounds[::2], bounds[1::2], strict=True)
    return [Segment(start, end) for start, end in gaps if end > start]


def _curve(curve: MergeCurve) -> dict[str, Any]:
    points = [
        [number, float(f"{value:.6g}")]
        for number, value in zip(curve.n_clusters, curve.values, strict=True)
        if math.isfinite(value)
    ]
    return {"name": curve.name, "points": points, "cut": curve.cut}


def _times(span: Segment | Turn) -> tuple[float, float]:
    return _rounded(span.start), _rounded(span.end)


def _rounded(seconds: float) -> float:
    """To the millisecond, which is what files of turns hold; a whole number where it is one, since it is shorter."""
    milliseconds = round(seconds * 1000)
    return milliseconds // 1000 if milliseconds % 1000 == 0 else milliseconds / 1000
