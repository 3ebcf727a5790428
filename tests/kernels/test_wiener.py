"""The Wiener gains: compiled and as plain Python, block by block; the equations are tests/test_denoise.py's."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from oracles import plain_python

from diar.kernels import wiener

PLAIN = plain_python("diar.kernels.wiener")
FIRST_NOISE = np.array([[0.5], [0.0], [0.0]])


@pytest.fixture(params=["compiled", "plain"])
def kernels(request: pytest.FixtureRequest) -> ModuleType:
    return wiener if request.param == "compiled" else PLAIN


def gains(kernels: ModuleType, power: np.ndarray, *sizes: int) -> tuple[np.ndarray, np.ndarray]:
    """(T, F) gains of blocks of these sizes, and the state at the end."""
    state = np.repeat(FIRST_NOISE, power.shape[1], axis=1)
    found = np.empty_like(power)
    bounds = np.cumsum([0, *sizes, len(power) - sum(sizes)])
    for start, end in zip(bounds[:-1], bounds[1:], strict=True):
        kernels.wiener_gains(power[start:end], state, 0.98, 0.25, found[start:end])
    return found, state


@pytest.fixture
def power() -> np.ndarray:
    noise = np.abs(np.random.default_rng(0).standard_normal((40, 5)))
    return (noise * [0, 1, 10, 100, 1e-9]).astype(np.float32)


def test_compiled_and_plain_agree(power: np.ndarray) -> None:
    (compiled, state), (plain, plain_state) = gains(wiener, power), gains(PLAIN, power)
    np.testing.assert_allclose(compiled, plain, rtol=1e-6)
    np.testing.assert_allclose(state, plain_state, rtol=1e-9)


def test_the_state_is_carried_on(kernels: ModuleType, power: np.ndarray) -> None:
    whole, in_blocks = gains(kernels, power), gains(kernels, power, 1, 7, 0, 20)
    np.testing.assert_array_equal(in_blocks[0], whole[0])
    np.testing.assert_array_equal(in_blocks[1], whole[1])


def test_gains_lie_between_the_least_and_one(kernels: ModuleType, power: np.ndarray) -> None:
    found, state = gains(kernels, power)
    assert found.min() == 0.25 and 0.9 < found.max() <= 1
    assert (found[:, 0] == 0.25).all() and (found[:, 3] > 0.9).any()  # silence, and what is far above the noise
    assert (state[0] > 0).all() and np.isfinite(state).all()
