"""Rates over a training, groups of parameters, and updates that are the textbooks'."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from diar.nets.optimizer import ParameterGroup, learning_rate, make_optimizer
from diar.nets.options import OptimizerOptions


def rates(n: int = 10, **values: object) -> np.ndarray:
    options = OptimizerOptions(**({"learning_rate": 0.5} | values))
    return np.array([learning_rate(options, passed, n) for passed in np.linspace(0, n, 101)])


def test_a_constant_rate_stays_and_falls_in_steps() -> None:
    assert (rates() == 0.5).all()
    found = rates(decay_every=3, decay_factor=10.0)
    np.testing.assert_allclose(found[[0, 29, 30, 59, 60, 90]], [0.5, 0.5, 0.05, 0.05, 0.005, 0.0005])


def test_a_cosine_is_half_a_wave() -> None:
    found = rates(schedule="cosine")
    wanted = [0.5, 0.25 + 0.25 / np.sqrt(2), 0.25, 0.25 - 0.25 / np.sqrt(2), 0]
    np.testing.assert_allclose(found[[0, 25, 50, 75, 100]], wanted, atol=1e-9)


@pytest.mark.parametrize("warmup", [0.0, 0.2, 0.9])
def test_one_cycle_rises_and_falls_in_straight_lines(warmup: float) -> None:
    found = rates(schedule="one_cycle", warmup=warmup)
    np.testing.assert_allclose(found, np.interp(np.linspace(0, 1, 101), [0, warmup, 1] if warmup else [0, 1],
                                                [0, 0.5, 0] if warmup else [0.5, 0]), atol=1e-12)  # fmt: skip


def updated(options: OptimizerOptions, groups: bool, steps: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Two parameters after some updates of the loss a . a + 3 b."""
    a, b = nn.Parameter(torch.tensor([1.0, 2.0])), nn.Parameter(torch.tensor([1.0]))
    made = [ParameterGroup([a]), ParameterGroup([b], 5.0, 0.2)] if groups else [ParameterGroup([a, b])]
    optimizer = make_optimizer(made, options)
    for _ in range(steps):
        optimizer.zero_grad()
        for group in optimizer.param_groups:
            group["lr"] = options.learning_rate * group["scale"]
        ((a * a).sum() + 3 * b.sum()).backward()
        optimizer.step()
    return a.detach().double().numpy(), b.detach().double().numpy()


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("groups", [False, True])
def test_sgd_of_groups_is_the_textbooks(fused: bool, nesterov: bool, groups: bool) -> None:
    options = OptimizerOptions(
        optimizer="sgd", learning_rate=0.1, momentum=0.7, weight_decay=0.01, nesterov=nesterov, fused=fused
    )
    theta, velocity = np.array([1.0, 2.0, 1.0]), np.zeros(3)
    rate, decay = np.full(3, 0.1), np.full(3, 0.01)
    if groups:
        rate[2], decay[2] = 0.5, 0.002
    for _ in range(3):
        gradient = np.array([2 * theta[0], 2 * theta[1], 3.0]) + decay * theta
        velocity = 0.7 * velocity + gradient
        theta = theta - rate * (gradient + 0.7 * velocity if nesterov else velocity)
    np.testing.assert_allclose(np.concatenate(updated(options, groups)), theta, rtol=1e-5)


@pytest.mark.parametrize("fused", [False, True])
def test_adam_has_the_decay_of_means_that_is_asked_for(fused: bool) -> None:
    options = OptimizerOptions(learning_rate=0.1, adam_beta1=0.5, fused=fused)
    theta, m, v = np.array([1.0, 2.0, 1.0]), np.zeros(3), np.zeros(3)
    for t in range(1, 4):
        g = np.array([2 * theta[0], 2 * theta[1], 3.0])
        m, v = 0.5 * m + 0.5 * g, 0.999 * v + 0.001 * g * g
        theta = theta - 0.1 * (m / (1 - 0.5**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    np.testing.assert_allclose(np.concatenate(updated(options, groups=False)), theta, rtol=1e-4)


def test_nesterov_without_momentum_is_plain() -> None:
    options = OptimizerOptions(optimizer="sgd", learning_rate=0.1, momentum=0.0, nesterov=True)
    np.testing.assert_allclose(updated(options, False, 1)[1], [0.7], rtol=1e-6)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("error", [RuntimeError, TypeError])  # of Adam before torch 2.4, of SGD before 2.3
def test_without_fused_updates_the_same_are_made_one_by_one(
    monkeypatch: pytest.MonkeyPatch, optimizer: str, error: type[Exception]
) -> None:
    options = OptimizerOptions(optimizer=optimizer, learning_rate=0.1, fused=True)
    wanted = updated(options, True)
    kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[optimizer]

    class Old(kind):  # type: ignore[misc, valid-type]
        def __init__(self, params: object, **values: object) -> None:
            super().__init__(params, **values)
            if "fused" in values:  # torch says so after the groups have got their defaults
                raise error("no fused updates on this device")

    monkeypatch.setattr(torch.optim, kind.__name__, Old)
    with pytest.warns(UserWarning, match=r"^torch .* has no fused updates here: sums are rounded otherwise$"):
        found = updated(options, True)
    for value, one in zip(found, wanted, strict=True):
        np.testing.assert_allclose(value, one, rtol=1e-6)
    with pytest.warns(UserWarning, match="no fused updates"):
        made = make_optimizer([ParameterGroup([nn.Parameter(torch.ones(1))])], options)
    assert not made.param_groups[0].get("fused")
