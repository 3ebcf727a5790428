"""A stacked convolutional autoencoder of images, with or without a fully connected latent layer.

Three convolutions of 2 x 2 pixels halve the image, three transposed ones, in reverse, double it again; between them are
residuals that see neighbours: x + B gelu(A x), A of 3 x 3 pixels, B of one, which begins as zero. They see each channel
in units of its own deviation, and what they add is in these units: without, the few channels of large variance drown
all others.

So the network begins linear, and each layer may begin as the principal axes of what it sees, its mirror layer as the
way back. That is what greedy layer-wise training of linear autoencoders by squared error ends at (P. Baldi, K. Hornik,
"Neural networks and principal component analysis", Neural Networks 2, 1989), in closed form; with a latent layer the
whole begins near the PCA of the images with as many components, and the training is left what PCA cannot do.

The embedding of E values stands between encoder and decoder:

- with the latent layer it is dense: E values of the last layer's whole image, of h x w pixels and C channels, and a
  layer from E values back to it;
- without, it is an image itself: a convolution of one pixel keeps E / (h w) channels of C, and one brings C back: for
  E = 128 and CIFAR-10 8 channels of 4 x 4 pixels. Before any training each value tells of its 8 x 8 pixels alone; by
  the residuals it comes to see up to 14 more on each side.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from diar.errors import DataError
from diar.nets.image_inputs import ImageInputs
from diar.nets.image_options import ConvAutoencoderOptions, numbers
from diar.nets.optimizer import ParameterGroup
from diar.nets.train import Phase, seeded

_PATCH = 2  # pixels
_FIRST_IMAGES = 10000  # that the principal axes are of
_MOST_PATCHES = 100_000
_MEANS_WEIGHT = 1e-6  # beside the inputs' of 1
_LEAST_SCALE = 0.02  # of the values that a residual sees; pixels are from 0 to 1
_AT_ONCE = 500  # images judged
_N_EVALUATED = 2000  # images that tell the loss before and after


class Residual(nn.Module):
    """x + s B gelu(A (x - m) / s), with ``mean`` m and ``scale`` s of each channel; nothing is added to begin with.

    Of no ``hidden`` channels, nothing is ever added.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        self.hidden = hidden
        if hidden:
            self.neighbours = nn.Conv2d(width, hidden, 3, padding=1)
            self.added = nn.Conv2d(hidden, width, 1)
            _zero(self.added.weight, self.added.bias)

    def forward(self, images: Tensor) -> Tensor:
        if not self.hidden:
            return images
        scale = self.scale[:, None, None]
        normal = (images - self.mean[:, None, None]) / scale
        added: Tensor = self.added(functional.gelu(self.neighbours(normal)))
        return images + scale * added


@dataclass(frozen=True)
class _Level:
    """A layer, its mirror layer, and the residuals between the two."""

    down: nn.Conv2d
    up: nn.ConvTranspose2d
    encoder: Residual
    decoder: Residual


