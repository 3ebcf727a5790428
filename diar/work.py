"""How much of a piece of work is done: algorithms tell it, and whoever started them may listen.

So a merge loop need not know of stages and terminals, nor every function between it and them of a callback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[float], None]

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def tell_done(share: float) -> None:
    """Tell who listens, if anybody does, that ``share`` of the work, 0 to 1, is done."""
    listener = _listener.get()
    if listener is not None:
        listener(share)


@contextmanager
def listening(listener: Listener | None) -> Iterator[None]:
    """Call ``listener`` with what is told inside, in this thread; None listens to nothing."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def part(first: float, last: float) -> Iterator[None]:
    """What is told inside is of a part of the work: that between the shares ``first`` and ``last``."""
    whole = _listener.get()
    with listening(None if whole is None else lambda share: whole(first + share * (last - first))):
        yield
