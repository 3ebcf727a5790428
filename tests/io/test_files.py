"""Files that appear whole or not at all, and lines that know where they stand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from diar.errors import DataError
from diar.io.files import (
    TEMPORARY_SUFFIX,
    atomic_path,
    content_lines,
    numbered_lines,
    read_json,
    read_text,
    refuse_overwriting,
    write_json,
    write_text,
)


class Interrupted(Exception):
    pass


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("exception", [Interrupted, KeyboardInterrupt, OSError])
@pytest.mark.parametrize("before", [None, "old"])
def test_an_exception_leaves_nothing_new_and_what_was_there(tmp_path: Path, exception, before: str | None) -> None:
    path = tmp_path / "a.ark"
    if before is not None:
        path.write_text(before)
    with pytest.raises(exception), atomic_path(path) as temporary:
        temporary.write_text("half")
        assert names(tmp_path) == sorted([temporary.name] + ["a.ark"] * (before is not None))
        raise exception
    assert names(tmp_path) == ["a.ark"] * (before is not None)
    assert before is None or path.read_text() == before


def test_a_file_appears_when_the_block_ends_and_replaces_the_old(tmp_path: Path) -> None:
    path = tmp_path / "a.ark"
    path.write_text("old")
    with atomic_path(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.parent == path.parent, "a rename is atomic in one folder only"
        assert temporary.name.endswith(TEMPORARY_SUFFIX) and temporary.name.startswith(".")
    assert path.read_text() == "new" and names(tmp_path) == ["a.ark"]


def test_what_cannot_be_written_is_told_by_its_own_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        write_text(tmp_path / "no" / "a.txt", "")
    assert raised.value.filename == str(tmp_path / "no" / "a.txt")
    (tmp_path / "b.txt").mkdir()
    with pytest.raises(IsADirectoryError) as raised:
        write_text(tmp_path / "b.txt", "")
    assert str(raised.value) == f"[Errno 21] Is a directory: '{tmp_path / 'b.txt'}'"


def test_outputs_are_neither_inputs_nor_each_other(tmp_path: Path) -> None:
    refuse_overwriting([tmp_path / "a", tmp_path / "b"], [tmp_path / "gone"])
    (tmp_path / "a").touch()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with pytest.raises(DataError, match="link: is what is read"):
        refuse_overwriting([tmp_path / "link"], [tmp_path / "a"])
    (tmp_path / "here").symlink_to(tmp_path)
    for twice in ("a", "b"):
        with pytest.raises(DataError, match=f"{twice}: would be written twice"):
            refuse_overwriting([tmp_path / twice, tmp_path / "here" / twice], [])


def test_a_block_that_writes_nothing_is_an_error_and_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.ark").write_text("old")
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "a.ark"):
        pass
    assert (tmp_path / "a.ark").read_text() == "old"


def test_text_is_written_as_utf8_with_the_lines_given(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "zoë\nb\r\n")
    assert (tmp_path / "a").read_bytes() == "zoë\nb\r\n".encode()
    assert read_text(tmp_path / "a") == "zoë\nb\n"
    assert names(tmp_path) == ["a"]


def test_json_is_sorted_and_comes_back(tmp_path: Path) -> None:
    content = {"b": [1, 2.5, None], "a": {"y": True, "x": "ü"}}
    write_json(tmp_path / "a.json", content)
    write_json(tmp_path / "b.json", dict(reversed(content.items())))
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert read_json(tmp_path / "a.json") == content == json.loads((tmp_path / "a.json").read_text())


@pytest.mark.parametrize("text", [b"", b"{", b"{'a': 1}", b"\xff\xfe"])
def test_what_is_not_json_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a.json").write_bytes(text)
    with pytest.raises(DataError, match=r"a\.json: not (JSON|UTF-8 text)"):
        read_json(tmp_path / "a.json")


def test_lines_have_their_numbers_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_bytes(b"\nfirst\n  \n\t\n second \r\nlast")
    assert list(numbered_lines(path)) == [(f"{path}:2", "first"), (f"{path}:5", " second "), (f"{path}:6", "last")]


def test_comments_are_no_content(tmp_path: Path) -> None:
    path = tmp_path / "t.rttm"
    path.write_text("; one\n\nfirst ; not a comment\n  ;; two\n# three\n\t#four\n second #5\n")
    expected = [(f"{path}:3", "first ; not a comment"), (f"{path}:7", " second #5")]
    assert list(content_lines(path)) == expected
    assert len(list(numbered_lines(path))) == 6


@pytest.mark.parametrize("separator", ["\u2028", "\x0b", "\x85"])
def test_only_line_feeds_end_a_line(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "t.txt"
    path.write_text(f"a{separator}b\nc\n", encoding="utf-8")
    assert [place.rpartition(":")[2] for place, _ in numbered_lines(path)] == ["1", "2"]


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("")
    assert list(numbered_lines(tmp_path / "t")) == []


def test_missing_files_folders_and_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"ok\n\xff\xfe")
    with pytest.raises(DataError, match="gone: no such file"):
        list(numbered_lines(tmp_path / "gone"))
    with pytest.raises(DataError, match="is a folder; wanted a text file"):
        list(numbered_lines(tmp_path))
    with pytest.raises(DataError, match=r"binary: not UTF-8 text \(line 2, byte 3\)"):
        list(numbered_lines(tmp_path / "binary"))
