"""VAE: its losses against formulas in float64, what gradients reach, and that it learns."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from diar.nets.image_inputs import ImageInputs
from diar.nets.image_options import VaeOptions
from diar.nets.train import evaluate, seeded, train
from diar.nets.vae import (
    GAUSSIAN_VARIANCE,
    Vae,
    VaePhase,
    bernoulli_nats,
    draw,
    elbo_parts,
    gaussian_nats,
    kl_divergence,
    squared_error,
)

RNG = np.random.default_rng(7)
SHAPE = (4, 5, 3)
OPTIONS = VaeOptions(hidden=24, latent=3, batch_size=16, epochs=4)


def network(likelihood: str = "bernoulli") -> Vae:
    with seeded(3):
        return Vae(SHAPE, VaeOptions(likelihood=likelihood, hidden=24, latent=3))


def images(n: int = 64, shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    """Two kinds of images: bright above or below."""
    found = RNG.integers(0, 60, (n, *shape))
    found[::2, : shape[0] // 2] += 190
    found[1::2, shape[0] // 2 :] += 190
    return found.astype(np.uint8)


# ---- formulas ------------------------------------------------------------------------------------------------------


def test_the_divergence_is_that_of_a_normal_from_the_standard_one() -> None:
    mean, log_variance = RNG.normal(size=(6, 3)), RNG.normal(size=(6, 3))
    found = kl_divergence(torch.from_numpy(mean), torch.from_numpy(log_variance)).numpy()
    sd = np.exp(log_variance / 2)
    np.testing.assert_allclose(found, np.log(1 / sd) + (sd**2 + mean**2) / 2 - 0.5, atol=1e-12)
    assert float(kl_divergence(torch.zeros(1, 1), torch.zeros(1, 1))) == 0


def test_the_divergence_is_the_mean_of_log_ratios_of_densities() -> None:
    mean, log_variance = torch.tensor([[0.7, -1.2]]), torch.tensor([[-1.0, 0.5]])
    with seeded(1):
        z = draw(mean.double().repeat(200000, 1), log_variance.double().repeat(200000, 1)).numpy()
    sd = np.exp(log_variance.double().numpy() / 2)
    ratios = stats.norm.logpdf(z, mean.double().numpy(), sd) - stats.norm.logpdf(z)
    error = ratios.std(axis=0) / math.sqrt(len(z))
    away = abs(ratios.mean(axis=0) - kl_divergence(mean, log_variance).numpy()[0])
    assert (away < 4 * error).all() and error.max() < 0.01


def test_bernoulli_nats_are_the_likelihoods() -> None:
    logits, values = RNG.normal(size=(5, 7)) * 3, RNG.integers(0, 2, (5, 7)).astype(float)
    p = 1 / (1 + np.exp(-logits))
    found = bernoulli_nats(torch.from_numpy(logits), torch.from_numpy(values))
    np.testing.assert_allclose(found, -stats.bernoulli.logpmf(values.astype(int), p).sum(axis=1), atol=1e-10)
    shares = RNG.uniform(size=(5, 7))  # between 0 and 1: the mean over drawn pixels
    wanted = -(shares * np.log(p) + (1 - shares) * np.log(1 - p)).sum(axis=1)
    np.testing.assert_allclose(bernoulli_nats(torch.from_numpy(logits), torch.from_numpy(shares)), wanted, atol=1e-10)


def test_gaussian_nats_are_the_density_and_the_squared_error_but_for_a_constant() -> None:
    logits, values = RNG.normal(size=(5, 7)), RNG.uniform(size=(5, 7))
    mean = 1 / (1 + np.exp(-logits))
    squared = squared_error(torch.from_numpy(logits), torch.from_numpy(values))
    np.testing.assert_allclose(squared, ((mean - values) ** 2).sum(axis=1), atol=1e-12)
    wanted = -stats.norm.logpdf(values, mean, math.sqrt(GAUSSIAN_VARIANCE)).sum(axis=1)
    found = gaussian_nats(squared, 7)
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    np.testing.assert_allclose(found - squared, np.full(5, 3.5 * math.log(math.pi)), atol=1e-12)


def test_gradients_reach_mean_and_variance_through_the_drawing() -> None:
    """z = mean + sd * noise: dz/dmean is 1 and dz/dlog_variance (z - mean) / 2."""
    mean = torch.tensor([[0.3, -2.0]], dtype=torch.float64, requires_grad=True)
    log_variance = torch.tensor([[0.4, -1.0]], dtype=torch.float64, requires_grad=True)
    with seeded(1):
        z = draw(mean, log_variance)
    z.sum().backward()
    assert mean.grad.tolist() == [[1, 1]]
    np.testing.assert_allclose(log_variance.grad, (z - mean).detach() / 2, atol=1e-12)


def test_drawn_vectors_have_the_moments() -> None:
    with seeded(2):
        z = draw(torch.full((100000, 1), 2.0), torch.full((100000, 1), math.log(0.25)))
    assert float(z.mean()) == pytest.approx(2, abs=0.01) and float(z.std()) == pytest.approx(0.5, abs=0.01)


# ---- the network and its training ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (32, 32, 3)])
def test_two_linear_layers_each_way(shape: tuple[int, int, int]) -> None:
    net, n = Vae(shape, VaeOptions()), math.prod(shape)
    sizes = [tuple(m.weight.shape) for m in net.modules() if isinstance(m, torch.nn.Linear)]
    assert sizes == [(400, n), (40, 400), (400, 20), (n, 400)]
    mean, log_variance = net.encode(torch.rand(2, n))
    values = net.values(mean)
    assert mean.shape == log_variance.shape == (2, 20) and values.shape == (2, n)
    assert 0 <= float(values.detach().min()) <= float(values.detach().max()) <= 1


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_the_loss_is_summed_over_pixels_and_a_mean_over_images(likelihood: str) -> None:
    """Worked out in float64 numpy from the weights alone."""
    net, pixels = network(likelihood), images(10)
    phase = VaePhase(net, ImageInputs(pixels), OPTIONS)
    with seeded(4):
        losses = {name: float(loss.detach()) for name, loss in phase.losses(torch.arange(10)).items()}
    with seeded(4):
        noise = torch.randn(10, 3).double().numpy()
    weights = {name: value.double().numpy() for name, value in net.state_dict().items()}

    def layers(x: np.ndarray, name: str) -> np.ndarray:
        hidden = np.maximum(x @ weights[f"{name}.0.weight"].T + weights[f"{name}.0.bias"], 0)
        return hidden @ weights[f"{name}.2.weight"].T + weights[f"{name}.2.bias"]

    x = pixels.transpose(0, 3, 1, 2).reshape(10, -1) / 255
    code = layers(x, "encoder")
    mean, log_variance = code[:, :3], code[:, 3:]
    y = 1 / (1 + np.exp(-layers(mean + np.exp(log_variance / 2) * noise, "decoder")))
    wanted = {"bernoulli": -(x * np.log(y) + (1 - x) * np.log(1 - y)), "gaussian": (x - y) ** 2}[likelihood].sum() / 10
    kl = -0.5 * (1 + log_variance - mean**2 - np.exp(log_variance)).sum() / 10
    assert losses == pytest.approx({"loss": wanted + kl, "reconstruction": wanted, "kl": kl}, rel=1e-5)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_losses_fall_and_latents_tell_the_kinds_apart(likelihood: str) -> None:
    net, inputs = network(likelihood), ImageInputs(images(256))
    options = VaeOptions(likelihood=likelihood, hidden=24, latent=3, batch_size=16, epochs=20, learning_rate=3e-3)
    history = train(net, [VaePhase(net, inputs, options)], options)
    told = [line.losses["loss"] for line in history]
    assert told[-1] < 0.93 * told[0] and told[-1] < told[5] < told[1]
    assert [line.phase for line in history] == [likelihood] * 21
    mean = net.encode(inputs[torch.arange(256)].flatten(1))[0].detach()
    apart = (mean[::2].mean(0) - mean[1::2].mean(0)).abs() / (mean[::2].std(0) + mean[1::2].std(0))
    assert float(apart.max()) > 2


def test_what_is_told_of_a_state_does_not_hang_on_chance() -> None:
    net = network()
    phase = VaePhase(net, ImageInputs(images()), OPTIONS)
    assert evaluate(net, phase) == evaluate(net, phase)
    net.train()
    first, second = (phase.losses(torch.arange(5))["loss"].item() for _ in range(2))
    assert first != second


def test_parts_of_the_bound_are_the_formulas_image_by_image() -> None:
    net, inputs = network("gaussian"), ImageInputs(images(12))
    parts = elbo_parts(net, inputs)
    assert {name: tuple(value.shape) for name, value in parts.items()} == {
        "bernoulli": (12,), "gaussian": (12,), "squared_error": (12,), "kl": (12, 3),
    }  # fmt: skip
    assert all(value.dtype == torch.float64 for value in parts.values())
    torch.testing.assert_close(parts["gaussian"], parts["squared_error"] + 30 * math.log(math.pi), rtol=1e-5, atol=1e-5)
    mean, log_variance = net.encode(inputs[torch.arange(12)].flatten(1))
    torch.testing.assert_close(parts["kl"].float(), kl_divergence(mean, log_variance).detach())
    again = elbo_parts(net, inputs)
    assert all(torch.equal(value, again[name]) for name, value in parts.items())
