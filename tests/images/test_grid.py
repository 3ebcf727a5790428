"""Pictures of many images: each in its place, nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from diar.images.grid import grid, to_bytes


@pytest.mark.parametrize(("n", "columns", "scale"), [(5, 3, 1), (4, 2, 3), (1, 1, 2), (2, 7, 1)])
@pytest.mark.parametrize("channels", [1, 3])
def test_each_image_is_in_its_place(n: int, columns: int, scale: int, channels: int) -> None:
    images = np.random.default_rng(0).integers(0, 100, (n, 4, 6, channels)).astype(np.uint8)
    picture = grid(images, columns, scale)
    assert picture.shape == ((-(-n // columns) * 5 + 1) * scale, (columns * 7 + 1) * scale, channels)
    rest = picture.copy()
    for k, image in enumerate(images):
        y, x = (k // columns * 5 + 1) * scale, (k % columns * 7 + 1) * scale
        cell = picture[y : y + 4 * scale, x : x + 6 * scale]
        assert (cell == np.kron(image, np.ones((scale, scale, 1), np.uint8))).all()
        rest[y : y + 4 * scale, x : x + 6 * scale] = 128
    assert (rest == 128).all()


def test_numbers_are_rounded_and_cut_off() -> None:
    numbers = np.array([-1, 0, 0.4999 / 255, 0.5001 / 255, 1, 7]).reshape(1, 1, 2, 3)
    assert to_bytes(numbers).tolist() == [[[[0], [0], [0]], [[1], [255], [255]]]]
    images = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3)).astype(np.uint8)
    assert (to_bytes(images.transpose(0, 3, 1, 2) / np.float32(255)) == images).all()
