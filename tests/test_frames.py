"""Frames and seconds against exact fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diar.frames import num_frames, to_frame, to_milliseconds, to_seconds


def nearest(value: Fraction) -> int:
    """The nearest integer, halves up."""
    return math.floor(value + Fraction(1, 2))


@given(frame=st.integers(-(10**7), 10**8))
def test_a_frames_time_is_the_hundredth_and_comes_back(frame: int) -> None:
    assert to_seconds(frame) == float(Fraction(frame, 100))
    assert to_frame(to_seconds(frame)) == frame


@given(frame=st.integers(0, 10**6), thousandths=st.integers(-49, 49))
def test_any_time_within_half_a_frame_gives_the_frame(frame: int, thousandths: int) -> None:
    assert to_frame(float(Fraction(frame, 100) + Fraction(thousandths, 10000))) == frame


@pytest.mark.parametrize(
    ("seconds", "frame"), [(0.0, 0), (0.005, 1), (0.0049, 0), (0.125, 13), (2.5, 250), (-0.004, 0)]
)
def test_halves_go_up(seconds: float, frame: int) -> None:
    assert to_frame(seconds) == frame


@given(num_samples=st.integers(0, 10**9), sample_rate=st.sampled_from([8000, 11025, 16000, 22050, 44100, 48000]))
def test_the_number_of_frames_is_the_rounded_duration(num_samples: int, sample_rate: int) -> None:
    assert num_frames(num_samples, sample_rate) == nearest(Fraction(100 * num_samples, sample_rate))


@given(num_samples=st.integers(0, 10**7), seconds=st.integers(0, 10000))
def test_whole_seconds_more_give_a_hundred_frames_more_each(num_samples: int, seconds: int) -> None:
    assert num_frames(num_samples + 16000 * seconds, 16000) == num_frames(num_samples, 16000) + 100 * seconds


@given(milliseconds=st.integers(0, 10**9), tenths=st.integers(-4, 4))
def test_any_time_within_half_a_millisecond_gives_the_millisecond(milliseconds: int, tenths: int) -> None:
    assert to_milliseconds(float(Fraction(milliseconds, 1000) + Fraction(tenths, 10000))) == milliseconds
