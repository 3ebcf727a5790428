"""Clusterings of images: autoencoders pretrained, DEC and IDEC, k-means beside them. torch is imported where used."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError
from diar.images.sets import UInt8
from diar.images.sift import dense_sift
from diar.model_content import making_again, model_content
from diar.nets.cluster_options import (
    ConvSaeOptions,
    FcSaeOptions,
    ImageDecOptions,
    ImageSaeOptions,
    KmeansOptions,
    SiftOptions,
)
from diar.nets.options import DeviceOptions, KmeansStartOptions
from diar.training_state import Resumption

if TYPE_CHECKING:
    from torch import Tensor

    from diar.nets.autoencoder import StackedAutoencoder
    from diar.nets.cluster_inputs import PixelInputs, VectorInputs
    from diar.nets.dec import Dec
    from diar.nets.train import Epoch

Float32 = NDArray[np.float32]
Labels = NDArray[np.int64]

NETS: dict[str, type[ImageSaeOptions]] = {"fc": FcSaeOptions, "conv": ConvSaeOptions}
INPUTS = ("pixels", "sift")
AUGMENTS = ("none", "shift-rotate")


@dataclass(frozen=True)
class ImageInput:
    """What is made of images before they are clustered: ``source`` is pixels or sift, ``augment`` what chance does to
    them while a network learns, none or shift-rotate."""

    source: str = "pixels"
    augment: str = "none"
    sift_grid: int = SiftOptions().sift_grid

    def __post_init__(self) -> None:
        if self.augment != "none" and self.source != "pixels":
            raise DataError("--augment", f"found {self.augment} with --input {self.source}", "wanted none, or pixels")

    def check_fits(self, net: str, options: ImageSaeOptions) -> None:
        """Refuse a network that cannot learn from it.

        Raises:
            DataError: convolutions, or a normalized contrast, of what is no image.
        """
        if net != "fc" and self.source != "pixels":
            raise DataError("--net", f"found {net} with --input {self.source}", "wanted fc, or pixels")
        if options.contrast_normalization and self.source != "pixels":
            found = f"found true with --input {self.source}"
            raise DataError("--contrast-normalization", found, "wanted false, or pixels")

    def of(
        self, images: UInt8, net: str, options: ImageSaeOptions, device: DeviceOptions
    ) -> PixelInputs | VectorInputs:
        """What a network learns of (N, H, W, C) ``images``.

        Raises:
            DataError: the device, or OpenCV, is not there.
        """
        from diar.nets.cluster_inputs import PixelInputs, VectorInputs
        from diar.nets.train import find_device

        where = find_device(device)
        if self.source == "sift":
            return VectorInputs(dense_sift(images, self.sift_grid), options.input_range, where)
        flat, moved = net == "fc", self.augment != "none"
        return PixelInputs(images, flat, moved, options.input_range, where, options.contrast_normalization)

    def vectors(self, images: UInt8) -> Float32:
        """(N, D) float32, 0 to 1: what k-means sees of (N, H, W, C) ``images``.

        Raises:
            DataError: OpenCV is not there.
        """
        if self.source == "sift":
            return dense_sift(images, self.sift_grid)
        values: Float32 = np.divide(images.reshape(len(images), -1), np.float32(255), dtype=np.float32)
        return values


@dataclass(frozen=True)
class Pretrained:
    """A stacked autoencoder that clusterings begin from: ``net`` is fc or conv, ``shape`` that of an input."""

    network: StackedAutoencoder
    net: str
    shape: tuple[int, ...]
    input: ImageInput
    options: ImageSaeOptions

    def to_checkpoint(self) -> dict[str, Any]:
        """Weights and plain values, for ``diar.io.checkpoint``."""
        return model_content(
            self.network, net=self.net, shape=list(self.shape), input=asdict(self.input), options=asdict(self.options)
        )

    @classmethod
    def from_checkpoint(cls, content: Mapping[str, Any], where: object) -> Pretrained:
        """The autoencoder that ``to_checkpoint`` wrote.

        Raises:
            DataError: the content is something else.
        """
        from diar.nets.image_sae import make_untrained

        with making_again(content, where, "an autoencoder of images"):
            options = NETS[content["net"]](**content["options"])
            shape = tuple(content["shape"])
            network = make_untrained(shape, options)
            network.load_state_dict(content["weights"])
            return cls(network, content["net"], shape, ImageInput(**content["input"]), options)


@dataclass(frozen=True)
class Clustering:
    """(N, E) ``codes`` of images and (N, K) ``shares`` of the clusters in each: soft assignments."""

    codes: Float32
    shares: Float32

    @property
    def labels(self) -> Labels:
        """(N,) the cluster of most share."""
        found: Labels = self.shares.argmax(axis=1)
        return found


def pretrain(
    inputs: PixelInputs | VectorInputs,
    options: ImageSaeOptions,
    device: DeviceOptions,
    resumption: Resumption | None = None,
) -> tuple[StackedAutoencoder, list[Epoch]]:
    """An autoencoder of images, and the history of its training.

    Raises:
        DataError: the training diverged, or the device is not there.
    """
    from diar.nets.autoencoder import sae_phases
    from diar.nets.image_sae import make_image_sae
    from diar.nets.train import find_device, train

    network = make_image_sae(inputs, options).to(find_device(device))
    phases = sae_phases(network, inputs, options)
    history = train(network, phases, options, resumption)
    return network, history


def reconstruction_error(
    network: StackedAutoencoder, inputs: PixelInputs | VectorInputs, options: ImageSaeOptions
) -> float:
    """The squared error of all images as they are, as the options' ``squares`` has it."""
    from diar.nets.autoencoder import FinetunePhase
    from diar.nets.train import evaluate

    return evaluate(network, FinetunePhase(network, inputs, options))


