"""Classifiers of images: trained, judged, kept and read again. torch is imported where it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diar.images.confusion import accuracy, accuracy_by_class, confusion_matrix
from diar.images.sets import ImageSet, UInt8
from diar.model_content import making_again, model_content
from diar.nets.image_options import AugmentOptions, BasicNetOptions, ClassifierOptions, ResNetOptions
from diar.nets.options import DeviceOptions
from diar.training_state import Resumption

if TYPE_CHECKING:
    from diar.nets.classifier import Classifier
    from diar.nets.train import Epoch

NETS: dict[str, type[ClassifierOptions]] = {"basic": BasicNetOptions, "resnet": ResNetOptions}


def train_classifier(
    images: ImageSet,
    n_classes: int,
    options: ClassifierOptions,
    augmentation: AugmentOptions,
    device: DeviceOptions,
    resumption: Resumption | None = None,
) -> tuple[Classifier, list[Epoch]]:
    """A classifier of ``images``, the net that the options are of, and the history of its training.

    Raises:
        DataError: the training diverged, or the device is not there.
    """
    import torch

    from diar.nets.classifier import ClassifierPhase, make_classifier
    from diar.nets.image_inputs import ImageInputs
    from diar.nets.train import find_device, train

    inputs = ImageInputs(images.images, find_device(device))
    network = make_classifier(inputs, n_classes, options)
    labels = torch.from_numpy(images.labels.astype(np.int64))
    phase = ClassifierPhase(network, inputs, labels, options, augmentation)
    history = train(network, [phase], options, resumption)
    return network, history


def scores(network: Classifier, images: UInt8, device: DeviceOptions, mirror: bool = False) -> NDArray[np.float32]:
    """(N, K) float32: logarithms of probabilities up to a constant; of ``mirror``, the mean with the mirror images'."""
    from diar.nets.classifier import scores_of
    from diar.nets.image_inputs import ImageInputs
    from diar.nets.train import find_device

    where = find_device(device)
    found: NDArray[np.float32] = scores_of(network.to(where), ImageInputs(images, where), mirror).numpy()
    return found


def features(network: Classifier, images: UInt8, device: DeviceOptions) -> NDArray[np.float32]:
    """(N, F) float32: what the last layer sees of each image."""
    from diar.nets.classifier import features_of
    from diar.nets.image_inputs import ImageInputs
    from diar.nets.train import find_device

    where = find_device(device)
    found: NDArray[np.float32] = features_of(network.to(where), ImageInputs(images, where)).numpy()
    return found


def judge(found: NDArray[np.float32], labels: UInt8) -> dict[str, Any]:
    """Accuracy, accuracy by class (None without images) and confusion matrix of (N, K) scores, plain values."""
    confusion = confusion_matrix(labels, found.argmax(axis=1), found.shape[1])
    by_class = [None if np.isnan(share) else float(share) for share in accuracy_by_class(confusion)]
    return {"accuracy": accuracy(confusion), "accuracy_by_class": by_class, "confusion": confusion.tolist()}


def to_checkpoint(network: Classifier, net: str, shape: tuple[int, int, int], options: ClassifierOptions) -> Any:
    """Weights and plain values, for ``diar.io.checkpoint``."""
    return model_content(
        network, net=net, shape=list(shape), n_classes=network.n_classes, options=asdict(options)
    )


def from_checkpoint(content: Mapping[str, Any], where: object) -> Classifier:
    """The classifier that ``to_checkpoint`` wrote.

    Raises:
        DataError: the content is something else.
    """
    from diar.nets.classifier import make_network

    with making_again(content, where, "a classifier"):
        options = NETS[content["net"]](**content["options"])
        height, width, n_channels = content["shape"]
        network = make_network((height, width, n_channels), content["n_classes"], options)
        network.load_state_dict(content["weights"])
    return network
