"""GAN: its losses against formulas in float64, whose turn it is, and that it learns a distribution."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from diar.errors import DataError
from diar.nets.gan import Gan, GanPhase, discriminator_loss, generator_loss
from diar.nets.image_inputs import ImageInputs
from diar.nets.image_options import GanOptions
from diar.nets.train import evaluate, seeded, train

RNG = np.random.default_rng(9)
SHAPE = (3, 4, 3)
SMALL = {"generator": "12-10", "discriminator": "14", "latent": 5, "batch_size": 8, "epochs": 2, "dropout": 0.0}


def gan(**changes) -> tuple[Gan, GanPhase, GanOptions]:
    options = GanOptions(**SMALL | changes)
    with seeded(2):
        network = Gan(SHAPE, options)
    images = RNG.integers(0, 256, (40, *SHAPE)).astype(np.uint8)
    return network, GanPhase(network, ImageInputs(images), options), options


# ---- formulas ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("real_label", [1.0, 0.9])
def test_losses_are_the_logarithms_of_probabilities(real_label: float) -> None:
    real, fake = RNG.normal(size=(6, 1)) * 4, RNG.normal(size=(6, 1)) * 4
    p, q = 1 / (1 + np.exp(-real)), 1 / (1 + np.exp(-fake))
    wanted = np.mean(-real_label * np.log(p) - (1 - real_label) * np.log(1 - p)) + np.mean(-np.log(1 - q))
    found = discriminator_loss(torch.from_numpy(real), torch.from_numpy(fake), real_label)
    assert float(found) == pytest.approx(wanted, rel=1e-12)
    assert float(generator_loss(torch.from_numpy(fake))) == pytest.approx(np.mean(-np.log(q)), rel=1e-12)


def test_losses_do_not_saturate() -> None:
    """Of a generated image that is told at once the generator's gradient is -1, not 0; nothing overflows."""
    score = torch.tensor([[-200.0]], requires_grad=True)
    generator_loss(score).backward()
    assert float(score.grad) == pytest.approx(-1)
    assert float(discriminator_loss(torch.tensor([[-200.0]]), torch.tensor([[200.0]]))) == pytest.approx(400)


# ---- turns ---------------------------------------------------------------------------------------------------------


def test_each_turn_names_its_own_network_and_reaches_no_other() -> None:
    network, phase, _ = gan()
    parts = [list(network.discriminator.parameters()), list(network.generator.parameters())]
    turns = phase.turns(torch.arange(8))
    for own, others in (parts, parts[::-1]):
        parameters, losses = next(turns)
        assert [id(p) for p in parameters] == [id(p) for p in own]
        network.zero_grad()
        losses["loss"].backward(inputs=list(parameters))
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in own)
        assert all(p.grad is None for p in others)
    assert next(turns, None) is None


def test_the_discriminators_loss_has_no_way_to_the_generator() -> None:
    network, phase, _ = gan()
    _, losses = next(phase.turns(torch.arange(8)))
    losses["loss"].backward()
    assert all(p.grad is None for p in network.generator.parameters())


@pytest.mark.parametrize("still", ["generator", "discriminator"])
def test_a_turn_leaves_the_other_network_as_it_is(still: str) -> None:
    """The loop with one of the turns left out."""
    network, phase, options = gan()
    before = copy.deepcopy(network.state_dict())
    whole = phase.turns
    moving = {"generator": network.discriminator, "discriminator": network.generator}[still]

    def turns(samples):
        for parameters, losses in whole(samples):
            if parameters[0] is next(moving.parameters()):
                yield parameters, losses

    phase.turns = turns
    with seeded(0):
        train(network, [phase], options)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]) == name.startswith(still), name


def test_losses_of_a_turn_are_those_of_the_networks() -> None:
    """The first turn judges real and generated images; the second what the discriminator has become by then."""
    network, phase, _ = gan(real_label=0.9)
    with seeded(6):
        turns = phase.turns(torch.arange(8))
        _, first = next(turns)
    with seeded(6):
        fake = network.generator(torch.randn(8, 5))
    real = phase._inputs[torch.arange(8)].flatten(1) * 2 - 1
    of_real, of_fake = network.discriminator(real), network.discriminator(fake)
    assert first["loss"].item() == discriminator_loss(of_real, of_fake, 0.9).item() == first["discriminator"].item()
    assert float(first["real"]) == pytest.approx(float(torch.sigmoid(of_real).mean()))
    assert float(first["fake"]) == pytest.approx(float(torch.sigmoid(of_fake).mean()))
    with torch.no_grad():
        network.discriminator[-1].bias += 1
    _, second = next(turns)
    assert float(second["loss"]) == pytest.approx(float(generator_loss(of_fake + 1))) == float(second["generator"])


def test_what_is_told_of_a_state_does_not_hang_on_chance() -> None:
    network, phase, _ = gan(dropout=0.5)
    assert evaluate(network, phase) == evaluate(network, phase)


# ---- networks ------------------------------------------------------------------------------------------------------


def test_pairs_of_layers_and_a_range_of_values() -> None:
    network = Gan((28, 28, 1), GanOptions())
    kinds = [type(layer) for layer in network.generator]
    assert kinds == [nn.Linear, nn.ReLU, nn.Linear, nn.ReLU, nn.Linear, nn.Tanh]
    kinds = [type(layer) for layer in network.discriminator if not isinstance(layer, nn.Dropout)]
    assert kinds == [nn.Linear, nn.LeakyReLU, nn.Linear, nn.LeakyReLU, nn.Linear]
    values = network.values(torch.randn(50, 64)).detach()
    assert values.shape == (50, 784) and 0 <= float(values.min()) < 0.5 < float(values.max()) <= 1
    x = torch.randn(2000, 64)
    for layer in network.generator[:3]:
        x = layer(x)
    assert 1 < float(x.detach().var()) < 3  # torch's own first weights: about 0.1


def test_widths_are_told_if_they_are_none() -> None:
    for flag in ("generator", "discriminator"):
        with pytest.raises(DataError, match=f"^--{flag}: found '12-x'; wanted numbers as in 64-128$"):
            GanOptions(**{flag: "12-x"})


def test_a_distribution_is_learned() -> None:
    """Grey images of one brightness, half of them dark and half bright: both come out."""
    levels = np.where(np.arange(400) % 2, 40, 215)[:, None, None, None]
    images = np.broadcast_to(levels, (400, 2, 2, 1)).astype(np.uint8)
    options = GanOptions(generator="32-32", discriminator="32", latent=4, batch_size=50, epochs=60, learning_rate=2e-3)
    with seeded(1):
        network = Gan((2, 2, 1), options)
    train(network, [GanPhase(network, ImageInputs(images), options)], options)
    with seeded(3):
        means = network.values(torch.randn(500, 4)).detach().mean(1)
    bright = float((means > 0.5).float().mean())
    assert 0.15 < bright < 0.85
    far = torch.minimum((means - 40 / 255).abs(), (means - 215 / 255).abs())
    assert float(far.median()) < 0.12
