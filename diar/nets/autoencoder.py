"""The stacked autoencoder: greedy layer-wise denoising pretraining, then fine-tuning of the whole.

J. Xie, R. Girshick, A. Farhadi, "Unsupervised deep embedding for clustering analysis", ICML 2016, section 3.2, after
P. Vincent et al., "Stacked denoising autoencoders", JMLR 11, 2010. Layer i is trained as an autoencoder of its own,
with dropout of its input and of its hidden layer, to give back what the layer below made of the input; then encoders
and decoders, in reverse, are one network, fine-tuned without dropout. All layers but code and output are rectified.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from diar.nets.inputs import FrameInputs
from diar.nets.options import SaeOptions
from diar.nets.train import Phase, has_levelled_off, seeded

_BLOCK_SAMPLES = 8192  # encoded at once


class Autoencoder(nn.Module):
    """Encoder of ``widths`` from the input to the code, and the decoder that mirrors it.

    Inputs are normalised by ``mean`` and ``scale``, (I,) each, which are saved with the weights.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.widths = tuple(widths)
        self.encoder = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:], strict=False))
        self.decoder = nn.ModuleList(nn.Linear(b, a) for a, b in reversed(list(zip(widths, widths[1:], strict=False))))
        self.register_buffer("mean", torch.zeros(widths[0]))
        self.register_buffer("scale", torch.ones(widths[0]))

    @property
    def n_layers(self) -> int:
        return len(self.encoder)

    def normalise(self, inputs: Tensor) -> Tensor:
        """(B, I) inputs as the first layer sees them, and the last gives them back."""
        return (inputs - self.mean) / self.scale

    def encode(self, normal: Tensor, n_layers: int | None = None) -> Tensor:
        """(B, E) codes of normalised inputs, or the output of the first ``n_layers``."""
        for layer in range(self.n_layers if n_layers is None else n_layers):
            normal = self.encode_layer(layer, normal)
        return normal

    def decode(self, codes: Tensor) -> Tensor:
        """(B, I) reconstruction of normalised inputs."""
        for layer in reversed(range(self.n_layers)):
            codes = self.decode_layer(layer, codes)
        return codes

    def encode_layer(self, layer: int, below: Tensor) -> Tensor:
        above: Tensor = self.encoder[layer](below)
        return above if layer == self.n_layers - 1 else functional.relu(above)

    def decode_layer(self, layer: int, above: Tensor) -> Tensor:
        below: Tensor = self.decoder[self.n_layers - 1 - layer](above)
        return below if layer == 0 else functional.relu(below)


def make_autoencoder(inputs: FrameInputs, options: SaeOptions) -> Autoencoder:
    """An untrained autoencoder for ``inputs``, which it normalises to zero mean and unit variance."""
    with seeded(options.seed):
        network = Autoencoder(options.widths(inputs.width))
        if options.initial_deviation:
            for layer in (*network.encoder, *network.decoder):
                nn.init.normal_(layer.weight, std=options.initial_deviation)
                nn.init.zeros_(layer.bias)
    network.mean, network.scale = inputs.moments()
    return network


def encode_all(network: Autoencoder, inputs: FrameInputs) -> Tensor:
    """(N, E) codes of all samples, block by block."""
    network.eval()
    with torch.no_grad():
        blocks = torch.arange(len(inputs)).split(_BLOCK_SAMPLES)
        return torch.cat([network.encode(network.normalise(inputs[block])) for block in blocks])


def squared_error(found: Tensor, wanted: Tensor, squares: str) -> Tensor:
    """Mean over the batch of the squared error of a sample: mean over its values, or half their sum."""
    error = functional.mse_loss(found, wanted)
    return error * (0.5 * wanted.shape[1]) if squares == "half_sum" else error


class LayerPhase(Phase):
    """Pretraining of one layer as a denoising autoencoder of the output of the layers below."""

    def __init__(self, network: Autoencoder, layer: int, inputs: FrameInputs, options: SaeOptions) -> None:
        pair = (network.encoder[layer], network.decoder[network.n_layers - 1 - layer])
        parameters = [parameter for module in pair for parameter in module.parameters()]
        super().__init__(f"layer {layer + 1}", parameters, len(inputs), options.pretrain_epochs)
        self._network, self._layer, self._inputs, self._options = network, layer, inputs, options

    def losses(self, samples: Tensor) -> dict[str, Tensor]:
        network, layer, options = self._network, self._layer, self._options
        with torch.no_grad():
            below = network.encode(network.normalise(self._inputs[samples]), layer)
        above = network.encode_layer(layer, functional.dropout(below, options.dropout, network.training))
        if layer < network.n_layers - 1:  # a code has few values, none of which can be missed
            above = functional.dropout(above, options.dropout, network.training)
        return {"loss": squared_error(network.decode_layer(layer, above), below, options.squares)}

    def has_converged(self, losses: Sequence[float]) -> bool:
        return has_levelled_off(losses, self._options.tolerance)


class FinetunePhase(Phase):
    """Training of the whole autoencoder, without dropout."""

    def __init__(self, network: Autoencoder, inputs: FrameInputs, options: SaeOptions) -> None:
        super().__init__("fine-tuning", list(network.parameters()), len(inputs), options.finetune_epochs)
        self._network, self._inputs, self._options = network, inputs, options

    def losses(self, samples: Tensor) -> dict[str, Tensor]:
        normal = self._network.normalise(self._inputs[samples])
        found = self._network.decode(self._network.encode(normal))
        return {"loss": squared_error(found, normal, self._options.squares)}

    def has_converged(self, losses: Sequence[float]) -> bool:
        return has_levelled_off(losses, self._options.tolerance)


def sae_phases(network: Autoencoder, inputs: FrameInputs, options: SaeOptions) -> list[Phase]:
    """Pretraining from the first layer to the last, then fine-tuning."""
    layers = [LayerPhase(network, layer, inputs, options) for layer in range(network.n_layers)]
    return [*layers, FinetunePhase(network, inputs, options)]
