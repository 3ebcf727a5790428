"""Features of any frame shift, put on the grid of 100 frames a second that all stages share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError
from diar.frames import FRAMES_PER_SECOND, to_frame
from diar.options import Options, option

Float32 = NDArray[np.float32]

MAX_DIFFERENCE = 1.0  # s; windows that do not fit at the edges make less
_DEFAULT_SHIFT = 1.0 / FRAMES_PER_SECOND
_BLOCK_FRAMES = 1 << 15  # frames interpolated at once: bounds the memory


@dataclass(frozen=True)
class ShiftOptions(Options):
    """When the frames of other programs' features are; files of HTK say it themselves."""

    frame_shift: float = option(
        0.0, "time from frame to frame; 0: as in the data folder's frame_shift (in seconds), or 10 ms", unit="ms", low=0
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if 0 < self.frame_shift < 1:
            raise DataError("--frame-shift", f"found {self.frame_shift:g} ms", "wanted at least 1 ms, as in 12.5")

    def seconds(self, known: float | None = None) -> float:
        """The shift in seconds: the flag's, else the ``known`` one of the data folder, else 10 ms."""
        return self.frame_shift / 1000 or known or _DEFAULT_SHIFT


def to_grid(frames: Float32, frame_shift: float, n_frames: int) -> Float32:
    """(n_frames, D) float32: what (S, D) ``frames``, one every ``frame_shift`` seconds, are at the grid's frames.

    Frame s stands for the time around its centre, (s + 0.5) ``frame_shift``. In between frames are interpolated
    linearly; before the first and after the last centre the edge frame is repeated. With a shift of 10 ms and S =
    ``n_frames`` the frames come back as they are.
    """
    if frame_shift == _DEFAULT_SHIFT and len(frames) == n_frames:
        return frames
    gridded = np.empty((n_frames, frames.shape[1]), dtype=np.float32)
    frames_apart = _DEFAULT_SHIFT / frame_shift
    for a in range(0, n_frames, _BLOCK_FRAMES):
        b = min(a + _BLOCK_FRAMES, n_frames)
        at = ((np.arange(a, b) + 0.5) * frames_apart - 0.5).clip(0, len(frames) - 1)
        before = at.astype(np.int64)
        weight = (at - before)[:, np.newaxis]
        after = np.minimum(before + 1, len(frames) - 1)
        gridded[a:b] = (1.0 - weight) * frames[before] + weight * frames[after]
    return gridded


def fit_to_recording(recording: str, frames: Float32, frame_shift: float, duration: float | None) -> Float32:
    """(T, D) frames of a recording on the grid: T = round(100 x duration in seconds), S x ``frame_shift`` if unknown.

    Raises:
        DataError: S x ``frame_shift`` differs from a known duration by more than 1 s.
    """
    covered = len(frames) * frame_shift
    if duration is not None and abs(covered - duration) > MAX_DIFFERENCE:
        raise DataError(
            recording,
            f"{len(frames)} frames {1000 * frame_shift:g} ms apart cover {covered:.2f} s of {duration:.2f} s",
            f"wanted at most {MAX_DIFFERENCE:g} s of difference",
            "set --frame-shift (HTK's files say their own)",
        )
    return to_grid(frames, frame_shift, to_frame(covered if duration is None else duration))
