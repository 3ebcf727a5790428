"""A fully connected generative adversarial network (I. Goodfellow et al., "Generative Adversarial Nets", 2014)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from diar.nets.generative import Generative
from diar.nets.image_inputs import ImageInputs
from diar.nets.image_options import GanOptions, numbers
from diar.nets.train import Phase, seeded

_SLOPE = 0.2  # of the leaky rectifiers below 0
_N_EVALUATED = 2000  # images that tell the losses before and after
_AT_ONCE = 1000


class Gan(Generative):
    """A generator of pairs of Linear and ReLU, and a discriminator of pairs of Linear and LeakyReLU.

    Pixels are -1 to 1 between them.
    """

    def __init__(self, shape: tuple[int, int, int], options: GanOptions) -> None:
        super().__init__(shape, options.latent)
        hidden = numbers("--generator", options.generator)
        self.generator = _pairs([self.n_latent, *hidden], nn.ReLU)
        _spread(self.generator)
        self.generator.append(nn.Linear(hidden[-1], self.n_values)).append(nn.Tanh())
        hidden = numbers("--discriminator", options.discriminator)
        self.discriminator = _pairs([self.n_values, *hidden], lambda: nn.LeakyReLU(_SLOPE), options.dropout)
        self.discriminator.append(nn.Linear(hidden[-1], 1))

    def values(self, latents: Tensor) -> Tensor:
        found: Tensor = self.generator(latents)
        return 0.5 + 0.5 * found


def _pairs(sizes: Sequence[int], rectifier: Callable[[], nn.Module], dropout: float = 0.0) -> nn.Sequential:
    layers: list[nn.Module] = []
    for n_inputs, n_outputs in pairwise(sizes):
        layers += [nn.Linear(n_inputs, n_outputs), rectifier()]
        layers += [nn.Dropout(dropout)] if dropout else []
    return nn.Sequential(*layers)


def _spread(layers: nn.Sequential) -> None:
    """First weights that keep the variance through rectifiers (K. He et al., "Delving Deep into Rectifiers", 2015).

    torch's own make all latent vectors the same image to begin with, and the discriminator sees classes missing before
    the generator knows them.
    """
    for layer in layers:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)


def discriminator_loss(of_real: Tensor, of_fake: Tensor, real_label: float = 1.0) -> Tensor:
    """Binary cross-entropy in nats of (B, 1) scores, log-odds, of real images and of generated ones, added up.

    ``real_label`` is what real ones are to be taken for: below 1, one-sided label smoothing (T. Salimans et al.,
    "Improved Techniques for Training GANs", 2016).
    """
    cross_entropy = functional.binary_cross_entropy_with_logits
    of_real = cross_entropy(of_real, torch.full_like(of_real, real_label))
    return of_real + cross_entropy(of_fake, torch.zeros_like(of_fake))


def generator_loss(of_fake: Tensor) -> Tensor:
    """The loss that does not saturate: minus the logarithm of what the discriminator makes of (B, 1) scores, mean."""
    return functional.binary_cross_entropy_with_logits(of_fake, torch.ones_like(of_fake))


class GanPhase(Phase):
    """The discriminator's turn and the generator's, one after the other, on the same generated images."""

    ends_are_comparable = False  # each network is as good as the other lets it be
    n_evaluated = _N_EVALUATED
    evaluated_at_once = _AT_ONCE

    def __init__(self, network: Gan, inputs: ImageInputs, options: GanOptions) -> None:
        parts = [*network.generator.parameters(), *network.discriminator.parameters()]
        super().__init__("training", parts, len(inputs), options.epochs)
        self._network, self._inputs, self._options = network, inputs, options

    def turns(self, samples: Tensor) -> Iterator[tuple[Sequence[nn.Parameter], dict[str, Tensor]]]:
        """``loss`` is the sum of both: ``discriminator`` and ``generator``.

        ``real`` and ``fake`` are what the discriminator makes of images, as probabilities that they are real.
        """
        network = self._network
        fake = network.generator(torch.randn(len(samples), network.n_latent).to(self._inputs.device))
        yield list(network.discriminator.parameters()), self._of_discriminator(samples, fake.detach())
        loss = generator_loss(network.discriminator(fake))
        yield list(network.generator.parameters()), {"loss": loss, "generator": loss}

    def losses(self, samples: Tensor) -> dict[str, Tensor]:
        """The ``loss`` of both turns without an update between; the same latent vectors at every call."""
        with seeded(self._options.seed):
            found = [losses for _, losses in self.turns(samples)]
        return {"loss": sum((losses["loss"] for losses in found), torch.zeros(()))}

    def _of_discriminator(self, samples: Tensor, fake: Tensor) -> dict[str, Tensor]:
        real = 2 * self._inputs[samples].flatten(1) - 1
        of_real, of_fake = self._network.discriminator(real), self._network.discriminator(fake)
        loss = discriminator_loss(of_real, of_fake, self._options.real_label)
        told = {"real": torch.sigmoid(of_real).mean(), "fake": torch.sigmoid(of_fake).mean()}
        return {"loss": loss, "discriminator": loss, **told}
