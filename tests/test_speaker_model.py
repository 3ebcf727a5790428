"""The cluster complexity ratio: how many Gaussians an amount of speech is worth."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from diar.errors import DataError
from diar.speaker_model import SpeakerModelOptions

OPTIONS = SpeakerModelOptions(seconds_per_gaussian=2.0, seconds_per_gaussian_slope=0.01)


@pytest.mark.parametrize(
    ("seconds", "ratio", "slope", "expected"),
    [
        (60.0, 5.0, 0.0, 12.0),
        (60.0, 5.0, 0.0125, 60 / 5.75),
        (600.0, 2.0, 0.01, 75.0),  # 8 s a Gaussian
        (0.5, 2.0, 0.0, 0.25),
        (0.0, 2.0, 0.01, 0.0),
    ],
)
def test_speech_is_worth_a_gaussian_each_time_the_ratio_fits(
    seconds: float, ratio: float, slope: float, expected: float
) -> None:
    options = SpeakerModelOptions(seconds_per_gaussian=ratio, seconds_per_gaussian_slope=slope)
    assert options.total_gaussians(round(100 * seconds)) == pytest.approx(expected)


def test_more_speech_is_worth_more_gaussians_but_never_more_than_one_each_slope() -> None:
    found = [OPTIONS.total_gaussians(100 * seconds) for seconds in (1, 10, 100, 1000, 10**4, 10**7)]
    assert all(before < after < 100 for before, after in itertools.pairwise(found))
    assert found[-1] == pytest.approx(100, rel=1e-3)


@pytest.mark.parametrize(
    "values",
    [{"seconds_per_gaussian": 0.0}, {"seconds_per_gaussian_slope": -0.01}, {"em_iterations": 0}, {"min_duration": 0.0},
     {"variance_floor": 0.0}, {"self_loop": 0.0}, {"jump": 0.0}, {"jump": float("inf")}],
    ids=str,
)  # fmt: skip
def test_bad_options_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(DataError, match="^--"):
        dataclasses.replace(OPTIONS, **values)
