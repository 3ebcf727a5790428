"""The state of a training as a checkpoint: written, read again, and refused where it is another's."""

from __future__ import annotations

from pathlib import Path

import torch

from diar.io.checkpoint import read_checkpoint, write_checkpoint
from diar.nets.train import Epoch, TrainingState
from diar.training_state import history_to_json, state_from_checkpoint, state_to_checkpoint

HISTORY = (Epoch("layer 1", 0, 2, 0.0, {"loss": 3.0}), Epoch("layer 1", 1, 2, 1e-3, {"loss": 2.5, "kl": 0.5}))
STATE = TrainingState(1, 1, {"weight": torch.arange(3.0)}, {"step": torch.tensor(7)}, {"labels": torch.tensor([2, 1])},
                      HISTORY)  # fmt: skip


def test_a_state_comes_back_from_its_file(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a.state", state_to_checkpoint(STATE, "abc"))
    found = state_from_checkpoint(read_checkpoint(tmp_path / "a.state"), "abc")
    assert found is not None
    assert (found.phase, found.epoch, found.history) == (1, 1, HISTORY)
    for part, wanted in ((found.weights["weight"], [0, 1, 2]), (found.optimizer["step"], 7),
                         (found.memory["labels"], [2, 1])):  # fmt: skip
        assert part.tolist() == wanted


def test_the_state_of_other_samples_or_another_format_is_not_gone_on_from() -> None:
    content = state_to_checkpoint(STATE, "abc")
    assert state_from_checkpoint(content, "abc") is not None
    assert state_from_checkpoint(content, "abd") is None
    assert state_from_checkpoint(content | {"format": 0}, "abc") is None
    assert state_from_checkpoint({}, "abc") is None


def test_a_history_has_a_line_an_epoch() -> None:
    assert history_to_json(HISTORY)[1] == {
        "phase": "layer 1", "epoch": 1, "of": 2, "rate": 1e-3, "losses": {"loss": 2.5, "kl": 0.5},
    }  # fmt: skip
