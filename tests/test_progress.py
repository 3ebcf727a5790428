"""What is seen of a training: a line an epoch, or a bar on a terminal; of a recording, a bar on a terminal alone."""

from __future__ import annotations

import io
import os
import pty
import re
import sys
import termios
import threading
import time

import numba
import pytest
import torch
from terminal import read_until

from diar import progress as shown
from diar.nets.train import Epoch, Update
from diar.progress import StageProgress, TrainingProgress


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


@pytest.mark.parametrize("size", [(0, 0), (0, 120), (40, 0), (40, 120)])
def test_a_terminal_that_tells_no_size_has_a_bar(monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, size)
    with open(slave, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        progress = TrainingProgress("r1")
        progress.show(epoch(3))
        progress.close()
        terminal.flush()
        drawn = os.read(master, 100000).decode()
    os.close(master)
    assert "r1: layer 1: 100%" in drawn and "3/3" in drawn
    assert max(map(len, re.split("[\r\n]+", drawn))) <= (size[1] or 80)


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


# ---- stages --------------------------------------------------------------------------------------------------------

BAR = re.compile(r"(\w+): (\w[\w() ]*?) +(\d+)%\|.*?\| (\d\d:\d\d)<(\S+), (\d+) x real time")


def bars(terminal: Terminal) -> list[tuple[str, ...]]:
    """Title, stage, percent, time gone, time left and speed of each bar that was drawn."""
    return [found.groups() for line in terminal.getvalue().split("\r") if (found := BAR.match(line))]


def test_a_bar_has_stage_share_and_speed_and_goes_on_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with StageProgress("r1") as progress:
        time.sleep(0.5)
        assert progress.listener is not None
        progress.listener("feats", 15.0, 60.0)
        time.sleep(0.5)
        progress.listener("clusters", 45.0, 60.0)
        time.sleep(1.2)  # nothing is told, and the time goes on
    drawn = bars(terminal)
    assert list(dict.fromkeys(bar[:3] for bar in drawn)) == [
        ("r1", "loading", "0"), ("r1", "feats", "25"), ("r1", "clusters", "75"),
    ]  # fmt: skip
    assert {bar[3] for bar in drawn} >= {"00:00", "00:01", "00:02"}
    speeds = [int(bar[5]) for bar in drawn if bar[1] == "clusters"]
    assert speeds[0] > speeds[-1] and 45 / 2.6 < speeds[-1] < 45 / 1.9
    assert terminal.getvalue().rpartition("r1: ")[2].count(" ") > 20, "the last bar is wiped out"


def test_elsewhere_nothing_is_shown_and_nobody_listens(capsys: pytest.CaptureFixture[str]) -> None:
    with StageProgress("r1") as progress:
        assert progress.listener is None
        time.sleep(0.5)
    assert capsys.readouterr() == ("", "")


def test_compiling_is_told_and_what_was_compiled_before_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def kernel(n: int) -> int:
        return sum([i * j for i in range(n) for j in range(i)])

    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setattr("diar.progress._EVERY_SECONDS", 0.01)
    with StageProgress("r1"):
        compiled = numba.njit("int64(int64)")(kernel)
    assert "compiling kernels (once)" in {bar[1] for bar in bars(terminal)}
    with StageProgress("r2"):
        assert compiled(4) == kernel(4)
        time.sleep(0.1)
    assert {bar[1] for bar in bars(terminal) if bar[0] == "r2"} == {"loading"}


def test_braces_in_a_name_are_no_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with StageProgress("{r}{1}"):
        time.sleep(0.3)
    assert "{r}{1}: loading" in terminal.getvalue()


def test_the_thread_that_draws_starts_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads that import at once may wait for each other."""

    def refused(count: object) -> None:
        assert threading.active_count() == before
        raise ImportError

    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr("diar.progress._compiling", refused)
    before = threading.active_count()
    progress = StageProgress("r1")
    with pytest.raises(ImportError):
        progress.__enter__()
    assert threading.active_count() == before
    progress._bar.close()


@pytest.mark.parametrize("size", [(0, 0), (25, 100)])
def test_bars_are_as_wide_as_the_terminal_or_as_usual(monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, size)
    with os.fdopen(theirs, "w") as terminal, monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", terminal)
        with StageProgress("r1"):
            pass
        progress = TrainingProgress("r2")
        progress.show(epoch(1))
        progress.close()
        shown = read_until(ours, "r2: layer 1")
    os.close(ours)
    for title in ("r1: loading", "r2: layer 1"):
        (bar, *_) = (line for line in re.split(r"[\r\n]", shown) if line.startswith(title))
        assert (size[1] or 80) - 1 <= len(bar) <= (size[1] or 80)


def test_without_stderr_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with StageProgress("r1") as progress:
        assert progress.listener is None
    TrainingProgress("r1").show(epoch(1))
