"""What is seen of a training: a line an epoch, or a bar on a terminal."""

from __future__ import annotations

import io
import re
import sys

import pytest
import torch

from diar import progress as shown
from diar.nets.train import Epoch, Update
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


def update(epoch: int, share: float) -> Update:
    return Update("training", epoch, 4, share, 0.125, {"loss": torch.tensor(1.5), "error": torch.tensor(0.25)})


def test_long_epochs_have_lines_between(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    now = [100.0]
    monkeypatch.setattr(shown.time, "perf_counter", lambda: now[0])
    progress = TrainingProgress("net")
    for seconds, epoch_, share in [(30.0, 1, 0.1), (70.0, 1, 0.25), (90.0, 1, 0.3), (140.0, 1, 0.5)]:
        now[0] = 100.0 + seconds
        progress.show_update(update(epoch_, share))
    now[0] = 300.0
    progress.show(Epoch("training", 1, 4, 0.125, {"loss": 1.0}))
    now[0] = 320.0
    progress.show_update(update(2, 0.1))
    assert capsys.readouterr().out.splitlines() == [
        "net: training: 25 % of epoch 1 of 4: loss 1.5, error 0.25, rate 0.125, 1050 s left",
        "net: training: 50 % of epoch 1 of 4: loss 1.5, error 0.25, rate 0.125, 980 s left",
        "net: training: epoch 1 of 4: loss 1, rate 0.125, 200.0 s, 600 s left",
    ]


def test_time_left_is_by_what_this_run_did(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    monkeypatch.setattr(shown.time, "perf_counter", lambda: now[0])
    progress = TrainingProgress("net")
    now[0] = 10.0
    progress.show(Epoch("training", 3, 4, 0.125, {"loss": 1.0}))
    assert capsys.readouterr().out.endswith("rate 0.125, 10.0 s, 10 s left\n")


def test_a_bar_moves_within_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setattr(shown, "_EVERY_SECONDS", 0.0)
    progress = TrainingProgress("net")
    progress.show_update(update(1, 0.5))
    progress.show_update(update(2, 0.25))
    progress.show(Epoch("training", 2, 4, 0.1, {"loss": 1.0}))
    progress.close()
    text = terminal.getvalue()
    pattern = r"net: training:\s+31%\|.*1\.25/4 epochs \[.*<.*, loss 1\.5, error 0\.25, rate 0\.125\]"
    assert re.search(pattern, text), text
    assert "2/4 epochs" in text and "0.5/4" not in text.split("1.25")[1]
