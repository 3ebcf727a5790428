"""Classifiers: shapes, whitening, identity convolutions, smoothed labels, and that they learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from diar.nets.classifier import (
    BasicNet,
    ClassifierPhase,
    ResNet,
    Stage,
    features_of,
    make_classifier,
    make_network,
    pass_on,
    scores_of,
    whitening_filters,
)
from diar.nets.image_inputs import ImageInputs
from diar.nets.image_options import AugmentOptions, BasicNetOptions, ResNetOptions
from diar.nets.train import seeded, train

RNG = np.random.default_rng(5)
SHAPES = [(8, 8, 1), (28, 28, 1), (32, 32, 3), (17, 20, 3)]
SMALL = {"widths": "8-12-16", "batch_size": 16}


def correlated_images(n: int, channels: int = 3) -> np.ndarray:
    """Smooth images, (n, 9, 9, C) uint8."""
    noise = RNG.normal(size=(n, 11, 11, channels))
    smooth = sum(noise[:, y : y + 9, x : x + 9] for y in range(3) for x in range(3))
    return np.clip(128 + 20 * smooth + 30 * noise[:, :1, :1, :1], 0, 255).astype(np.uint8)


# ---- shapes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("options", [BasicNetOptions(), ResNetOptions(**SMALL), ResNetOptions(convolutions=3, **SMALL)])
def test_nets_take_every_size(shape: tuple[int, int, int], options: BasicNetOptions | ResNetOptions) -> None:
    network = make_network(shape, 7, options)
    images = torch.rand(4, shape[2], *shape[:2])
    scores = network(images)
    assert scores.shape == (4, 7) and bool(scores.isfinite().all())
    wanted = 84 if isinstance(options, BasicNetOptions) else 16
    assert network.features(images).shape == (4, wanted)


def test_the_basic_net_on_cifar_10_is_the_tutorials() -> None:
    """conv 5 x 5 6, pool, conv 5 x 5 16, pool, 120, 84, 10: 62,006 weights."""
    network = make_network((32, 32, 3), 10, BasicNetOptions())
    assert isinstance(network, BasicNet)
    assert sum(parameter.numel() for parameter in network.parameters()) == 62006


@pytest.mark.parametrize("convolutions", [2, 3])
def test_the_residual_net_is_what_its_options_say(convolutions: int) -> None:
    network = make_network((32, 32, 3), 10, ResNetOptions(convolutions=convolutions))
    assert isinstance(network, ResNet)
    found = [tuple(m.weight.shape) for m in network.modules() if isinstance(m, nn.Conv2d)]
    wanted = [(24, 3, 2, 2)]
    for before, width in ((24, 64), (64, 128), (128, 256)):
        wanted += [(width, before, 3, 3)] + [(width, width, 3, 3)] * (convolutions - 1)
    assert found == wanted
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 3 * convolutions and not any(norm.weight.requires_grad for norm in norms)
    assert not network.patches.weight.requires_grad and network.patches.bias.requires_grad


# ---- whitening and identity ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
def test_whitened_patches_are_uncorrelated_and_of_unit_variance(channels: int) -> None:
    images = torch.from_numpy(correlated_images(300, channels)).permute(0, 3, 1, 2).double() / 255
    filters = whitening_filters(images.float(), 2, 0.0).double()
    n = 4 * channels
    assert filters.shape == (2 * n, channels, 2, 2) and torch.equal(filters[:n], -filters[n:])
    found = functional.conv2d(images, filters[:n]).permute(1, 0, 2, 3).reshape(n, -1).numpy()
    np.testing.assert_allclose(np.cov(found), np.eye(n), atol=2e-3)
    raw = images.unfold(2, 2, 1).unfold(3, 2, 1).permute(1, 4, 5, 0, 2, 3).reshape(n, -1).numpy()
    assert np.abs(np.corrcoef(raw) - np.eye(n)).max() > 0.3, "they were correlated before"


def test_a_floor_keeps_directions_without_variance_small() -> None:
    images = torch.from_numpy(np.broadcast_to(RNG.integers(0, 256, (50, 1, 1, 1)), (50, 3, 6, 6)).astype(np.float32))
    filters = whitening_filters(images / 255)
    assert bool(filters.isfinite().all()) and filters.abs().max() <= 1 / np.sqrt(5e-4) + 1e-3


def test_the_network_whitens_its_own_training_images() -> None:
    inputs = ImageInputs(correlated_images(200))
    network = make_classifier(inputs, 10, ResNetOptions(**SMALL))
    found = network.patches(network.normalise(inputs[torch.arange(200)])).detach().double()
    cov = np.cov(found[:, :12].permute(1, 0, 2, 3).reshape(12, -1).numpy())
    variances = np.diag(cov)
    assert np.abs(cov - np.diag(variances)).max() < 1e-3 and variances.max() < 1.001 and variances.max() > 0.95
    plain = make_classifier(inputs, 10, ResNetOptions(whitening=False, **SMALL))
    assert plain.patches.weight.requires_grad and not torch.equal(plain.patches.weight, network.patches.weight)


@pytest.mark.parametrize(("before", "after"), [(3, 3), (3, 8), (8, 3)])
def test_an_identity_convolution_passes_its_input_on(before: int, after: int) -> None:
    with seeded(1):
        convolution = nn.Conv2d(before, after, 3, padding=1, bias=False)
    first = convolution.weight.detach().clone()
    pass_on(convolution)
    images = torch.rand(2, before, 5, 6)
    n = min(before, after)
    torch.testing.assert_close(convolution(images)[:, :n], images[:, :n])
    assert torch.equal(convolution.weight[n:], first[n:])


def test_stages_begin_with_identity_if_asked_to() -> None:
    for identity in (True, False):
        network = make_network((32, 32, 3), 10, ResNetOptions(identity=identity, **SMALL))
        weight = network.stages[1].convolutions[0].weight[:8]
        assert torch.equal(weight, nn.init.dirac_(torch.empty_like(weight))) == identity


def test_a_stage_is_a_pooled_convolution_and_a_residual() -> None:
    with seeded(2):
        stage = Stage(4, 6, 3, pools=True).eval()
        images = torch.rand(2, 4, 8, 8)
    conv = list(stage.convolutions)
    scale = 1 / np.sqrt(1 + 1e-5)  # of an untrained normalisation
    x = functional.gelu(functional.max_pool2d(conv[0](images), 2) * scale)
    y = conv[2](functional.gelu(conv[1](x) * scale)) * scale
    torch.testing.assert_close(stage(images), functional.gelu(x + y))


# ---- the loss ------------------------------------------------------------------------------------------------------

INPUTS = ImageInputs(correlated_images(64))
LABELS = torch.from_numpy(RNG.integers(0, 4, 64))


def phase_of(options: BasicNetOptions | ResNetOptions, **augment: object) -> ClassifierPhase:
    network = make_classifier(INPUTS, 4, options)
    return ClassifierPhase(network, INPUTS, LABELS, options, AugmentOptions(**augment))


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_loss_is_the_cross_entropy_of_smoothed_labels(smoothing: float) -> None:
    phase = phase_of(BasicNetOptions(label_smoothing=smoothing))
    phase._network.eval()
    samples = torch.tensor([3, 60, 3, 9])
    scores = phase._network(INPUTS[samples]).detach().double().numpy()
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    wanted = np.full(log_p.shape, smoothing / 4)
    wanted[np.arange(4), LABELS[samples]] += 1 - smoothing
    found = phase.losses(samples)
    assert found["loss"].item() == pytest.approx(-(wanted * log_p).sum(axis=1).mean(), rel=1e-5)
    assert float(found["error"]) == np.mean(scores.argmax(axis=1) != LABELS[samples].numpy())


def test_images_are_moved_in_training_alone() -> None:
    phase = phase_of(BasicNetOptions(), flip="alternating")
    samples = torch.arange(64)
    losses = {}
    for epoch in (0, 1):
        phase.epoch = epoch
        phase._network.train()
        losses[epoch] = phase.losses(samples)["loss"].item()
        phase._network.eval()
        losses["eval", epoch] = phase.losses(samples)["loss"].item()
    assert losses[0] != losses[1] and losses["eval", 0] == losses["eval", 1] not in (losses[0], losses[1])


def test_biases_of_normalisations_learn_faster_and_frozen_weights_not_at_all() -> None:
    phase = phase_of(ResNetOptions(bias_rate=8.0, **SMALL))
    others, biases = phase.groups()
    assert (others.rate, others.decay, biases.rate, biases.decay) == (1.0, 1.0, 8.0, 0.125)
    assert len(biases.parameters) == 6 and all(p.ndim == 1 for p in biases.parameters)
    ids = [id(p) for group in (others, biases) for p in group.parameters]
    assert sorted(ids) == sorted(map(id, phase.parameters)) and len(set(ids)) == len(ids)
    assert all(p.requires_grad for p in phase.parameters)
    assert len(phase_of(BasicNetOptions()).groups()) == 1


@pytest.mark.parametrize("options", [BasicNetOptions(epochs=8, batch_size=16), ResNetOptions(epochs=4, **SMALL)])
def test_what_can_be_told_apart_is_learned(options: BasicNetOptions | ResNetOptions) -> None:
    images = correlated_images(96)
    labels = RNG.integers(0, 4, 96)
    images[np.arange(96), :, :, 0] //= (1 + labels)[:, None, None].astype(np.uint8)
    inputs = ImageInputs(images)
    network = make_classifier(inputs, 4, options)
    phase = ClassifierPhase(network, inputs, torch.from_numpy(labels), options, AugmentOptions(flip="random", shift=1))
    history = train(network, [phase], options)
    assert history[-1].losses["loss"] < 0.9 * history[1].losses["loss"]
    assert history[-1].losses["error"] < 0.7 * history[1].losses["error"]
    found = scores_of(network, inputs)
    assert (found.argmax(1).numpy() == labels).mean() > 0.7


# ---- scores of all -------------------------------------------------------------------------------------------------


def test_scores_are_of_each_image_and_of_the_mirror_image_too(monkeypatch: pytest.MonkeyPatch) -> None:
    network = make_classifier(INPUTS, 4, ResNetOptions(**SMALL))
    network.eval()
    with torch.no_grad():
        images = INPUTS[torch.arange(64)]
        plain, mirrored, features = network(images), network(images.flip(3)), network.features(images)
    for at_once in (7, 500):
        monkeypatch.setattr("diar.nets.classifier._AT_ONCE", at_once)
        network.train()
        torch.testing.assert_close(scores_of(network, INPUTS), plain)
        torch.testing.assert_close(scores_of(network, INPUTS, mirror=True), (plain + mirrored) / 2)
        torch.testing.assert_close(features_of(network, INPUTS), features)


def test_the_seed_alone_decides() -> None:
    def weights(seed: int) -> bytes:
        network = make_network((8, 8, 1), 10, ResNetOptions(seed=seed, **SMALL))
        return b"".join(p.detach().numpy().tobytes() for p in network.parameters())

    assert weights(1) == weights(1) != weights(2)