@dataclass(frozen=True)
class TrainedDec:
    """DEC or IDEC: the model, its history, the clusterings before and after, the losses of the end."""

    model: Dec
    history: list[Epoch]
    before: Clustering
    after: Clustering
    losses: dict[str, float]

    @property
    def n_intervals(self) -> int:
        """How many target distributions were learned from."""
        return max((line.epoch for line in self.history), default=0)


def train_dec(
    network: StackedAutoencoder,
    kind: str,
    inputs: PixelInputs | VectorInputs,
    options: ImageDecOptions,
    device: DeviceOptions,
    resumption: Resumption | None = None,
) -> TrainedDec:
    """DEC or IDEC (``kind``) from a copy of an autoencoder, with as many clusters as the options say.

    Raises:
        DataError: the training diverged, there are fewer images than clusters, or the device is not there.
    """
    from diar.nets.autoencoder import encode_all
    from diar.nets.dec import DecPhase, cluster_weights
    from diar.nets.train import find_device, train

    network = copy.deepcopy(network).to(find_device(device))
    model, before = kmeans_of_codes(network, inputs, options.n_clusters, options, options.seed)
    weights = cluster_weights(kind, options)
    phase = DecPhase(model, inputs, options, *weights)
    history = train(model, [phase], options, resumption)
    losses = end_losses(model, inputs, options, weights)
    after = clustering_of(model, encode_all(network, inputs))
    return TrainedDec(model, history, before, after, losses)


def clustering_of(model: Dec, codes: Tensor) -> Clustering:
    """What a model makes of the (N, E) codes of images."""
    import torch

    from diar.nets.dec import soft_assignment

    with torch.no_grad():
        shares = soft_assignment(codes, model.centres)
    return Clustering(codes.cpu().numpy(), shares.cpu().numpy())


def end_losses(
    model: Dec, inputs: PixelInputs | VectorInputs, options: ImageDecOptions, weights: tuple[float, float]
) -> dict[str, float]:
    """``loss``, ``kl`` and, of IDEC, ``reconstruction`` over all images as they are, P made of the codes of now."""
    from diar.nets.dec import DecPhase
    from diar.nets.train import mean_losses

    losses = mean_losses(model, DecPhase(model, inputs, options, *weights))
    return {"kl" if name == "clustering" else name: value for name, value in losses.items()}


def kmeans_of_codes(
    network: StackedAutoencoder,
    inputs: PixelInputs | VectorInputs,
    n_clusters: int,
    options: KmeansStartOptions,
    seed: int,
) -> tuple[Dec, Clustering]:
    """What DEC begins as: centres by k-means of the codes, and what they make of all images, as they are.

    Raises:
        DataError: there are fewer images than clusters.
    """
    from diar.nets.autoencoder import encode_all
    from diar.nets.dec import Dec, kmeans_centres

    codes = encode_all(network, inputs)
    model = Dec(network, kmeans_centres(codes, n_clusters, options, seed))
    return model, clustering_of(model, codes)


def kmeans_of_vectors(vectors: Float32, n_clusters: int, options: KmeansOptions) -> tuple[Float32, Labels]:
    """(K, D) centres and (N,) labels by k-means of (N, D) vectors.

    Raises:
        DataError: there are fewer vectors than clusters.
    """
    from diar.nets.dec import fit_kmeans

    found = fit_kmeans(vectors, n_clusters, options, options.seed)
    return found.cluster_centers_.astype(np.float32), found.labels_.astype(np.int64)
