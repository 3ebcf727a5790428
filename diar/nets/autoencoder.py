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

from diar.nets.inputs import FrameInputs, Inputs
from diar.nets.options import SaeOptions, StackOptions
from diar.nets.train import Phase, has_levelled_off, seeded


class StackedAutoencoder(nn.Module):
    """Layers of an encoder from the input to the code of ``code_size`` values, and those of the decoder that mirror it.

    Inputs are normalised by ``mean`` and ``scale``, of one input's shape each, or one that broadcasts to it; they are
    saved with the weights. ``at_once`` inputs are encoded at a time.
    """

    mean: Tensor
    scale: Tensor
    at_once = 8192

    def __init__(
        self, encoder: Sequence[nn.Module], decoder: Sequence[nn.Module], shape: Sequence[int], code_size: int
    ) -> None:
        super().__init__()
        assert len(encoder) == len(decoder), (len(encoder), len(decoder))
        self.code_size = code_size
        self.encoder = nn.ModuleList(encoder)
        self.decoder = nn.ModuleList(decoder)
        self.register_buffer("mean", torch.zeros(tuple(shape)))
        self.register_buffer("scale", torch.ones(tuple(shape)))

    @property
    def n_layers(self) -> int:
        return len(self.encoder)

    def normalise(self, inputs: Tensor) -> Tensor:
        """(B, ...) inputs as the first layer sees them, and the last gives them back."""
        return (inputs - self.mean) / self.scale

    def encode(self, normal: Tensor, n_layers: int | None = None) -> Tensor:
        """(B, E) codes of normalised inputs, or the output of the first ``n_layers``."""
        for layer in range(self.n_layers if n_layers is None else n_layers):
            normal = self.encode_layer(layer, normal)
        return normal

    def decode(self, codes: Tensor) -> Tensor:
        """(B, ...) reconstruction of normalised inputs."""
        for layer in reversed(range(self.n_layers)):
            codes = self.decode_layer(layer, codes)
        return codes

    def encode_layer(self, layer: int, below: Tensor) -> Tensor:
        above: Tensor = self.encoder[layer](below)
        return above if layer == self.n_layers - 1 else functional.relu(above)

    def decode_layer(self, layer: int, above: Tensor) -> Tensor:
        below: Tensor = self.decoder[self.n_layers - 1 - layer](above)
        return below if layer == 0 else functional.relu(below)


class Autoencoder(StackedAutoencoder):
    """Fully connected layers of ``widths`` from the input to the code, and back."""

    def __init__(self, widths: Sequence[int]) -> None:
        self.widths = tuple(widths)
        pairs = list(zip(widths, widths[1:], strict=False))
        encoder = [nn.Linear(below, above) for below, above in pairs]
        decoder = [nn.Linear(above, below) for below, above in reversed(pairs)]
        super().__init__(encoder, decoder, widths[:1], widths[-1])


def make_autoencoder(inputs: FrameInputs, options: SaeOptions) -> Autoencoder:
    """An untrained autoencoder for ``inputs``, which it normalises to zero mean and unit variance."""
    with seeded(options.seed):
        network = Autoencoder(options.widths(inputs.width))
        draw_weights(network, options.initial_deviation)
    network.mean, network.scale = inputs.moments()
    return network


def draw_weights(network: StackedAutoencoder, deviation: float) -> None:
    """Draw the weights anew from a normal of ``deviation``, unless it is 0; biases are 0 then."""
    for name, parameter in network.named_parameters() if deviation else ():
        if name.endswith("bias"):
            nn.init.zeros_(parameter)
        else:
            nn.init.normal_(parameter, std=deviation)


def encode_all(network: StackedAutoencoder, inputs: Inputs) -> Tensor:
    """(N, E) codes of all samples, block by block."""
    network.eval()
    with torch.no_grad():
        blocks = torch.arange(len(inputs)).split(network.at_once)
        return torch.cat([network.encode(network.normalise(inputs[block])) for block in blocks])


def normalised(network: StackedAutoencoder, inputs: Inputs, samples: Tensor) -> Tensor:
    """(B, ...) normalised inputs of (B,) samples, changed by chance while the network learns."""
    return network.normalise(inputs.varied(samples) if network.training else inputs[samples])


def squared_error(found: Tensor, wanted: Tensor, squares: str) -> Tensor:
    """Mean over the batch of the squared error of a sample: mean over its values, or half their sum."""
    error = functional.mse_loss(found, wanted)
    return error * (0.5 * wanted.shape[1:].numel()) if squares == "half_sum" else error


class LayerPhase(Phase):
    """Pretraining of one layer as a denoising autoencoder of the output of the layers below."""

    def __init__(self, network: StackedAutoencoder, layer: int, inputs: Inputs, options: StackOptions) -> None:
        pair = (network.encoder[layer], network.decoder[network.n_layers - 1 - layer])
        parameters = [parameter for module in pair for parameter in module.parameters()]
        super().__init__(f"layer {layer + 1}", parameters, len(inputs), options.pretrain_epochs)
        self._network, self._layer, self._inputs, self._options = network, layer, inputs, options
        self.evaluated_at_once = network.at_once
        self.is_replayable = not inputs.is_moved

    def losses(self, samples: Tensor) -> dict[str, Tensor]:
        network, layer, options = self._network, self._layer, self._options
        with torch.no_grad():
            below = network.encode(normalised(network, self._inputs, samples), layer)
        above = network.encode_layer(layer, functional.dropout(below, options.dropout, network.training))
        if layer < network.n_layers - 1:  # a code has few values, none of which can be missed
            above = functional.dropout(above, options.dropout, network.training)
        return {"loss": squared_error(network.decode_layer(layer, above), below, options.squares)}

    def has_converged(self, losses: Sequence[float]) -> bool:
        return has_levelled_off(losses, self._options.tolerance)


class FinetunePhase(Phase):
    """Training of the whole autoencoder, without dropout."""

    def __init__(self, network: StackedAutoencoder, inputs: Inputs, options: StackOptions) -> None:
        super().__init__("fine-tuning", list(network.parameters()), len(inputs), options.finetune_epochs)
        self._network, self._inputs, self._options = network, inputs, options
        self.evaluated_at_once = network.at_once
        self.is_replayable = not inputs.is_moved

    def losses(self, samples: Tensor) -> dict[str, Tensor]:
        normal = normalised(self._network, self._inputs, samples)
        found = self._network.decode(self._network.encode(normal))
        return {"loss": squared_error(found, normal, self._options.squares)}

    def has_converged(self, losses: Sequence[float]) -> bool:
        return has_levelled_off(losses, self._options.tolerance)


def sae_phases(network: StackedAutoencoder, inputs: Inputs, options: StackOptions) -> list[Phase]:
    """Pretraining from the first layer to the last, then fine-tuning."""
    layers = [LayerPhase(network, layer, inputs, options) for layer in range(network.n_layers)]
    return [*layers, FinetunePhase(network, inputs, options)]
