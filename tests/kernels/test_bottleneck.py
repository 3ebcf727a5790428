"""The kernels of the information bottleneck, compiled and as plain Python, against the definitions in float64."""

from __future__ import annotations

import math
from types import ModuleType

import numba
import numpy as np
import pytest
from oracles import merge_cost, plain_python

from diar.kernels import bottleneck

PLAIN = plain_python("diar.kernels.bottleneck")
SMALLEST = float(np.finfo(np.float32).tiny)


@pytest.fixture(params=["compiled", "plain"])
def kernels(request: pytest.FixtureRequest) -> ModuleType:
    return bottleneck if request.param == "compiled" else PLAIN


def joint_table(n_clusters: int, n_relevance: int, seed: int) -> np.ndarray:
    """(C, Y) p(c, y) with empty cells, whose values float32 has, too."""
    rng = np.random.default_rng(seed)
    table = rng.gamma(0.3, size=(n_clusters, n_relevance)) * (rng.random((n_clusters, n_relevance)) < 0.8)
    table[:, 0] += 1e-3
    return (table / table.sum()).astype(np.float32).astype(np.float64)


def x_log_x(x: float) -> float:
    return float(x) * math.log(x) if x > 0 else 0.0


def parts(table: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns, masses and phi as the kernels take them."""
    masses = table.sum(axis=1)
    phi = [sum(map(x_log_x, row)) - x_log_x(mass) for row, mass in zip(table, masses, strict=True)]
    return np.ascontiguousarray(table.T, dtype=np.float32), masses, np.array(phi)


def costs_of(kernels: ModuleType, table: np.ndarray, trade_off: float, i: int, first: int, last: int) -> np.ndarray:
    out = np.full(len(table), -7.0, dtype=np.float32)
    kernels.merge_costs(*parts(table), trade_off, i, first, last, out)
    return out


def test_plain_python_is_not_compiled() -> None:
    assert not hasattr(PLAIN.merge_costs, "py_func")
    assert hasattr(bottleneck.merge_costs, "py_func") or numba.config.DISABLE_JIT


@pytest.mark.parametrize(
    "values",
    [
        np.geomspace(SMALLEST, 1.0, 1000),
        np.geomspace(1.0, 1e36, 500),
        np.linspace(0.4, 3.0, 1000),
        1.0 + np.array([-1, 1, -3, 3, -100, 100]) * 2.0**-23,
        math.sqrt(0.5) + np.arange(-5, 6) * 2.0**-24,
        2.0 ** np.arange(-126, 121),
    ],
    ids=["small", "large", "around one", "next to one", "around the root of a half", "powers of two"],
)
def test_x_log_x_is_that_of_float64(kernels: ModuleType, values: np.ndarray) -> None:
    values = values.astype(np.float32)
    found = [kernels.xlogx(x) for x in values]
    np.testing.assert_allclose(found, [x_log_x(x) for x in values], rtol=5e-7)


def test_x_log_x_is_zero_at_zero_and_one_and_near_it_below_normal_numbers(kernels: ModuleType) -> None:
    assert kernels.xlogx(np.float32(0)) == 0.0
    assert kernels.xlogx(np.float32(1)) == 0.0
    for x in (1e-45, 1e-40, 0.99 * SMALLEST):
        assert -2e-36 < kernels.xlogx(np.float32(x)) <= 0.0


@pytest.mark.parametrize("n_relevance", [1, 2, 31, 32, 33, 70])
def test_joint_terms_are_sums_over_the_relevance_variables(kernels: ModuleType, n_relevance: int) -> None:
    table = joint_table(6, n_relevance, seed=n_relevance)
    out = np.full(6, -7.0)
    kernels.joint_terms(parts(table)[0], 2, 1, 5, out)
    wanted = [sum(x_log_x(x) for x in table[2] + table[j]) for j in range(1, 5)]
    np.testing.assert_allclose(out[1:5], wanted, rtol=1e-6)
    assert out[[0, 5]].tolist() == [-7.0, -7.0]


def test_sums_over_many_relevance_variables_keep_their_digits() -> None:
    table = np.full((2, 50_000), np.float32(1e-5))
    out = np.empty(2)
    bottleneck.joint_terms(parts(table)[0], 0, 0, 2, out)
    np.testing.assert_allclose(out, 50_000 * x_log_x(2 * np.float64(np.float32(1e-5))), rtol=5e-7)


@pytest.mark.parametrize("trade_off", [0.0, 0.1, 3.0])
@pytest.mark.parametrize("seed", range(4))
def test_a_cost_is_that_of_the_definition(kernels: ModuleType, seed: int, trade_off: float) -> None:
    table = joint_table(7, 40, seed)
    for i, first, last in ((3, 0, 7), (0, 0, 7), (6, 2, 5), (1, 4, 7), (2, 2, 3)):
        out = costs_of(kernels, table, trade_off, i, first, last)
        assert out.dtype == np.float32
        for j in range(7):
            if not first <= j < last:
                assert out[j] == -7.0
            elif j == i:
                assert out[j] == np.inf
            else:
                assert out[j] == pytest.approx(merge_cost(table[i], table[j], trade_off), abs=1e-6)


def test_no_divergence_is_negative(kernels: ModuleType) -> None:
    """Clusters of one distribution: what rounding leaves would look like a gain."""
    table = np.outer(np.linspace(0.5, 2.0, 12), joint_table(1, 90, seed=0)[0])
    table /= table.sum()
    for i in range(12):
        costs = np.delete(costs_of(kernels, table, 0.0, i, 0, 12), i)
        assert costs.min() >= 0.0 and costs.max() < 1e-6


@pytest.mark.parametrize("n_clusters", [1, 2, 9])
def test_all_costs_are_those_of_the_pairs(kernels: ModuleType, n_clusters: int) -> None:
    table = joint_table(n_clusters, 35, seed=5)
    out = np.full((n_clusters, n_clusters), -7.0, dtype=np.float32)
    kernels.all_merge_costs(*parts(table), 0.2, out)
    for i in range(n_clusters):
        np.testing.assert_array_equal(out[i], costs_of(kernels, table, 0.2, i, 0, n_clusters))
    np.testing.assert_array_equal(out, out.T)


def test_a_cost_does_not_depend_on_those_beside_it() -> None:
    """Vector instructions take as many clusters as they hold at once."""
    table = joint_table(41, 100, seed=3)
    together = costs_of(bottleneck, table, 0.1, 5, 0, 41)
    alone = [costs_of(bottleneck, table, 0.1, 5, j, j + 1)[j] for j in range(41)]
    np.testing.assert_array_equal(together, alone)


def test_compiled_and_plain_give_the_same_costs() -> None:
    table = joint_table(8, 50, seed=1)
    compiled, plain = (costs_of(module, table, 0.1, 2, 0, 8) for module in (bottleneck, PLAIN))
    np.testing.assert_allclose(compiled, plain, rtol=1e-6, atol=1e-9)
