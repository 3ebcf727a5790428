"""Autoencoders of images: trained, judged beside PCA, kept and read again. torch is imported where it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diar.images.fidelity import psnr, squared_errors, ssim
from diar.images.grid import grid, to_bytes
from diar.images.pca import as_numbers, principal_axes
from diar.images.sets import ImageSet, UInt8
from diar.model_content import making_again, model_content
from diar.nets.image_options import ConvAutoencoderOptions
from diar.nets.options import DeviceOptions
from diar.training_state import Resumption

if TYPE_CHECKING:
    from diar.nets.conv_autoencoder import ConvAutoencoder
    from diar.nets.train import Epoch

Float32 = NDArray[np.float32]

_N_SHOWN, _SCALE = 12, 3  # images of a picture, and how many pixels each of their pixels gets


def train_conv_autoencoder(
    images: ImageSet, options: ConvAutoencoderOptions, device: DeviceOptions, resumption: Resumption | None = None
) -> tuple[ConvAutoencoder, list[Epoch]]:
    """An autoencoder of ``images``, without their labels, and the history of its training.

    Raises:
        DataError: a size that the images have not without the latent layer, the training diverged, or the device is
            not there.
    """
    from diar.nets.conv_autoencoder import ReconstructionPhase, make_conv_autoencoder
    from diar.nets.image_inputs import ImageInputs
    from diar.nets.train import find_device, train

    inputs = ImageInputs(images.images, find_device(device))
    network = make_conv_autoencoder(inputs, options)
    phase = ReconstructionPhase(network, inputs, options)
    history = train(network, [phase], options, resumption)
    return network, history


def reconstructions(network: ConvAutoencoder, images: UInt8, device: DeviceOptions) -> Float32:
    """(N, C, H, W) float32, 0 to 1: what the network makes of (N, H, W, C) ``images``."""
    from diar.nets.conv_autoencoder import reconstruct_all
    from diar.nets.image_inputs import ImageInputs
    from diar.nets.train import find_device

    where = find_device(device)
    found: Float32 = reconstruct_all(network.to(where), ImageInputs(images, where)).numpy()
    return found


def judge(images: UInt8, found: Float32) -> dict[str, float]:
    """Means over the images: ``mse`` of pixels from 0 to 1, ``psnr`` in dB, ``ssim``."""
    numbers = as_numbers(images)
    errors = squared_errors(numbers, found)
    figures = {"mse": errors, "psnr": psnr(errors), "ssim": ssim(numbers, found)}
    return {name: float(values.mean()) for name, values in figures.items()}


def judge_pca(learned: UInt8, judged: UInt8, n_components: int) -> dict[str, float]:
    """The same figures of PCA, as ``pca_mse`` and so on, learned from the same images as the network; with as many
    components as its embedding has values, or ``pca_components`` where images have fewer."""
    axes = principal_axes(learned, n_components)
    figures = judge(judged, axes.reconstruct(judged))
    return {f"pca_{name}": value for name, value in figures.items()} | {"pca_components": len(axes.axes)}


def pairs_picture(images: UInt8, found: Float32) -> UInt8:
    """(Y, X, C) pixels: the first images above their reconstructions."""
    images, shown = images[:_N_SHOWN], to_bytes(found[:_N_SHOWN])
    return grid(np.concatenate([images, shown]), max(len(images), 1), _SCALE)


def to_checkpoint(network: ConvAutoencoder, shape: tuple[int, int, int], options: ConvAutoencoderOptions) -> Any:
    """Weights and plain values, for ``diar.io.checkpoint``."""
    return model_content(network, shape=list(shape), options=asdict(options))


def from_checkpoint(content: Mapping[str, Any], where: object) -> ConvAutoencoder:
    """The autoencoder that ``to_checkpoint`` wrote.

    Raises:
        DataError: the content is something else.
    """
    from diar.nets.conv_autoencoder import make_untrained

    with making_again(content, where, "a convolutional autoencoder"):
        height, width, n_channels = content["shape"]
        network = make_untrained((height, width, n_channels), ConvAutoencoderOptions(**content["options"]))
        network.load_state_dict(content["weights"])
    return network
