"""The one training loop: phases of epochs of updates, which can go on from any epoch with the same result.

Chance enters by torch's generator alone. It is seeded anew for every epoch from the seed, the phase and the epoch, so
that a training that was killed needs no state of generators to go on.
"""

from __future__ import annotations

import math
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from diar.errors import DataError
from diar.nets.optimizer import ParameterGroup, learning_rate, make_optimizer
from diar.nets.options import DeviceOptions, OptimizerOptions
from diar.nets.updates import Updates, updates_of
from diar.training_state import Resumption

_WINDOW = 3  # epochs whose mean loss is compared with that of as many before
_EVALUATED_AT_ONCE = 8192  # samples


class Phase(ABC):
    """A part of a training: parameters, a loss over samples 0 to ``n_samples`` - 1, and how long."""

    ends_are_comparable = True  # the loss before and after the phase, as to whether it did any good
    negligible_loss = -math.inf  # a phase that ends below did no harm, whatever it began with
    smallest_batch = 1
    is_replayable = False  # an update asks the same of the device whatever its samples are, and draws nothing elsewhere
    n_evaluated: int | None = None  # the first so many samples tell the loss before and after; None: all
    evaluated_at_once: int | None = None  # samples
    epoch = 0  # the one that goes on, from 0; train() keeps it

    def __init__(
        self, name: str, parameters: Sequence[nn.Parameter], n_samples: int, epochs: int, updates: int | None = None
    ) -> None:
        """An epoch goes over all samples once, or makes ``updates``."""
        self.name = name
        self.parameters = list(parameters)
        self.n_samples = n_samples
        self.epochs = epochs
        self.updates = updates

    @abstractmethod
    def losses(self, samples: Tensor) -> dict[str, Tensor]:
        """The mean ``loss`` over (B,) numbers of samples, and the parts it has, if any."""

    def turns(self, samples: Tensor) -> Iterator[tuple[Sequence[nn.Parameter], dict[str, Tensor]]]:
        """The losses of an update, each with the parameters that make it small, before the next loss is computed.

        One loss of all parameters, unless networks play against each other; losses of one name are added up.
        """
        yield self.parameters, self.losses(samples)

    def groups(self) -> list[ParameterGroup]:
        """The parameters, in groups that are trained at rates of their own."""
        return [ParameterGroup(self.parameters)]

    def begin_epoch(self) -> dict[str, float] | None:
        """Called before every epoch: figures for the history, or None to end the phase."""
        return {}

    def has_converged(self, losses: Sequence[float]) -> bool:
        """Whether the losses of the epochs so far say that more are of no use."""
        return False

    def state(self) -> dict[str, Tensor]:
        """What ``begin_epoch`` remembers from epoch to epoch."""
        return {}

    def restore(self, state: dict[str, Tensor]) -> None:  # noqa: B027  most phases remember nothing
        """Remember what ``state`` was."""


@dataclass(frozen=True)
class Epoch:
    """One line of the history: the mean ``losses`` of an epoch (``loss`` and its parts), other figures among them.

    Epoch 0 of a phase is the loss before its first update; ``of`` the most epochs it may have.
    """

    phase: str
    epoch: int
    of: int
    rate: float
    losses: dict[str, float]


@dataclass(frozen=True)
class TrainingState:
    """Where a training is, and all it needs to go on; tensors and plain values only."""

    phase: int = 0
    epoch: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)
    optimizer: dict[str, Any] = field(default_factory=dict)
    memory: dict[str, Tensor] = field(default_factory=dict)
    history: tuple[Epoch, ...] = ()


@dataclass(frozen=True)
class Update:
    """What is known after an update: how much of the epoch is over, and the losses before it, where they were made."""

    phase: str
    epoch: int
    of: int
    share: float
    rate: float
    losses: Mapping[str, Tensor]


AfterEpoch = Callable[[TrainingState], None]
AfterUpdate = Callable[[Update], None]


def train(
    model: nn.Module,
    phases: Sequence[Phase],
    options: OptimizerOptions,
    resumption: Resumption | None = None,
) -> list[Epoch]:
    """Train ``model`` in place, from a state on if there is one; the history, with what the state has of it.

    Raises:
        DataError: a loss that is no number, or that ended above its start: the learning rate is too high.
    """
    resumption = resumption or Resumption()
    state = resumption.state or TrainingState()
    history = list(state.history)
    if state.weights:
        model.load_state_dict(state.weights)
    for number, phase in enumerate(phases):
        if number < state.phase or phase.n_samples < phase.smallest_batch:
            continue
        optimizer = make_optimizer(phase.groups(), options)
        epoch = 0
        if number == state.phase and state.epoch:
            epoch = state.epoch
            optimizer.load_state_dict(state.optimizer)
            phase.restore(state.memory)
        elif phase.epochs:
            history.append(Epoch(phase.name, 0, phase.epochs, 0.0, {"loss": evaluate(model, phase)}))
        updates = updates_of(phase, optimizer, options.batch_size)
        while epoch < phase.epochs and not phase.has_converged(_losses(history, phase)):
            with _seeded(options.seed, number, epoch):
                phase.epoch = epoch
                figures = phase.begin_epoch()
                if figures is None:
                    break
                losses, rate = _run_epoch(model, phase, updates, options, resumption.after_update)
            epoch += 1
            history.append(Epoch(phase.name, epoch, phase.epochs, rate, losses | figures))
            if not math.isfinite(losses["loss"]):
                raise _diverged(options, phase, history, losses["loss"])
            if resumption.after_epoch is not None:
                parts = (model.state_dict(), optimizer.state_dict(), phase.state(), tuple(history))
                resumption.after_epoch(TrainingState(number, epoch, *parts))
        _check_end(model, phase, options, history)
    return history


