"""Autoencoders of images: shapes that come back, layers, first weights; clustering as for speech."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from image_sets import blots
from torch import nn

from diar.errors import DataError
from diar.nets.autoencoder import encode_all, sae_phases
from diar.nets.cluster_inputs import PixelInputs
from diar.nets.cluster_options import ConvSaeOptions, FcSaeOptions, ImageDecOptions
from diar.nets.dec import Dec, DecPhase, soft_assignment
from diar.nets.image_sae import make_image_sae, make_untrained
from diar.nets.train import evaluate, train

IMAGES = blots(90, 1).images
FC = FcSaeOptions(hidden="12-8", bottleneck=3, pretrain_epochs=2, finetune_epochs=3, batch_size=32)
CONV = ConvSaeOptions(filters="4-6-8", bottleneck=3, pretrain_epochs=2, finetune_epochs=3, batch_size=32,
                      learning_rate=5e-3)  # fmt: skip
ALL = torch.arange(len(IMAGES))


def inputs(flat: bool = False, moved: bool = False, input_range: float = 1.0) -> PixelInputs:
    return PixelInputs(IMAGES, flat, moved, input_range)


@pytest.mark.parametrize(
    ("side", "sizes"), [(28, (14, 7, 3)), (32, (16, 8, 4)), (8, (4, 2, 1)), (10, (5, 3, 1)), (31, (16, 8, 4))]
)
def test_convolutions_halve_the_image_and_their_mirrors_give_it_back(side: int, sizes: tuple[int, ...]) -> None:
    network = make_untrained((3, side, side), ConvSaeOptions())
    images = torch.rand(2, 3, side, side)
    with torch.no_grad():
        for n_layers, (channels, size) in enumerate(zip((32, 64, 128), sizes, strict=True), start=1):
            assert network.encode(images, n_layers).shape == (2, channels, size, size)
        codes = network.encode(images)
        assert codes.shape == (2, 10) == (2, network.code_size) and (codes < 0).any()
        assert network.decode(codes).shape == images.shape
    assert [layer.kernel_size[0] for layer in list(network.encoder)[:3]] == [5, 5, 3]


def test_sides_that_differ_come_back() -> None:
    network = make_untrained((1, 7, 28), CONV)
    with torch.no_grad():
        assert network.decode(network.encode(torch.rand(2, 1, 7, 28))).shape == (2, 1, 7, 28)


def test_first_weights_are_even_and_glorots_torchs_or_of_a_normal() -> None:
    conv = make_untrained((1, 28, 28), ConvSaeOptions())
    bound = (6 / (25 * 32 + 25 * 64)) ** 0.5  # of the values that go in and come out, 5 x 5 pixels each
    assert 0.95 * bound < conv.encoder[1].weight.abs().max() <= bound
    fc = make_untrained((784,), FcSaeOptions())
    assert fc.widths == (784, 500, 500, 2000, 10) and 0.95 / 28 < fc.encoder[0].weight.abs().max() <= 1 / 28
    for options, shape in ((ConvSaeOptions(initial_deviation=0.01), (1, 28, 28)),
                           (FcSaeOptions(initial_deviation=0.01), (784,))):  # fmt: skip
        network = make_untrained(shape, options)
        for name, value in network.named_parameters():
            if name.endswith("bias"):
                assert not value.any()
            else:
                assert float(value.detach().std()) == pytest.approx(0.01, rel=0.1)
        other = make_untrained(shape, type(options)(initial_deviation=0.01, seed=2))
        assert not torch.equal(next(other.parameters()), next(network.parameters()))


@pytest.mark.parametrize(("options", "flat"), [(FC, True), (CONV, False)], ids=["fc", "conv"])
@pytest.mark.parametrize("squares", ["mean", "half_sum"])
def test_greedy_layers_and_fine_tuning_lower_the_loss(options: FcSaeOptions, flat: bool, squares: str) -> None:
    rate = 1e-3 if squares == "mean" else 2e-4
    options = type(options)(**{**vars(options), "squares": squares, "learning_rate": rate, "pretrain_epochs": 6})
    seen = inputs(flat)
    network = make_image_sae(seen, options)
    phases = sae_phases(network, seen, options)
    names = [f"layer {n + 1}" for n in range(3 if flat else 4)] + ["fine-tuning"]
    assert [phase.name for phase in phases] == names
    for phase in phases:
        before, weights = evaluate(network, phase), copy.deepcopy(network.state_dict())
        train(network, [phase], options)
        assert evaluate(network, phase) < before
        changed = {name.split(".")[0] + name.split(".")[1] for name, value in network.state_dict().items()
                   if not torch.equal(value, weights[name])}  # fmt: skip
        n = len(phases) - 1
        number = names.index(phase.name)
        everything = {f"{part}{k}" for part in ("encoder", "decoder") for k in range(n)}
        assert changed == (everything if number == n else {f"encoder{number}", f"decoder{n - 1 - number}"})
    with torch.no_grad():
        normal = network.normalise(seen[ALL])
        errors = (network.decode(network.encode(normal)) - normal).square().flatten(1)
    wanted = errors.mean() if squares == "mean" else errors.sum(1).mean() / 2
    assert evaluate(network, phases[-1]) == pytest.approx(float(wanted), rel=1e-4)


def conv_model() -> Dec:
    network = make_image_sae(inputs(), CONV)
    return Dec(network, encode_all(network, inputs())[:4].clone())


def test_idec_without_reconstruction_makes_the_steps_of_dec_for_convolutions_too() -> None:
    options = ImageDecOptions(batch_size=32, max_intervals=2, update_interval=4, n_clusters=4)
    models = [conv_model() for _ in range(2)]
    for model, weight in zip(models, (0.0, 1e-30), strict=True):
        train(model, [DecPhase(model, inputs(moved=True), options, weight, 1.0)], options)
    for (name, one), other in zip(models[0].state_dict().items(), models[1].state_dict().values(), strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=0, atol=1e-20, err_msg=name)
    assert not torch.equal(models[0].centres, conv_model().centres)


def test_the_target_is_of_all_clean_images_and_stays_while_moved_ones_are_drawn_to_it() -> None:
    """A target of the batch, of what chance made of it, or of codes after an update would be another."""
    options = ImageDecOptions(optimizer="sgd", momentum=0.0, learning_rate=0.5, batch_size=30, max_intervals=1,
                              update_interval=2, fused=False, n_clusters=4)  # fmt: skip
    batches, seen = [], []

    class Recorded(PixelInputs):
        def varied(self, samples: torch.Tensor) -> torch.Tensor:
            batches.append(samples)
            seen.append(super().varied(samples))
            return seen[-1]

    model, wanted = conv_model(), conv_model()
    train(model, [DecPhase(model, Recorded(IMAGES, False, True, 1.0), options, 0.0, 1.0)], options)
    with torch.no_grad():
        q = soft_assignment(wanted.network.encode(inputs()[ALL]), wanted.centres)
        p = q**2 / q.sum(dim=0)
        p /= p.sum(dim=1, keepdim=True)
    parameters = [*wanted.network.encoder.parameters(), wanted.centres]
    assert len(batches) == 2
    for batch, images in zip(batches, seen, strict=True):
        assert not torch.equal(images, inputs()[batch])
        q = soft_assignment(wanted.network.encode(images), wanted.centres)
        loss = (p[batch] * (p[batch].log() - q.log())).sum() / len(batch)
        for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            parameter.data -= 0.5 * gradient
    for (name, value), other in zip(model.named_parameters(), wanted.parameters(), strict=True):
        np.testing.assert_allclose(value.detach().numpy(), other.detach().numpy(), atol=2e-6, err_msg=name)


@pytest.mark.parametrize(("options", "flat"), [(FC, True), (CONV, False)], ids=["fc", "conv"])
def test_all_is_on_the_device_of_the_inputs(options: FcSaeOptions, flat: bool) -> None:
    """Another than the CPU, which counts, but does not compute: tensors of two devices are refused there, too."""
    elsewhere = torch.device("meta")
    seen = PixelInputs(IMAGES, flat, True, 1.0, elsewhere)
    network = make_image_sae(seen, options).to(elsewhere).train()
    model = Dec(network, torch.zeros(4, 3, device=elsewhere))
    clustering = [DecPhase(model, seen, ImageDecOptions(), weight, 1.0) for weight in (0.0, 1.0)]
    for phase in (*sae_phases(network, seen, options), *clustering):
        loss = phase.losses(torch.arange(16))["loss"]
        loss.backward(inputs=phase.parameters)
        assert loss.device == elsewhere


@pytest.mark.parametrize("values", [{"filters": "4-6"}, {"filters": "4-6-0"}, {"input_range": 0.0}, {"bottleneck": 0}])
def test_bad_options_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(DataError, match=f"^--{next(iter(values)).replace('_', '-')}: found"):
        ConvSaeOptions(**values)


def test_layers_of_convolutions_are_modules_of_their_own() -> None:
    network = make_untrained((1, 28, 28), CONV)
    kinds = [type(layer) for layer in network.encoder]
    assert kinds == [nn.Conv2d, nn.Conv2d, nn.Conv2d, nn.Sequential] and len(network.decoder) == 4
