"""Options of the networks, apart from their modules: reading them must not import torch, which takes seconds."""

from __future__ import annotations

from dataclasses import dataclass, field

from diar.errors import DataError
from diar.options import Options, option


@dataclass(frozen=True)
class DeviceOptions(Options):
    """Where networks are trained and used. On the CPU the same seed and number of threads give the same bytes."""

    device: str = option("cpu", "auto is cuda where there is one", choices=("cpu", "cuda", "auto"))
    num_threads: int = option(2, "threads of a training; their number may change the rounding", low=1, high=256)


@dataclass(frozen=True)
class InputOptions(Options):
    """What a network sees of a recording at a frame."""

    context: int = option(5, "frames around each, the half of them before it", unit="frames", low=1, high=999)
    summary: str = option(
        "none", "the frames of the context side by side, or their statistics: mean and deviation",
        choices=("none", "statistics"),
    )  # fmt: skip


@dataclass(frozen=True)
class OptimizerOptions(Options):
    """How a loss is made small, whatever it is of."""

    optimizer: str = option("adam", "SGD has --momentum", choices=("adam", "sgd"))
    learning_rate: float = option(1e-3, "of the loss", low=1e-9)
    momentum: float = option(0.9, "of SGD", low=0.0, high=0.999)
    decay_every: int = option(
        0, "divide the learning rate by --decay-factor every so many, of DEC intervals; 0: never", unit="epochs", low=0
    )
    decay_factor: float = option(10.0, "what the learning rate is divided by", low=1.0)
    schedule: str = option(
        "constant", "the learning rate stays, or falls as a half cosine wave, or rises and falls in straight lines",
        choices=("constant", "cosine", "one_cycle"),
    )  # fmt: skip
    warmup: float = option(0.2, "share of a training in which the rate of one_cycle rises", low=0.0, high=0.9)
    weight_decay: float = option(0.0, "of the squared weights' sum, half of it is added to the loss", low=0.0)
    nesterov: bool = option(False, "SGD looks ahead by its momentum")
    adam_beta1: float = option(0.9, "share of the mean gradient that Adam keeps", low=0.0, high=0.999)
    fused: bool = option(False, "updates by one kernel: faster for small networks, rounded otherwise")
    batch_size: int = option(1024, "samples an update is made from", low=1)
    seed: int = option(1, "of weights, dropout and the order of samples", low=0, high=2**32 - 1)


@dataclass(frozen=True)
class ReconstructionOptions(OptimizerOptions):
    """What is made small where an input is reconstructed."""

    squares: str = option(
        "mean",
        "squared error of a sample: the mean over its values, or half their sum, which Caffe and the learning rates of "
        "the DEC paper assume: D/2 times the gradient, of D values",
        choices=("mean", "half_sum"),
    )


@dataclass(frozen=True)
class StackOptions(ReconstructionOptions):
    """Greedy pretraining and fine-tuning of a stacked autoencoder, whatever its layers are."""

    bottleneck: int = option(20, "values of an embedding", low=1)
    dropout: float = option(0.2, "of the input and the hidden layer of each pretraining", low=0.0, high=0.9)
    initial_deviation: float = option(
        0.0, "of the first weights, drawn from a normal; 0: evenly, as torch or (convolutions) Glorot has it", low=0.0
    )
    pretrain_epochs: int = option(10, "most of each layer's pretraining", unit="epochs", low=0)
    finetune_epochs: int = option(30, "most of the fine-tuning", unit="epochs", low=0)
    tolerance: float = option(
        0.01, "end when the loss of three epochs is not lower than that of the three before by this share; 0: never",
        low=0.0, high=0.5,
    )  # fmt: skip


@dataclass(frozen=True)
class HiddenOptions(Options):
    """Widths of fully connected layers."""

    hidden: str = option(
        "128-128", "widths of the encoder's hidden layers, empty for none; the decoder has them reversed"
    )


