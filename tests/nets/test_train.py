"""The training loop on a straight line through points: textbook updates, the order of samples, stops and new starts."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from diar.errors import DataError
from diar.nets import train as training
from diar.nets.optimizer import ParameterGroup
from diar.nets.options import DeviceOptions, OptimizerOptions
from diar.nets.train import (
    Phase,
    TrainingState,
    Update,
    evaluate,
    find_device,
    has_levelled_off,
    seeded,
    threads,
    train,
)
from diar.training_state import Resumption

N_SAMPLES = 23
X = torch.from_numpy(np.random.default_rng(0).standard_normal((N_SAMPLES, 2)).astype(np.float32))
Y = X @ torch.tensor([[2.0], [-1.0]]) + 0.5 + 0.1 * X[:, :1].square()


class Line(Phase):
    """Mean squared error of a straight line; it remembers which samples it saw, and in which mode."""

    def __init__(self, model: nn.Module, name: str = "line", epochs: int = 3, **rest: object) -> None:
        super().__init__(name, list(model.parameters()), rest.pop("n_samples", N_SAMPLES), epochs, **rest)
        self.model = model
        self.seen: list[tuple[bool, list[int]]] = []

    def losses(self, samples: Tensor) -> dict[str, Tensor]:
        self.seen.append((self.model.training, samples.tolist()))
        loss = (self.model(X[samples]) - Y[samples]).square().mean()
        return {"loss": 2 * loss, "half": loss}

    def batches(self) -> list[list[int]]:
        """The samples of each update."""
        return [samples for is_training, samples in self.seen if is_training]


def line() -> nn.Linear:
    with seeded(3):
        return nn.Linear(2, 1)


def options(**values: object) -> OptimizerOptions:
    return OptimizerOptions(**({"learning_rate": 0.05, "batch_size": 8} | values))


def trained(phase_values: dict[str, object] | None = None, **values: object) -> tuple[nn.Linear, Line, list]:
    model = line()
    phase = Line(model, **(phase_values or {}))
    return model, phase, train(model, [phase], options(**values))


def weights(model: nn.Module) -> np.ndarray:
    return np.concatenate([p.detach().numpy().ravel() for p in model.parameters()]).astype(np.float64)


# ---- updates -------------------------------------------------------------------------------------------------------


def gradient(theta: np.ndarray, batch: Sequence[int]) -> np.ndarray:
    """Of twice the mean squared error, by hand in float64; theta is the slope and the offset."""
    x, y = X[list(batch)].double().numpy(), Y[list(batch)].double().numpy()[:, 0]
    error = x @ theta[:2] + theta[2] - y
    return 4.0 * np.append(error @ x, error.sum()) / len(x)


def test_sgd_is_the_textbooks_with_momentum() -> None:
    model, phase, _ = trained(optimizer="sgd", momentum=0.8)
    theta, velocity = weights(line()), np.zeros(3)
    for batch in phase.batches():
        velocity = 0.8 * velocity + gradient(theta, batch)
        theta = theta - 0.05 * velocity
    np.testing.assert_allclose(weights(model), theta, atol=1e-5)


def test_adam_is_the_papers() -> None:
    """D. P. Kingma and J. Ba, "Adam", ICLR 2015, algorithm 1."""
    model, phase, _ = trained()
    theta, m, v = weights(line()), np.zeros(3), np.zeros(3)
    for t, batch in enumerate(phase.batches(), 1):
        g = gradient(theta, batch)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        theta = theta - 0.05 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    np.testing.assert_allclose(weights(model), theta, atol=1e-5)


def test_the_learning_rate_is_divided_every_so_many_epochs() -> None:
    model, phase, history = trained(
        {"epochs": 5}, optimizer="sgd", momentum=0.0, decay_every=2, decay_factor=4.0, batch_size=N_SAMPLES
    )
    rates = [0.05, 0.05, 0.0125, 0.0125, 0.003125]
    assert [epoch.rate for epoch in history] == pytest.approx([0.0, *rates])
    theta = weights(line())
    for rate, batch in zip(rates, phase.batches(), strict=True):
        theta = theta - rate * gradient(theta, batch)
    np.testing.assert_allclose(weights(model), theta, atol=1e-5)


def test_an_epoch_sees_every_sample_once_in_an_order_of_its_own() -> None:
    _, phase, _ = trained()
    batches = phase.batches()
    assert [len(batch) for batch in batches] == [8, 8, 7] * 3
    orders = [list(itertools.chain(*batches[3 * epoch : 3 * epoch + 3])) for epoch in range(3)]
    assert all(sorted(order) == list(range(N_SAMPLES)) for order in orders)
    assert orders[0] != orders[1] != orders[2] != orders[0] and orders[0] != sorted(orders[0])


@pytest.mark.parametrize("updates", [1, 2, 3, 7])
def test_an_epoch_of_so_many_updates_begins_and_goes_on_with_new_orders(updates: int) -> None:
    _, phase, history = trained({"updates": updates, "epochs": 2})
    batches = phase.batches()
    assert len(batches) == 2 * updates and len(history) == 3
    for epoch in (batches[:updates], batches[updates:]):
        for first in range(0, updates, 3):
            order = list(itertools.chain(*epoch[first : first + 3]))
            assert len(set(order)) == len(order)
            if len(epoch[first:]) >= 3:
                assert sorted(order) == list(range(N_SAMPLES))
    assert batches[0] != batches[updates] and batches[0] not in batches[3:updates], "chance begins every round"


def test_the_history_has_the_losses_before_each_update_and_at_the_start_those_of_all_without_dropout() -> None:
    model, phase, history = trained({"epochs": 1}, optimizer="sgd", momentum=0.0)
    assert [is_training for is_training, _ in phase.seen] == [False, True, True, True, False]
    theta, losses = weights(line()), []
    for batch in phase.batches():
        x, y = X[batch].double().numpy(), Y[batch].double().numpy()[:, 0]
        losses.append(2 * np.square(x @ theta[:2] + theta[2] - y).mean())
        theta = theta - 0.05 * gradient(theta, batch)
    start, first = history
    assert (start.phase, start.epoch, start.of, start.rate) == ("line", 0, 1, 0.0)
    assert start.losses == pytest.approx({"loss": evaluate(line(), Line(line()))})
    assert first.losses == pytest.approx({"loss": np.mean(losses), "half": np.mean(losses) / 2}, rel=1e-5)


@pytest.mark.parametrize("at_once", [5, 23, 100])
def test_an_evaluation_is_the_mean_over_samples_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    model = line()
    monkeypatch.setattr(training, "_EVALUATED_AT_ONCE", at_once)
    loss = evaluate(model, phase := Line(model))
    assert loss == pytest.approx(2 * float((model(X) - Y).detach().square().mean()), rel=1e-5)
    assert sorted(itertools.chain(*(samples for _, samples in phase.seen))) == list(range(N_SAMPLES))
    np.testing.assert_array_equal(weights(model), weights(line()))
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_schedule_goes_on_from_update_to_update() -> None:
    model, phase, history = trained(
        {"epochs": 2}, optimizer="sgd", momentum=0.0, schedule="one_cycle", warmup=0.5, learning_rate=0.1
    )
    rates = [0.1 * share for share in (1 / 6, 3 / 6, 5 / 6, 5 / 6, 3 / 6, 1 / 6)]  # in the middle of each update
    theta = weights(line())
    for rate, batch in zip(rates, phase.batches(), strict=True):
        theta = theta - rate * gradient(theta, batch)
    np.testing.assert_allclose(weights(model), theta, atol=1e-5)
    assert [epoch.rate for epoch in history] == pytest.approx([0.0, rates[2], rates[5]])


class Grouped(Line):
    def groups(self) -> list[ParameterGroup]:
        slope, offset = self.parameters
        return [ParameterGroup([slope]), ParameterGroup([offset], rate=3.0, decay=0.0)]


def test_groups_learn_at_their_own_rates() -> None:
    model = line()
    phase = Grouped(model)
    train(model, [phase], options(optimizer="sgd", momentum=0.0, weight_decay=0.1))
    theta = weights(line())
    for batch in phase.batches():
        decay = np.array([0.1, 0.1, 0.0]) * theta
        theta = theta - 0.05 * np.array([1.0, 1.0, 3.0]) * (gradient(theta, batch) + decay)
    np.testing.assert_allclose(weights(model), theta, atol=1e-5)


class Game(Line):
    """Slope and offset take turns: the offset moves after the slope has, and wants the opposite."""

    ends_are_comparable = False

    def turns(self, samples: Tensor):
        slope, offset = self.parameters
        for parameter, sign in ((slope, 1.0), (offset, -1.0)):
            loss = sign * 2 * (self.model(X[samples]) - Y[samples]).square().mean()
            yield [parameter], {"loss": loss, f"loss of {parameter.ndim}": loss}


def test_turns_are_taken_one_after_the_other_each_by_its_own_parameters() -> None:
    model = line()
    phase = Game(model, epochs=2)
    with seeded(0):
        history = train(model, [phase], options(optimizer="sgd", momentum=0.5, batch_size=N_SAMPLES))
    theta, velocity, everything = weights(line()), np.zeros(3), list(range(N_SAMPLES))
    for _ in range(2):
        for turn, sign in ((np.array([1, 1, 0]), 1.0), (np.array([0, 0, 1]), -1.0)):
            velocity = np.where(turn, 0.5 * velocity + sign * gradient(theta, everything), velocity)
            theta = theta - 0.05 * velocity * turn
    np.testing.assert_allclose(weights(model), theta, atol=1e-5)
    first, second = (history[1].losses[name] for name in ("loss of 2", "loss of 1"))
    assert first > 0 > second and history[1].losses["loss"] == pytest.approx(first + second)


def test_updates_are_told_as_they_go() -> None:
    model, told = line(), []
    history = train(model, [Line(model, epochs=2)], options(), Resumption(after_update=told.append))
    assert [(u.phase, u.epoch, u.of) for u in told] == [("line", 1, 2)] * 3 + [("line", 2, 2)] * 3
    assert [u.share for u in told] == pytest.approx([1 / 3, 2 / 3, 1.0] * 2) and isinstance(told[0], Update)
    means = [float(sum(u.losses["loss"] for u in told[k : k + 3])) / 3 for k in (0, 3)]
    assert means == pytest.approx([epoch.losses["loss"] for epoch in history[1:]])


def test_an_epoch_knows_its_number_after_a_new_start_too() -> None:
    class Counted(Line):
        numbers: list[int]

        def begin_epoch(self) -> dict[str, float]:
            self.numbers.append(self.epoch)
            return {}

    model, states = line(), []
    phase = Counted(model)
    phase.numbers = []
    train(model, [phase], options(), Resumption(None, lambda state: states.append(copy.deepcopy(state))))
    train(line(), [phase], options(), Resumption(states[0]))
    assert phase.numbers == [0, 1, 2, 1, 2]


def test_an_evaluation_may_be_of_the_first_samples_and_of_few_at_once() -> None:
    model = line()
    phase = Line(model)
    phase.n_evaluated, phase.evaluated_at_once = 7, 3
    assert evaluate(model, phase) == pytest.approx(2 * float((model(X) - Y).detach()[:7].square().mean()), rel=1e-5)
    assert [samples for _, samples in phase.seen] == [[0, 1, 2], [3, 4, 5], [6]]
    phase.n_evaluated = 1000
    assert evaluate(model, phase) == pytest.approx(evaluate(model, Line(model)), rel=1e-6)


# ---- phases and their ends -----------------------------------------------------------------------------------------


class Stopped(Line):
    """It ends after two epochs by what it says before the third."""

    ends_are_comparable = False

    def begin_epoch(self) -> dict[str, float] | None:
        n_epochs = len(self.batches()) // 3
        return None if n_epochs == 2 else {"begun": float(n_epochs)}


def test_a_phase_ends_when_it_says_so_and_its_figures_are_in_the_history() -> None:
    model = line()
    history = train(model, [Stopped(model, epochs=9), Line(model, "then", 1)], options())
    assert [(e.phase, e.epoch) for e in history] == [("line", 0), ("line", 1), ("line", 2), ("then", 0), ("then", 1)]
    assert [e.losses.get("begun") for e in history] == [None, 0.0, 1.0, None, None]


class Levelled(Line):
    def has_converged(self, losses: Sequence[float]) -> bool:
        self.told = list(losses)
        return len(losses) == 2


def test_a_phase_ends_when_it_has_converged_by_the_losses_of_its_own_epochs() -> None:
    model = line()
    phases = [Line(model, "before", 2), Levelled(model, epochs=9)]
    history = train(model, phases, options())
    assert [(e.phase, e.epoch) for e in history][3:] == [("line", 0), ("line", 1), ("line", 2)]
    assert phases[1].told == [e.losses["loss"] for e in history[4:]]


def test_phases_without_samples_or_epochs_are_passed_over() -> None:
    model = line()
    phases = [Line(model, "empty", n_samples=0), Line(model, "none", 0), Line(model, "one", 1)]
    assert [(e.phase, e.epoch) for e in train(model, phases, options())] == [("one", 0), ("one", 1)]
    assert train(line(), [], options()) == []


@given(st.lists(st.floats(0.001, 10.0), max_size=12), st.floats(0.001, 0.5))
def test_levelling_off_is_by_means_of_three_epochs(losses: list[float], tolerance: float) -> None:
    last, before = losses[-3:], losses[-6:-3]
    wanted = len(losses) >= 6 and np.mean(before) - np.mean(last) < tolerance * np.mean(before)
    if len(losses) < 6 or abs(np.mean(last) / np.mean(before) - (1 - tolerance)) > 1e-9:
        assert has_levelled_off(losses, tolerance) == wanted


def test_without_a_tolerance_nothing_levels_off() -> None:
    assert has_levelled_off([1.0] * 6, 0.001) and not has_levelled_off([1.0] * 60, 0.0)
    assert not has_levelled_off([1.0] * 5, 0.5)


def test_the_tolerance_is_a_share_of_the_epochs_before() -> None:
    assert has_levelled_off([1.0] * 3 + [0.75] * 3, 0.3) and not has_levelled_off([1.0] * 3 + [0.65] * 3, 0.3)


# ---- divergence ----------------------------------------------------------------------------------------------------


def test_a_loss_that_ends_above_its_start_is_the_learning_rates_fault() -> None:
    message = r"^--learning-rate: found 1000: the loss of 'line' went from \d\S* to \S+; wanted one that lowers it$"
    with pytest.raises(DataError, match=message) as caught:
        trained(learning_rate=1000.0)
    assert "\n" not in str(caught.value)


def test_a_loss_that_is_no_number_ends_at_once_and_is_not_gone_on_from() -> None:
    model, states = line(), []
    with pytest.raises(DataError, match=r"^--learning-rate: found 1e\+15: .* to (inf|nan); wanted"):
        diverging = options(optimizer="sgd", learning_rate=1e15)
        train(model, [Line(model, epochs=50)], diverging, Resumption(None, states.append))
    assert all(math.isfinite(epoch.losses["loss"]) for state in states for epoch in state.history)
    assert len(states) < 49


def test_a_loss_with_a_moving_target_may_rise() -> None:
    model = line()
    history = train(model, [Stopped(model)], options(learning_rate=10.0))
    assert history[-1].losses["loss"] > history[0].losses["loss"]


# ---- chance --------------------------------------------------------------------------------------------------------


def test_the_seed_alone_decides() -> None:
    before = torch.get_rng_state()
    model, _, history = trained(seed=5)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(7)
    again, _, history_again = trained(seed=5)
    assert weights(again).tobytes() == weights(model).tobytes() and history_again == history
    assert weights(trained(seed=6)[0]).tobytes() != weights(model).tobytes()


def test_the_phases_of_a_training_have_orders_of_their_own() -> None:
    model = line()
    phases = [Line(model, "a", 1), Line(model, "b", 1)]
    train(model, phases, options())
    assert phases[0].batches() != phases[1].batches()


def test_seeded_leaves_the_generators_as_they_were() -> None:
    before = torch.get_rng_state()
    with seeded(1):
        first = torch.rand(3)
    with seeded(1):
        assert torch.equal(torch.rand(3), first)
    with pytest.raises(ZeroDivisionError), seeded(2):
        assert not torch.equal(torch.rand(3), first)
        raise ZeroDivisionError
    assert torch.equal(torch.get_rng_state(), before)


# ---- stopped and started again -------------------------------------------------------------------------------------


class Stop(Exception):
    """What a test stops a training by."""


@pytest.mark.parametrize("schedule", ["constant", "one_cycle"])
@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_training_goes_on_from_any_epoch_as_if_it_had_not_stopped(optimizer: str, fused: bool, schedule: str) -> None:
    values = {"optimizer": optimizer, "decay_every": 2, "fused": fused, "schedule": schedule}

    def run(model: nn.Module, state: TrainingState | None = None, stop: int = 0) -> list:
        phases = [Line(model, "a", 3), Levelled(model, "b", 5), Line(model, "c", 2)]
        states: list[TrainingState] = []

        def after_epoch(now: TrainingState) -> None:
            states.append(copy.deepcopy(now))
            if len(states) == stop:
                raise Stop

        try:
            return [train(model, phases, options(**values), Resumption(state, after_epoch))]
        except Stop:
            return states

    wanted = line()
    (history,) = run(wanted)
    for stop in range(1, 8):
        state = run(line(), stop=stop)[-1]
        went_on = nn.Linear(2, 1)
        assert run(went_on, state) == [history], stop
        assert weights(went_on).tobytes() == weights(wanted).tobytes(), stop


# ---- threads and devices -------------------------------------------------------------------------------------------


def test_threads_are_as_many_as_before_afterwards() -> None:
    from threadpoolctl import threadpool_info

    def others() -> set[int]:
        return {pool["num_threads"] for pool in threadpool_info()}

    np.zeros((2, 2)) @ np.zeros((2, 2))
    before = torch.get_num_threads(), others()
    with threads(before[0] + 1):
        assert torch.get_num_threads() == before[0] + 1
    assert (torch.get_num_threads(), others()) == before
    with pytest.raises(ZeroDivisionError), threads(before[0] + 1):
        raise ZeroDivisionError
    assert (torch.get_num_threads(), others()) == before


@pytest.mark.parametrize("has_cuda", [False, True])
def test_devices_are_those_that_are_there(monkeypatch: pytest.MonkeyPatch, has_cuda: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_cuda)
    assert find_device(DeviceOptions()).type == "cpu"
    assert find_device(DeviceOptions(device="auto")).type == ("cuda" if has_cuda else "cpu")
    if has_cuda:
        assert find_device(DeviceOptions(device="cuda")).type == "cuda"
    else:
        with pytest.raises(DataError, match="^--device: found cuda, but torch sees no GPU; wanted cpu or auto$"):
            find_device(DeviceOptions(device="cuda"))
