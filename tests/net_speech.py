"""Small speech and small networks: what the networks' training is tried on."""

from __future__ import annotations

import dataclasses

import numpy as np
from oracles import planted_frames

from diar.embed import Speech
from diar.nets.options import DecOptions, DeviceOptions, SaeOptions

DEVICE = DeviceOptions(num_threads=1)
SAE = SaeOptions(
    hidden="8-6", bottleneck=3, context=3, batch_size=64, learning_rate=0.01, pretrain_epochs=3, finetune_epochs=4,
    tolerance=0.0,
)  # fmt: skip
DEC = DecOptions(batch_size=64, learning_rate=0.01, max_intervals=4, label_tolerance=0.0, kmeans_starts=2)
TURNS = [(0, 90), (1, 70), (2, 60), (0, 50), (1, 30)]


def sae(**values: object) -> SaeOptions:
    return dataclasses.replace(SAE, **values)


def dec(**values: object) -> DecOptions:
    return dataclasses.replace(DEC, **values)


def pauses(n_frames: int) -> np.ndarray:
    """(T,) speech with pauses of five frames."""
    return np.arange(n_frames) % 37 >= 5


def talk(seed: int = 0, dim: int = 4, distance: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """(300, dim) frames of three speakers, with scales that differ from dimension to dimension; (300,) speakers."""
    frames, speakers = planted_frames(TURNS, dim=dim, distance=distance, seed=seed)
    return (frames * 4.0 ** np.arange(dim) + 10).astype(np.float32), speakers


def speech_of(*seeds: int, dim: int = 4) -> Speech:
    """A recording a seed, 300 frames each, with pauses."""
    frames = [talk(seed, dim)[0] for seed in seeds]
    return Speech(frames, [pauses(len(matrix)) for matrix in frames])
