"""What is seen of a training: a line an epoch, or a bar on a terminal."""

from __future__ import annotations

import io
import re
import sys

import pytest

from diar.nets.train import Epoch
from diar.progress import TrainingProgress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def epoch(number: int, phase: str = "layer 1", of: int = 3) -> Epoch:
    return Epoch(phase, number, of, 0.01, {"loss": 0.123456, "label_change": 2.0})


def test_elsewhere_each_epoch_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    progress = TrainingProgress("joint")
    for number in (1, 2):
        progress.show(epoch(number))
    progress.close()
    printed = capsys.readouterr()
    pattern = r"joint: layer 1: epoch {} of 3: loss 0.1235, label change 2, rate 0.01, \d+\.\d s, \d+ s left"
    assert printed.err == ""
    assert all(re.fullmatch(pattern.format(n), line) for n, line in enumerate(printed.out.splitlines(), 1))
    assert len(printed.out.splitlines()) == 2


def test_a_terminal_has_a_bar_a_phase(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    progress = TrainingProgress("r1")
    for line in (epoch(1), epoch(2), epoch(3), epoch(1, "fine-tuning", 1)):
        progress.show(line)
    progress.close()
    progress.close()
    shown = terminal.getvalue()
    for text in ("r1: layer 1: 100%", "3/3", "r1: fine-tuning: 100%", "1/1", "loss 0.1235, label change 2, rate 0.01"):
        assert text in shown, text
    assert capsys.readouterr().out == ""


def test_a_bar_goes_on_where_the_training_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    progress = TrainingProgress("r1")
    progress.show(epoch(3))
    progress.close()
    assert "3/3" in terminal.getvalue() and "4/3" not in terminal.getvalue()


def test_a_training_without_epochs_shows_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    TrainingProgress("r1").close()
    assert terminal.getvalue() == "" and capsys.readouterr().out == ""
