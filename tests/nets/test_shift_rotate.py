"""Images moved and turned: against NumPy's own moves, the interpolation by hand, and the range of chance."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from diar.nets.shift_rotate import DEGREES, SHIFT, drawn, shifted_and_rotated
from diar.nets.train import seeded


def images(n: int = 3, height: int = 10, width: int = 10) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).random((n, 2, height, width)).astype(np.float32))


def moved(found: Tensor, x: float = 0.0, y: float = 0.0, angle: float = 0.0) -> Tensor:
    n = len(found)
    return shifted_and_rotated(found, torch.tensor([[x, y]]).repeat(n, 1), torch.full((n,), angle))


def by_hand(image: np.ndarray, x: float, y: float, angle: float) -> np.ndarray:
    """Each new pixel from where it was: moved back, turned back about the middle, linear between four neighbours."""
    height, width = image.shape
    found = np.zeros(image.shape)
    for row in range(height):
        for column in range(width):
            right, down = column - (width - 1) / 2 - x * width, row - (height - 1) / 2 - y * height
            u = math.cos(angle) * right + math.sin(angle) * down + (width - 1) / 2
            v = -math.sin(angle) * right + math.cos(angle) * down + (height - 1) / 2
            u, v = min(max(u, 0.0), width - 1.0), min(max(v, 0.0), height - 1.0)
            left, top = int(u), int(v)
            across, below = min(left + 1, width - 1), min(top + 1, height - 1)
            a, b = u - left, v - top
            found[row, column] = (1 - b) * ((1 - a) * image[top, left] + a * image[top, across]) + b * (
                (1 - a) * image[below, left] + a * image[below, across]
            )
    return found


def test_nothing_moved_is_the_same() -> None:
    torch.testing.assert_close(moved(images()), images())


@pytest.mark.parametrize(("x", "y"), [(0.1, 0.0), (0.0, 0.2), (-0.3, 0.1)])
def test_whole_pixels_go_right_and_down_and_the_edge_goes_on(x: float, y: float) -> None:
    found = moved(images(), x, y)
    columns = np.clip(np.arange(10) - round(10 * x), 0, 9)
    rows = np.clip(np.arange(10) - round(10 * y), 0, 9)
    torch.testing.assert_close(found, images()[:, :, rows][:, :, :, columns], atol=1e-5, rtol=0)


def test_a_quarter_turn_is_clockwise() -> None:
    wanted = torch.rot90(images(), -1, (2, 3))
    torch.testing.assert_close(moved(images(), angle=math.pi / 2), wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("height", "width"), [(10, 10), (6, 12), (9, 5)])
def test_any_move_is_that_by_hand(height: int, width: int) -> None:
    found = moved(images(1, height, width), 0.07, -0.04, math.radians(9))
    for channel in range(2):
        wanted = by_hand(images(1, height, width)[0, channel].double().numpy(), 0.07, -0.04, math.radians(9))
        np.testing.assert_allclose(found[0, channel].numpy(), wanted, atol=1e-5)


def test_each_image_is_moved_by_its_own() -> None:
    shifts, angles = drawn(3)
    found = shifted_and_rotated(images(), shifts, angles)
    for n in range(3):
        one = shifted_and_rotated(images()[n : n + 1], shifts[n : n + 1], angles[n : n + 1])
        torch.testing.assert_close(found[n : n + 1], one)


def test_chance_is_even_within_a_tenth_and_ten_degrees_and_the_same_of_a_seed() -> None:
    with seeded(1):
        shifts, angles = drawn(4000)
    with seeded(1):
        again = drawn(4000)
    assert torch.equal(shifts, again[0]) and torch.equal(angles, again[1])
    assert (SHIFT, DEGREES) == (0.1, 10.0)
    for values, most in ((shifts[:, 0], 0.1), (shifts[:, 1], 0.1), (angles, math.radians(10))):
        assert values.abs().max() <= most and float(values.std()) == pytest.approx(most / math.sqrt(3), rel=0.03)
        assert abs(float(values.mean())) < 0.05 * most
    assert abs(float(torch.corrcoef(torch.stack([*shifts.T, angles]))[0, 1:].abs().max())) < 0.05
