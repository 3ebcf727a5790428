"""What a network sees of images: bytes in memory, made numbers batch by batch; and how chance moves them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diar.errors import DataError
from diar.nets.image_options import AugmentOptions
from diar.nets.train import seeded


class ImageInputs:
    """N images as bytes on a device: ``inputs[samples]`` is (B, C, H, W) float32, 0 to 1, of (B,) numbers below N.

    A pixel's channels lie side by side ("channels last"), which convolutions are fastest on.
    """

    def __init__(self, images: NDArray[np.uint8], device: torch.device | None = None) -> None:
        """``images`` are (N, H, W, C) uint8."""
        self._images = torch.from_numpy(np.array(images)).to(device)  # a copy, since files are mapped for reading only
        self.shape = (images.shape[1], images.shape[2], images.shape[3])

    def __len__(self) -> int:
        return len(self._images)

    @property
    def device(self) -> torch.device:
        return self._images.device

    def __getitem__(self, samples: Tensor) -> Tensor:
        return _to_numbers(self._images[samples.to(self.device)])

    def at(self, samples: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        """The images of (B,) ``samples``, each made of its own (B, H) ``rows`` and (B, W) ``columns``."""
        samples, rows, columns = (index.to(self.device) for index in (samples, rows, columns))
        return _to_numbers(self._images[samples[:, None, None], rows[:, :, None], columns[:, None, :]])

    def moments(self) -> tuple[Tensor, Tensor]:
        """(C,) mean and deviation of each channel over all pixels, float32; the deviation of a constant is 1."""
        n_channels = self.shape[2]
        counts = torch.zeros(n_channels, 256, dtype=torch.float64)
        for block in self._images.split(8192):
            for channel in range(n_channels):
                counts[channel] += torch.bincount(block[..., channel].flatten().int(), minlength=256).cpu()
        shares, values = counts / counts.sum(1, keepdim=True).clamp(min=1), torch.arange(256) / 255
        mean = shares @ values.double()
        deviation = (shares * (values - mean[:, None]).square()).sum(1).sqrt()
        return mean.float(), torch.where(deviation > 0, deviation, 1.0).float()


def _to_numbers(images: Tensor) -> Tensor:
    return images.permute(0, 3, 1, 2).float().div_(255)


class Augmenter:
    """Which rows and columns of each image a network sees in an epoch: moved and mirrored by chance.

    Alternating flips (K. Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU", 2024) mirror one half of the
    images, by chance, in even epochs and the others in odd ones, so that two epochs on end show each image both ways.
    """

    def __init__(self, inputs: ImageInputs, options: AugmentOptions, seed: int) -> None:
        """
        Raises:
            DataError: images are moved by more than reflection can fill up.
        """
        self._options = options
        self._height, self._width = inputs.shape[:2]
        size = min(self._height, self._width)
        if options.shift >= size:
            raise DataError("--shift", f"found {options.shift}", f"wanted less than {size}, the images' size")
        with seeded(seed):
            self._first = torch.rand(len(inputs)) < 0.5

    def places(self, samples: Tensor, epoch: int) -> tuple[Tensor, Tensor]:
        """(B, H) rows and (B, W) columns of (B,) samples, by torch's generator of the CPU."""
        shift = self._options.shift
        rows, columns = (torch.randint(-shift, shift + 1, (len(samples), 1)) for _ in range(2))
        rows = reflected(torch.arange(self._height) + rows, self._height)
        columns = reflected(torch.arange(self._width) + columns, self._width)
        return rows, torch.where(self.flipped(samples, epoch)[:, None], columns.flip(1), columns)

    def flipped(self, samples: Tensor, epoch: int) -> Tensor:
        """(B,) whether each sample is mirrored."""
        if self._options.flip == "alternating":
            return self._first[samples] ^ bool(epoch % 2)
        if self._options.flip == "random":
            return torch.rand(len(samples)) < 0.5
        return torch.zeros(len(samples), dtype=torch.bool)


def reflected(places: Tensor, size: int) -> Tensor:
    """Places less than ``size`` beyond 0 to ``size`` - 1, mirrored at the edges: -1 is 1, ``size`` is ``size`` - 2."""
    return (size - 1) - ((size - 1) - places.abs()).abs()
