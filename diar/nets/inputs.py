"""What a network sees, batch by batch; of recordings, a context of frames around each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diar.nets.options import InputOptions
from diar.transforms import window_statistics

Float32 = NDArray[np.float32]


class Inputs(ABC):
    """N samples that autoencoders learn from."""

    is_moved = False  # by chance, drawn apart from the device, while a network learns

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __getitem__(self, samples: Tensor) -> Tensor:
        """The inputs of (B,) numbers below N, a row each, float32, on the inputs' device."""

    def varied(self, samples: Tensor) -> Tensor:
        """The same as a network sees them while it learns: changed by chance, if they are at all."""
        return self[samples]

    @abstractmethod
    def moments(self) -> tuple[Tensor, Tensor]:
        """What is taken from the inputs and what they are divided by before a network sees them; of one row's shape,
        or one that broadcasts to it."""


class FrameInputs(Inputs):
    """The inputs at N frames of some recordings: ``inputs[samples]`` is (B, I) float32 of (B,) numbers below N.

    The frames are in memory once, whatever the context is. Beyond the ends of a recording its edge frames are repeated.
    I is D x context, or 2 D for statistics.
    """

    def __init__(
        self,
        frames: Sequence[Float32],
        masks: Sequence[NDArray[np.bool_]],
        options: InputOptions,
        device: torch.device | None = None,
    ) -> None:
        """``frames`` are (T, D) float32, one matrix a recording; ``masks`` (T,) tell which frames are samples."""
        before = options.context // 2 if options.summary == "none" else 0
        after = options.context - 1 - before if options.summary == "none" else 0
        stretches, centres, start = [], [], 0
        for matrix, mask in zip(frames, masks, strict=True):
            assert matrix.ndim == 2 and len(matrix) == len(mask), (matrix.shape, mask.shape)
            if options.summary == "statistics":
                matrix = window_statistics(matrix, options.context)
            if len(matrix):
                stretches.append(np.pad(matrix, ((before, after), (0, 0)), mode="edge"))
                centres.append(np.flatnonzero(mask) + start + before)
                start += len(stretches[-1])
        dim = frames[0].shape[1] * (2 if options.summary == "statistics" else 1)
        self._frames = torch.from_numpy(np.concatenate(stretches or [np.zeros((0, dim), np.float32)])).to(device)
        self._centres = torch.from_numpy(np.concatenate(centres or [np.zeros(0, np.int64)])).to(device)
        self._offsets = torch.arange(-before, after + 1, device=device)
        self.width = dim * len(self._offsets)

    def __len__(self) -> int:
        return len(self._centres)

    def __getitem__(self, samples: Tensor) -> Tensor:
        rows = self._centres[samples.to(self._centres.device)][:, None] + self._offsets
        return self._frames[rows].reshape(len(samples), self.width)

    def moments(self) -> tuple[Tensor, Tensor]:
        """(I,) mean and deviation over all samples, float32; 0 and 1 without samples, 1 for a constant."""
        mean, square = torch.zeros(self.width, dtype=torch.float64), torch.zeros(self.width, dtype=torch.float64)
        for samples in torch.arange(len(self)).split(8192):
            mean += self[samples].cpu().double().sum(0)
        mean /= max(len(self), 1)
        for samples in torch.arange(len(self)).split(8192):
            square += (self[samples].cpu().double() - mean).square().sum(0)
        deviation = (square / max(len(self), 1)).sqrt()
        return mean.float(), torch.where(deviation > 0, deviation, 1.0).float()