def evaluate(model: nn.Module, phase: Phase) -> float:
    """The mean loss over all samples, without dropout."""
    return mean_losses(model, phase)["loss"]


def mean_losses(model: nn.Module, phase: Phase) -> dict[str, float]:
    """The means of the loss and its parts over all samples, without dropout."""
    model.eval()
    sums: dict[str, float] = {}
    n_samples = min(phase.n_evaluated or phase.n_samples, phase.n_samples)
    with torch.no_grad():
        for samples in torch.arange(n_samples).split(phase.evaluated_at_once or _EVALUATED_AT_ONCE):
            for name, loss in phase.losses(samples).items():
                sums[name] = sums.get(name, 0.0) + float(loss) * len(samples)
    return {name: total / n_samples for name, total in sums.items()}


def _run_epoch(
    model: nn.Module,
    phase: Phase,
    make_update: Updates,
    options: OptimizerOptions,
    after_update: AfterUpdate | None,
) -> tuple[dict[str, float], float]:
    """The mean losses of the updates of an epoch, as they were before each; the last learning rate."""
    model.train()
    sums: dict[str, Tensor] = {}
    n_updates = _n_updates(phase, options.batch_size)
    for update, samples in enumerate(_batches(phase, options.batch_size)):
        rate = learning_rate(options, phase.epoch + (update + 0.5) / n_updates, phase.epochs)
        found = make_update(samples, rate)
        sums = {name: sums[name] + loss if sums else loss for name, loss in found.items()}
        if after_update is not None:
            share = (update + 1) / n_updates
            after_update(Update(phase.name, phase.epoch + 1, phase.epochs, share, rate, found))
    return {name: float(total) / n_updates for name, total in sums.items()}, rate


def _n_batches(phase: Phase, size: int) -> int:
    whole, rest = divmod(phase.n_samples, size)
    return whole + (rest >= phase.smallest_batch)


def _n_updates(phase: Phase, size: int) -> int:
    return phase.updates or _n_batches(phase, size)


def _batches(phase: Phase, size: int) -> Iterator[Tensor]:
    """Numbers of samples in an order of chance: all once, or as many batches as there are updates.

    Samples that are left over, and too few for a batch, wait for the next epoch.
    """
    n_batches = _n_batches(phase, size)
    for update in range(_n_updates(phase, size)):
        if update % n_batches == 0:
            order = torch.randperm(phase.n_samples).split(size)
        yield order[update % n_batches]


def has_levelled_off(losses: Sequence[float], tolerance: float) -> bool:
    """Whether the mean of the last three losses is not lower than that of the three before by ``tolerance`` of it."""
    if not tolerance or len(losses) < 2 * _WINDOW:
        return False
    last, before = sum(losses[-_WINDOW:]), sum(losses[-2 * _WINDOW : -_WINDOW])
    return before - last < tolerance * before


def _losses(history: Sequence[Epoch], phase: Phase) -> list[float]:
    return [line.losses["loss"] for line in history if line.phase == phase.name and line.epoch]


def _first(history: Sequence[Epoch], phase: Phase) -> float:
    return next(line.losses["loss"] for line in history if line.phase == phase.name)


def _check_end(model: nn.Module, phase: Phase, options: OptimizerOptions, history: Sequence[Epoch]) -> None:
    """Refuse a phase that did harm."""
    end = evaluate(model, phase) if phase.epochs else 0.0
    did_harm = phase.epochs and phase.ends_are_comparable and end > max(_first(history, phase), phase.negligible_loss)
    if not math.isfinite(end) or did_harm:
        raise _diverged(options, phase, history, end)


def _diverged(options: OptimizerOptions, phase: Phase, history: Sequence[Epoch], end: float) -> DataError:
    losses = f"the loss of '{phase.name}' went from {_first(history, phase):.4g} to {end:.4g}"
    return DataError("--learning-rate", f"found {options.learning_rate:g}: {losses}", "wanted one that lowers it")


# ---- chance, threads and devices -----------------------------------------------------------------------------------


@contextmanager
def _seeded(seed: int, phase: int, epoch: int) -> Iterator[None]:
    """Seed torch's generators for one epoch, and leave them as they were."""
    with seeded(zlib.crc32(f"{seed} {phase} {epoch}".encode())):
        yield


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's generators, and leave them as they were; a GPU's only where one is in use already."""
    devices = [torch.cuda.current_device()] if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices):
        torch.default_generator.manual_seed(seed)
        for _ in devices:
            torch.cuda.manual_seed(seed)
        yield


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Let torch and all other libraries use ``number`` threads; afterwards as many as before."""
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        with threadpool_limits(number):
            yield
    finally:
        torch.set_num_threads(before)


def find_device(options: DeviceOptions) -> torch.device:
    """The device asked for.

    Raises:
        DataError: cuda where there is none.
    """
    has_cuda = torch.cuda.is_available()
    if options.device == "cuda" and not has_cuda:
        raise DataError("--device", "found cuda, but torch sees no GPU", "wanted cpu or auto")
    return torch.device("cuda" if options.device != "cpu" and has_cuda else "cpu")
