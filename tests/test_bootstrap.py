"""Intervals and p-values against closed forms of one and two recordings, scipy's bootstrap, and each other."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diar import bootstrap
from diar.bootstrap import BootstrapOptions, compare_pooled, pooled_interval
from diar.errors import DataError

FEW = BootstrapOptions(resamples=500)
ERRORS, SCORED = [10.0, 40.0, 5.0, 80.0, 33.0, 21.0], [100.0, 120.0, 300.0, 200.0, 150.0, 90.0]


def test_one_recording_tells_nothing() -> None:
    assert all(math.isnan(bound) for bound in pooled_interval([10], [100]))
    compared = compare_pooled([10], [30], [100])
    assert (compared.first, compared.second, compared.difference, compared.p_value) == (10, 30, 20, 1)
    assert all(math.isnan(bound) for bound in compared.interval)


def test_no_recording_tells_less() -> None:
    assert all(math.isnan(bound) for bound in pooled_interval([], []))
    assert math.isnan(compare_pooled([], [], []).difference) and compare_pooled([], [], []).p_value == 1


def test_two_recordings_span_both() -> None:
    assert pooled_interval([10, 60], [100, 200]) == (10, 30)
    half = pooled_interval([10, 60], [100, 200], BootstrapOptions(confidence=40))
    assert half == pytest.approx((100 * 70 / 300,) * 2)  # half of the draws are one of each
    assert compare_pooled([10, 60], [20, 90], [100, 200]).p_value == 0.5


def test_equals_every_possible_draw() -> None:
    """Of four recordings there are 256 draws, all equally likely."""
    errors, scored = np.array(ERRORS[:4]), np.array(SCORED[:4])
    draws = np.array(list(itertools.product(range(4), repeat=4)))
    rates = 100 * errors[draws].sum(axis=1) / scored[draws].sum(axis=1)
    found = pooled_interval(errors, scored, BootstrapOptions(resamples=200000, confidence=80))
    assert found == pytest.approx(np.percentile(rates, (10, 90)), abs=0.6)
    other = np.array([12.0, 30.0, 9.0, 70.0])
    differences = (other - errors)[draws].sum(axis=1)
    share = min((differences <= 0).mean(), (differences >= 0).mean())
    compared = compare_pooled(errors, other, scored, BootstrapOptions(resamples=200000))
    assert compared.p_value == pytest.approx(2 * share, abs=0.01)


def test_equals_scipys_percentile_bootstrap() -> None:
    from scipy.stats import bootstrap as scipys

    pooled = lambda errors, scored, axis: 100 * errors.sum(axis=axis) / scored.sum(axis=axis)  # noqa: E731
    wanted = scipys(
        (ERRORS, SCORED), pooled, paired=True, vectorized=True, n_resamples=50000, method="percentile", rng=1
    ).confidence_interval
    assert pooled_interval(ERRORS, SCORED, BootstrapOptions(resamples=50000)) == pytest.approx(tuple(wanted), abs=0.5)


def test_equal_systems_have_p_1() -> None:
    compared = compare_pooled(ERRORS, ERRORS, SCORED)
    assert (compared.difference, compared.interval, compared.p_value) == (0, (0, 0), 1)


def test_a_system_better_everywhere_has_the_p_of_a_sign_test_at_least() -> None:
    better = [error - 3 for error in ERRORS]
    assert compare_pooled(ERRORS, better, SCORED).p_value == 2**-5
    many = compare_pooled(ERRORS * 10, better * 10, SCORED * 10)
    assert many.p_value == pytest.approx(2 / 10001)
    assert many.interval.high < 0


def test_the_interval_covers_as_often_as_it_says() -> None:
    """40 recordings of a known rate, 300 times: 95 % of the intervals hold it, give or take chance."""
    generator, hits = np.random.default_rng(5), 0
    for _ in range(300):
        scored = generator.uniform(100, 500, 40)
        low, high = pooled_interval(scored * generator.uniform(0, 0.4, 40), scored, FEW)
        hits += low <= 20 <= high
    assert 270 <= hits <= 297


def test_p_values_of_equal_systems_are_spread_evenly() -> None:
    generator = np.random.default_rng(6)
    p_values = []
    for _ in range(300):
        first, second = generator.uniform(0, 10, (2, 40))
        p_values.append(compare_pooled(first, second, np.full(40, 30.0), FEW).p_value)
    assert 0.02 < np.mean(np.array(p_values) < 0.05) < 0.11 and 0.4 < np.mean(p_values) < 0.6


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(*[st.floats(0, 50)] * 2, st.floats(1, 100)), min_size=2, max_size=12))
def test_exchanged_systems_have_the_same_p_and_the_interval_mirrored(
    recordings: list[tuple[float, float, float]]
) -> None:
    first, second, scored = zip(*recordings, strict=True)
    there, back = compare_pooled(first, second, scored, FEW), compare_pooled(second, first, scored, FEW)
    assert there.p_value == back.p_value
    assert there.interval == pytest.approx((-back.interval.high, -back.interval.low), abs=1e-9)
    assert there.difference == pytest.approx(there.second - there.first, abs=1e-9)
    low, high = pooled_interval(first, scored, FEW)
    assert min(100 * e / s for e, s in zip(first, scored, strict=True)) - 1e-9 <= low <= high


def test_the_unit_of_time_does_not_matter() -> None:
    hours = [[second / 3600 for second in column] for column in (ERRORS, SCORED)]
    assert pooled_interval(*hours) == pytest.approx(pooled_interval(ERRORS, SCORED))


def test_same_seed_same_interval_and_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    before = pooled_interval(ERRORS, SCORED, FEW)
    assert before == pooled_interval(ERRORS, SCORED, FEW)
    assert before != pooled_interval(ERRORS, SCORED, BootstrapOptions(resamples=500, bootstrap_seed=1))
    monkeypatch.setattr(bootstrap, "_BLOCK_VALUES", 50)
    assert pooled_interval(ERRORS, SCORED, FEW) == before


def test_recordings_without_scored_speech_are_drawn_too() -> None:
    assert compare_pooled([0, 1, 2], [0, 1, 2], [0, 10, 10], FEW).p_value == 1
    assert pooled_interval([0, 1, 2], [0, 10, 10], FEW) == pytest.approx((10, 20))
    assert all(math.isnan(bound) for bound in pooled_interval([0, 0], [0, 0], FEW))


def test_sides_of_different_lengths_are_refused() -> None:
    with pytest.raises(DataError, match="found 2 and 3 recordings"):
        pooled_interval([1, 2], [3, 4, 5])
    with pytest.raises(DataError, match="--resamples"):
        BootstrapOptions(resamples=10)
