"""What autoencoders that cluster images see of them: pixels, as images or side by side, or descriptors."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diar.images.sets import UInt8
from diar.nets.image_inputs import ImageInputs
from diar.nets.inputs import Inputs
from diar.nets.shift_rotate import drawn, shifted_and_rotated

_LEAST_VARIANCE = 10 / 255**2


class PixelInputs(Inputs):
    """Pixels of N images, from 0 to 1 or normalized: (B, D) if ``flat``, else (B, C, H, W).

    If ``moved``, they are by chance while a network learns.
    """

    def __init__(
        self,
        images: UInt8,
        flat: bool,
        moved: bool,
        input_range: float,
        device: torch.device | None = None,
        normalized: bool = False,
    ) -> None:
        """``images`` are (N, H, W, C) uint8; networks see pixels from 0 to ``input_range``.

        If ``normalized``, they see images of mean 0 and a deviation of ``input_range``: ``contrast_normalized``.
        """
        self._images = ImageInputs(images, device)
        self.is_moved = moved
        self._flat, self._range, self._normalized = flat, input_range, normalized
        height, width, n_channels = self._images.shape
        self.shape = (height * width * n_channels,) if flat else (n_channels, height, width)

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, samples: Tensor) -> Tensor:
        return self._shaped(self._images[samples])

    def varied(self, samples: Tensor) -> Tensor:
        images = self._images[samples]
        if self.is_moved:
            images = shifted_and_rotated(images, *drawn(len(samples)))
        return self._shaped(images)

    def moments(self) -> tuple[Tensor, Tensor]:
        return _moments((self.shape[0],) if self._flat else (self.shape[0], 1, 1), self._range)

    def _shaped(self, images: Tensor) -> Tensor:
        if self._normalized:
            images = contrast_normalized(images)
        return images.flatten(1) if self._flat else images.contiguous()


class VectorInputs(Inputs):
    """(N, D) float32 ``vectors``, of values from 0 to 1, which networks see from 0 to ``input_range``."""

    def __init__(self, vectors: NDArray[np.float32], input_range: float, device: torch.device | None = None) -> None:
        self._vectors, self._range = torch.from_numpy(vectors).to(device), input_range
        self.shape = (vectors.shape[1],)

    def __len__(self) -> int:
        return len(self._vectors)

    def __getitem__(self, samples: Tensor) -> Tensor:
        return self._vectors[samples.to(self._vectors.device)]

    def moments(self) -> tuple[Tensor, Tensor]:
        return _moments(self.shape, self._range)


def contrast_normalized(images: Tensor) -> Tensor:
    """(B, C, H, W) images of pixels from 0 to 1, each less its mean and divided by its deviation; a flat one is 0.

    What is added to the variance is that of A. Coates, A. Ng, H. Lee, "An analysis of single-layer networks in
    unsupervised feature learning", AISTATS 2011: 10, of pixels from 0 to 255.
    """
    axes = (1, 2, 3)
    centred = images - images.mean(dim=axes, keepdim=True)
    return centred / (centred.square().mean(dim=axes, keepdim=True) + _LEAST_VARIANCE).sqrt()


def _moments(shape: tuple[int, ...], input_range: float) -> tuple[Tensor, Tensor]:
    """Nothing is taken from the values: 0 stays 0."""
    return torch.zeros(shape), torch.full(shape, 1 / input_range)
