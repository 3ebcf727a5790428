"""CTM, NIST's time-marked lines, with speakers where it has words.

``<recording> <channel> <start> <duration> <speaker> [<confidence>]``; times are seconds; comments begin with ``;;``.
"""

from __future__ import annotations

from pathlib import Path

from diar.errors import DataError
from diar.io.files import numbered_lines
from diar.io.turn_formats.turn import Content, Durations, Turns, checked_name, checked_turn, confidence_text
from diar.segments import Turn


def ctm_text(turns: Turns, durations: Durations) -> str:
    """A line a turn, with channel 1; recordings sorted as bytes. The last field is there where it is known."""
    return "".join(
        f"{recording} 1 {turn.start:.3f} {turn.duration:.3f} {turn.speaker} {confidence_text(turn)}".rstrip() + "\n"
        for recording in sorted(turns, key=str.encode)
        for turn in turns[recording]
    )


def read_ctm(path: Path) -> Content:
    """The turns of each recording, of all its channels.

    Raises:
        DataError: with file and line, where a line is not CTM.
    """
    turns: dict[str, list[Turn]] = {}
    for place, line in numbered_lines(path):
        if line.lstrip().startswith(";;"):
            continue
        fields = line.split()
        if len(fields) not in (5, 6):
            wanted = "wanted 5 or 6: <recording> <channel> <start> <duration> <speaker> [<confidence>]"
            raise DataError(place, f"found {len(fields)} fields", wanted)
        start, duration = _span(place, fields[2], fields[3])
        turn = checked_turn(place, start, start + duration, fields[4], *fields[5:])
        turns.setdefault(checked_name(place, fields[0], "recording"), []).append(turn)
    return turns, {}


def _span(place: str, start_text: str, duration_text: str) -> tuple[float, float]:
    """Start and duration of a line; ``place`` is told when they are no numbers of at least 0."""
    try:
        start, duration = float(start_text), float(duration_text)
    except ValueError:
        raise DataError(place, f"found times '{start_text} {duration_text}'", "wanted seconds") from None
    if not (start >= 0 and duration >= 0):
        raise DataError(place, f"found start {start_text} and duration {duration_text}", "wanted numbers of at least 0")
    return start, duration
