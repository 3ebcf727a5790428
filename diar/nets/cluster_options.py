"""Options of what clusters images, apart from the modules, as ``diar.nets.options``."""

from __future__ import annotations

from dataclasses import dataclass

from diar.images.sets import PartOptions
from diar.nets.image_options import numbers
from diar.nets.options import (
    DecOptions,
    FullyConnectedOptions,
    KmeansStartOptions,
    OptimizerOptions,
    StackOptions,
)
from diar.options import Options, option, option_again


@dataclass(frozen=True)
class ClusteredOptions(PartOptions):
    """Which images are clustered: what is learned from without labels is judged."""

    judged_on: str = option(
        "test",
        "training and test images together; or, to choose settings by, the training images alone",
        choices=("test", "validation"),
    )
    train_images: int = option(0, "at most so many training images, drawn without their labels; 0: all", low=0)
    test_images: int = option(0, "at most so many test images, or validation images; 0: all", low=0)


@dataclass(frozen=True)
class SiftOptions(Options):
    """Dense SIFT descriptors of an image."""

    sift_grid: int = option(3, "descriptors along each side, of 128 values each", low=1, high=6)


@dataclass(frozen=True)
class KmeansOptions(KmeansStartOptions):
    """A k-means."""

    seed: int = option(1, "of the starts", low=0, high=2**32 - 1)


@dataclass(frozen=True)
class ImageSaeOptions(StackOptions):
    """How a stacked autoencoder that images are clustered by is trained, whatever its layers are."""

    learning_rate: float = option(1e-3, "of the squared error, as --squares has it", low=1e-9)
    schedule: str = option_again(OptimizerOptions, "schedule", "one_cycle")
    fused: bool = option_again(OptimizerOptions, "fused", True)
    batch_size: int = option_again(OptimizerOptions, "batch_size", 256)
    bottleneck: int = option(10, "values of a code", low=1)
    pretrain_epochs: int = option_again(StackOptions, "pretrain_epochs", 0)
    finetune_epochs: int = option_again(StackOptions, "finetune_epochs", 60)
    tolerance: float = option_again(StackOptions, "tolerance", 0.0)
    input_range: float = option(
        1.0, "pixels or descriptors, from 0 to 1, are made this many times as large before the network sees them",
        low=1e-3, high=1e3,
    )  # fmt: skip
    contrast_normalization: bool = option(
        False, "each image to a mean of 0 and a deviation of 1 over all its pixels and channels, before --input-range"
    )


@dataclass(frozen=True)
class FcSaeOptions(ImageSaeOptions, FullyConnectedOptions):
    """A stacked autoencoder of fully connected layers."""

    hidden: str = option_again(FullyConnectedOptions, "hidden", "500-500-2000")


@dataclass(frozen=True)
class ConvSaeOptions(ImageSaeOptions):
    """A stacked autoencoder of three convolutions that halve the image, and a fully connected layer to the code."""

    filters: str = option("32-64-128", "channels of the convolutions, 5 x 5, 5 x 5 and 3 x 3")

    def __post_init__(self) -> None:
        super().__post_init__()
        numbers("--filters", self.filters, 3)


@dataclass(frozen=True)
class ImageDecOptions(DecOptions):
    """DEC and IDEC of images: a cluster a class."""

    fused: bool = option_again(OptimizerOptions, "fused", True)
    batch_size: int = option_again(OptimizerOptions, "batch_size", 256)
    gamma: float = option(
        0.1,
        "weight of KL(P||Q), in nats and a mean over images, beside the squared error as --squares has it, of inputs "
        "as large as the autoencoder's --input-range (IDEC alone)",
        low=0.0,
    )
    update_interval: int = option_again(DecOptions, "update_interval", 140)
    max_intervals: int = option_again(DecOptions, "max_intervals", 60)
    n_clusters: int = option(10, "clusters", low=1)
