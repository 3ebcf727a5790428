"""CSV (RFC 4180): the header ``recording,start,end,speaker,confidence``, then a line a turn, times in seconds."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from diar.errors import DataError
from diar.io.files import read_text
from diar.io.turn_formats.turn import Content, Durations, Turns, checked_name, checked_turn, confidence_text
from diar.segments import Turn

_COLUMNS = ("recording", "start", "end", "speaker", "confidence")
_NEEDED = _COLUMNS[:4]


def csv_text(turns: Turns, durations: Durations) -> str:
    """The turns, recording by recording; an unknown confidence is empty."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(_COLUMNS)
    for recording, spoken in turns.items():
        for turn in spoken:
            times = (f"{turn.start:.3f}", f"{turn.end:.3f}")
            table.writerow((recording, *times, turn.speaker, confidence_text(turn)))
    return text.getvalue()


def read_csv(path: Path) -> Content:
    """The turns of each recording. Columns may stand in any order; others are passed over.

    Raises:
        DataError: a column is missing, a line has too many or too few fields, or is no turn.
    """
    table = csv.DictReader(io.StringIO(read_text(path)), strict=True)
    turns: dict[str, list[Turn]] = {}
    try:
        missing = [name for name in _NEEDED if name not in (table.fieldnames or ())]
        if missing:
            raise DataError(f"{path}:1", f"found no column '{missing[0]}'", f"wanted the header {','.join(_COLUMNS)}")
        for row in table:
            place = f"{path}:{table.line_num}"
            if None in row or None in row.values():
                raise DataError(place, "found another number of fields than in the header", "wanted a field a column")
            recording = checked_name(place, row["recording"], "recording")
            turn = checked_turn(place, row["start"], row["end"], row["speaker"], row.get("confidence"))
            turns.setdefault(recording, []).append(turn)
    except csv.Error as error:
        raise DataError(f"{path}:{table.reader.line_num}", f"not CSV ({error})") from None
    return turns, {}
