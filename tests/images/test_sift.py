"""Dense descriptors: shapes, lengths, places, and what is said without OpenCV."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from diar.errors import DataError
from diar.images.sift import dense_sift


def images(n: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (n, *shape)).astype(np.uint8)


def opencv() -> None:
    pytest.importorskip("cv2", reason="needs OpenCV: pip install opencv-python-headless")


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (32, 32, 3), (10, 12, 3)])
@pytest.mark.parametrize("grid", [1, 3])
def test_a_descriptor_a_point_of_length_one(shape: tuple[int, ...], grid: int) -> None:
    opencv()
    found = dense_sift(images(3, *shape), grid)
    assert found.shape == (3, grid * grid * 128) and found.dtype == np.float32
    assert found.min() >= 0 and found.max() <= 1
    np.testing.assert_allclose(np.square(found.reshape(-1, 128)).sum(axis=1), 1.0, rtol=1e-4)


def test_images_are_described_one_by_one_and_by_their_edges_alone() -> None:
    opencv()
    some = images(4, 28, 28, 1) // 2
    found = dense_sift(some, 2)
    np.testing.assert_array_equal(dense_sift(some[2:3], 2)[0], found[2])
    np.testing.assert_array_equal(found, dense_sift(some, 2))
    assert np.abs(dense_sift(some + 100, 2) - found).max() < 0.02, "light does not matter"
    assert not dense_sift(np.full((1, 28, 28, 1), 90, np.uint8), 2).any()
    turned = dense_sift(np.rot90(some, axes=(1, 2)).copy(), 2)
    assert np.abs(turned - found).max() > 0.05, "they are upright"


def test_the_order_is_that_of_the_places_row_by_row() -> None:
    opencv()
    image = np.zeros((1, 64, 64, 1), np.uint8)
    image[0, 4:28, 36:60] = np.random.default_rng(2).integers(0, 256, (24, 24, 1))
    strength = dense_sift(image, 2).reshape(4, 128)
    assert (strength[1] > 0).sum() > 3 * (strength[2] > 0).sum()


def test_a_grey_image_is_one_of_three_equal_channels() -> None:
    opencv()
    grey = images(2, 32, 32, 1)
    np.testing.assert_allclose(dense_sift(grey.repeat(3, axis=3), 2), dense_sift(grey, 2), atol=0.02)


def test_without_opencv_one_line_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(DataError, match="--input: found sift, but OpenCV is not installed; wanted pixels; pip install"):
        dense_sift(images(1, 8, 8, 1), 2)
