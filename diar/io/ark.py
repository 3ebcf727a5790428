"""Folders of Kaldi archives: one binary archive a recording, and an scp beside them once the folder is complete."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError
from diar.io.files import atomic_path
from diar.io.scp import read_table, write_table


def archive_path(folder: Path, recording: str) -> Path:
    """Where ``recording``'s archive lies in ``folder``."""
    return folder / f"{recording}.ark"


def write_archive(folder: Path, recording: str, array: NDArray[Any]) -> None:
    """Write a float32 matrix, float32 vector or int32 vector as ``recording``'s archive, atomically."""
    import kaldiio

    assert array.dtype in (np.float32, np.int32) and array.ndim in (1, 2), (array.dtype, array.shape)
    with atomic_path(archive_path(folder, recording)) as temporary:
        kaldiio.save_ark(str(temporary), {recording: array})


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
            DataError: the recording is not listed, or its archive is missing or not Kaldi's format.
        """
        import kaldiio

        if recording not in self._table:
            raise DataError(self._table_path, f"recording '{recording}' is not listed", advice="run its stage again")
        source = self._table[recording]
        try:
            array: NDArray[Any] = kaldiio.load_mat(source)
        except (OSError, ValueError, EOFError, AssertionError) as error:
            raise DataError(source, f"cannot be read ({error})", advice="run its stage again") from None
        return array
