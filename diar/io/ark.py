"""Folders of Kaldi archives: one binary archive a recording, and an scp beside them once the folder is complete."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError
from diar.io.files import atomic_path
from diar.io.scp import read_table, write_table

_BROKEN = (OSError, ValueError, EOFError, AssertionError, RuntimeError, struct.error)  # what kaldiio raises


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
        import kaldiio

        if recording not in self._table:
            raise DataError(self._table_path, f"recording '{recording}' is not listed", advice="run its stage again")
        source = self._table[recording]
        if "|" in (source[0], source[-1]):  # kaldiio would run it, and this table may be somebody else's
            raise DataError(source, "is a pipe", "wanted an archive", "write its output to a file first")
        try:
            array: NDArray[Any] = kaldiio.load_mat(source)
            promised = _promised_length(source, len(array)) if array.ndim == 1 and array.dtype.kind == "f" else None
        except _BROKEN as error:
            raise _unreadable(source, error) from None
        if promised not in (None, len(array)):
            raise DataError(source, f"truncated: {len(array)} values found", advice="run its stage again")
        return array


def _promised_length(source: str, found: int) -> int:
    """How long a binary float vector is by its own header; kaldiio reads what there is without a word."""
    name, _, offset = source.rpartition(":")
    if not offset.isdecimal():
        return found
    with open(name, "rb") as archive:
        archive.seek(int(offset))
        head = archive.read(10)  # a binary mark, 'FV ' or 'DV ', the size of the length, the length
    is_vector = head[:2] == b"\0B" and head[3:5] == b"V "
    return int(struct.unpack("<i", head[6:])[0]) if is_vector else found


def _unreadable(where: Path | str, error: Exception) -> DataError:
    """What to say of an archive that kaldiio refuses; its own messages may have several lines."""
    reason = " ".join(str(error).split())
    return DataError(where, f"cannot be read ({reason})", advice="run its stage again")
