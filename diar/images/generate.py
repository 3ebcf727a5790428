"""Networks that make images: trained, used, kept and read again. torch is imported where it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from diar.images.grid import to_bytes
from diar.images.latents import Float32
from diar.images.sets import ImageSet, UInt8
from diar.model_content import making_again, model_content
from diar.nets.image_options import GanOptions, VaeOptions
from diar.nets.options import DeviceOptions
from diar.training_state import Resumption

if TYPE_CHECKING:
    from diar.nets.gan import Gan
    from diar.nets.generative import Generative
    from diar.nets.train import Epoch
    from diar.nets.vae import Vae

_ACTIVE_NATS = 0.01  # of a latent value that tells something of the image


def make_vae(shape: tuple[int, int, int], options: VaeOptions, device: DeviceOptions) -> Vae:
    """An untrained variational autoencoder of images of ``shape``; the same of a seed."""
    from diar.nets.train import find_device, seeded
    from diar.nets.vae import Vae

    with seeded(options.seed):
        return Vae(shape, options).to(find_device(device))


def make_gan(shape: tuple[int, int, int], options: GanOptions, device: DeviceOptions) -> Gan:
    """An untrained generator of images of ``shape`` and its discriminator; the same of a seed."""
    from diar.nets.gan import Gan
    from diar.nets.train import find_device, seeded

    with seeded(options.seed):
        return Gan(shape, options).to(find_device(device))


def train_vae(
    network: Vae, images: ImageSet, options: VaeOptions, device: DeviceOptions, resumption: Resumption | None = None
) -> list[Epoch]:
    """Train ``network`` in place; the history.

    Raises:
        DataError: the training diverged, or the device is not there.
    """
    from diar.nets.image_inputs import ImageInputs
    from diar.nets.train import find_device, train
    from diar.nets.vae import VaePhase

    phase = VaePhase(network, ImageInputs(images.images, find_device(device)), options)
    return train(network, [phase], options, resumption)


def train_gan(
    network: Gan, images: ImageSet, options: GanOptions, device: DeviceOptions, resumption: Resumption | None = None
) -> list[Epoch]:
    """Train ``network`` in place; the history.

    Raises:
        DataError: the training diverged, or the device is not there.
    """
    from diar.nets.gan import GanPhase
    from diar.nets.image_inputs import ImageInputs
    from diar.nets.train import find_device, train

    phase = GanPhase(network, ImageInputs(images.images, find_device(device)), options)
    return train(network, [phase], options, resumption)


def generate(network: Generative, latents: Float32) -> UInt8:
    """(N, H, W, C) uint8: the images of (N, L) latent vectors."""
    import torch

    from diar.nets.generative import images_of

    return to_bytes(images_of(network, torch.from_numpy(np.ascontiguousarray(latents))).numpy())


def reconstruct(network: Vae, images: UInt8) -> UInt8:
    """(N, H, W, C) uint8: what the network makes of the means of the latent vectors of (N, H, W, C) ``images``."""
    import torch

    from diar.nets.image_inputs import ImageInputs

    inputs = ImageInputs(images, next(network.parameters()).device)
    network.eval()
    with torch.no_grad():
        mean, _ = network.encode(inputs[torch.arange(len(inputs))].flatten(1))
    return generate(network, mean.cpu().numpy())


def judge_bound(network: Vae, images: UInt8, device: DeviceOptions) -> dict[str, Any]:
    """The evidence lower bound of (N, H, W, C) images, negated, and its parts: means over the images, plain values.

    ``negative_elbo`` is ``reconstruction`` and ``kl``, all in nats, of the network's own likelihood: of pixels as
    shares (bernoulli), or a density of pixels from 0 to 1 (gaussian). ``bernoulli_negative_elbo`` takes the same
    outputs for the means of a Bernoulli, whatever the network was trained for, so that two can be compared.
    ``squared_error`` is summed over the pixels; ``kl_by_dimension`` is ``kl`` by latent value, ``active_dimensions``
    those of 0.01 nats or more.
    """
    from diar.nets.image_inputs import ImageInputs
    from diar.nets.train import find_device
    from diar.nets.vae import elbo_parts

    found = elbo_parts(network, ImageInputs(images, find_device(device)))
    parts = {name: value.numpy() for name, value in found.items()}
    by_dimension = parts["kl"].mean(axis=0)
    kl, reconstruction = float(by_dimension.sum()), float(parts[network.likelihood].mean())
    return {
        "negative_elbo": reconstruction + kl,
        "reconstruction": reconstruction,
        "kl": kl,
        "bernoulli_negative_elbo": float(parts["bernoulli"].mean()) + kl,
        "squared_error": float(parts["squared_error"].mean()),
        "kl_by_dimension": by_dimension.tolist(),
        "active_dimensions": int(np.count_nonzero(by_dimension >= _ACTIVE_NATS)),
    }


def to_checkpoint(network: Generative, kind: str, options: VaeOptions | GanOptions) -> dict[str, Any]:
    """Weights and plain values, for ``diar.io.checkpoint``; ``kind`` is vae or gan."""
    return model_content(network, kind=kind, shape=list(network.shape), options=asdict(options))


def from_checkpoint(content: Mapping[str, Any], where: object) -> Generative:
    """The network that ``to_checkpoint`` wrote.

    Raises:
        DataError: the content is something else.
    """
    with making_again(content, where, "a network that makes images"):
        height, width, n_channels = content["shape"]
        shape, cpu = (height, width, n_channels), DeviceOptions(device="cpu")
        network: Generative
        if content["kind"] == "vae":
            network = make_vae(shape, VaeOptions(**content["options"]), cpu)
        elif content["kind"] == "gan":
            network = make_gan(shape, GanOptions(**content["options"]), cpu)
        else:
            raise ValueError(f"found '{content['kind']}'")
        network.load_state_dict(content["weights"])
    return network
