"""Options of the networks of images, apart from their modules, as ``diar.nets.options``."""

from __future__ import annotations

from dataclasses import dataclass

from diar.errors import DataError
from diar.nets.options import (
    DecOptions,
    FullyConnectedOptions,
    OptimizerOptions,
    ReconstructionOptions,
    StackOptions,
)
from diar.options import Options, option, option_help


def _help(name: str) -> str:
    """What the option of this name says of itself where it was declared first."""
    return option_help(OptimizerOptions.__dataclass_fields__[name]).text


@dataclass(frozen=True)
class AugmentOptions(Options):
    """What is done to training images by chance, anew in every epoch."""

    flip: str = option(
        "none",
        "mirror images: random, or alternating: each image mirrored in every other epoch; digits have none",
        choices=("none", "random", "alternating"),
    )
    shift: int = option(0, "move images by up to so many, filled up by reflection", unit="pixels", low=0)


@dataclass(frozen=True)
class ClassifierOptions(OptimizerOptions):
    """How a classifier is trained, whatever it is."""

    learning_rate: float = option(2e-3, "of the cross-entropy", low=1e-9)
    schedule: str = option("one_cycle", _help("schedule"), choices=("constant", "cosine", "one_cycle"))
    fused: bool = option(True, _help("fused"))
    batch_size: int = option(128, "samples an update is made from", low=2)
    epochs: int = option(16, "length of the training", unit="epochs", low=1)
    label_smoothing: float = option(0.0, "share of a label that goes to all classes alike", low=0.0, high=0.9)
    mirror_test: bool = option(False, "judge the mean of the scores of an image and its mirror image")


@dataclass(frozen=True)
class BasicNetOptions(ClassifierOptions):
    """Conv, MaxPool, Conv, MaxPool and three fully connected layers."""

    filters: str = option("6-16", "of the two convolutions, 5 x 5")
    hidden: str = option("120-84", "widths of the two hidden fully connected layers")

    def __post_init__(self) -> None:
        super().__post_init__()
        numbers("--filters", self.filters, 2)
        numbers("--hidden", self.hidden, 2)


