"""CTM: the text written, comments, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from diar.errors import DataError
from diar.io.turn_formats.ctm import ctm_text, read_ctm
from diar.segments import Turn


def read(folder: Path, text: str) -> dict[str, list[Turn]]:
    (folder / "hyp.ctm").write_text(text, encoding="utf-8")
    return read_ctm(folder / "hyp.ctm")[0]


def test_the_text_written() -> None:
    turns = {"b": [Turn(0.5, 2, "A")], "B": [Turn(1, 3.25, "D", 0.75)]}
    assert ctm_text(turns, {}) == "B 1 1.000 2.250 D 0.750\nb 1 0.500 1.500 A\n"


def test_comments_channels_and_unknown_confidences(tmp_path: Path) -> None:
    text = ";; a comment\nr A 1 2 Ann NA\n\nr B 0.5 1 Bob 0.25\n"
    assert read(tmp_path, text) == {"r": [Turn(1, 3, "Ann"), Turn(0.5, 1.5, "Bob", 0.25)]}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("r 1 0 1", "found 4 fields; wanted 5 or 6"),
        ("r 1 0 1 A 0.5 x", "found 7 fields"),
        ("r 1 0 one A", "found times '0 one'; wanted seconds"),
        ("r 1 0 -1 A", "found start 0 and duration -1"),
        ("r 1 -1 2 A", "found start -1 and duration 2"),
        ("r 1 nan 2 A", "found start nan"),
        ("r 1 0 inf A", "to inf s"),
        ("r 1 0 1 A x", "found the confidence 'x'"),
    ],
)
def test_faults_are_told_with_their_place(tmp_path: Path, line: str, reason: str) -> None:
    with pytest.raises(DataError, match=rf"hyp\.ctm:2: {reason}|hyp\.ctm:2: .*{reason}"):
        read(tmp_path, f"r 1 0 1 A\n{line}\n")
