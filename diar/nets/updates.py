"""One update after another: losses, gradients, and the step that the optimiser takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from diar.nets.train import Phase

_ASKED_ONE_BY_ONE = 4  # updates before one is recorded: what is made at the first of them is not made again
_LEAST_TORCH = "2.5"  # dropout of a recorded update follows the seed of the epoch


class Updates:
    """Updates of a phase's parameters by ``optimizer``."""

    def __init__(self, phase: Phase, optimizer: torch.optim.Optimizer) -> None:
        self._phase, self._optimizer = phase, optimizer

    def __call__(self, samples: Tensor, rate: float) -> dict[str, Tensor]:
        """Make one from (B,) numbers of samples; its losses before it, which nobody has waited for yet."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate * group["scale"]
        return self._make(samples)

    def _make(self, samples: Tensor) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        for parameters, losses in self._phase.turns(samples):
            self._optimizer.zero_grad()
            losses["loss"].backward(inputs=parameters)
            self._optimizer.step()
            for name, loss in losses.items():  # no .item() here: it would wait for the device
                found[name] = found[name] + loss.detach() if name in found else loss.detach()
        return found


class ReplayedUpdates(Updates):
    """The same on a GPU, where one update of ``size`` samples is recorded as a CUDA graph and replayed from then on.

    An update of a small network is dozens of kernels of microseconds each, and the GPU waits for most of them to be
    asked for. What is replayed is asked for at once, in the memory of the recording: samples and learning rates are
    copied there. A batch of another size is asked for kernel by kernel.
    """

    def __init__(self, phase: Phase, optimizer: torch.optim.Optimizer, size: int) -> None:
        super().__init__(phase, optimizer)
        device = phase.parameters[0].device
        self._samples = torch.zeros(size, dtype=torch.long, device=device)
        self._aside = torch.cuda.Stream(device)
        self._n_asked = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._losses: dict[str, Tensor] = {}
        for group in optimizer.param_groups:
            group["lr"] = torch.zeros((), device=device)

    def __call__(self, samples: Tensor, rate: float) -> dict[str, Tensor]:
        for group in self._optimizer.param_groups:
            group["lr"].fill_(rate * group["scale"])
        if len(samples) != len(self._samples) or self._n_asked < _ASKED_ONE_BY_ONE:
            self._n_asked += 1
            return self._make_aside(samples)
        self._samples.copy_(samples)
        if self._graph is None:
            self._record()
        assert self._graph is not None
        self._graph.replay()
        return {name: loss.clone() for name, loss in self._losses.items()}  # the next replay writes over them

    def _make_aside(self, samples: Tensor) -> dict[str, Tensor]:
        """One that is not replayed; not on the current stream, as torch's notes on CUDA graphs want it."""
        current = torch.cuda.current_stream()
        self._aside.wait_stream(current)
        with torch.cuda.stream(self._aside):
            found = self._make(samples)
        current.wait_stream(self._aside)
        return found

    def _record(self) -> None:
        self._optimizer.zero_grad()  # gradients are made in the graph's own memory
        self._graph = torch.cuda.CUDAGraph()
        self._allow_recording(True)
        with torch.cuda.graph(self._graph):
            self._losses = self._make(self._samples)
        self._allow_recording(False)

    def _allow_recording(self, allowed: bool) -> None:
        """Adam refuses to be recorded without this, and warns with it of every update that is not."""
        for group in self._optimizer.param_groups:
            if "capturable" in group:
                group["capturable"] = allowed


def updates_of(phase: Phase, optimizer: torch.optim.Optimizer, size: int) -> Updates:
    """Updates of batches of ``size``: replayed where a GPU, the phase and the optimiser allow it."""
    on_gpu = phase.parameters[0].device.type == "cuda" and torch.__version__ >= _LEAST_TORCH
    if on_gpu and phase.is_replayable and optimizer.defaults.get("fused"):
        return ReplayedUpdates(phase, optimizer, size)
    return Updates(phase, optimizer)
