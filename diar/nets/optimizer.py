"""How a loss is made small: optimisers by groups of parameters, and the learning rate over a training."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

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
    """Adam or SGD of ``groups``, each with the ``scale`` of its learning rate.

    Where torch has no fused updates for the parameters (on the CPU before 2.4), a warning says so, and each is made of
    several operations.
    """
    torch_groups = [
        {"params": list(group.parameters), "scale": group.rate, "weight_decay": options.weight_decay * group.decay}
        for group in groups
    ]
    make: Callable[..., torch.optim.Optimizer]
    if options.optimizer == "adam":
        make = partial(torch.optim.Adam, lr=options.learning_rate, betas=(options.adam_beta1, 0.999))
    else:
        nesterov = options.nesterov and options.momentum > 0
        make = partial(torch.optim.SGD, lr=options.learning_rate, momentum=options.momentum, nesterov=nesterov)
    if options.fused:
        try:
            return make([dict(group) for group in torch_groups], fused=True)  # copies: it writes into them
        except (RuntimeError, TypeError):  # parameters on a device that has none; no such option of SGD
            text = f"torch {torch.__version__} has no fused updates here: sums are rounded otherwise"
            warnings.warn(text, stacklevel=2)
    return make(torch_groups)


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
