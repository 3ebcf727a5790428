"""A recording as a stream of blocks, so that none is ever held whole: checks, and parts that blocks do not show in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError

Float32 = NDArray[np.float32]
Reader = Callable[[], Iterator[Float32]]
"""Each call reads the recording from its start: blocks of (n,) or (n, C) samples in [-1, 1], n of any size."""

_MOST = 1e9  # full scale is 1; squares of windows must fit into float32
BLOCK_SAMPLES = 1 << 18  # of each channel, that readers give at once


def checked(blocks: Iterable[Float32], name: str, min_duration: float, rate: int) -> Iterator[Float32]:
    """The (n,) or (n, C) blocks as they are; ``name`` is the recording's in messages.

    Raises:
        DataError: a sample that is not finite or absurdly large, or less than ``min_duration`` seconds at ``rate`` Hz.
    """
    n_samples = 0
    for block in blocks:
        good = np.abs(block) < _MOST  # which NaN is not either
        if not good.all():
            at = tuple(np.argwhere(~good)[0])
            what = "not a number" if np.isnan(block[at]) else f"{block[at]:g}"
            found = f"sample {n_samples + at[0]} is {what}"
            raise DataError(name, found, "wanted finite samples", "write the file anew")
        n_samples += len(block)
        yield block
    if n_samples < min_duration * rate:
        raise DataError(name, f"{n_samples / rate:.3f} s long", f"wanted at least {min_duration} s")


def stretches(blocks: Iterable[Float32], size: int) -> Iterator[Float32]:
    """The same samples in blocks of ``size``, the last one shorter unless it fits."""
    held: list[Float32] = []
    n_held = 0
    for block in blocks:
        held.append(block)
        n_held += len(block)
        if n_held < size:
            continue
        joined = np.concatenate(held)
        for start in range(0, n_held - size + 1, size):
            yield joined[start : start + size]
        held = [joined[n_held - n_held % size :]]
        n_held %= size
    if n_held:
        yield np.concatenate(held)


def padded(blocks: Iterator[Float32], n_before: int, n_after: int = 0) -> Iterator[Float32]:
    """``blocks``, of which there is one at least, between samples of silence."""
    first = next(blocks)
    yield np.zeros((n_before, first.shape[1]), dtype=np.float32)
    yield first
    yield from blocks
    yield np.zeros((n_after, first.shape[1]), dtype=np.float32)


def slices(blocks: Iterable[Float32], bounds: Iterable[tuple[int, int]]) -> Iterator[Float32]:
    """Samples [first, last) of the stream of ``blocks``, as far as it goes; neither bound ever moves back.

    A slice is the same wherever blocks end; no more is held than a slice and a block need.
    """
    stream = iter(blocks)
    held, start = next(stream), 0
    for first, last in bounds:
        parts, end = [held], start + len(held)
        while end < last and (block := next(stream, None)) is not None:
            parts.append(block)
            end += len(block)
        joined = parts[0] if len(parts) == 1 else np.concatenate(parts)
        held, start = joined[first - start :], first
        yield held[: last - first]
