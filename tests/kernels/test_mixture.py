"""The mixture's kernels, compiled and as plain Python, against scipy in float64."""

from __future__ import annotations

from types import ModuleType

import numba
import numpy as np
import pytest
from oracles import plain_python
from scipy.special import logsumexp, softmax

from diar.kernels import mixture

PLAIN = plain_python("diar.kernels.mixture")


@pytest.fixture(params=["compiled", "plain"])
def kernels(request: pytest.FixtureRequest) -> ModuleType:
    return mixture if request.param == "compiled" else PLAIN


def log_joint(n_components: int, n_frames: int, spread: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng([seed, n_components, n_frames])
    return (spread * rng.standard_normal((n_components, n_frames)) - 100).astype(np.float32)


def test_plain_python_is_not_compiled() -> None:
    assert not hasattr(PLAIN.normalise, "py_func")
    assert hasattr(mixture.normalise, "py_func") or numba.config.DISABLE_JIT


def test_exp_is_exact_to_3e_7_over_its_range(kernels: ModuleType) -> None:
    n_points = 20001 if kernels is mixture else 2001
    x = np.linspace(-87, 88, n_points, dtype=np.float32)
    near_zero = np.geomspace(1e-7, 0.5, 500).astype(np.float32)
    halves = ((np.arange(-125, 126) + 0.5) * np.log(2)).astype(np.float32)  # where the power of two changes
    x = np.concatenate([x, near_zero, -near_zero, halves, np.float32([0.0, -87.0, 88.0])])
    found = np.array([kernels.exp(np.float32(value)) for value in x], dtype=np.float64)
    assert np.abs(found / np.exp(x.astype(np.float64)) - 1).max() < 3e-7


SHAPES = [(1, 1), (1, 5), (2, 1), (3, 17), (8, 40)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("spread", [0.0, 3.0, 1000.0])
def test_normalise_is_a_softmax_and_its_log_sum(kernels: ModuleType, shape: tuple[int, int], spread: float) -> None:
    joint = log_joint(*shape, spread)
    exact = joint.astype(np.float64)
    total = kernels.normalise(joint)
    assert joint.dtype == np.float32
    np.testing.assert_allclose(joint, softmax(exact, axis=0), rtol=2e-6, atol=1e-30)
    np.testing.assert_allclose(joint.sum(axis=0), 1.0, rtol=1e-6)
    assert total == pytest.approx(logsumexp(exact, axis=0).sum(), rel=1e-6)


@pytest.mark.parametrize("bounds", [[0, 1], [0, 3], [0, 1, 3], [0, 2, 3, 7, 8]])
@pytest.mark.parametrize("spread", [0.0, 3.0, 1000.0])
def test_log_sum_groups_is_the_log_sum_of_each_group(kernels: ModuleType, bounds: list[int], spread: float) -> None:
    joint = log_joint(bounds[-1], 23, spread)
    before = joint.copy()
    out = np.full((23, len(bounds) - 1), np.nan, dtype=np.float32)
    kernels.log_sum_groups(joint, np.array(bounds, dtype=np.int64), out)
    groups = [
        logsumexp(joint[first:last].astype(np.float64), axis=0) for first, last in zip(bounds, bounds[1:], strict=False)
    ]
    np.testing.assert_allclose(out, np.stack(groups, axis=1), rtol=1e-6)
    np.testing.assert_array_equal(joint, before)


@pytest.mark.parametrize("n_clusters", [1, 2, 4])
def test_mixed_log_likelihoods_are_log_sums_of_weighted_densities(kernels: ModuleType, n_clusters: int) -> None:
    rng = np.random.default_rng(n_clusters)
    labels = np.concatenate([np.arange(n_clusters), rng.integers(0, n_clusters, 50)]).astype(np.int32)
    scores = (20 * rng.standard_normal((len(labels), n_clusters)) - 60).astype(np.float32)
    counts = np.bincount(labels, minlength=n_clusters)
    out = np.full((n_clusters, n_clusters), np.nan)
    kernels.mixed_log_likelihoods(scores, labels, np.log(counts), out)
    for a in range(n_clusters):
        for b in range(n_clusters):
            expected = 0.0
            if a < b:
                pair = scores[(labels == a) | (labels == b)][:, [a, b]].astype(np.float64)
                expected = logsumexp(pair + np.log(counts[[a, b]] / len(pair)), axis=1).sum()
            assert out[a, b] == pytest.approx(expected, rel=1e-6), (a, b)


def test_compiled_and_plain_give_the_same() -> None:
    joint = log_joint(6, 50, 5.0)
    compiled, plain = joint.copy(), joint.copy()
    assert mixture.normalise(compiled) == pytest.approx(PLAIN.normalise(plain), rel=1e-7)
    np.testing.assert_allclose(compiled, plain, rtol=1e-6, atol=1e-35)
