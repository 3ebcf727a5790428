"""Where a training is: how it goes on after it was stopped, and its state as a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diar.nets.train import AfterEpoch, AfterUpdate, Epoch, TrainingState

_FORMAT = 1


@dataclass(frozen=True)
class Resumption:
    """How a training goes on where it was stopped: from ``state``, and what to call after every epoch and update.

    ``after_epoch`` is called with the state to go on from, ``after_update`` with what can be shown meanwhile.
    """

    state: TrainingState | None = None
    after_epoch: AfterEpoch | None = None
    after_update: AfterUpdate | None = None


def state_to_checkpoint(state: TrainingState, digest: str) -> dict[str, Any]:
    """Tensors and plain values of a training's state; ``digest`` says what it learns from."""
    content = {name: getattr(state, name) for name in ("phase", "epoch", "weights", "optimizer", "memory")}
    return content | {"format": _FORMAT, "digest": digest, "history": history_to_json(state.history)}


def state_from_checkpoint(content: Mapping[str, Any], digest: str) -> TrainingState | None:
    """The state that ``state_to_checkpoint`` wrote; None if it learned from something else."""
    from diar.nets.train import Epoch, TrainingState

    if content.get("format") != _FORMAT or content.get("digest") != digest:
        return None
    known = {f.name: content[f.name] for f in fields(TrainingState) if f.name != "history"}
    return TrainingState(**known, history=tuple(Epoch(**line) for line in content["history"]))


def history_to_json(history: Sequence[Epoch]) -> list[dict[str, Any]]:
    """A line an epoch: phase, epoch, rate, losses."""
    return [asdict(line) for line in history]
