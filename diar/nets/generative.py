"""What generative networks of images have in common: latent vectors in, images out."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

_AT_ONCE = 1000  # images


class Generative(nn.Module, ABC):
    """A network that makes images of ``shape`` (height, width, channels) from standard normal latent vectors."""

    def __init__(self, shape: tuple[int, int, int], n_latent: int) -> None:
        super().__init__()
        self.shape = shape
        self.n_latent = n_latent

    @property
    def n_values(self) -> int:
        """Values of an image."""
        return math.prod(self.shape)

    @abstractmethod
    def values(self, latents: Tensor) -> Tensor:
        """(B, D) values, 0 to 1, of the images of (B, L) latent vectors."""


def images_of(network: Generative, latents: Tensor) -> Tensor:
    """(N, C, H, W) images, 0 to 1, of (N, L) latent vectors, block by block, on the CPU."""
    height, width, n_channels = network.shape
    device = next(network.parameters()).device
    was_training = network.training
    network.eval()
    with torch.no_grad():
        blocks = [network.values(block.to(device)).float().cpu() for block in latents.split(_AT_ONCE)]
    network.train(was_training)
    return torch.cat(blocks).view(-1, n_channels, height, width)
