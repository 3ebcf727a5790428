"""Kaldi's text tables."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diar.errors import DataError
from diar.io.scp import read_positive_numbers, read_table, table_text, write_table

keys = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=6)


def read(folder: Path, text: str) -> dict[str, str]:
    (folder / "wav.scp").write_text(text, encoding="utf-8")
    return read_table(folder / "wav.scp")


def test_the_value_is_all_that_follows_the_key(tmp_path: Path) -> None:
    text = "b  /a folder/b.wav \n\na\tsph2pipe -f wav x.sph |\r\n  c d\n"
    table = read(tmp_path, text)
    assert list(table.items()) == [("b", "/a folder/b.wav"), ("a", "sph2pipe -f wav x.sph |"), ("c", "d")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a x\nb\n", r":2: found 'b'; wanted two fields"),
        ("a x\n\nb \n", r":3: found 'b'; wanted two fields"),
        ("a x\nb y\na z\n", r":3: 'a' is listed twice"),
        ("", r": is empty"),
        ("\n \n", r": is empty"),
    ],
)
def test_bad_tables_are_refused_with_their_place(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(DataError, match=r"wav\.scp" + reason):
        read(tmp_path, text)


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"wav\.scp: no such file"):
        read_table(tmp_path / "wav.scp")


def test_tables_are_sorted_as_sort_does_in_the_c_locale(tmp_path: Path) -> None:
    names = ["b", "B", "a-1", "a_1", "a1", "a10", "a", "ä", "Z", "~", "a.b", "\U0001f600", "\uffee"]
    write_table(tmp_path / "t", dict.fromkeys(names, 1))
    content = (tmp_path / "t").read_bytes()
    lines = b"".join(f"{name} 1\n".encode() for name in names)
    sort = subprocess.run(["sort", "-k1,1"], input=lines, capture_output=True, check=True, env={"LC_ALL": "C"})
    assert content == sort.stdout


@given(table=st.dictionaries(keys, keys, min_size=1, max_size=8))
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, table: dict[str, str]) -> None:
    path = tmp_path_factory.mktemp("table") / "t"
    write_table(path, table)
    assert read_table(path) == table
    assert list(read_table(path)) == sorted(table, key=lambda key: key.encode())


def test_values_need_not_be_text(tmp_path: Path) -> None:
    write_table(tmp_path / "t", {"b": 2, "a": 1.5})
    assert (tmp_path / "t").read_text() == "a 1.5\nb 2\n"


def test_a_tables_text_is_sorted_as_bytes() -> None:
    assert table_text({"b": 1, "B": 2, "ä": 3}) == "B 2\nb 1\nä 3\n"


@pytest.mark.parametrize("value", ["0", "-1", "inf", "nan", "long"])
def test_numbers_above_0(tmp_path: Path, value: str) -> None:
    (tmp_path / "reco2dur").write_text("a 1.5\n")
    assert read_positive_numbers(tmp_path / "reco2dur", "seconds") == {"a": 1.5}
    (tmp_path / "reco2dur").write_text(f"a {value}\n")
    with pytest.raises(DataError, match=f"reco2dur: 'a': found '{value}'; wanted seconds, above 0"):
        read_positive_numbers(tmp_path / "reco2dur", "seconds")
