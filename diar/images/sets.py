"""Sets of labelled images, and the parts of them that experiments learn from and are judged on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError
from diar.options import Options, option

UInt8 = NDArray[np.uint8]

DATASETS = ("digits", "mnist", "fashion", "cifar10")
TITLES = {"digits": "Digits", "mnist": "MNIST", "fashion": "Fashion-MNIST", "cifar10": "CIFAR-10"}
_DIGITS = tuple("0123456789")
CLASSES: Mapping[str, tuple[str, ...]] = {
    "digits": _DIGITS,
    "mnist": _DIGITS,
    "fashion": (
        "t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
    ),
    "cifar10": ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
}  # fmt: skip
_FEWEST = 2  # images that have a variance
_SPLIT_SEED = 20180501  # of the validation part and of smaller sets: the same for all experiments and seeds


@dataclass(frozen=True)
class ImageSet:
    """(N, H, W, C) uint8 images, C 1 or 3, and their (N,) uint8 labels, the numbers of classes."""

    images: UInt8
    labels: UInt8

    def __post_init__(self) -> None:
        assert self.images.ndim == 4 and self.images.dtype == self.labels.dtype == np.uint8, self.images.shape
        assert self.labels.shape == self.images.shape[:1], (self.images.shape, self.labels.shape)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        return self.images.shape[1], self.images.shape[2], self.images.shape[3]

    def __getitem__(self, chosen: NDArray[np.integer[Any]]) -> ImageSet:
        """The images of these numbers, in this order."""
        return ImageSet(self.images[chosen], self.labels[chosen])


@dataclass(frozen=True)
class Dataset:
    """A data set as its makers split it.

    ``name`` is one of DATASETS; ``pixels`` says what is to be known of its pixels beside every figure, and is empty
    for the makers' own; ``sources`` has the MD5 of each file read, or other words where there is none, by file name.
    """

    name: str
    train: ImageSet
    test: ImageSet
    pixels: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return CLASSES[self.name]

    @property
    def title(self) -> str:
        """What the set is called in tables and pictures, with what is to be known of its pixels."""
        return f"{TITLES[self.name]} ({self.pixels})" if self.pixels else TITLES[self.name]


@dataclass(frozen=True)
class PartOptions(Options):
    """Which images an experiment learns from and which it is judged on."""

    judged_on: str = option(
        "test",
        "the test images, after learning from all training images; or, to choose settings by, a tenth of the training "
        "images after learning from the others",
        choices=("test", "validation"),
    )
    train_images: int = option(0, "learn from at most so many of them, drawn without their labels; 0: from all", low=0)
    test_images: int = option(0, "be judged on at most so many; 0: on all", low=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, number in (("--train-images", self.train_images), ("--test-images", self.test_images)):
            if number == 1:
                raise DataError(name, "found 1", f"wanted {_FEWEST} or more, or 0 for all")


def parts(dataset: Dataset, options: PartOptions) -> tuple[ImageSet, ImageSet]:
    """The images to learn from and those to be judged on, which hang on the options alone, never on a seed.

    Raises:
        DataError: there are too few of them.
    """
    train, test = dataset.train, dataset.test
    if options.judged_on == "validation":
        order = np.random.default_rng(_SPLIT_SEED).permutation(len(train))
        held_out = len(train) // 10
        train, test = train[np.sort(order[held_out:])], train[np.sort(order[:held_out])]
    if min(len(train), len(test)) < _FEWEST:
        found = f"found {len(train)} images to learn from and {len(test)} to be judged on"
        raise DataError(dataset.title, found, f"wanted {_FEWEST} or more of each")
    return _some(train, options.train_images), _some(test, options.test_images)


def _some(images: ImageSet, number: int) -> ImageSet:
    if not 0 < number < len(images):
        return images
    return images[np.sort(np.random.default_rng(_SPLIT_SEED + 1).permutation(len(images))[:number])]
