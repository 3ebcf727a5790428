"""Folders of Kaldi archives: one binary archive a recording, and an scp beside them once the folder is complete."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError
from diar.io.files import atomic_path
from diar.io.scp import read_table, write_table

_BINARY = re.compile(rb"\x00B(?:[FD][MV] |CM[23]? |\x04)")  # matrices and vectors, compressed matrices, int32 vectors
_HEAD_BYTES = 10  # a binary mark, 'FV ' or 'DV ', the size of the length, the length
# what kaldiio raises; the last two where a header promises more than there can be
_BROKEN = (OSError, ValueError, EOFError, AssertionError, RuntimeError, struct.error, OverflowError, MemoryError)


def archive_path(folder: Path, recording: str) -> Path:
    """Where ``recording``'s archive lies in ``folder``."""
    return folder / f"{recording}.ark"


def write_archive(folder: Path, recording: str, array: NDArray[Any]) -> None:
    """Write a float32 matrix, float32 vector or int32 vector as ``recording``'s archive, atomically."""
    import kaldiio

    assert array.dtype in (np.float32, np.int32) and array.ndim in (1, 2), (array.dtype, array.shape)
    with atomic_path(archive_path(folder, recording)) as temporary:
        kaldiio.save_ark(str(temporary), {recording: array})


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays by name, of float or int32, as one archive, atomically; names hold no blanks."""
    import kaldiio

    with atomic_path(path) as temporary:
        kaldiio.save_ark(str(temporary), dict(arrays))


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of one archive by name.

    Raises:
        DataError: the archive is missing or not Kaldi's format.
    """
    import kaldiio

    try:
        return dict(kaldiio.load_ark(str(path)))
    except _BROKEN as error:
        raise _unreadable(path, error) from None


def write_scp(folder: Path, noun: str, recordings: Iterable[str]) -> None:
    """Write ``<noun>.scp``, Kaldi's index of the folder's archives and our mark that the folder is complete."""
    write_table(
        folder / f"{noun}.scp",
        # Kaldi's offset points behind '<key> ', to the binary mark
        {name: f"{archive_path(folder, name)}:{len(name.encode()) + 1}" for name in recordings},
    )


class ArchiveFolder:
    """The arrays of a complete folder, by recording, through its one ``*.scp`` (ours or Kaldi's).

    Raises:
        DataError: the folder has no scp.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder
        tables = sorted(folder.glob("*.scp"))
        if len(tables) != 1:
            found = "no such folder" if not folder.is_dir() else f"holds {len(tables)} .scp files"
            raise DataError(folder, found, "wanted one complete folder of archives")
        self._table_path = tables[0]
        self._table = read_table(tables[0])

    def __contains__(self, recording: str) -> bool:
        return recording in self._table

    def read(self, recording: str) -> NDArray[Any]:
        """The array of ``recording``.

        Raises:
            DataError: the recording is not listed, or its archive is missing, a pipe or not Kaldi's format.
        """
        return read_entry(self.entry(recording), advice="run its stage again")

    def entry(self, recording: str) -> str:
        """What the table says of ``recording``.

        Raises:
            DataError: it is not listed.
        """
        if recording not in self._table:
            raise DataError(self._table_path, f"recording '{recording}' is not listed", advice="run its stage again")
        return self._table[recording]


# ---- entries of tables, which may be somebody else's ---------------------------------------------------------------


def locate(entry: str, folder: Path | None = None) -> tuple[Path, int]:
    """File and offset of a table's entry ``FILE:OFFSET`` or ``FILE``.

    A relative path is relative to the working directory, as in Kaldi; if there is nothing, to ``folder``.

    Raises:
        DataError: the entry is a pipe or has a range of rows, as in ``raw.ark:12[0:99]``.
    """
    if "|" in (entry[0], entry[-1]):  # kaldiio would run it
        raise DataError(entry, "is a pipe", "wanted an archive", "write its output to a file first")
    if re.search(r"\[[\d:,\s]*\]$", entry):
        raise DataError(entry, "has a range of rows", "wanted a whole matrix", "copy the features first (copy-feats)")
    name, _, offset = entry.rpartition(":")
    path = Path(name) if name and offset.isdecimal() else Path(entry)
    if folder is not None and not path.exists() and (folder / path).exists():
        path = folder / path
    return path, int(offset) if name and offset.isdecimal() else 0


def archives_stamp(entries: Iterable[str], folder: Path) -> str:
    """A checksum of the names, sizes and dates of the files that a table's entries lie in; empty without entries."""
    paths = set()
    for entry in entries:
        with suppress(DataError):  # told when it is read
            paths.add(locate(entry, folder)[0])
    digest = 0
    for path in sorted(paths):
        status = path.stat() if path.exists() else None
        what = f"{path} {status.st_size} {status.st_mtime_ns}" if status else f"{path} missing"
        digest = zlib.crc32(what.encode(), digest)
    return f"{digest:08x}" if paths else ""


def read_entry(entry: str, folder: Path | None = None, advice: str = "") -> NDArray[Any]:
    """The matrix or vector at a table's entry: binary, compressed or text; see ``locate``.

    Raises:
        DataError: the file is missing, truncated or not Kaldi's format; ``advice`` is what to do.
    """
    path, offset = locate(entry, folder)
    try:
        with path.open("rb") as archive:
            archive.seek(offset)
            head = archive.read(_HEAD_BYTES)
            archive.seek(offset)
            if head.lstrip()[:1] == b"[":
                return _text_array(archive)
            if not _BINARY.match(head):  # kaldiio would read pickles, too, which may do anything
                raise ValueError("neither '\\0B' with a matrix or vector nor '['")
            array = _binary_array(archive)
    except _BROKEN as error:
        raise _unreadable(entry, error, advice) from None
    if head[3:5] == b"V " and len(array) != struct.unpack("<i", head[6:])[0]:  # kaldiio reads what there is
        raise DataError(entry, f"truncated: {len(array)} values found", advice=advice)
    return array


def is_kaldi(path: Path) -> bool:
    """Whether the file begins as one matrix or vector of Kaldi's does, binary or text.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    return bool(_BINARY.match(head)) or head.lstrip()[:1] == b"["


def _binary_array(archive: IO[bytes]) -> NDArray[Any]:
    from kaldiio.matio import read_kaldi

    array: NDArray[Any] = read_kaldi(archive)
    return array


def _text_array(archive: IO[bytes]) -> NDArray[np.float32]:
    """The matrix, a line a row, or vector, in one line, from ``[`` up to ``]``.

    kaldiio would take numbers for integers if the first has no dot.
    """
    content = b""
    while b"]" not in content:
        more = archive.read(1 << 20)
        if not more:
            raise ValueError("truncated: '[' without ']'")
        content += more
    inside = content.partition(b"[")[2].partition(b"]")[0]
    rows = [[float(value) for value in line.split()] for line in inside.split(b"\n") if line.strip()]
    return np.array(rows if b"\n" in inside else [value for row in rows for value in row], dtype=np.float32)


def _unreadable(where: Path | str, error: Exception, advice: str = "run its stage again") -> DataError:
    """What to say of an archive that cannot be read; kaldiio's own messages may have several lines."""
    reason = " ".join(str(error).split())
    return DataError(where, f"cannot be read ({reason})", advice=advice)
