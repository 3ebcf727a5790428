"""Latent vectors and ways between them."""

from __future__ import annotations

import numpy as np
import pytest

from diar.images.latents import along_dimensions, draw_latents, ways


def test_vectors_are_drawn_from_the_standard_normal_by_the_seed() -> None:
    drawn = draw_latents(20000, 3, 1)
    assert drawn.dtype == np.float32 and (drawn == draw_latents(20000, 3, 1)).all()
    assert abs(drawn.mean()) < 0.02 and abs(drawn.std() - 1) < 0.02
    assert (drawn != draw_latents(20000, 3, 2)).any()


def test_ways_lead_from_start_to_end_along_the_sphere() -> None:
    starts, ends = draw_latents(5, 8, 1), draw_latents(5, 8, 2)
    found = ways(starts, ends, 7)
    assert found.shape == (5, 7, 8) and found.dtype == np.float32
    np.testing.assert_allclose(found[:, 0], starts, atol=1e-6)
    np.testing.assert_allclose(found[:, -1], ends, atol=1e-6)
    lengths = np.linalg.norm(found, axis=2)
    np.testing.assert_allclose(lengths, np.linspace(lengths[:, 0], lengths[:, -1], 7, axis=1), rtol=1e-5)
    units = found / lengths[:, :, None]
    steps = np.arccos(np.clip((units[:, 1:] * units[:, :-1]).sum(axis=2), -1, 1))
    np.testing.assert_allclose(steps, np.broadcast_to(steps[:, :1], steps.shape), rtol=1e-3)


def test_a_quarter_of_a_circle() -> None:
    found = ways(np.array([[2, 0]], np.float32), np.array([[0, 2]], np.float32), 3)[0]
    np.testing.assert_allclose(found, [[2, 0], [2**0.5, 2**0.5], [0, 2]], atol=1e-6)


@pytest.mark.parametrize("end", [1.0, 3.0, -1.0])
def test_ways_between_parallel_vectors_are_straight(end: float) -> None:
    found = ways(np.array([[1, 0]], np.float32), np.array([[end, 0]], np.float32), 5)
    assert np.isfinite(found).all() and found[0, 0, 0] == pytest.approx(1) and found[0, -1, 0] == pytest.approx(end)


def test_along_dimensions_all_others_are_0() -> None:
    found = along_dimensions(np.array([3, 1]), 5, np.array([-1, 0, 2], np.float32))
    assert found.shape == (2, 3, 5)
    assert found[0].tolist() == [[0, 0, 0, -1, 0], [0, 0, 0, 0, 0], [0, 0, 0, 2, 0]]
    assert found[1, :, 1].tolist() == [-1, 0, 2] and not found[1][:, [0, 2, 3, 4]].any()
