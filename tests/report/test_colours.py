"""Colours of pages: contrast to what lies behind, and whether eyes that lack a kind of cone tell them apart."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import diar.report
from diar.report.colours import ERRORS, NOTES, SPEAKERS, SPEECH, page_colours, speaker_colour

STYLE = (Path(diar.report.__file__).parent / "web" / "page.css").read_text(encoding="utf-8")
# Machado, Oliveira and Fernandes (2009), "A Physiologically-based Model for Simulation of Color Vision Deficiency",
# severity 1.0, on linear RGB
EYES = {
    "all cones": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                            [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                              [-0.011820, 0.042940, 0.968881]]),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                            [0.004733, 0.691367, 0.303900]]),
}  # fmt: skip


def linear(colour: str) -> np.ndarray:
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(colour: str, eyes: str) -> np.ndarray:
    rgb = np.clip(EYES[eyes] @ linear(colour), 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ rgb
    x, y, z = np.where((t := xyz / [0.9505, 1, 1.089]) > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def difference(a: str, b: str, eyes: str) -> float:
    """CIE 1976: about 2 is just noticed."""
    return float(np.linalg.norm(lab(a, eyes) - lab(b, eyes)))


def contrast(a: str, b: str) -> float:
    low, high = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (a, b))
    return (high + 0.05) / (low + 0.05)


def test_the_oracle_knows_black_white_and_itself() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert difference("#000000", "#ffffff", "all cones") == pytest.approx(100, abs=0.1)
    assert difference("#cc3311", "#118844", "deuteranopia") < difference("#cc3311", "#118844", "all cones") / 2


@pytest.mark.parametrize("dark", [0, 1])
@pytest.mark.parametrize("eyes", EYES)
def test_errors_are_told_from_each_other_and_from_speakers(eyes: str, dark: int) -> None:
    errors = [colours[dark] for colours in ERRORS.values()]
    least = 18 if eyes == "all cones" else 10
    for a, b in combinations(errors, 2):
        assert difference(a, b, eyes) > least, (a, b)
    for error in errors:
        for speaker in SPEAKERS:
            assert difference(error, speaker[dark], eyes) > least, (error, speaker[dark])


@pytest.mark.parametrize("dark", [0, 1])
@pytest.mark.parametrize("eyes", EYES)
def test_speakers_are_told_from_each_other(eyes: str, dark: int) -> None:
    for a, b in combinations([colours[dark] for colours in SPEAKERS], 2):
        assert difference(a, b, eyes) > (18 if eyes == "all cones" else 10), (a, b)


@pytest.mark.parametrize("dark", [0, 1])
def test_bars_have_contrast_to_their_lane_and_to_the_panel(dark: int) -> None:
    for name in ("panel", "lane"):
        behind = re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", STYLE).group(dark + 1)
        for colours in [*SPEAKERS, *ERRORS.values(), SPEECH, NOTES]:
            assert contrast(colours[dark], behind) >= 3, (colours[dark], behind)


def test_speakers_beyond_the_last_colour_begin_again() -> None:
    assert speaker_colour(0) == speaker_colour(len(SPEAKERS)) == SPEAKERS[0][0]
    assert speaker_colour(3, dark=True) == SPEAKERS[3][1]


def test_every_colour_of_the_page_is_there_for_light_and_dark() -> None:
    named = page_colours()
    assert {"speaker-0", "speaker-9", "miss", "false-alarm", "confusion", "speech", "note"} <= set(named)
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for pair in named.values() for colour in pair)