@dataclass(frozen=True)
class ResNetOptions(ClassifierOptions):
    """A small residual network that learns fast: whitened input, identity convolutions to begin with."""

    optimizer: str = option("sgd", _help("optimizer"), choices=("adam", "sgd"))
    learning_rate: float = option(0.75, "of the cross-entropy", low=1e-9)
    momentum: float = option(0.85, "of SGD", low=0.0, high=0.999)
    nesterov: bool = option(True, _help("nesterov"))
    weight_decay: float = option(1.3e-3, _help("weight_decay"), low=0.0)
    batch_size: int = option(512, "samples an update is made from", low=2)
    epochs: int = option(10, "length of the training", unit="epochs", low=1)
    label_smoothing: float = option(0.2, "share of a label that goes to all classes alike", low=0.0, high=0.9)
    widths: str = option("64-128-256", "channels of the three stages")
    convolutions: int = option(2, "of a stage; all but the first are a residual", low=2, high=4)
    whitening: bool = option(True, "the first layer whitens patches and is not trained, but for its bias")
    identity: bool = option(True, "convolutions begin by passing their input on")
    bias_rate: float = option(64.0, "learning rate of the normalisations' biases, times the others'", low=0.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        numbers("--widths", self.widths, 3)


@dataclass(frozen=True)
class VaeOptions(OptimizerOptions):
    """A variational autoencoder of two linear layers each way."""

    likelihood: str = option(
        "bernoulli",
        "of a pixel: bernoulli, cross-entropy; gaussian, squared error summed over pixels, as of a variance of 0.5",
        choices=("bernoulli", "gaussian"),
    )
    hidden: int = option(400, "width of the hidden layers", low=1)
    latent: int = option(20, "values of a latent vector", low=1)
    learning_rate: float = option(1e-3, "of the negated bound", low=1e-9)
    fused: bool = option(True, _help("fused"))
    batch_size: int = option(32, "samples an update is made from", low=1)
    epochs: int = option(100, "length of the training", unit="epochs", low=1)


@dataclass(frozen=True)
class GanOptions(OptimizerOptions):
    """A generative adversarial network of fully connected layers."""

    generator: str = option("256-256", "widths of the generator's hidden layers")
    discriminator: str = option("256-256", "widths of the discriminator's hidden layers")
    latent: int = option(64, "values of a latent vector", low=1)
    real_label: float = option(1.0, "what the discriminator takes real images for; 1: no smoothing", low=0.5, high=1.0)
    dropout: float = option(0.3, "of the discriminator's hidden layers", low=0.0, high=0.9)
    learning_rate: float = option(2e-4, "of both networks", low=1e-9)
    adam_beta1: float = option(0.5, _help("adam_beta1"), low=0.0, high=0.999)
    fused: bool = option(True, _help("fused"))
    batch_size: int = option(100, "samples an update is made from", low=1)
    epochs: int = option(50, "length of the training", unit="epochs", low=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        widths("--generator", self.generator)
        widths("--discriminator", self.discriminator)


@dataclass(frozen=True)
class ConvAutoencoderOptions(OptimizerOptions):
    """A stacked convolutional autoencoder: what it is, and how it is trained."""

    learning_rate: float = option(5e-3, "of the mean squared error of pixels from 0 to 1", low=1e-9)
    schedule: str = option("one_cycle", _help("schedule"), choices=("constant", "cosine", "one_cycle"))
    fused: bool = option(True, _help("fused"))
    batch_size: int = option(128, "samples an update is made from", low=1)
    epochs: int = option(3, "length of the training", unit="epochs", low=1)
    code_size: int = option(128, "values of an embedding", low=1)
    latent: bool = option(
        True,
        "a fully connected layer to the embedding and one back; without, the embedding is the last layer's small "
        "image, of as many channels as give the size",
    )
    widths: str = option("12-48-96", "channels of the three layers that halve the image")
    residuals: str = option("48-64-64", "channels inside the residual after each of them; 0: none")
    start: str = option(
        "principal",
        "layers begin as the principal axes of what they see (the decoder's as the way back), or orthogonal by chance",
        choices=("principal", "orthogonal"),
    )
    linear_rate: float = option(
        0.1, "learning rate of the layers that began as principal axes, times the others'", low=0.0, high=1.0
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        numbers("--widths", self.widths, 3)
        numbers("--residuals", self.residuals, 3, least=0)


@dataclass(frozen=True)
class SiftOptions(Options):
    """Dense SIFT descriptors of an image."""

    sift_grid: int = option(3, "descriptors along each side, of 128 values each", low=1, high=16)


@dataclass(frozen=True)
class KmeansOptions(Options):
    """The k-means of pixels or descriptors that clusterings are compared with."""

    kmeans_starts: int = option(20, "starts of the k-means", low=1)
    kmeans_samples: int = option(10000, "most images that these starts look at; the best goes on with all", low=1)
    seed: int = option(1, "of the starts", low=0, high=2**32 - 1)


@dataclass(frozen=True)
class ImageSaeOptions(StackOptions, ReconstructionOptions):
    """How a stacked autoencoder that images are clustered by is trained, whatever its layers are."""

    learning_rate: float = option(1e-3, "of the squared error, as --squares has it", low=1e-9)
    schedule: str = option("cosine", _help("schedule"), choices=("constant", "cosine", "one_cycle"))
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


def numbers(flag: str, text: str, how_many: int, least: int = 1) -> tuple[int, ...]:
    """Whole numbers as in 64-128-256, ``least`` or more.

    Raises:
        DataError: ``text`` is something else; ``flag`` is named.
    """
    words = text.split("-")
    if len(words) != how_many or not all(word.isdecimal() and int(word) >= least for word in words):
        wanted = "-".join(str(2 ** (6 + n)) for n in range(how_many))
        raise DataError(flag, f"found '{text}'", f"wanted {how_many} numbers as in {wanted}")
    return tuple(map(int, words))


def widths(flag: str, text: str) -> tuple[int, ...]:
    """One positive whole number or more, as in 256-256.

    Raises:
        DataError: ``text`` is something else; ``flag`` is named.
    """
    words = text.split("-")
    if not all(word.isdecimal() and int(word) > 0 for word in words):
        raise DataError(flag, f"found '{text}'", "wanted widths as in 256-256")
    return tuple(map(int, words))
