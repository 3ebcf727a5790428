"""Convolutional autoencoders: shapes, the linear network they begin as against PCA in float64, and what is learned."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from image_sets import blots
from torch import nn

from diar.errors import DataError
from diar.nets.conv_autoencoder import (
    ReconstructionPhase,
    Residual,
    _set_axes,
    make_conv_autoencoder,
    make_untrained,
    reconstruct_all,
)
from diar.nets.image_inputs import ImageInputs
from diar.nets.image_options import ConvAutoencoderOptions
from diar.nets.train import evaluate, seeded, train

SHAPES = {"cifar10": (32, 32, 3), "mnist": (28, 28, 1), "digits": (8, 8, 1), "odd": (9, 17, 3)}
SMALL = {"cifar10": 16, "mnist": 16, "digits": 1, "odd": 6}  # pixels of the last layer


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("latent", [True, False])
@pytest.mark.parametrize("size", [32, 64, 128, 256, 512])
def test_shapes_of_every_size(shape: str, latent: bool, size: int) -> None:
    options = ConvAutoencoderOptions(code_size=size, latent=latent)
    height, width, n_channels = SHAPES[shape]
    if not latent and size % SMALL[shape]:
        with pytest.raises(DataError, match=rf"--code-size: found {size}: .* 2 x 3; wanted a multiple of 6$"):
            make_untrained(SHAPES[shape], options)
        return
    network = make_untrained(SHAPES[shape], options)
    images = torch.rand(3, n_channels, height, width)
    codes = network.encode(images)
    assert codes.shape == (3, size) and network.decode(codes).shape == images.shape
    assert torch.equal(network(images), network.decode(codes))
    n_values = 96 * SMALL[shape]
    wanted = (n_values + 1) * size + (size + 1) * n_values if latent else 2 * 96 * (size // SMALL[shape])
    if not latent:
        wanted += size // SMALL[shape] + 96
    layers = (network.to_code, network.from_code)
    assert sum(p.numel() for layer in layers for p in layer.parameters()) == wanted


def inputs_of(shape: tuple[int, int, int], n: int = 150, seed: int = 1) -> ImageInputs:
    rng = np.random.default_rng(seed)
    smooth = rng.random((n, 3, 3, shape[2])).repeat(-(-shape[0] // 3), axis=1).repeat(-(-shape[1] // 3), axis=2)
    noisy = 180 * smooth[:, : shape[0], : shape[1]] + 60 * rng.random((n, *shape))
    return ImageInputs(noisy.astype(np.uint8))


def principal_error(values: np.ndarray, n_axes: int) -> float:
    """Mean squared error of (N, D) values by PCA."""
    centred = values - values.mean(axis=0)
    left = np.linalg.svd(centred, compute_uv=False)[n_axes:]
    return float(np.sum(left**2) / values.size)


def start_error(inputs: ImageInputs, options: ConvAutoencoderOptions) -> float:
    network = make_conv_autoencoder(inputs, options)
    return evaluate(network, ReconstructionPhase(network, inputs, options))


@pytest.mark.parametrize("shape", [(8, 8, 1), (8, 16, 3)])
@pytest.mark.parametrize("size", [4, 12, 40])
def test_the_start_with_the_latent_layer_is_pca(shape: tuple[int, int, int], size: int) -> None:
    inputs = inputs_of(shape)
    values = inputs[torch.arange(len(inputs))].flatten(1).double().numpy()
    options = ConvAutoencoderOptions(code_size=size, widths="12-48-192")  # layers that lose nothing
    assert start_error(inputs, options) == pytest.approx(principal_error(values, size), rel=1e-2)
    by_chance = ConvAutoencoderOptions(code_size=size, widths="12-48-192", start="orthogonal")
    assert start_error(inputs, by_chance) > 1.5 * start_error(inputs, options)


def test_the_start_without_is_pca_of_the_patches() -> None:
    inputs = inputs_of((16, 16, 1))
    images = inputs[torch.arange(len(inputs))][:, 0].double().numpy()
    patches = images.reshape(-1, 2, 8, 2, 8).transpose(0, 1, 3, 2, 4).reshape(-1, 64)
    options = ConvAutoencoderOptions(code_size=4 * 5, latent=False, widths="12-48-192")
    assert start_error(inputs, options) == pytest.approx(principal_error(patches, 5), rel=1e-2)


def test_the_start_may_be_exact_and_padding_is_cut_off() -> None:
    inputs = inputs_of((7, 9, 1))  # padded to 8 x 16
    options = ConvAutoencoderOptions(code_size=128, widths="12-48-192")
    network = make_conv_autoencoder(inputs, options)
    images = inputs[torch.arange(20)]
    torch.testing.assert_close(network(images), images, atol=2e-3, rtol=0)
    torch.testing.assert_close(reconstruct_all(network, inputs)[:20], network(images).clamp(0, 1).detach())


def test_reconstructions_stay_from_0_to_1() -> None:
    inputs = inputs_of((8, 8, 1))
    network = make_conv_autoencoder(inputs, ConvAutoencoderOptions(code_size=8))
    with torch.no_grad():
        network.up[0].bias += 0.7
    found = reconstruct_all(network, inputs)
    with torch.no_grad():
        network.up[0].bias -= 1.6
    assert found.max() == 1 and reconstruct_all(network, inputs).min() == 0


def test_a_residual_begins_with_nothing_and_sees_neighbours() -> None:
    residual, images = Residual(4, 6), torch.rand(2, 4, 5, 5)
    assert torch.equal(residual(images), images)
    torch.nn.init.ones_(residual.added.weight)
    changed = images.clone()
    changed[:, 0, 2, 2] += 1
    moved = ((residual(changed) - residual(images)).abs() > 1e-6).any(1)[0].nonzero()
    assert moved.min() == 1 and moved.max() == 3 and len(moved) == 9
    assert torch.equal(Residual(4, 0)(images), images)


def test_a_residual_sees_and_adds_in_units_of_each_channel() -> None:
    residual, images = Residual(3, 5), torch.randn(2, 3, 6, 6)
    torch.nn.init.normal_(residual.added.weight)
    units, means = torch.tensor([10.0, 1.0, 0.1]), torch.tensor([1.0, -2.0, 0.5])
    wanted = residual(images) * units[:, None, None] + means[:, None, None]
    residual.scale.copy_(units)
    residual.mean.copy_(means)
    torch.testing.assert_close(residual(images * units[:, None, None] + means[:, None, None]), wanted)


def test_units_are_of_what_the_residuals_see() -> None:
    inputs = inputs_of((8, 8, 3))
    for start in ("principal", "orthogonal"):
        network = make_conv_autoencoder(inputs, ConvAutoencoderOptions(code_size=8, start=start))
        with torch.no_grad():
            seen = network.down[0](inputs[torch.arange(len(inputs))])
        for residual in (network.encoder[0], network.decoder[0]):
            torch.testing.assert_close(residual.mean, seen.mean((0, 2, 3)), atol=1e-5, rtol=1e-4)
            wanted = seen.std((0, 2, 3), correction=0).clamp(min=0.02)
            torch.testing.assert_close(residual.scale, wanted, atol=1e-5, rtol=1e-4)


def test_layers_that_began_as_axes_learn_slower() -> None:
    inputs = inputs_of((8, 8, 1))
    for start, rate in (("principal", 0.3), ("orthogonal", 1.0)):
        options = ConvAutoencoderOptions(code_size=8, start=start, linear_rate=0.3)
        network = make_conv_autoencoder(inputs, options)
        residuals, others = ReconstructionPhase(network, inputs, options).groups()
        assert (residuals.rate, others.rate) == (1.0, rate)
        assert len(residuals.parameters) == 24 and len(others.parameters) == 16
        known = {id(p) for p in (*network.down.parameters(), *network.up.parameters(),
                                 *network.to_code.parameters(), *network.from_code.parameters())}  # fmt: skip
        assert {id(p) for p in others.parameters} == known


def test_without_the_latent_layer_a_value_tells_of_a_place() -> None:
    with seeded(5):
        images = torch.rand(1, 3, 32, 32)
    changed = images.clone()
    changed[..., 0, 0] += 0.5
    for latent, trained in ((True, True), (False, False), (False, True)):
        network = make_untrained((32, 32, 3), ConvAutoencoderOptions(code_size=128, latent=latent))
        if trained:  # residuals begin as zero
            for residual in network.encoder:
                torch.nn.init.normal_(residual.added.weight)
        moved = (network.encode(changed) - network.encode(images)).abs() > 1e-7
        if latent:
            assert moved.float().mean() > 0.9
            continue
        places = moved.unflatten(1, (8, 4, 4))[0].any(0).nonzero().tolist()
        # the second place's pixels begin at 8, and it sees 14 before them; the third one's at 16
        assert places == ([[0, 0], [0, 1], [1, 0], [1, 1]] if trained else [[0, 0]])


@pytest.mark.parametrize("latent", [True, False])
@pytest.mark.parametrize("start", ["principal", "orthogonal"])
def test_losses_fall_below_the_start(latent: bool, start: str) -> None:
    inputs = ImageInputs(blots(256, 1).images)
    options = ConvAutoencoderOptions(code_size=8, latent=latent, start=start, epochs=8, batch_size=32,
                                     learning_rate=2e-3)  # fmt: skip
    network = make_conv_autoencoder(inputs, options)
    phase = ReconstructionPhase(network, inputs, options)
    history = train(network, [phase], options)
    losses = [line.losses["loss"] for line in history]
    assert losses[-1] < losses[0] and evaluate(network, phase) < 0.99 * losses[0]
    images = inputs[torch.arange(256)]
    wanted = float(((network(images).detach() - images).double() ** 2).mean())
    assert evaluate(network, phase) == pytest.approx(wanted, rel=1e-4)


def test_a_training_that_does_harm_is_refused() -> None:
    inputs = ImageInputs(blots(64, 1).images)
    options = ConvAutoencoderOptions(code_size=8, epochs=2, batch_size=16, learning_rate=3.0)
    network = make_conv_autoencoder(inputs, options)
    with pytest.raises(DataError, match=r"^--learning-rate: found 3: the loss of 'training' went from .*; wanted "):
        train(network, [ReconstructionPhase(network, inputs, options)], options)


def test_the_mean_is_kept_before_axes_without_variance() -> None:
    inputs = torch.zeros(8, 6)
    inputs[:, 0] = torch.arange(8.0)
    inputs[:, 1:] = torch.tensor([1.0, 2.0, 0.5, 4.0, 1.0])
    layer, mirror = nn.Linear(6, 2), nn.Linear(2, 6)
    with torch.no_grad():
        lost = _set_axes(layer, mirror, inputs)
        found = inputs @ layer.weight.T @ mirror.weight.T
    torch.testing.assert_close(lost, torch.zeros(6), atol=1e-5, rtol=0)
    torch.testing.assert_close(found, inputs, atol=1e-5, rtol=0)


def test_a_training_may_begin_without_an_error() -> None:
    inputs = ImageInputs(blots(64, 1).images[:, :8, :8, :1])
    options = ConvAutoencoderOptions(code_size=64, epochs=1, batch_size=16)
    network = make_conv_autoencoder(inputs, options)
    history = train(network, [ReconstructionPhase(network, inputs, options)], options)
    assert history[0].losses["loss"] < 1e-8 < history[1].losses["loss"] < 1e-4


def test_the_same_seed_gives_the_same_network() -> None:
    inputs = inputs_of((8, 8, 1))
    for start in ("principal", "orthogonal"):
        first, again, other = (
            make_conv_autoencoder(inputs, ConvAutoencoderOptions(code_size=8, start=start, seed=seed)).state_dict()
            for seed in (1, 1, 2)
        )
        assert all(torch.equal(first[name], again[name]) for name in first)
        assert any(not torch.equal(first[name], other[name]) for name in first)


def test_widths_that_are_none_are_refused() -> None:
    with pytest.raises(DataError, match=r"^--widths: found '12-48'; wanted 3 numbers as in 64-128-256$"):
        ConvAutoencoderOptions(widths="12-48")
    with pytest.raises(DataError, match=r"^--residuals: found '1-x-0'; wanted 3 numbers as in 64-128-256$"):
        ConvAutoencoderOptions(residuals="1-x-0")
