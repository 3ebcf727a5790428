"""How a loss is made small: optimisers by groups of parameters, and the learning rate over a training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from diar.nets.options import OptimizerOptions


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters whose learning rate and weight decay are ``rate`` and ``decay`` times those of the options."""

    parameters: Sequence[nn.Parameter]
    rate: float = 1.0
    decay: float = 1.0


def make_optimizer(groups: Sequence[ParameterGroup], options: OptimizerOptions) -> torch.optim.Optimizer:
    """Adam or SGD of ``groups``, each with the ``scale`` of its learning rate."""
    torch_groups = [
        {"params": list(group.parameters), "scale": group.rate, "weight_decay": options.weight_decay * group.decay}
        for group in groups
    ]
    rate, fused = options.learning_rate, options.fused or None  # None: as torch likes it
    if options.optimizer == "adam":
        return torch.optim.Adam(torch_groups, lr=rate, betas=(options.adam_beta1, 0.999), fused=fused)
    momentum, nesterov = options.momentum, options.nesterov and options.momentum > 0
    return torch.optim.SGD(torch_groups, lr=rate, momentum=momentum, nesterov=nesterov, fused=fused)


def learning_rate(options: OptimizerOptions, passed: float, epochs: int) -> float:
    """The rate when ``passed`` of ``epochs`` are over.

    ``one_cycle`` rises from 0 to the rate of the options in a share ``warmup`` of the training and falls to 0 in the
    rest (L. Smith, N. Topin, "Super-convergence", 2017).
    """
    rate, share = options.learning_rate, passed / epochs
    if options.decay_every:
        rate *= options.decay_factor ** -(int(passed) // options.decay_every)
    if options.schedule == "cosine":
        rate *= 0.5 + 0.5 * math.cos(math.pi * share)
    elif options.schedule == "one_cycle":
        rate *= share / options.warmup if share < options.warmup else (1 - share) / (1 - options.warmup)
    return rate
