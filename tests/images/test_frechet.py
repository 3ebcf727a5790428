"""The Frechet distance against its definition, and where it is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from diar.images.frechet import frechet_distance

RNG = np.random.default_rng(3)


def features(n: int, width: int = 6) -> np.ndarray:
    return RNG.normal(size=(n, width)) @ RNG.normal(size=(width, width)) + RNG.normal(size=width)


@pytest.mark.parametrize("width", [2, 6, 20])
def test_it_is_the_definition(width: int) -> None:
    a, b = features(50, width), features(70, width)
    s, t = np.cov(a.T), np.cov(b.T)
    mean = np.sum((a.mean(axis=0) - b.mean(axis=0)) ** 2)
    wanted = mean + np.trace(s + t - 2 * np.real(sqrtm(s @ t)))
    assert frechet_distance(a, b) == pytest.approx(wanted, rel=1e-7)
    assert frechet_distance(b, a) == pytest.approx(wanted, rel=1e-7)


def test_of_one_dimension_it_is_means_and_deviations() -> None:
    a, b = 3 * RNG.normal(size=(30, 1)) + 1, RNG.normal(size=(40, 1))
    wanted = (a.mean() - b.mean()) ** 2 + (a.std(ddof=1) - b.std(ddof=1)) ** 2
    assert frechet_distance(a, b) == pytest.approx(wanted, rel=1e-9)


def test_equal_sets_have_none_also_with_features_that_never_change() -> None:
    a = features(40)
    a[:, 2], a[:, 4] = 0.0, a[:, 1]  # a covariance without an inverse
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(a, a + [1, 0, 2, 0, 0, 0]) == pytest.approx(5)
    few = features(3, 20)  # fewer samples than features
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-6)


def test_rotations_of_both_change_nothing_and_float32_is_taken() -> None:
    a, b = features(50), features(60)
    turn = np.linalg.qr(RNG.normal(size=(6, 6)))[0]
    assert frechet_distance(a @ turn, b @ turn) == pytest.approx(frechet_distance(a, b), rel=1e-9)
    rounded = [values.astype(np.float32) for values in (a, b)]
    assert frechet_distance(*rounded) == pytest.approx(frechet_distance(a, b), rel=1e-4)
