"""TextGrid: the text written, Praat's short format and UTF-16, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from diar.errors import DataError
from diar.io.turn_formats.textgrid import read_textgrid, textgrid_text
from diar.segments import Turn

SHORT = '''File type = "ooTextFile"
Object class = "TextGrid"

0
2.5
<exists>
3
"IntervalTier"
"Ann ""A"""
0
2.5
2
0
1.25
"yes 12 ""!"""
1.25
2.5
""
"TextTier"
"clicks"
0
2.5
1
0.5
"click"
"IntervalTier"
"Jürgen"
0
2.5
1
0
2.5
"ja"
'''
TURNS = [Turn(0, 1.25, 'Ann "A"'), Turn(0, 2.5, "Jürgen")]


def test_the_text_written() -> None:
    turns = [Turn(0, 1, 'A"'), Turn(0.5, 1.5, 'A"'), Turn(1.5, 2, 'A"'), Turn(1, 1.25, "B")]
    lines = [line.strip() for line in textgrid_text(turns, 2.25).splitlines()]
    assert lines[:8] == [
        'File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", "xmax = 2.250", "tiers? <exists>",
        "size = 2", "item []:",
    ]  # fmt: skip
    assert [line for line in lines if line.startswith("name")] == ['name = "A"""', 'name = "B"']
    assert [line for line in lines if line.startswith("text")] == ['text = "A"""'] * 2 + [
        'text = ""', 'text = ""', 'text = "B"', 'text = ""',
    ]  # fmt: skip
    assert [line for line in lines if "intervals: size" in line] == ["intervals: size = 3"] * 2


def test_nobody_speaks() -> None:
    assert "xmax = 7.000" in textgrid_text([], 7.0) and "intervals: size = 1" in textgrid_text([], 7.0)
    assert "xmax = 0.001" in textgrid_text([], 0.0)


def test_the_end_is_never_before_the_last_turns() -> None:
    assert "xmax = 2.000" in textgrid_text([Turn(0, 2, "A")], 1.0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_short_format_in_praats_encodings(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.TextGrid").write_text(SHORT, encoding=encoding, newline="\r\n")
    assert read_textgrid(tmp_path / "a.TextGrid") == (TURNS, 2.5)


def test_a_grid_without_tiers(tmp_path: Path) -> None:
    (tmp_path / "a.TextGrid").write_text('"ooTextFile" "TextGrid" 0 4 <absent>')
    assert read_textgrid(tmp_path / "a.TextGrid") == ([], 4.0)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("ooTextFile", "ooBinaryFile", ":1: is not a TextGrid; wanted \"ooTextFile\""),
        ('"TextGrid"', '"PitchTier"', ":2: is not a TextGrid; wanted \"TextGrid\""),
        ("0\n2.5\n<exists>", "zero <exists>", ":4: is not a TextGrid; wanted a number"),
        ("<exists>\n3", "<exists>\n3.5", ":7: is not a TextGrid; wanted a whole number"),
        ('"TextTier"', '"PointTier"', ':22: is not a TextGrid; wanted "IntervalTier" or "TextTier"'),
        ("0\n1.25", "1.5\n1.25", ":15: found a turn from 1.5 to 1.25 s"),
        ('"ja"', "", ": ends too early; wanted a TextGrid"),
        ('"Jürgen"', '""', ":33: the speaker's name is blank"),
    ],
)
def test_faults_are_told_with_their_place(tmp_path: Path, old: str, new: str, reason: str) -> None:
    assert old in SHORT
    (tmp_path / "a.TextGrid").write_text(SHORT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=rf"a\.TextGrid{reason}"):
        read_textgrid(tmp_path / "a.TextGrid")


def test_half_a_letter_of_utf_16(tmp_path: Path) -> None:
    (tmp_path / "a.TextGrid").write_bytes(b"\xff\xfea")
    with pytest.raises(DataError, match="not UTF-16 text"):
        read_textgrid(tmp_path / "a.TextGrid")
