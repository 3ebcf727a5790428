"""Images moved and turned by chance, all of a batch at once."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

SHIFT = 0.1  # of the sides, to each
DEGREES = 10.0


def drawn(n_images: int) -> tuple[Tensor, Tensor]:
    """(N, 2) shifts to the right and down, in shares of the sides, and (N,) angles in radians, from torch's generator
    of the CPU: even between the ends."""
    chance = 2 * torch.rand(n_images, 3) - 1
    return SHIFT * chance[:, :2], math.radians(DEGREES) * chance[:, 2]


def shifted_and_rotated(images: Tensor, shifts: Tensor, angles: Tensor) -> Tensor:
    """(B, C, H, W) images turned clockwise by ``angles`` about their middle, then moved by ``shifts``; see ``drawn``.

    Pixels are linear between their four neighbours; beyond the edges the edge goes on, as where the DEC with
    augmentation (X. Guo et al., ACML 2018) had it.
    """
    height, width = images.shape[2:]
    cosines, sines, shifts = angles.cos(), angles.sin(), 2 * shifts  # the grid goes from -1 to 1
    x, y = shifts[:, 0], shifts[:, 1]
    # where a pixel of the new image comes from: moved back, turned back, in units of half the sides
    rows = [
        [cosines, sines * (height / width), -cosines * x - sines * y * (height / width)],
        [-sines * (width / height), cosines, sines * x * (width / height) - cosines * y],
    ]
    theta = torch.stack([torch.stack(row, dim=1) for row in rows], dim=1).to(images)
    grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
