"""How work is shown while it goes on: trainings, and the stages of a recording."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
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
        self._is_terminal = is_terminal()
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
            self._bar = tqdm(
                total=of, desc=desc, initial=done, bar_format=_BAR, mininterval=0, miniters=0, **_size()
            )

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
        columns, rows = os.get_terminal_size(sys.stderr.fileno())
    except OSError:
        return {"dynamic_ncols": True}  # tqdm knows what to do
    return {"dynamic_ncols": True} if columns and rows else {"ncols": columns or 80, "nrows": rows or 24}


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
