"""How a training is shown: a bar with loss and rate on a terminal, a line an epoch elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diar.nets.train import Epoch


class TrainingProgress:
    """Shows the epochs of a training called ``name``."""

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
