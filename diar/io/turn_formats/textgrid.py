"""Praat's TextGrid, a tier a speaker (https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html).

A tier has an interval a turn, with the speaker's name for its text, and empty ones in between, from 0 to the
recording's end. Read are the long and the short text format, in UTF-8 or in UTF-16, which Praat writes where there are
letters beyond ASCII.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

from diar.errors import DataError
from diar.io.files import read_bytes, read_text
from diar.io.turn_formats.turn import checked_turn
from diar.segments import Turn, join_overlaps

_SHORTEST = 0.001  # s: Praat refuses a TextGrid that is empty in time
_NOBODY = "speaker"  # the one tier where nobody speaks, since Praat refuses a TextGrid without tiers
_TOKEN = re.compile(r'"((?:[^"]|"")*)"|(?<!\S)([-+]?\d[\d.eE+-]*)(?!\S)|<(exists|absent)>')  # all else are comments


def textgrid_text(turns: Sequence[Turn], duration: float) -> str:
    """The long text format. Overlapping turns of one speaker are one interval.

    The end is ``duration``, in seconds, or the last turn's where that is later.
    """
    end = max([duration, _SHORTEST, *(turn.end for turn in turns)])
    tiers: dict[str, list[Turn]] = {speaker: [] for speaker in sorted({turn.speaker for turn in turns}) or [_NOBODY]}
    for turn in join_overlaps(turns):
        tiers[turn.speaker].append(turn)
    head = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        f"xmax = {end:.3f}",
        "tiers? <exists>",
        f"size = {len(tiers)}",
        "item []:",
    ]
    lines = [*head, *(line for number, tier in enumerate(tiers.items(), 1) for line in _tier_lines(number, *tier, end))]
    return "\n".join(lines) + "\n"


def _tier_lines(number: int, speaker: str, turns: Sequence[Turn], end: float) -> list[str]:
    intervals = _intervals(turns, end)
    lines = [
        f"    item [{number}]:",
        '        class = "IntervalTier"',
        f"        name = {_quoted(speaker)}",
        "        xmin = 0",
        f"        xmax = {end:.3f}",
        f"        intervals: size = {len(intervals)}",
    ]
    for count, (first, last, text) in enumerate(intervals, 1):
        lines += [
            f"        intervals [{count}]:",
            f"            xmin = {first:.3f}",
            f"            xmax = {last:.3f}",
            f"            text = {_quoted(text)}",
        ]
    return lines


def _intervals(turns: Sequence[Turn], end: float) -> list[tuple[float, float, str]]:
    """The turns, which do not overlap, and the gaps around them."""
    intervals: list[tuple[float, float, str]] = []
    reached = 0.0
    for turn in turns:
        if turn.start > reached:
            intervals.append((reached, turn.start, ""))
        intervals.append((turn.start, turn.end, turn.speaker))
        reached = turn.end
    if end > reached:
        intervals.append((reached, end, ""))
    return intervals


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


# ---- reading -------------------------------------------------------------------------------------------------------


def read_textgrid(path: Path) -> tuple[list[Turn], float]:
    """The turns, and the end of the file: an interval with any text is a turn of its tier's name.

    Tiers of points are passed over.

    Raises:
        DataError: with file and line, where the file is no TextGrid.
    """
    tokens = _Tokens(path)
    for wanted in ("ooTextFile", "TextGrid"):
        if tokens.text() != wanted:
            tokens.refuse(f'"{wanted}"')
    tokens.number()
    end = tokens.number()
    turns: list[Turn] = []
    for _ in range(tokens.count() if tokens.next().flag == "exists" else 0):
        kind, name = tokens.text(), tokens.text()
        tokens.number()
        tokens.number()
        if kind not in ("IntervalTier", "TextTier"):
            tokens.refuse('"IntervalTier" or "TextTier"')
        for _ in range(tokens.count()):
            first, last = tokens.number(), tokens.number() if kind == "IntervalTier" else 0.0
            if tokens.text().strip() and kind == "IntervalTier":
                turns.append(checked_turn(tokens.place, first, last, name))
    return sorted(turns), end


class _Token(NamedTuple):
    """A text, a number or a flag; the others are None."""

    text: str | None
    number: str | None
    flag: str | None


class _Tokens:
    """What Praat reads of a text file: texts in quotation marks, numbers that stand free, and flags."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._text = _decoded(path)
        self._line = 1
        self._reached = 0
        self._matches: Iterator[re.Match[str]] = _TOKEN.finditer(self._text)

    @property
    def place(self) -> str:
        """The line of the last token."""
        return f"{self._path}:{self._line}"

    def next(self) -> _Token:
        found = next(self._matches, None)
        if found is None:
            raise DataError(self._path, "ends too early", "wanted a TextGrid, Praat's text format")
        self._line += self._text.count("\n", self._reached, found.start())
        self._reached = found.start()
        return _Token(*found.groups())

    def text(self) -> str:
        text = self.next().text
        return self.refuse("a text in quotation marks") if text is None else text.replace('""', '"')

    def number(self) -> float:
        try:
            return float(self.next().number or "")
        except ValueError:
            self.refuse("a number")

    def count(self) -> int:
        number = self.number()
        return int(number) if number >= 0 and number.is_integer() else self.refuse("a whole number")

    def refuse(self, wanted: str) -> NoReturn:
        raise DataError(self.place, "is not a TextGrid", f"wanted {wanted}, as in Praat's text format")


def _decoded(path: Path) -> str:
    if path.is_file() and read_bytes(path)[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return read_bytes(path).decode("utf-16").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            raise DataError(path, f"not UTF-16 text (byte {error.start})", "wanted a text file") from None
    return read_text(path)