class ConvAutoencoder(nn.Module):
    """Embeddings of (B, C, H, W) images, 0 to 1, and images of embeddings."""

    def __init__(self, shape: tuple[int, int, int], options: ConvAutoencoderOptions) -> None:
        """``shape`` is an image's height, width and channels; sides are padded to what can be halved three times.

        Raises:
            DataError: without the latent layer, a size that is not so many channels of the smallest image.
        """
        super().__init__()
        self.height, self.width, n_channels = shape
        widths = numbers("--widths", options.widths, 3)
        self.latent, self.code_size = options.latent, options.code_size
        factor = _PATCH ** len(widths)
        self.small = (-(-self.height // factor), -(-self.width // factor))
        self.padding = (factor * self.small[0] - self.height, factor * self.small[1] - self.width)
        pairs = list(zip((n_channels, *widths), widths, strict=False))
        self.down = nn.ModuleList(nn.Conv2d(below, above, _PATCH, _PATCH) for below, above in pairs)
        self.up = nn.ModuleList(nn.ConvTranspose2d(above, below, _PATCH, _PATCH) for below, above in pairs)
        hidden = numbers("--residuals", options.residuals, 3, least=0)
        self.encoder = nn.ModuleList(map(Residual, widths, hidden))
        self.decoder = nn.ModuleList(map(Residual, widths, hidden))
        n_pixels, n_values = self.small[0] * self.small[1], options.code_size
        if options.latent:
            self.to_code: nn.Linear | nn.Conv2d = nn.Linear(n_pixels * widths[-1], n_values)
            self.from_code: nn.Linear | nn.Conv2d = nn.Linear(n_values, n_pixels * widths[-1])
            return
        if n_values % n_pixels:
            found = f"found {n_values}: without the latent layer it is channels of {self.small[0]} x {self.small[1]}"
            raise DataError("--code-size", found, f"wanted a multiple of {n_pixels}")
        self.to_code = nn.Conv2d(widths[-1], n_values // n_pixels, 1)
        self.from_code = nn.Conv2d(n_values // n_pixels, widths[-1], 1)

    def levels(self) -> list[_Level]:
        """From the image to the code."""
        modules = zip(self.down, self.up, self.encoder, self.decoder, strict=True)
        return [_Level(down, up, *residuals) for down, up, *residuals in modules]  # type: ignore[arg-type]

    def padded(self, images: Tensor) -> Tensor:
        """(B, C, H', W') images, their last pixels repeated."""
        below, right = self.padding
        return functional.pad(images, (0, right, 0, below), mode="replicate")

    def encode(self, images: Tensor) -> Tensor:
        """(B, E) embeddings of (B, C, H, W) images."""
        images = self.padded(images)
        for level in self.levels():
            images = level.encoder(level.down(images))
        code: Tensor = self.to_code(images.flatten(1) if self.latent else images)
        return code.flatten(1)

    def decode(self, codes: Tensor) -> Tensor:
        """(B, C, H, W) images of (B, E) embeddings; they may go beyond 0 and 1."""
        images: Tensor = self.from_code(codes if self.latent else codes.unflatten(1, (-1, *self.small)))
        if self.latent:
            images = images.unflatten(1, (-1, *self.small))
        images = images.contiguous(memory_format=torch.channels_last)
        for level in reversed(self.levels()):
            images = level.up(level.decoder(images))
        return images[..., : self.height, : self.width]

    def forward(self, images: Tensor) -> Tensor:
        return self.decode(self.encode(images))


def make_conv_autoencoder(inputs: ImageInputs, options: ConvAutoencoderOptions) -> ConvAutoencoder:
    """An untrained network for ``inputs``, on their device, begun from the first of them as the options say."""
    network = make_untrained(inputs.shape, options)
    with seeded(options.seed), torch.no_grad():
        images = inputs[torch.arange(min(len(inputs), _FIRST_IMAGES))].cpu()
        _begin(network, network.padded(images), options.start == "principal")
    return network.to(inputs.device)


def make_untrained(shape: tuple[int, int, int], options: ConvAutoencoderOptions) -> ConvAutoencoder:
    """An untrained network for images of (height, width, channels) ``shape``, orthogonal by chance."""
    with seeded(options.seed):
        network = ConvAutoencoder(shape, options)
        for layer in (*network.down, *network.up, network.to_code, network.from_code):
            nn.init.orthogonal_(layer.weight)
            _zero(layer.bias)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _begin(network: ConvAutoencoder, images: Tensor, principal: bool) -> None:
    """Set the scales of residuals and, if ``principal``, all layers, by ``images`` and what becomes of them."""
    for level in network.levels():
        if principal:
            patches = functional.unfold(images, _PATCH, stride=_PATCH).transpose(1, 2).flatten(0, 1)
            lost = _set_axes(level.down, level.up, patches)
            level.up.bias.copy_(lost.unflatten(0, (images.shape[1], -1)).mean(1))  # type: ignore[union-attr]
        images = level.down(images)
        deviation, mean = torch.std_mean(images, (0, 2, 3), correction=0)
        for residual in (level.encoder, level.decoder):
            residual.mean.copy_(mean)
            residual.scale.copy_(deviation.clamp(min=_LEAST_SCALE))
    if principal:
        inputs = images.flatten(1) if network.latent else images.permute(0, 2, 3, 1).flatten(0, 2)
        network.from_code.bias.copy_(_set_axes(network.to_code, network.from_code, inputs))  # type: ignore[union-attr]


def _set_axes(layer: nn.Conv2d | nn.Linear, mirror: nn.Module, inputs: Tensor) -> Tensor:
    """Let ``layer`` give principal components of (N, D) ``inputs``, not centred, and ``mirror`` the inputs of them.

    Outputs beyond the number of axes begin as zero; the residuals find a use for them. What the mirror layer still
    lacks is returned, (D,): the part of the mean that the axes do not span.
    """
    inputs = inputs[torch.randperm(len(inputs))[:_MOST_PATCHES]]
    mean = inputs.mean(0)
    centred = inputs.double() - mean.double()
    # among axes without variance the mean's comes first, where the order were one of rounding
    scatter = centred.T @ centred + _MEANS_WEIGHT * torch.outer(mean, mean)
    axes = torch.linalg.eigh(scatter)[1].flip(1).T.float()
    n_outputs = len(layer.weight)
    weight = torch.zeros(n_outputs, len(mean))
    weight[: len(axes)] = axes[:n_outputs]
    layer.weight.copy_(weight.reshape(layer.weight.shape))
    is_transposed = isinstance(mirror, nn.ConvTranspose2d)  # whose weights have its inputs first
    shape = mirror.weight.shape
    mirror.weight.copy_((weight if is_transposed else weight.T).reshape(shape))  # type: ignore[arg-type, operator]
    return mean - weight.T @ (weight @ mean)


def _zero(*parameters: Tensor | None) -> None:
    for parameter in parameters:
        assert parameter is not None
        nn.init.zeros_(parameter)


class ReconstructionPhase(Phase):
    """Training by the squared error of pixels, a mean over all of them."""

    negligible_loss = 1e-4  # 40 dB: small images may begin without an error
    n_evaluated = _N_EVALUATED
    evaluated_at_once = _AT_ONCE

    def __init__(self, network: ConvAutoencoder, inputs: ImageInputs, options: ConvAutoencoderOptions) -> None:
        super().__init__("training", list(network.parameters()), len(inputs), options.epochs)
        self._network, self._inputs, self._options = network, inputs, options

    def groups(self) -> list[ParameterGroup]:
        """Layers that are good already move less."""
        residuals = [p for level in self._network.levels() for r in (level.encoder, level.decoder)
                     for p in r.parameters()]  # fmt: skip
        known = set(map(id, residuals))
        others = [parameter for parameter in self.parameters if id(parameter) not in known]
        rate = self._options.linear_rate if self._options.start == "principal" else 1.0
        return [ParameterGroup(residuals), ParameterGroup(others, rate)]

    def losses(self, samples: Tensor) -> dict[str, Tensor]:
        """The mean squared error as ``loss``."""
        images = self._inputs[samples]
        return {"loss": functional.mse_loss(self._network(images), images)}


def reconstruct_all(network: ConvAutoencoder, inputs: ImageInputs) -> Tensor:
    """(N, C, H, W) reconstructions, cut off at 0 and 1, block by block, on the CPU."""
    network.eval()
    with torch.no_grad():
        blocks = torch.arange(len(inputs)).split(_AT_ONCE)
        return torch.cat([network(inputs[samples]).clamp(0, 1).cpu() for samples in blocks])
