"""Reading what a program shows on a pseudo-terminal."""

from __future__ import annotations

import os
import select


def read_until(terminal: int, text: str | None = None, seconds: float = 20.0) -> str:
    """All that is shown until ``text`` is there, or nothing more comes; what one read gives is by chance."""
    shown = b""
    while (text is None or text.encode() not in shown) and select.select([terminal], [], [], seconds)[0]:
        try:
            shown += os.read(terminal, 4096)
        except OSError:  # the other side is closed
            break
    return shown.decode()
