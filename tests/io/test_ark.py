"""Archives as kaldiio itself reads them, and folders of archives that are not as they should be."""

from __future__ import annotations

import struct
from pathlib import Path

import kaldiio
import numpy as np
import pytest

from diar.errors import DataError
from diar.io.ark import (
    ArchiveFolder,
    archive_path,
    archives_stamp,
    read_arrays,
    read_entry,
    write_archive,
    write_arrays,
    write_scp,
)

ARRAYS = {
    "matrix": np.random.default_rng(0).standard_normal((7, 3)).astype(np.float32),
    "vector": np.arange(5, dtype=np.float32) / 3,
    "labels": np.array([-1, 0, 2, 2**31 - 1, -(2**31)], dtype=np.int32),
}


@pytest.fixture(params=["feats", "a folder with spaces: and colons"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    (made := tmp_path / request.param).mkdir()
    return made


def filled(folder: Path, arrays: dict[str, np.ndarray]) -> ArchiveFolder:
    for recording, array in arrays.items():
        write_archive(folder, recording, array)
    write_scp(folder, "feats", arrays)
    return ArchiveFolder(folder)


@pytest.mark.parametrize("kind", ARRAYS)
def test_kaldiio_reads_what_is_written(folder: Path, kind: str) -> None:
    write_archive(folder, "rec.1", ARRAYS[kind])
    ((recording, array),) = kaldiio.load_ark(str(archive_path(folder, "rec.1")))
    assert recording == "rec.1" and array.dtype == ARRAYS[kind].dtype and array.shape == ARRAYS[kind].shape
    np.testing.assert_array_equal(array, ARRAYS[kind])


def test_kaldiio_reads_the_scp(tmp_path: Path) -> None:
    recordings = {"b": ARRAYS["matrix"], "zoë": ARRAYS["matrix"] + 1, "a": ARRAYS["matrix"] * 2}
    filled(tmp_path, recordings)
    table = kaldiio.load_scp(str(tmp_path / "feats.scp"))
    assert list(table) == ["a", "b", "zoë"]
    for recording, array in recordings.items():
        np.testing.assert_array_equal(table[recording], array)


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_come_back(folder: Path, kind: str) -> None:
    archives = filled(folder, {"zoë": ARRAYS[kind], "r": ARRAYS[kind] + 1})
    array = archives.read("zoë")
    assert array.dtype == ARRAYS[kind].dtype
    np.testing.assert_array_equal(array, ARRAYS[kind])
    assert "zoë" in archives and "nobody" not in archives


@pytest.mark.parametrize("array", [np.zeros((0, 19), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int32)])
def test_arrays_without_frames_come_back(tmp_path: Path, array: np.ndarray) -> None:
    read = filled(tmp_path, {"r": array}).read("r")
    assert len(read) == 0 and read.dtype == array.dtype


def test_archives_that_kaldiio_wrote_in_one_file_are_read(tmp_path: Path) -> None:
    ark, scp = tmp_path / "raw.1.ark", tmp_path / "feats.scp"
    recordings = {"a": ARRAYS["matrix"], "b": ARRAYS["matrix"] + 1}
    kaldiio.save_ark(str(ark), recordings, scp=str(scp))
    archives = ArchiveFolder(tmp_path)
    np.testing.assert_array_equal(archives.read("b"), recordings["b"])


def test_the_same_array_gives_the_same_bytes_and_nothing_beside(tmp_path: Path) -> None:
    write_archive(tmp_path, "r", ARRAYS["matrix"])
    first = archive_path(tmp_path, "r").read_bytes()
    write_archive(tmp_path, "r", ARRAYS["matrix"].copy())
    assert archive_path(tmp_path, "r").read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == ["r.ark"]


@pytest.mark.parametrize(
    "array",
    [np.zeros((2, 2)), np.zeros(3, dtype=np.int64), np.float32(1).reshape(()), np.zeros((1, 1, 1), dtype=np.float32)],
)
def test_arrays_of_other_kinds_are_refused_and_nothing_is_written(tmp_path: Path, array: np.ndarray) -> None:
    with pytest.raises(AssertionError):
        write_archive(tmp_path, "r", array)
    assert list(tmp_path.iterdir()) == []


def test_a_writing_that_breaks_off_leaves_the_archive_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def disk_is_full(name: str, arrays: object) -> None:
        Path(name).write_bytes(b"half")
        raise OSError("no space left")

    archives = filled(tmp_path, {"r": ARRAYS["matrix"]})
    monkeypatch.setattr(kaldiio, "save_ark", disk_is_full)
    with pytest.raises(OSError, match="no space left"):
        write_archive(tmp_path, "r", ARRAYS["matrix"] + 1)
    np.testing.assert_array_equal(archives.read("r"), ARRAYS["matrix"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["feats.scp", "r.ark"]


def test_a_folder_without_one_scp_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="gone: no such folder"):
        ArchiveFolder(tmp_path / "gone")
    write_archive(tmp_path, "r", ARRAYS["matrix"])
    with pytest.raises(DataError, match=r"holds 0 \.scp files"):
        ArchiveFolder(tmp_path)
    write_scp(tmp_path, "feats", ["r"])
    write_scp(tmp_path, "vad", ["r"])
    with pytest.raises(DataError, match=r"holds 2 \.scp files"):
        ArchiveFolder(tmp_path)


def test_a_recording_that_is_not_listed_is_named(tmp_path: Path) -> None:
    archives = filled(tmp_path, {"r": ARRAYS["matrix"]})
    with pytest.raises(DataError, match=r"feats\.scp: recording 'other' is not listed"):
        archives.read("other")


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    archives = filled(tmp_path, {"r": ARRAYS["matrix"]})
    archive_path(tmp_path, "r").unlink()
    with pytest.raises(DataError, match=r"r\.ark:2: cannot be read"):
        archives.read("r")


def test_an_archive_cut_behind_its_header_is_refused(tmp_path: Path) -> None:
    archives = filled(tmp_path, {"r": ARRAYS["matrix"]})
    path = archive_path(tmp_path, "r")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"r\.ark:2: cannot be read"):
        archives.read("r")


@pytest.mark.parametrize("kind", ARRAYS)
def test_an_archive_cut_anywhere_is_refused(tmp_path: Path, kind: str) -> None:
    archives = filled(tmp_path, {"r": ARRAYS[kind]})
    path = archive_path(tmp_path, "r")
    whole = path.read_bytes()
    for kept in range(len(whole)):
        path.write_bytes(whole[:kept])
        with pytest.raises(DataError, match=r"r\.ark:2: (cannot be read|truncated)"):
            archives.read("r")


def test_an_archive_of_other_text_is_refused(tmp_path: Path) -> None:
    archives = filled(tmp_path, {"r": ARRAYS["matrix"]})
    archive_path(tmp_path, "r").write_text("this is not an archive of Kaldi's\n" * 4)
    with pytest.raises(DataError, match=r"r\.ark:2: cannot be read"):
        archives.read("r")


@pytest.mark.parametrize("command", ["touch {} |", "| touch {}"])
def test_a_pipe_is_refused_and_not_run(tmp_path: Path, command: str) -> None:
    (tmp_path / "feats.scp").write_text(f"r {command.format(tmp_path / 'ran')}\n")
    with pytest.raises(DataError, match="is a pipe"):
        ArchiveFolder(tmp_path).read("r")
    assert not (tmp_path / "ran").exists()


# ---- several arrays in one archive ---------------------------------------------------------------------------------

NAMED = {
    "weights": np.random.default_rng(1).random(4),
    "means:0.7:mfcc": np.random.default_rng(2).standard_normal((4, 3)),
    "zoë": ARRAYS["matrix"],
    "labels": ARRAYS["labels"],
}


def test_named_arrays_come_back(folder: Path) -> None:
    write_arrays(folder / "r.ark", NAMED)
    back = read_arrays(folder / "r.ark")
    assert list(back) == list(NAMED)
    for name, array in NAMED.items():
        assert back[name].dtype == array.dtype
        np.testing.assert_array_equal(back[name], array)
        np.testing.assert_array_equal(dict(kaldiio.load_ark(str(folder / "r.ark")))[name], array)
    assert [path.name for path in folder.iterdir()] == ["r.ark"]


def test_no_arrays_come_back_as_none(tmp_path: Path) -> None:
    write_arrays(tmp_path / "r.ark", {})
    assert read_arrays(tmp_path / "r.ark") == {}


@pytest.mark.parametrize("content", [b"this is not an archive of Kaldi's\n" * 4, b"r \0BXX \4", b"\xff\xfe\xff \0B"])
def test_named_arrays_of_another_format_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "r.ark").write_bytes(content)
    with pytest.raises(DataError, match=r"r\.ark: cannot be read .*; run its stage again$"):
        read_arrays(tmp_path / "r.ark")


def test_named_arrays_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.ark: cannot be read"):
        read_arrays(tmp_path / "gone.ark")


def test_named_arrays_cut_within_a_matrix_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.ark"
    write_arrays(path, {"matrix": NAMED["zoë"]})
    whole = path.read_bytes()
    for kept in range(len("matrix "), len(whole)):
        path.write_bytes(whole[:kept])
        with pytest.raises(DataError, match=r"r\.ark: cannot be read"):
            read_arrays(path)


def test_a_broken_archive_of_features_is_told_in_one_line(tmp_path: Path) -> None:
    """kaldiio's own message has two."""
    (tmp_path / "a.ark").write_bytes(b"r1 weigh something\n")
    (tmp_path / "feats.scp").write_text(f"r1 {tmp_path / 'a.ark'}:3\n")
    with pytest.raises(DataError) as caught:
        ArchiveFolder(tmp_path).read("r1")
    assert len(str(caught.value).splitlines()) == 1 and "cannot be read (" in str(caught.value)


@pytest.mark.parametrize("shape", [(2**31 - 1, 2**31 - 1), (2**20, 2**20), (-1, 5)])
@pytest.mark.parametrize("kind", [b"FM ", b"DM ", b"CM ", b"CM2 "])
def test_an_archive_whose_header_promises_absurdly_much_is_refused(
    tmp_path: Path, shape: tuple[int, int], kind: bytes
) -> None:
    path = tmp_path / "a.ark"
    if kind.startswith(b"C"):
        head = b"\0B" + kind + struct.pack("<ffii", 0.0, 1.0, *shape)
    else:
        head = b"\0B" + kind + b"\4" + struct.pack("<i", shape[0]) + b"\4" + struct.pack("<i", shape[1])
    path.write_bytes(head + bytes(100))
    with pytest.raises(DataError, match=r"a\.ark: cannot be read"):
        read_entry(str(path))


def test_the_stamp_of_archives_changes_with_them(tmp_path: Path) -> None:
    one, other = tmp_path / "one.ark", tmp_path / "other.ark"
    one.write_bytes(b"1")
    other.write_bytes(b"2")
    stamp = archives_stamp(["one.ark:4", "one.ark:8", f"{other}:4"], tmp_path)
    assert stamp == archives_stamp([f"{other}:9", "one.ark:4"], tmp_path) != archives_stamp(["one.ark:4"], tmp_path)
    other.write_bytes(b"33")
    assert archives_stamp(["one.ark:4", f"{other}:4"], tmp_path) != stamp
    assert archives_stamp([], tmp_path) == "" != archives_stamp(["gone.ark:4"], tmp_path)
