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
from diar.options import Options, option, option_help


def _help(name: str) -> str:
    """What the option of this name says of itself where it was declared first."""
    return option_help(OptimizerOptions.__dataclass_fields__[name]).text


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
    schedule: str = option("one_cycle", _help("schedule"), choices=("constant", "cosine", "one_cycle"))
    fused: bool = option(True, _help("fused"))
    batch_size: int = option(256, "samples an update is made from", low=1)
    bottleneck: int = option(10, "values of a code", low=1)
    pretrain_epochs: int = option(0, "most of each layer's pretraining", unit="epochs", low=0)
    finetune_epochs: int = option(60, "most of the fine-tuning", unit="epochs", low=0)
    tolerance: float = option(
        0.0, "end when the loss of three epochs is not lower than that of the three before by this share; 0: never",
        low=0.0, high=0.5,
    )  # fmt: skip
    input_range: float = option(
        1.0, "pixels or descriptors, from 0 to 1, are made this many times as large before the network sees them",
        low=1e-3, high=1e3,
    )  # fmt: skip


@dataclass(frozen=True)
class FcSaeOptions(ImageSaeOptions, FullyConnectedOptions):
    """A stacked autoencoder of fully connected layers."""

    hidden: str = option(
        "500-500-2000", "widths of the encoder's hidden layers, empty for none; the decoder has them reversed"
    )


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

    learning_rate: float = option(1e-3, "of the loss", low=1e-9)
    fused: bool = option(True, _help("fused"))
    batch_size: int = option(256, "samples an update is made from", low=1)
    gamma: float = option(
        0.1,
        "weight of KL(P||Q), in nats and a mean over images, beside the squared error as --squares has it, of inputs "
        "as large as the autoencoder's --input-range (IDEC alone)",
        low=0.0,
    )
    update_interval: int = option(
        140, "a new target distribution, and the stop rule, every so many; 0: as many as see each image once",
        unit="updates", low=0,
    )  # fmt: skip
    max_intervals: int = option(60, "most target distributions", low=1)
    n_clusters: int = option(10, "clusters", low=1)
