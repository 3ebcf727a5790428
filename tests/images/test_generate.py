"""VAE and GAN trained, used, kept and read again."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from image_sets import blots

from diar.errors import DataError
from diar.images.generate import (
    from_checkpoint,
    generate,
    judge_bound,
    make_gan,
    make_vae,
    reconstruct,
    to_checkpoint,
    train_gan,
    train_vae,
)
from diar.images.latents import draw_latents
from diar.io.checkpoint import read_checkpoint, write_checkpoint
from diar.nets.image_options import GanOptions, VaeOptions
from diar.nets.options import DeviceOptions
from diar.training_state import Resumption

IMAGES, TEST = blots(150, 1), blots(60, 2)
DEVICE = DeviceOptions(num_threads=1)
VAE = VaeOptions(hidden=32, latent=6, batch_size=16, epochs=5)
GAN = GanOptions(generator="24", discriminator="24", latent=6, batch_size=20, epochs=4)
KINDS = {"vae": (VAE, make_vae, train_vae), "gan": (GAN, make_gan, train_gan)}


def trained(kind: str, resumption: Resumption | None = None) -> tuple:
    options, make, train = KINDS[kind]
    network = make(IMAGES.shape, options, DEVICE)
    return network, train(network, IMAGES, options, DEVICE, resumption)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_learned_is_kept(tmp_path: Path, kind: str) -> None:
    network, history = trained(kind)
    assert [line.epoch for line in history] == list(range(KINDS[kind][0].epochs + 1))
    made = generate(network, draw_latents(7, 6, 1))
    assert made.shape == (7, 10, 10, 3) and made.dtype == np.uint8 and made.std() > 0
    write_checkpoint(tmp_path / "m.pt", to_checkpoint(network, kind, KINDS[kind][0]))
    again = from_checkpoint(read_checkpoint(tmp_path / "m.pt"), "m.pt")
    np.testing.assert_array_equal(generate(again, draw_latents(7, 6, 1)), made)


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_goes_on_as_if_it_had_not_stopped_and_whatever_chance_was_before(
    kind: str, disturbs: Callable[[], None]
) -> None:
    states = []
    whole, history = trained(kind, Resumption(None, lambda state: states.append(copy.deepcopy(state))))
    for state in [None, *states[:-1:2]]:
        disturbs()
        rest, told = trained(kind, Resumption(state))
        assert told == history
        for name, value in whole.state_dict().items():
            assert value.numpy().tobytes() == rest.state_dict()[name].numpy().tobytes(), name


@pytest.fixture
def disturbs() -> Callable[[], None]:
    import torch

    return lambda: (torch.rand(13), None)[1]


def test_seeds_differ() -> None:
    for kind, (options, make, _) in KINDS.items():
        first, second = (
            make(IMAGES.shape, type(options)(**options.__dict__ | {"seed": seed}), DEVICE) for seed in (1, 2)
        )
        latents = draw_latents(3, 6, 1)
        assert (generate(first, latents) != generate(second, latents)).any(), kind


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_the_bound_is_the_sum_of_its_parts(likelihood: str) -> None:
    options = VaeOptions(**VAE.__dict__ | {"likelihood": likelihood})
    network = make_vae(IMAGES.shape, options, DEVICE)
    before = judge_bound(network, TEST.images, DEVICE)
    train_vae(network, IMAGES, options, DEVICE)
    found = judge_bound(network, TEST.images, DEVICE)
    assert found["negative_elbo"] == pytest.approx(found["reconstruction"] + found["kl"]) and found["kl"] > 0
    assert found["kl"] == pytest.approx(sum(found["kl_by_dimension"])) and len(found["kl_by_dimension"]) == 6
    assert found["active_dimensions"] == sum(kl >= 0.01 for kl in found["kl_by_dimension"])
    assert found["negative_elbo"] < before["negative_elbo"]
    if likelihood == "bernoulli":
        assert found["bernoulli_negative_elbo"] == pytest.approx(found["negative_elbo"])
    else:
        assert found["reconstruction"] == pytest.approx(found["squared_error"] + 150 * math.log(math.pi))


def test_reconstructions_are_nearer_than_those_of_an_untrained_network() -> None:
    network, _ = trained("vae")

    def error(net: object) -> float:
        return float(np.square(reconstruct(net, TEST.images) / 255 - TEST.images / 255).mean())

    assert error(network) < 0.7 * error(make_vae(IMAGES.shape, VAE, DEVICE))


def test_other_models_are_told() -> None:
    content = to_checkpoint(make_vae(IMAGES.shape, VAE, DEVICE), "vae", VAE)
    for change in ({"kind": "gan"}, {"kind": "x"}, {"shape": [28, 28, 3]}, {"weights": {}}, {"options": {"x": 1}}):
        with pytest.raises(DataError, match=r"^m\.pt: not a network that makes images \(.*\); train it again$"):
            from_checkpoint(content | change, "m.pt")
    with pytest.raises(DataError, match=r"^m\.pt: found format 2; wanted 1; train it again$"):
        from_checkpoint(content | {"format": 2}, "m.pt")
