"""A fully connected variational autoencoder (D. Kingma, M. Welling, "Auto-Encoding Variational Bayes", 2014)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from diar.nets.generative import Generative
from diar.nets.image_inputs import ImageInputs
from diar.nets.image_options import VaeOptions
from diar.nets.train import Phase, seeded

GAUSSIAN_VARIANCE = 0.5  # of a pixel: its log-likelihood is then minus the squared error, but for a constant
_AT_ONCE = 1000  # images judged
_N_EVALUATED = 2000  # images that tell the loss before and after
_NOISE_SEED = 20180501  # of what the judged images' latent vectors are drawn by


class Vae(Generative):
    """Two linear layers each way, rectified between; the mean and logarithm of the variance of L latent values."""

    def __init__(self, shape: tuple[int, int, int], options: VaeOptions) -> None:
        super().__init__(shape, options.latent)
        self.likelihood = options.likelihood
        self.encoder = nn.Sequential(
            nn.Linear(self.n_values, options.hidden), nn.ReLU(), nn.Linear(options.hidden, 2 * options.latent)
        )
        self.decoder = nn.Sequential(
            nn.Linear(options.latent, options.hidden), nn.ReLU(), nn.Linear(options.hidden, self.n_values)
        )

    def encode(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """(B, L) means and (B, L) logarithms of variances of (B, D) values, 0 to 1."""
        mean, log_variance = self.encoder(values).chunk(2, dim=1)
        return mean, log_variance

    def logits(self, latents: Tensor) -> Tensor:
        """(B, D) log-odds of the pixels of (B, L) latent vectors."""
        found: Tensor = self.decoder(latents)
        return found

    def values(self, latents: Tensor) -> Tensor:
        """(B, D) pixels' means, 0 to 1: no pixel is drawn."""
        return torch.sigmoid(self.logits(latents))


def draw(mean: Tensor, log_variance: Tensor) -> Tensor:
    """(B, L) latent vectors, drawn so that gradients reach their distribution; by torch's generator of the CPU."""
    noise = torch.randn(mean.shape).to(mean.device, mean.dtype)
    return mean + torch.exp(0.5 * log_variance) * noise


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """(B, L) nats from N(mean, variance) to the standard normal, of each latent value."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


def bernoulli_nats(logits: Tensor, values: Tensor) -> Tensor:
    """(B,) minus the log-likelihood of (B, D) values, 0 to 1, taken as the shares of drawn pixels."""
    return functional.binary_cross_entropy_with_logits(logits, values, reduction="none").sum(1)


def squared_error(logits: Tensor, values: Tensor) -> Tensor:
    """(B,) squared error of the pixels' means, summed over the (B, D) values."""
    return (torch.sigmoid(logits) - values).square().sum(1)


def gaussian_nats(squared: Tensor, n_values: int) -> Tensor:
    """(B,) minus the log-density of ``n_values`` values each, from their squared errors; of GAUSSIAN_VARIANCE."""
    return squared / (2 * GAUSSIAN_VARIANCE) + 0.5 * n_values * math.log(2 * math.pi * GAUSSIAN_VARIANCE)


class VaePhase(Phase):
    """Training by the evidence lower bound, negated: reconstruction and KL divergence, the batch's mean of both."""

    n_evaluated = _N_EVALUATED
    evaluated_at_once = _AT_ONCE

    def __init__(self, network: Vae, inputs: ImageInputs, options: VaeOptions) -> None:
        super().__init__(options.likelihood, list(network.parameters()), len(inputs), options.epochs)
        self._network, self._inputs, self._seed = network, inputs, options.seed

    def losses(self, samples: Tensor) -> dict[str, Tensor]:
        """``loss``, and of it ``reconstruction``, summed over the pixels, and ``kl`` in nats.

        The reconstruction is cross-entropy (Bernoulli, nats) or the squared error (Gaussian, nats but for a constant).
        """
        if not self._network.training:  # what is told of a state must not hang on chance
            with seeded(self._seed):
                return self._losses(samples)
        return self._losses(samples)

    def _losses(self, samples: Tensor) -> dict[str, Tensor]:
        values = self._inputs[samples].flatten(1)
        mean, log_variance = self._network.encode(values)
        logits = self._network.logits(draw(mean, log_variance))
        of_pixels = bernoulli_nats if self._network.likelihood == "bernoulli" else squared_error
        reconstruction = of_pixels(logits, values).mean()
        kl = kl_divergence(mean, log_variance).sum(1).mean()
        return {"loss": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}


def elbo_parts(network: Vae, inputs: ImageInputs) -> dict[str, Tensor]:
    """What the bound of all N inputs is made of, on the CPU, float64: one latent vector is drawn of each.

    ``bernoulli`` and ``gaussian`` (N,) nats and ``squared_error`` (N,) of the same reconstruction; ``kl`` (N, L) nats.
    """
    network.eval()
    found: dict[str, list[Tensor]] = {"bernoulli": [], "gaussian": [], "squared_error": [], "kl": []}
    with torch.no_grad(), seeded(_NOISE_SEED):
        for samples in torch.arange(len(inputs)).split(_AT_ONCE):
            values = inputs[samples].flatten(1)
            mean, log_variance = network.encode(values)
            logits = network.logits(draw(mean, log_variance))
            squared = squared_error(logits, values)
            found["bernoulli"].append(bernoulli_nats(logits, values))
            found["gaussian"].append(gaussian_nats(squared, network.n_values))
            found["squared_error"].append(squared)
            found["kl"].append(kl_divergence(mean, log_variance))
    return {name: torch.cat(blocks).double().cpu() for name, blocks in found.items()}
