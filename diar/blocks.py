"""A recording as a stream of blocks, so that none is ever held whole: checks, and slices that blocks do not show in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError

Float32 = NDArray[np.float32]
Reader = Callable[[], Iterator[Float32]]
"""Each call reads the recording from its start: blocks of (n, C) float32 samples in [-1, 1], n of any size."""


def checked(read: Reader, name: str, wanted_channels: int | None = None) -> Reader:
    """``read`` of a recording of several channels, called ``name`` in messages, whose samples are looked at.

    Raises, when it is read:
        DataError: no samples, fewer than 2 channels or not as many as wanted, or samples that are not finite.
    """

    def read_checked() -> Iterator[Float32]:
        n_samples, n_channels = 0, 0
        for block in read():
            assert block.ndim == 2 and block.dtype == np.float32, (block.shape, block.dtype)
            n_channels = n_channels or block.shape[1]
            assert block.shape[1] == n_channels, (block.shape, n_channels)
            if n_channels < 2:
                raise DataError(name, f"has {n_channels} channel", "wanted 2 or more")
            if n_channels != (wanted_channels or n_channels):
                raise DataError(name, f"has {n_channels} channels", f"wanted {wanted_channels}, as its delays are of")
            finite = np.isfinite(block).all(axis=1)
            if not finite.all():
                found = f"sample {n_samples + int(finite.argmin())} is not a number"
                raise DataError(name, found, "wanted finite samples", "write the file anew")
            n_samples += len(block)
            yield block
        if not n_samples:
            raise DataError(name, "has no samples", "wanted audio")

    return read_checked


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
