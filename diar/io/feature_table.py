"""Features that other programs made: a table ``<recording> <archive:offset>`` of Kaldi, or ``<recording> <HTK file>``.

What an entry is is decided by its content. Kaldi's matrices may be binary (float or double), compressed or text.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError
from diar.io.ark import archives_stamp, is_kaldi, locate, read_entry
from diar.io.htk import read_htk
from diar.io.scp import read_table


@dataclass(frozen=True)
class Features:
    """(S, D) float32 ``frames``; ``frame_shift`` in seconds, None where the file does not say it."""

    frames: NDArray[np.float32]
    frame_shift: float | None


class FeatureTable:
    """The features of each recording of a table (``feats.scp``).

    Relative paths are relative to the working directory, as in Kaldi; if there is nothing, to the table's folder.

    Raises:
        DataError: the table is missing, empty or faulty.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._table = read_table(path)

    def stamp(self) -> str:
        """A checksum of the names, sizes and dates of the files that the table names."""
        return archives_stamp(self._table.values(), self.path.parent)

    def read(self, recording: str) -> Features:
        """The features of ``recording``.

        Raises:
            DataError: the recording is not listed, or its entry is a pipe, a range of rows, missing, neither Kaldi's
                nor HTK's format, no matrix of numbers, or has no frames.
        """
        if recording not in self._table:
            wanted = "wanted '<recording> <archive:offset>' with the names of wav.scp"
            raise DataError(self.path, f"recording '{recording}' is not listed", wanted)
        entry = self._table[recording]
        path, offset = locate(entry, self.path.parent)
        if offset or not path.is_file() or is_kaldi(path):
            frames, frame_shift = read_entry(entry, self.path.parent), None
        else:
            frames, frame_shift = read_htk(path)
        return Features(_checked(entry, frames), frame_shift)


def _checked(entry: str, array: NDArray[np.generic]) -> NDArray[np.float32]:
    """The array, if it is a matrix of numbers with frames, as float32."""
    if array.ndim != 2 or array.dtype.kind != "f":
        raise DataError(entry, f"holds a vector of {len(array)} values", "wanted a matrix, a row a frame")
    if 0 in array.shape:
        raise DataError(entry, f"holds a matrix of {array.shape[0]} x {array.shape[1]}", "wanted frames")
    with np.errstate(over="ignore", invalid="ignore"):  # a double that no float holds becomes infinite, and is told
        frames = np.ascontiguousarray(array, dtype=np.float32)
        sums = frames.sum(axis=1)  # finite if all of the row is, unless it is too large for features anyway
    broken = np.flatnonzero(~np.isfinite(sums))
    if len(broken):
        raise DataError(entry, f"frame {broken[0]} holds NaN or infinity", "wanted numbers")
    return frames
