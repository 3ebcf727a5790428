"""UEM: what is read, what is refused and where, and that what is written is read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from diar.errors import DataError
from diar.io.uem import parse_uem_line, read_uem, uem_faults, write_uem
from diar.segments import Segment


def read(folder: Path, text: str) -> dict[str, list[Segment]]:
    path = folder / "all.uem"
    path.write_text(text, encoding="utf-8")
    return read_uem(path)


def test_regions_are_sorted_and_joined(tmp_path: Path) -> None:
    text = ";; a comment\n # another\n\nm.1 1 20 30\nm.1 1 0 10.5\nr 1 5 6\r\nm.1 1 10 12\nm.1 2 30 31\n"
    assert read(tmp_path, text) == {"m.1": [Segment(0, 12), Segment(20, 31)], "r": [Segment(5, 6)]}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("r 1 0", "3 fields"),
        ("r 1 0 10 20", "5 fields"),
        ("r 1 zero 10", "times 'zero 10'"),
        ("r 1 10 5", "region from 10.0 to 5.0 s"),
        ("r 1 5 5", "region from 5.0 to 5.0 s"),
        ("r 1 -1 5", "region from -1.0 to 5.0 s"),
        ("r 1 0 inf", "region from 0.0 to inf s"),
        ("r 1 nan 5", "region from nan to 5.0 s"),
    ],
)
def test_bad_lines_are_refused_with_their_place(tmp_path: Path, line: str, reason: str) -> None:
    with pytest.raises(DataError, match=rf"all\.uem:2: .*{reason}"):
        read(tmp_path, f"r 1 0 10\n{line}\n")


@pytest.mark.parametrize("text", ["", ";; nothing\n"])
def test_a_uem_without_regions_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"all\.uem: covers nothing"):
        read(tmp_path, text)
    (fault,) = uem_faults(tmp_path / "all.uem")
    assert fault.startswith(f"{tmp_path / 'all.uem'}: covers nothing; wanted ")


def test_every_fault_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "all.uem"
    path.write_text(";; a comment\nr 1 0 10\nr 1 0\n\nr 1 5 5\nr 1 20 30\nr 1 zero 1\n")
    assert [fault.partition(" found")[0] for fault in uem_faults(path)] == [f"{path}:{n}:" for n in (3, 5, 7)]
    path.write_text("r 1 0 10\n# the end\n")
    assert uem_faults(path) == []
    path.write_text("r 1 5 5\n")
    (fault,) = uem_faults(path)
    assert fault.startswith(f"{path}:1: found a region from 5.0 to 5.0 s"), "a file of faults alone is not empty"


def test_a_line_is_a_recording_and_its_region() -> None:
    assert parse_uem_line("m.1 A 1.5\t2", "x:1") == ("m.1", Segment(1.5, 2.0))
    with pytest.raises(DataError, match="^x:1: found 2 fields"):
        parse_uem_line("m.1 A", "x:1")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"all\.uem: no such file"):
        read_uem(tmp_path / "all.uem")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    regions = {"b": [Segment(0, 1.25), Segment(2, 3)], "B": [Segment(0.0004, 600)]}
    write_uem(tmp_path / "all.uem", regions)
    assert (tmp_path / "all.uem").read_text() == "B 1 0.000 600.000\nb 1 0.000 1.250\nb 1 2.000 3.000\n"
    assert read_uem(tmp_path / "all.uem") == {"B": [Segment(0, 600)], "b": regions["b"]}
