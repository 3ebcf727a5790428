"""How work is shown while it goes on: trainings, and the stages of a recording."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diar.nets.train import Epoch, Update


_EVERY_SECONDS = 0.2  # what is drawn on a terminal is drawn anew
_LINE_EVERY_SECONDS = 60.0  # within an epoch, elsewhere
_BAR = "{desc}: {percentage:3.0f}%|{bar}| {n:.4g}/{total:g} epochs [{elapsed}<{remaining}{postfix}]"


class TrainingProgress:
    """Shows a training called ``name``: a bar with losses, rate and time left on a terminal, a line an epoch elsewhere.

    The time left is that of a phase.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._is_terminal = sys.stderr.isatty()
        self._bar: Any = None
        self._phase = ""
        self._done = 0.0  # epochs of the phase when this run began with it
        self._began = self._started = self._shown = time.perf_counter()

    def show(self, line: Epoch) -> None:
        """Show that an epoch has ended."""
        self._begin(line.phase, line.epoch - 1, line.of)
        if self._is_terminal:
            self._draw(line.epoch, line.losses, line.rate)
            return
        where = f"{self._name}: {line.phase}: epoch {line.epoch} of {line.of}"
        seconds = time.perf_counter() - self._started
        what = f"{_told(line.losses)}, rate {line.rate:g}, {seconds:.1f} s"
        self._print(f"{where}: {what}{self._left(line.epoch, line.of)}")

    def show_update(self, update: Update) -> None:
        """Show that an update is over, if what is shown is of some time ago."""
        self._begin(update.phase, update.epoch - 1, update.of)
        every = _EVERY_SECONDS if self._is_terminal else _LINE_EVERY_SECONDS
        if time.perf_counter() - self._shown < every:
            return
        done = update.epoch - 1 + update.share
        losses = {name: float(loss) for name, loss in update.losses.items()}
        if self._is_terminal:
            self._draw(done, losses, update.rate)
            return
        where = f"{self._name}: {update.phase}: {100 * update.share:.0f} % of epoch {update.epoch} of {update.of}"
        self._print(f"{where}: {_told(losses)}, rate {update.rate:g}{self._left(done, update.of)}")

    def close(self) -> None:
        """End the bar."""
        if self._bar is not None:
            self._bar.close()

    def _begin(self, phase: str, done: float, of: int) -> None:
        if phase == self._phase:
            return
        self.close()
        self._phase, self._done, self._began = phase, done, self._shown
        if self._is_terminal:
            from tqdm import tqdm

            desc = f"{self._name}: {phase}"
            self._bar = tqdm(total=of, desc=desc, initial=done, bar_format=_BAR, mininterval=0, miniters=0)

    def _draw(self, done: float, losses: Mapping[str, float], rate: float) -> None:
        self._shown = time.perf_counter()
        self._bar.set_postfix_str(f"{_told(losses)}, rate {rate:.3g}", refresh=False)
        self._bar.update(done - self._bar.n)

    def _print(self, line: str) -> None:
        self._shown = time.perf_counter()
        print(line, flush=True)

    def _left(self, done: float, of: int) -> str:
        if done >= of:
            return ""
        seconds = (time.perf_counter() - self._began) * (of - done) / (done - self._done)
        return f", {seconds:.0f} s left"


def _told(losses: Mapping[str, float]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in losses.items())


class StageProgress:
    """Shows on a terminal which stage a recording is in, and for how long; nothing elsewhere.

    A thread draws the line anew, so that a stage that takes long does not look as if it hung.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._is_terminal = sys.stderr.isatty()
        self._stage, self._began = "loading", time.perf_counter()
        self._ended, self._lock = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._draw_on, daemon=True)

    def __enter__(self) -> StageProgress:
        if self._is_terminal:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._is_terminal:
            self._thread.join()
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def show(self, stage: str) -> None:
        """Show that ``stage`` has begun."""
        self._stage, self._began = stage, time.perf_counter()

    def tell(self, line: str) -> None:
        """Print ``line`` above what is shown."""
        if self._is_terminal:
            self._write(f"\r\033[K{line}\n")

    def _write(self, text: str) -> None:
        with self._lock:
            sys.stderr.write(text)
            sys.stderr.flush()

    def _draw_on(self) -> None:
        while not self._ended.wait(_EVERY_SECONDS):
            seconds = time.perf_counter() - self._began
            line = f"{self._title}: {self._stage} {seconds:.1f} s"
            self._write(f"\r\033[K{line[: os.get_terminal_size(sys.stderr.fileno()).columns - 1]}")
