"""Frames of another shift on the grid, against a loop and against functions of time that are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import diar.frame_grid
from diar.errors import DataError
from diar.frame_grid import ShiftOptions, fit_to_recording, to_grid


def noise(n_frames: int, dim: int = 2) -> np.ndarray:
    return np.random.default_rng([n_frames, dim]).standard_normal((n_frames, dim)).astype(np.float32)


def interpolated(frames: np.ndarray, shift: float, n_frames: int) -> np.ndarray:
    """Numpy's interpolation between centres, a coefficient at a time; it repeats the edges."""
    centres = (np.arange(len(frames)) + 0.5) * shift
    wanted = (np.arange(n_frames) + 0.5) * 0.01
    return np.stack([np.interp(wanted, centres, column) for column in frames.T], axis=1)


@pytest.mark.parametrize("shift", [0.001, 0.005, 0.0101, 0.0125, 0.02])
@given(n_source=st.integers(1, 30), n_frames=st.integers(1, 60))
@settings(deadline=None, max_examples=30)
def test_frames_are_interpolated_between_centres(n_source: int, n_frames: int, shift: float) -> None:
    frames = noise(n_source)
    gridded = to_grid(frames, shift, n_frames)
    assert gridded.dtype == np.float32 and gridded.shape == (n_frames, 2)
    np.testing.assert_allclose(gridded, interpolated(frames, shift, n_frames), atol=1e-5)


def test_with_the_grids_shift_the_bytes_stay() -> None:
    frames = noise(100)
    frames[3, 0] = -0.0
    assert to_grid(frames, 10 / 1000, 100) is frames
    assert fit_to_recording("r", frames, 0.01, 1.0) is frames
    np.testing.assert_array_equal(to_grid(frames, 0.01, 103), frames[[*range(100), 99, 99, 99]])
    np.testing.assert_array_equal(to_grid(frames, 0.01, 98), frames[:98])


@pytest.mark.parametrize(("shift", "n_frames"), [(0.005, 50), (0.02, 200), (0.0125, 125)])
def test_a_straight_line_in_time_stays_one(shift: float, n_frames: int) -> None:
    line = ((np.arange(100) + 0.5) * shift)[:, np.newaxis].astype(np.float32)
    gridded = to_grid(line, shift, n_frames)[:, 0]
    inner = slice(2, -2)
    np.testing.assert_allclose(gridded[inner], ((np.arange(n_frames) + 0.5) * 0.01)[inner], atol=1e-6)


def test_half_the_shift_gives_the_means_of_pairs() -> None:
    frames = noise(40)
    np.testing.assert_allclose(to_grid(frames, 0.005, 20), frames.reshape(20, 2, 2).mean(axis=1), atol=1e-6)


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = noise(300)
    whole = to_grid(frames, 0.0125, 375)
    monkeypatch.setattr(diar.frame_grid, "_BLOCK_FRAMES", 7)
    np.testing.assert_array_equal(to_grid(frames, 0.0125, 375), whole)


@pytest.mark.parametrize(
    ("n_source", "shift", "duration", "expected"),
    [
        (98, 0.01, 1.0, 100),
        (98, 0.01, None, 98),
        (80, 0.0125, None, 100),
        (100, 0.01, 1.9949, 199),
        (100, 0.01, 0.2, 20),
    ],
)
def test_there_are_a_hundred_frames_a_second_of_the_recording(n_source, shift, duration, expected) -> None:
    assert fit_to_recording("r", noise(n_source), shift, duration).shape == (expected, 2)


@pytest.mark.parametrize("duration", [2.01, 10.0, 0.5])
def test_frames_of_another_duration_are_refused(duration: float) -> None:
    n_frames = 100 if duration > 1 else 160
    message = rf"^r: {n_frames} frames 10 ms apart cover 1\..0 s of {duration:.2f} s; .*--frame-shift"
    with pytest.raises(DataError, match=message):
        fit_to_recording("r", noise(n_frames), 0.01, duration)


def test_the_flag_wins_over_what_the_data_folder_knows() -> None:
    assert ShiftOptions().seconds() == 0.01
    assert ShiftOptions().seconds(0.02) == 0.02
    assert ShiftOptions(frame_shift=12.5).seconds(0.02) == 0.0125


@pytest.mark.parametrize("shift", [-1.0, 0.01, float("nan")])
def test_a_shift_in_seconds_or_below_zero_is_refused(shift: float) -> None:
    with pytest.raises(DataError, match="^--frame-shift: found"):
        ShiftOptions(frame_shift=shift)
