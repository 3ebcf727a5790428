"""How work is shown while it goes on: trainings, and the stages of a recording."""

from __future__ import annotations

import os
import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diar.nets.train import Epoch


_EVERY_SECONDS = 0.2  # a line of stages is drawn anew


class TrainingProgress:
    """Shows the epochs of a training called ``name``: a bar with loss and rate on a terminal, a line each elsewhere."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._is_terminal = sys.stderr.isatty()
        self._bar: Any = None
        self._phase = ""
        self._started = time.perf_counter()

    def show(self, line: Epoch) -> None:
        """Show that an epoch has ended."""
        losses = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in line.losses.items())
        if not self._is_terminal:
            seconds = time.perf_counter() - self._started
            where = f"{self._name}: {line.phase}: epoch {line.epoch} of {line.of}"
            print(f"{where}: {losses}, rate {line.rate:g}, {seconds:.1f} s", flush=True)
            return
        from tqdm import tqdm

        if line.phase != self._phase:
            self.close()
            self._phase = line.phase
            self._bar = tqdm(total=line.of, desc=f"{self._name}: {line.phase}", unit="epoch", initial=line.epoch - 1)
        self._bar.set_postfix_str(f"{losses}, rate {line.rate:g}", refresh=False)
        self._bar.update()

    def close(self) -> None:
        """End the bar."""
        if self._bar is not None:
            self._bar.close()


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
