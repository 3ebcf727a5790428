"""Streams of blocks against slices of the whole array."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diar.blocks import Float32, checked, padded, slices, stretches
from diar.errors import DataError


def cut(samples: Float32, ends: list[int]) -> list[Float32]:
    return np.split(samples, sorted(min(end, len(samples)) for end in ends))


moves = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=8)


@given(ends=st.lists(st.integers(0, 30), max_size=6), steps=moves)
def test_slices_are_those_of_the_whole(ends: list[int], steps: list[tuple[int, int]]) -> None:
    whole = np.arange(60, dtype=np.float32).reshape(30, 2)
    bounds, first, last = [], 0, 0
    for forward, further in steps:
        first, last = first + forward, max(last, first + forward) + further
        bounds.append((first, last))
    found = list(slices(iter(cut(whole, ends)), bounds))
    assert len(found) == len(bounds)
    for part, (first, last) in zip(found, bounds, strict=True):
        np.testing.assert_array_equal(part, whole[first:last])


def test_no_more_is_read_than_a_slice_needs() -> None:
    read = []

    def blocks() -> Iterator[Float32]:
        for number in range(100):
            read.append(number)
            yield np.full((10, 2), number, dtype=np.float32)

    parts = slices(blocks(), ((at, at + 20) for at in range(0, 1000, 10)))
    next(parts)
    assert read == [0, 1]
    next(parts)
    assert read == [0, 1, 2]
    assert next(parts).base.shape[0] <= 30, "what lies before a slice is let go"


def test_silence_is_put_around_the_blocks() -> None:
    whole = np.random.default_rng(0).standard_normal((7, 3)).astype(np.float32)
    np.testing.assert_array_equal(np.concatenate(list(padded(iter(cut(whole, [2, 2, 5])), 4, 2))),
                                  np.pad(whole, ((4, 2), (0, 0))))  # fmt: skip


def test_blocks_pass_the_check_as_they_are() -> None:
    blocks = cut(np.ones((9, 2), dtype=np.float32), [0, 3, 3])
    found = list(checked(blocks, "r", 0.1, 90))
    assert all(one is other for one, other in zip(found, blocks, strict=True))


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([], r"r: 0\.000 s long; wanted at least 0\.1 s"),
        ([np.zeros((0, 3))], r"r: 0\.000 s long; wanted at least 0\.1 s"),
        ([np.zeros(5), np.zeros(4)], r"r: 0\.090 s long; wanted at least 0\.1 s"),
        ([np.zeros((5, 3)), np.array([[0, 0, 0], [0, np.inf, 0]])], "r: sample 6 is inf; wanted finite"),
        ([np.zeros(5), np.array([0, np.nan])], "r: sample 6 is not a number; wanted finite"),
    ],
)
def test_bad_recordings_are_refused(blocks: list[np.ndarray], message: str) -> None:
    with pytest.raises(DataError, match=f"^{message}"):
        list(checked([block.astype(np.float32) for block in blocks], "r", 0.1, 100))


@pytest.mark.parametrize("size", [1, 7, 100, 8000, 9000])
def test_stretches_are_the_same_samples_in_equal_blocks(size: int) -> None:
    samples = np.random.default_rng(0).standard_normal(8000).astype(np.float32)
    for seed in range(3):
        ends = np.random.default_rng(seed).integers(0, 8001, 12).tolist()
        blocks = list(stretches(cut(samples, ends), size))
        np.testing.assert_array_equal(np.concatenate(blocks), samples)
        assert {len(block) for block in blocks[:-1]} <= {size} and 0 < len(blocks[-1]) <= size
    assert list(stretches([], size)) == []