@dataclass(frozen=True)
class FullyConnectedOptions(StackOptions, HiddenOptions):
    """A stacked autoencoder of fully connected layers."""

    def __post_init__(self) -> None:
        super().__post_init__()
        widths = self.hidden.split("-") if self.hidden else []
        if not all(width.isdecimal() and int(width) > 0 for width in widths):
            raise DataError("--hidden", f"found '{self.hidden}'", "wanted widths as in 500-500-2000")

    def widths(self, n_inputs: int) -> tuple[int, ...]:
        """The widths of the encoder's layers from the input to the bottleneck."""
        hidden = [int(width) for width in self.hidden.split("-")] if self.hidden else []
        return (n_inputs, *hidden, self.bottleneck)


@dataclass(frozen=True)
class SaeOptions(FullyConnectedOptions, InputOptions):
    """A stacked autoencoder of speech: what it sees, widths of the layers, greedy pretraining, fine-tuning."""


@dataclass(frozen=True)
class KmeansStartOptions(Options):
    """How often k-means begins, and with what."""

    kmeans_starts: int = option(20, "starts of the k-means", low=1)
    kmeans_samples: int = option(20000, "most samples that these starts look at; the best goes on with all", low=1)


@dataclass(frozen=True)
class DecOptions(ReconstructionOptions, KmeansStartOptions):
    """Deep embedded clustering, and its improved variant, which keeps the decoder."""

    gamma: float = option(
        0.01,
        "weight of KL(P||Q), in nats and a mean over samples, beside the squared error as --squares has it, of inputs "
        "of unit variance (IDEC alone)",
        low=0.0,
    )
    update_interval: int = option(
        0, "a new target distribution, and the stop rule, every so many; 0: as many as see each sample once",
        unit="updates", low=0,
    )  # fmt: skip
    max_intervals: int = option(10, "most target distributions", low=1)
    label_tolerance: float = option(
        0.001, "end when this share of the labels changes, or less, from one target distribution to the next",
        low=0.0, high=1.0,
    )  # fmt: skip


@dataclass(frozen=True)
class DecEmbeddingOptions(DecOptions):
    """DEC as a feature extractor: with many more clusters than there are speakers."""

    dec_clusters: int = option(100, "clusters of the embeddings, many more than there are speakers", low=1)


@dataclass(frozen=True)
class EmbedderOptions:
    """What stages 3 to 5 do: ``kind`` is sae, dec or idec."""

    kind: str = "idec"
    sae: SaeOptions = field(default_factory=SaeOptions)
    dec: DecEmbeddingOptions = field(default_factory=DecEmbeddingOptions)
    device: DeviceOptions = field(default_factory=DeviceOptions)

    def __post_init__(self) -> None:
        if self.kind not in ("sae", "dec", "idec"):
            raise DataError("embedder", f"found '{self.kind}'", "wanted sae, dec or idec")


@dataclass(frozen=True)
class SpeakerNetOptions(OptimizerOptions):
    """The network of the second pass: what it sees, learns and gives."""

    learning_rate: float = option(2e-3, "of the cross-entropy", low=1e-9)
    decay_every: int = option(4, "divide the learning rate by --decay-factor every so many", unit="epochs", low=0)
    batch_size: int = option(512, "samples an update is made from", low=2)
    first_pass_clusters: int = option(
        20, "clusters of the first pass that are its classes, in each recording: pure ones are better than few", low=2
    )
    speaker_context: int = option(51, "frames whose statistics it sees", unit="frames", low=3, high=999)
    speaker_stride: int = option(5, "it learns from one frame in so many: neighbours are alike", unit="frames", low=1)
    speaker_hidden: int = option(128, "width of the hidden layer", low=1)
    speaker_bottleneck: int = option(20, "values of an embedding", low=1)
    speaker_dropout: float = option(0.2, "of the hidden layer", low=0.0, high=0.9)
    speaker_epochs: int = option(8, "length of the training", unit="epochs", low=1)
