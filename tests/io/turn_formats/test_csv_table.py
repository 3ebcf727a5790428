"""CSV: the text written, other orders of columns, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from diar.errors import DataError
from diar.io.turn_formats.csv_table import csv_text, read_csv
from diar.segments import Turn

HEADER = "recording,start,end,speaker,confidence\n"


def read(folder: Path, text: str) -> dict[str, list[Turn]]:
    path = folder / "hyp.csv"
    path.write_text(text, encoding="utf-8")
    return read_csv(path)[0]


def test_the_text_written() -> None:
    turns = {"r": [Turn(0.5, 2, 'A "B", C'), Turn(1, 3.25, "D", 0.75)]}
    assert csv_text(turns, {}) == (
        "recording,start,end,speaker,confidence\r\n" 'r,0.500,2.000,"A ""B"", C",\r\n' "r,1.000,3.250,D,0.750\r\n"
    )


def test_columns_in_any_order_and_more_of_them(tmp_path: Path) -> None:
    text = "\ufeffspeaker,end,note,start,recording\nAnn,2,x,1,r\n\nBob,4,,3,q\n"
    assert read(tmp_path, text) == {"r": [Turn(1, 2, "Ann")], "q": [Turn(3, 4, "Bob")]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "1: found no column 'recording'; wanted the header recording,start,end,speaker,confidence"),
        ("recording,start,speaker\n", "1: found no column 'end'"),
        (HEADER + "r,0,1,A,\nr,0,1,A\n", "3: found another number of fields"),
        (HEADER + "r,0,1,A,,\n", "2: found another number of fields"),
        (HEADER + "r,0,one,A,\n", "2: found times '0 one'"),
        (HEADER + "r,2,1,A,\n", "2: found a turn from 2 to 1 s"),
        (HEADER + "r,0,1,,\n", "2: the speaker's name is blank"),
        (HEADER + " ,0,1,A,\n", "2: the recording's name is blank"),
        (HEADER + "r,0,1,A,sure\n", "2: found the confidence 'sure'"),
        (HEADER + 'r,0,1,"A,\n', "2: not CSV"),
    ],
)
def test_faults_are_told_with_their_place(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(DataError, match=rf"hyp\.csv:{reason}"):
        read(tmp_path, text)
