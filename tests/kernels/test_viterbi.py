"""The Viterbi kernel, compiled and as plain Python, against a dynamic programme over all sub-states."""

from __future__ import annotations

import math
from types import ModuleType

import numba
import numpy as np
import pytest
from oracles import chain_viterbi_score, path_score, plain_python, stays

from diar.kernels import viterbi

PLAIN = plain_python("diar.kernels.viterbi")


@pytest.fixture(params=["compiled", "plain"])
def kernels(request: pytest.FixtureRequest) -> ModuleType:
    return viterbi if request.param == "compiled" else PLAIN


def test_plain_python_is_not_compiled() -> None:
    assert not hasattr(PLAIN.minimum_duration_path, "py_func")
    assert hasattr(viterbi.minimum_duration_path, "py_func") or numba.config.DISABLE_JIT


@pytest.mark.parametrize("seed", range(12))
def test_the_path_is_as_good_as_the_best(kernels: ModuleType, seed: int) -> None:
    rng = np.random.default_rng(seed)
    min_duration = int(rng.integers(1, 6))
    scores = rng.standard_normal((min_duration + int(rng.integers(0, 20)), int(rng.integers(1, 4)))).astype(np.float32)
    self_loop, jump = rng.uniform(0.05, 1.5, 2)
    path = kernels.minimum_duration_path(scores, min_duration, math.log(self_loop), math.log(jump))
    assert path.dtype == np.int32 and path.shape == (len(scores),)
    assert min(stays(path)) >= min_duration
    found = path_score(scores, path, min_duration, self_loop, jump)
    assert found == pytest.approx(chain_viterbi_score(scores, min_duration, self_loop, jump), abs=1e-5)


def test_compiled_and_plain_give_the_same_path() -> None:
    scores = np.random.default_rng(0).standard_normal((400, 5)).astype(np.float32)
    compiled, plain = (module.minimum_duration_path(scores, 13, -0.1, -2.0) for module in (viterbi, PLAIN))
    assert len(set(compiled.tolist())) > 1
    np.testing.assert_array_equal(compiled, plain)


def test_what_a_sum_loses_at_an_extreme_frame_is_not_lost_for_the_rest() -> None:
    """Two frames of +-2^52 cost each window its fractions; from the next multiple of D on they count again."""
    scores = np.random.default_rng(0).uniform(-1, 1, (2000, 6)).astype(np.float32)
    scores[110:, 1:] = scores[110:, :1] - np.float32(1e-4)
    scores[100], scores[101] = 2.0**52, -(2.0**52)
    path = viterbi.minimum_duration_path(scores, 25, 0.0, 0.0)
    assert path[150:].tolist() == [0] * 1850


def test_rounding_does_not_build_up_over_an_hour() -> None:
    """Scores with a level of a million and differences below a hundredth: the right state is found to the end."""
    n_frames, min_duration = 360_000, 250
    truth = (np.arange(n_frames) // 1000 % 2).astype(np.int32)
    scores = np.where(truth[:, np.newaxis] == np.arange(2), 0.0, -0.125) - 2.0**19
    path = viterbi.minimum_duration_path(np.ascontiguousarray(scores, dtype=np.float32), min_duration, 0.0, 0.0)
    np.testing.assert_array_equal(path, truth)
