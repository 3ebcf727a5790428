"""What a line of one format looks like when another was wanted, so that a mistaken file is told as such, once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from diar.errors import DataError
from diar.io.files import content_lines

# the types of RTTM's objects, of RT-09's evaluation plan
RTTM_TYPES = frozenset((
    "SPEAKER", "SPKR-INFO", "NOSCORE", "NO_RT_METADATA", "LEXEME", "NON-LEX", "NON-SPEECH", "SEGMENT", "FILLER", "EDIT",
    "SU", "IP", "CB", "A/P",
))  # fmt: skip


def other_format(line: str, wanted: str) -> str:
    """That ``line`` looks like RTTM, UEM or CSV, if that is not ``wanted``; empty if it looks like none of them."""
    fields = line.split()
    found = ""
    if fields[0].upper() in RTTM_TYPES:
        found = "RTTM" if len(fields) >= 9 else ""
    elif len(fields) == 4 and all(_is_number(field) for field in fields[2:]):
        found = "UEM"
    elif line.count(",") >= 2 and len(fields) < 4:
        found = "CSV"
    return f"this looks like {found}" if found not in ("", wanted) else ""


def faults_of_lines(path: Path, wanted: str, parse: Callable[[str, str], Any]) -> list[str]:
    """What ``parse`` (line, place) refuses of a file's lines; of one that begins as another format only that."""
    faults = []
    for number, (place, line) in enumerate(content_lines(path)):
        try:
            parse(line, place)
        except DataError as error:
            faults.append(str(error))
            if number == 0 and other_format(line, wanted):
                break
    return faults


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
