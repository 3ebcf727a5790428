"""Clusterings of images: autoencoders pretrained, DEC and IDEC, k-means beside them. torch is imported where used."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diar.embed import Resumption
from diar.errors import DataError
from diar.images.sets import ImageSet, UInt8
from diar.images.sift import dense_sift
from diar.nets.cluster_options import (
    ConvSaeOptions,
    FcSaeOptions,
    ImageDecOptions,
    ImageSaeOptions,
    KmeansOptions,
    SiftOptions,
)
from diar.nets.options import DeviceOptions

if TYPE_CHECKING:
    from diar.nets.autoencoder import StackedAutoencoder
    from diar.nets.cluster_inputs import PixelInputs, VectorInputs
    from diar.nets.dec import Dec
    from diar.nets.train import Epoch

Float32 = NDArray[np.float32]
Labels = NDArray[np.int64]

NETS: dict[str, type[ImageSaeOptions]] = {"fc": FcSaeOptions, "conv": ConvSaeOptions}
INPUTS = ("pixels", "sift")
AUGMENTS = ("none", "shift-rotate")
_FORMAT = 1


@dataclass(frozen=True)
class Sight:
    """What networks see of images: ``input`` is pixels or sift, ``augment`` none or shift-rotate."""

    input: str = "pixels"
    augment: str = "none"
    sift_grid: int = SiftOptions().sift_grid

    def __post_init__(self) -> None:
        if self.augment != "none" and self.input != "pixels":
            raise DataError("--augment", f"found {self.augment} with --input {self.input}", "wanted none, or pixels")

    def check_fits(self, net: str) -> None:
        """Refuse a network that cannot see it.

        Raises:
            DataError: convolutions of what is no image.
        """
        if net != "fc" and self.input != "pixels":
            raise DataError("--net", f"found {net} with --input {self.input}", "wanted fc, or pixels")

    def inputs(
        self, images: UInt8, flat: bool, input_range: float, device: DeviceOptions
    ) -> PixelInputs | VectorInputs:
        """What a network sees of (N, H, W, C) ``images``; ``flat``, as fully connected ones do.

        Raises:
            DataError: the device, or OpenCV, is not there.
        """
        from diar.nets.cluster_inputs import PixelInputs, VectorInputs
        from diar.nets.train import find_device

        where = find_device(device)
        if self.input == "sift":
            return VectorInputs(dense_sift(images, self.sift_grid), input_range, where)
        return PixelInputs(images, flat, self.augment != "none", input_range, where)

    def vectors(self, images: UInt8) -> Float32:
        """(N, D) float32, 0 to 1: what k-means sees of (N, H, W, C) ``images``."""
        if self.input == "sift":
            return dense_sift(images, self.sift_grid)
        return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


@dataclass(frozen=True)
class Pretrained:
    """A stacked autoencoder that clusterings begin from: ``net`` is fc or conv, ``shape`` that of an input."""

    network: StackedAutoencoder
    net: str
    shape: tuple[int, ...]
    sight: Sight
    options: ImageSaeOptions

    def to_checkpoint(self) -> dict[str, Any]:
        """Weights and plain values, for ``diar.io.checkpoint``."""
        content = {"format": _FORMAT, "net": self.net, "shape": list(self.shape), "sight": asdict(self.sight)}
        return content | {"options": asdict(self.options), "weights": _weights(self.network)}

    @classmethod
    def from_checkpoint(cls, content: Mapping[str, Any], where: object) -> Pretrained:
        """The autoencoder that ``to_checkpoint`` wrote.

        Raises:
            DataError: the content is something else.
        """
        from diar.nets.image_sae import make_untrained

        try:
            if content["format"] != _FORMAT:
                raise DataError(where, f"found format {content['format']}", f"wanted {_FORMAT}", "train it again")
            options = NETS[content["net"]](**content["options"])
            shape = tuple(content["shape"])
            network = make_untrained(shape, options)
            network.load_state_dict(content["weights"])
            return cls(network, content["net"], shape, Sight(**content["sight"]), options)
        except (LookupError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            reason = " ".join(str(error).split())[:100]
            raise DataError(where, f"not an autoencoder of images ({reason})", advice="train it again") from None


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
    images: ImageSet,
    net: str,
    sight: Sight,
    options: ImageSaeOptions,
    device: DeviceOptions,
    resumption: Resumption | None = None,
) -> tuple[Pretrained, list[Epoch]]:
    """An autoencoder of ``images``, without their labels, and the history of its training.

    Raises:
        DataError: the training diverged, or the device or OpenCV is not there.
    """
    from diar.nets.autoencoder import sae_phases
    from diar.nets.image_sae import make_image_sae
    from diar.nets.train import find_device, train

    resumption = resumption or Resumption()
    inputs = sight.inputs(images.images, net == "fc", options.input_range, device)
    network = make_image_sae(inputs, options).to(find_device(device))
    phases = sae_phases(network, inputs, options)
    history = train(network, phases, options, resumption.state, resumption.after_epoch, resumption.after_update)
    return Pretrained(network, net, inputs.shape, sight, options), history


@dataclass(frozen=True)
class Bent:
    """DEC or IDEC: the model, its history, the clusterings before and after, the losses of the end."""

    model: Dec
    history: list[Epoch]
    before: Clustering
    after: Clustering
    losses: dict[str, float]

    @property
    def n_intervals(self) -> int:
        """How many target distributions the code was bent towards."""
        return max((line.epoch for line in self.history), default=0)


def bend(
    pretrained: Pretrained,
    kind: str,
    images: ImageSet,
    sight: Sight,
    options: ImageDecOptions,
    device: DeviceOptions,
    resumption: Resumption | None = None,
) -> Bent:
    """DEC or IDEC (``kind``) from a copy of an autoencoder, with as many clusters as the options say.

    Raises:
        DataError: the training diverged, or the device or OpenCV is not there.
    """
    from diar.nets.autoencoder import encode_all
    from diar.nets.dec import Dec, DecPhase, cluster_weights, kmeans_centres
    from diar.nets.train import find_device, train

    resumption = resumption or Resumption()
    where = find_device(device)
    inputs = sight.inputs(images.images, pretrained.net == "fc", pretrained.options.input_range, device)
    network = copy.deepcopy(pretrained.network).to(where)
    centres = kmeans_centres(encode_all(network, inputs), options.n_clusters, options)
    model = Dec(network, centres)
    before = clustering_of(model, inputs)
    weights = cluster_weights(kind, options)
    phase = DecPhase(model, inputs, options, *weights)
    history = train(model, [phase], options, resumption.state, resumption.after_epoch, resumption.after_update)
    losses = end_losses(model, inputs, options, weights)
    return Bent(model, history, before, clustering_of(model, inputs), losses)


def clustering_of(model: Dec, inputs: PixelInputs | VectorInputs) -> Clustering:
    """What a model makes of all images, as they are."""
    import torch

    from diar.nets.autoencoder import encode_all
    from diar.nets.dec import soft_assignment

    with torch.no_grad():
        codes = encode_all(model.network, inputs)
        shares = soft_assignment(codes, model.centres)
    return Clustering(codes.cpu().numpy(), shares.cpu().numpy())


def end_losses(
    model: Dec, inputs: PixelInputs | VectorInputs, options: ImageDecOptions, weights: tuple[float, float]
) -> dict[str, float]:
    """``loss``, ``kl`` and, of IDEC, ``reconstruction`` over all images as they are, P made of the codes of now."""
    import torch

    from diar.nets.dec import DecPhase

    phase, sums = DecPhase(model, inputs, options, *weights), dict[str, float]()
    model.eval()
    with torch.no_grad():
        for samples in torch.arange(len(inputs)).split(model.network.at_once):
            for name, value in phase.losses(samples).items():
                sums[name] = sums.get(name, 0.0) + float(value) * len(samples) / len(inputs)
    return {"kl" if name == "clustering" else name: value for name, value in sums.items()}


def autoencoder_kmeans(
    pretrained: Pretrained, images: ImageSet, n_clusters: int, options: KmeansOptions, device: DeviceOptions
) -> Clustering:
    """K-means of the codes of an autoencoder, as DEC begins; ``shares`` are DEC's."""
    from diar.nets.autoencoder import encode_all
    from diar.nets.dec import Dec, kmeans_centres
    from diar.nets.train import find_device

    sight = pretrained.sight
    network = pretrained.network.to(find_device(device))
    inputs = sight.inputs(images.images, pretrained.net == "fc", pretrained.options.input_range, device)
    model = Dec(network, kmeans_centres(encode_all(network, inputs), n_clusters, options))
    return clustering_of(model, inputs)


def kmeans_labels(vectors: Float32, n_clusters: int, options: KmeansOptions) -> Labels:
    """(N,) labels by k-means of (N, D) vectors."""
    import torch

    from diar.nets.dec import kmeans_centres

    values = torch.from_numpy(vectors)
    centres = kmeans_centres(values, n_clusters, options)
    blocks = [torch.cdist(block, centres).argmin(dim=1) for block in values.split(8192)]
    found: Labels = torch.cat(blocks).numpy()
    return found


def model_to_checkpoint(model: Dec, kind: str, pretrained: Pretrained) -> dict[str, Any]:
    """A DEC's or IDEC's weights, its centres among them, and plain values, for ``diar.io.checkpoint``."""
    content = pretrained.to_checkpoint()
    return content | {"kind": kind, "weights": _weights(model)}


def _weights(network: Any) -> dict[str, Any]:
    return {name: value.cpu().contiguous() for name, value in network.state_dict().items()}
