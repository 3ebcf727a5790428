"""Nearest images against all distances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from diar.images import nearest
from diar.images.nearest import nearest_images

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_they_are_the_least_of_all_distances(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(nearest, "_AT_ONCE", at_once)
    images, others = (RNG.integers(0, 256, (n, 6, 5, 3)).astype(np.uint8) for n in (11, 30))
    wanted = cdist(images.reshape(11, -1) / 255, others.reshape(30, -1) / 255)
    numbers, distances = nearest_images(images, others)
    assert numbers.tolist() == wanted.argmin(axis=1).tolist()
    np.testing.assert_allclose(distances, wanted.min(axis=1), rtol=1e-12)


def test_a_copy_is_at_no_distance_and_white_as_far_from_black_as_can_be() -> None:
    others = RNG.integers(0, 256, (40, 28, 28, 1)).astype(np.uint8)
    numbers, distances = nearest_images(others[[31, 4]], others)
    assert (numbers.tolist(), distances.tolist()) == ([31, 4], [0, 0])
    _, farthest = nearest_images(np.full((1, 28, 28, 1), 255, np.uint8), np.zeros((1, 28, 28, 1), np.uint8))
    assert farthest[0] == pytest.approx(28)
