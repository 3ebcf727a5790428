"""A prepared data set that is learned within a second: blots of two kinds of places on noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from diar.images.sets import Dataset, ImageSet
from diar.io.images.folder import write_dataset

SIDE = 10
PIXELS = "blots"


def blots(n: int, seed: int, n_classes: int = 4) -> ImageSet:
    """(n, 10, 10, 3) images with a bright square in one of four corners, which is their class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_classes, n)
    images = rng.integers(0, 120, (n, SIDE, SIDE, 3))
    for image, label in zip(images, labels, strict=True):
        y, x = divmod(int(label), 2)
        image[5 * y + 1 : 5 * y + 5, 5 * x + 1 : 5 * x + 5] += 100
    return ImageSet(images.astype(np.uint8), labels.astype(np.uint8))


def write_blots(folder: Path, n_train: int = 120, n_test: int = 60) -> Path:
    """The prepared set in ``folder``."""
    write_dataset(folder, Dataset("cifar10", blots(n_train, 1), blots(n_test, 2), PIXELS, {"blots": "here"}))
    return folder
