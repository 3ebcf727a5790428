"""How work is shown while it goes on: trainings, and the stages of a recording."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diar.nets.train import Epoch


_EVERY_SECONDS = 0.2  # a line of stages is drawn anew
_USUAL_SIZE = {"ncols": 80, "nrows": 24}  # of a terminal that does not tell


class TrainingProgress:
    """Shows the epochs of a training called ``name``: a bar with loss and rate on a terminal, a line each elsewhere."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._is_terminal = is_terminal()
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
            title, initial = f"{self._name}: {line.phase}", line.epoch - 1
            self._bar = tqdm(total=line.of, desc=title, unit="epoch", initial=initial, **_size())
        self._bar.set_postfix_str(f"{losses}, rate {line.rate:g}", refresh=False)
        self._bar.update()

    def close(self) -> None:
        """End the bar."""
        if self._bar is not None:
            self._bar.close()


class StageProgress:
    """Shows on a terminal how far a recording is, in which stage, and how fast that was so far; nothing elsewhere.

    A thread draws the bar anew, so that a stage that takes long does not look as if it hung.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._is_terminal = is_terminal()
        self._stage, self._done, self._duration = "loading", 0.0, 0.0
        self._n_compiling = 0
        self._ended, self._lasting = threading.Event(), ExitStack()
        self._thread = threading.Thread(target=self._draw_on, daemon=True)
        self._bar: Any = None

    def __enter__(self) -> StageProgress:
        if self._is_terminal:
            from tqdm import tqdm

            self._bar = tqdm(total=1.0, leave=False, bar_format=self._format(), **_size())
            self._lasting.enter_context(_compiling(self._count_compiling))
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._is_terminal:
            self._thread.join()
            self._bar.close()
            self._lasting.close()

    @property
    def listener(self) -> Callable[[str, float, float], None] | None:
        """What wants to know the stage, the seconds done and the recording's seconds; None where nothing is shown."""
        return self._show if self._is_terminal else None

    def _show(self, stage: str, done: float, duration: float) -> None:
        self._stage, self._done, self._duration = stage, done, duration

    def _count_compiling(self, step: int) -> None:
        self._n_compiling += step

    def _draw_on(self) -> None:
        while not self._ended.wait(_EVERY_SECONDS):
            self._bar.n, self._bar.total = self._done, self._duration or 1.0
            self._bar.bar_format = self._format()
            self._bar.refresh()

    def _format(self) -> str:
        stage = "compiling kernels (once)" if self._n_compiling > 0 else f"{self._stage:<10}"
        speed = self._done / self._bar.format_dict["elapsed"] if self._done else 0.0
        told = f"{self._title}: {stage}".replace("{", "{{").replace("}", "}}")
        return f"{told} {{percentage:3.0f}}%|{{bar}}| {{elapsed}}<{{remaining}}, {speed:.0f} x real time"


def is_terminal() -> bool:
    """Whether what is shown is seen."""
    return sys.stderr is not None and sys.stderr.isatty()


def _size() -> dict[str, Any]:
    """What makes a bar as wide as the terminal; where that has no size, as in some containers, tqdm would draw none."""
    try:
        has_size = os.get_terminal_size(sys.stderr.fileno()).columns > 0
    except OSError:
        has_size = True  # tqdm knows what to do
    return {"dynamic_ncols": True} if has_size else _USUAL_SIZE


@contextmanager
def _compiling(count: Callable[[int], None]) -> Iterator[None]:
    """Call ``count`` with 1 when Numba begins to compile a kernel that is not in its cache, and with -1 at the end."""
    from numba.core import event

    class Listener(event.Listener):
        def on_start(self, event: Any) -> None:
            count(1)

        def on_end(self, event: Any) -> None:
            count(-1)

    with event.install_listener("numba:compile", Listener()):
        yield
