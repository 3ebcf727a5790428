"""Options of the networks of images, apart from their modules, as ``diar.nets.options``."""

from __future__ import annotations

from dataclasses import dataclass

from diar.errors import DataError
from diar.nets.options import OptimizerOptions
from diar.options import Options, option, option_again


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
    schedule: str = option_again(OptimizerOptions, "schedule", "one_cycle")
    fused: bool = option_again(OptimizerOptions, "fused", True)
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

    optimizer: str = option_again(OptimizerOptions, "optimizer", "sgd")
    learning_rate: float = option(0.75, "of the cross-entropy", low=1e-9)
    momentum: float = option(0.85, "of SGD", low=0.0, high=0.999)
    nesterov: bool = option_again(OptimizerOptions, "nesterov", True)
    weight_decay: float = option_again(OptimizerOptions, "weight_decay", 1.3e-3)
    batch_size: int = option(512, "samples an update is made from", low=2)
    epochs: int = option(10, "length of the training", unit="epochs", low=1)
    label_smoothing: float = option(0.2, "share of a label that goes to all classes alike", low=0.0, high=0.9)
    widths: str = option("64-128-256", "channels of the three stages")
    convolutions: int = option(2, "of a stage; all but the first are a residual", low=2, high=4)
    whitening: bool = option(True, "the first layer whitens patches and is not trained, but for its bias")
    identity: bool = option(True, "convolutions begin by passing their input on")
    bias_rate: float = option(64.0, "learning rate of the normalisations' biases, times the others'", low=1e-3)

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
    fused: bool = option_again(OptimizerOptions, "fused", True)
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
    adam_beta1: float = option_again(OptimizerOptions, "adam_beta1", 0.5)
    fused: bool = option_again(OptimizerOptions, "fused", True)
    batch_size: int = option(100, "samples an update is made from", low=1)
    epochs: int = option(50, "length of the training", unit="epochs", low=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        numbers("--generator", self.generator)
        numbers("--discriminator", self.discriminator)


@dataclass(frozen=True)
class ConvAutoencoderOptions(OptimizerOptions):
    """A stacked convolutional autoencoder: what it is, and how it is trained."""

    learning_rate: float = option(2e-3, "of the mean squared error of pixels from 0 to 1", low=1e-9)
    schedule: str = option_again(OptimizerOptions, "schedule", "one_cycle")
    fused: bool = option_again(OptimizerOptions, "fused", True)
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


def numbers(flag: str, text: str, how_many: int | None = None, least: int = 1) -> tuple[int, ...]:
    """Whole numbers as in 64-128-256, ``least`` or more, so many of them or any number.

    Raises:
        DataError: ``text`` is something else; ``flag`` is named.
    """
    words = text.split("-")
    if how_many not in (None, len(words)) or not all(word.isdecimal() and int(word) >= least for word in words):
        example = "-".join(str(2 ** (6 + n)) for n in range(how_many or 2))
        raise DataError(flag, f"found '{text}'", f"wanted {f'{how_many} ' if how_many else ''}numbers as in {example}")
    return tuple(map(int, words))
