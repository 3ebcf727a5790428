"""Stacked autoencoders that images are clustered by: fully connected, or convolutional.

The convolutional one is that of X. Guo et al., "Deep clustering with convolutional autoencoders", ICONIP 2017: 5 x 5,
5 x 5 and 3 x 3 pixels, each halving the image, then a fully connected layer to the code; the decoder mirrors it. A side
that is odd before the last convolution loses its edge there (28 -> 14 -> 7 -> 3).
"""

from __future__ import annotations

from torch import nn

from diar.nets.autoencoder import Autoencoder, StackedAutoencoder, draw_weights
from diar.nets.cluster_inputs import PixelInputs, VectorInputs
from diar.nets.cluster_options import ConvSaeOptions, FcSaeOptions, ImageSaeOptions
from diar.nets.image_options import numbers
from diar.nets.train import seeded

_KERNELS = (5, 5, 3)
_CONV_AT_ONCE = 1024  # images


class ConvSae(StackedAutoencoder):
    """Three convolutions and a fully connected layer to the code of (B, C, H, W) images, and back."""

    at_once = _CONV_AT_ONCE

    def __init__(self, shape: tuple[int, ...], filters: tuple[int, ...], code_size: int) -> None:
        """``shape`` is an image's channels, height and width."""
        channels, height, width = shape
        encoder: list[nn.Module] = []
        decoder: list[nn.Module] = []
        for number, (kernel, above) in enumerate(zip(_KERNELS, filters, strict=True)):
            is_last = number == len(_KERNELS) - 1
            down, added, padding = zip(*(_halved(side, kernel, is_last) for side in (height, width)), strict=True)
            encoder.append(nn.Conv2d(channels, above, kernel, 2, padding))
            decoder.insert(0, nn.ConvTranspose2d(above, channels, kernel, 2, padding, added))
            channels, (height, width) = above, down
        n_values = channels * height * width
        encoder.append(nn.Sequential(nn.Flatten(), nn.Linear(n_values, code_size)))
        decoder.insert(0, nn.Sequential(nn.Linear(code_size, n_values), nn.Unflatten(1, (channels, height, width))))
        super().__init__(encoder, decoder, (shape[0], 1, 1), code_size)


def _halved(side: int, kernel: int, is_last: bool) -> tuple[int, int, int]:
    """Half of a side, what the mirror layer adds to an end to give it back, and the padding."""
    if is_last and side % 2 and side >= kernel:
        return (side - kernel) // 2 + 1, 0, 0
    return -(-side // 2), 1 - side % 2, kernel // 2


def make_untrained(shape: tuple[int, ...], options: ImageSaeOptions) -> StackedAutoencoder:
    """An untrained autoencoder for inputs of ``shape``: (D,) for fully connected layers, else (C, H, W).

    Without a deviation in the options, weights of convolutional networks are drawn evenly, as X. Glorot and Y. Bengio
    ("Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010) have it.
    """
    with seeded(options.seed):
        if isinstance(options, FcSaeOptions):
            network: StackedAutoencoder = Autoencoder(options.widths(*shape))
        else:
            assert isinstance(options, ConvSaeOptions)
            network = ConvSae(shape, numbers("--filters", options.filters, 3), options.bottleneck)
            for module in network.modules():
                if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
                    nn.init.xavier_uniform_(module.weight)
                    assert module.bias is not None
                    nn.init.zeros_(module.bias)
        draw_weights(network, options.initial_deviation)
    return network


def make_image_sae(inputs: PixelInputs | VectorInputs, options: ImageSaeOptions) -> StackedAutoencoder:
    """An untrained autoencoder for ``inputs``, which are made as large as they say."""
    network = make_untrained(inputs.shape, options)
    network.mean, network.scale = inputs.moments()
    return network
