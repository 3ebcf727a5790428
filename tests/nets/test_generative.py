"""What makes images from latent vectors: block by block, as told one at a time."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from diar.nets import generative
from diar.nets.generative import Generative, images_of


class Counting(Generative):
    """Values that are told from the latent vector alone, by a layer that halves them while it trains."""

    def __init__(self) -> None:
        super().__init__((2, 3, 2), 4)
        self.scale = nn.Parameter(torch.ones(1))

    def values(self, latents: Tensor) -> Tensor:
        return latents.sum(1, keepdim=True) * self.scale * (0.5 if self.training else 1) + torch.arange(12)


def test_images_are_the_values_in_channels_rows_and_columns(monkeypatch) -> None:
    network, latents = Counting(), torch.arange(20.0).view(5, 4)
    monkeypatch.setattr(generative, "_AT_ONCE", 2)
    images = images_of(network, latents)
    assert images.shape == (5, 2, 2, 3) and not images.requires_grad and network.training and network.n_values == 12
    for latent, image in zip(latents, images, strict=True):
        assert image.flatten().tolist() == [float(latent.sum()) + n for n in range(12)]
