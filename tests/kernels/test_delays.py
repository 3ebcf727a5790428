"""The path through candidate delays, compiled and as plain Python, against all paths there are."""

from __future__ import annotations

import itertools
from types import ModuleType

import numpy as np
import pytest
from oracles import plain_python

from diar.kernels import delays

PLAIN = plain_python("diar.kernels.delays")


@pytest.fixture(params=["compiled", "plain"])
def kernels(request: pytest.FixtureRequest) -> ModuleType:
    return delays if request.param == "compiled" else PLAIN


def worth(lags: np.ndarray, peaks: np.ndarray, path: tuple[int, ...], penalty: float, jump: float) -> float:
    total = sum(float(peaks[b, k]) for b, k in enumerate(path))
    for b in range(1, len(path)):
        total -= penalty * min(1.0, abs(int(lags[b, path[b]]) - int(lags[b - 1, path[b - 1]])) / jump)
    return total


@pytest.mark.parametrize("seed", range(12))
def test_the_path_is_the_best_of_all(kernels: ModuleType, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_blocks, n_best = int(rng.integers(1, 7)), int(rng.integers(1, 4))
    lags = rng.integers(-10, 11, (n_blocks, n_best)).astype(np.int32)
    peaks = rng.uniform(0, 0.3, (n_blocks, n_best)).astype(np.float32)
    penalty, jump = float(rng.uniform(0, 0.3)), float(rng.uniform(1, 10))
    path = kernels.steady_path(lags, peaks, penalty, jump)
    assert path.dtype == np.int64 and path.shape == (n_blocks,)
    best = max(worth(lags, peaks, p, penalty, jump) for p in itertools.product(range(n_best), repeat=n_blocks))
    assert worth(lags, peaks, tuple(path), penalty, jump) == pytest.approx(best, abs=1e-9)


def test_compiled_and_plain_give_the_same_path() -> None:
    rng = np.random.default_rng(0)
    lags = rng.integers(-300, 301, (500, 4)).astype(np.int32)
    lags[:, 1:3] = [20, -50]
    peaks = np.sort(rng.uniform(0, 0.2, (500, 4)).astype(np.float32))[:, ::-1].copy()
    compiled, plain = (module.steady_path(lags, peaks, 0.02, 8.0) for module in (delays, PLAIN))
    assert len(set(compiled.tolist())) > 1
    np.testing.assert_array_equal(compiled, plain)


def test_without_blocks_there_is_no_path(kernels: ModuleType) -> None:
    empty = np.zeros((0, 2))
    assert kernels.steady_path(empty.astype(np.int32), empty.astype(np.float32), 0.1, 8.0).shape == (0,)


def test_ties_go_to_the_first_candidate(kernels: ModuleType) -> None:
    same = np.full((3, 2), 0.1, dtype=np.float32)
    lags = np.array([[5, 7]] * 3, dtype=np.int32)
    assert kernels.steady_path(lags, same, 0.0, 8.0).tolist() == [0, 0, 0]
