"""Which format a line looks like when another was wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from diar.errors import DataError
from diar.io.line_formats import faults_of_lines, other_format


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("SPEAKER r 1 0 1 <NA> <NA> A <NA>", "RTTM"),
        ("speaker r 1 0 1 <NA> <NA> A <NA>", "RTTM"),
        ("SPEAKER r 1 0", ""),
        ("r 1 0 10", "UEM"),
        ("r 1 0 ten", ""),
        ("recording,start,end,speaker", "CSV"),
        ("r", ""),
    ],
)
def test_a_line_of_another_format_is_known(line: str, found: str) -> None:
    for wanted in ("RTTM", "UEM", "CSV"):
        assert other_format(line, wanted) == (f"this looks like {found}" if found not in ("", wanted) else "")


def test_only_a_file_that_begins_as_another_format_is_given_up(tmp_path: Path) -> None:
    def refuse(line: str, place: str) -> None:
        raise DataError(place, "bad")

    path = tmp_path / "a"
    path.write_text("; nothing\nr 1 0 1\nx\n")
    assert faults_of_lines(path, "RTTM", refuse) == [f"{path}:2: bad"]
    assert faults_of_lines(path, "UEM", refuse) == [f"{path}:2: bad", f"{path}:3: bad"]
    path.write_text("x\nr 1 0 1\n")
    assert len(faults_of_lines(path, "RTTM", refuse)) == 2
