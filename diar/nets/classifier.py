"""Classifiers of images: a basic convolutional network and a small residual one that learns fast.

The residual network has what made CIFAR-10 fast (D. Page, "How to train your ResNet", 2018; K. Jordan, "94% on CIFAR-10
in 3.29 seconds on a single GPU", 2024): a first layer that whitens patches of 2 x 2 pixels, convolutions that begin as
the identity, biases of the batch normalisations that learn faster than all else, smoothed labels.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

from diar.nets.image_inputs import Augmenter, ImageInputs
from diar.nets.image_options import AugmentOptions, BasicNetOptions, ClassifierOptions, ResNetOptions, numbers
from diar.nets.optimizer import ParameterGroup
from diar.nets.train import Phase, seeded

_AT_ONCE = 500  # images judged
_N_EVALUATED = 2000  # images that tell the loss before and after
_SMALLEST_UNPADDED = 16  # pixels
_PATCH = 2  # pixels
_WHITENED_IMAGES = 2000
_WHITENING_FLOOR = 5e-4  # of variances, in units of the normalised pixels'
_SCORE_SCALE = 1 / 9


class Classifier(nn.Module, ABC):
    """Scores of K classes from images that are normalised by ``mean`` and ``deviation``, (C,) each."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, n_channels: int, n_classes: int) -> None:
        super().__init__()
        self.n_classes = n_classes
        self.register_buffer("mean", torch.zeros(n_channels))
        self.register_buffer("deviation", torch.ones(n_channels))

    def normalise(self, images: Tensor) -> Tensor:
        """(B, C, H, W) images, 0 to 1, with zero mean and unit variance."""
        return (images - self.mean[:, None, None]) / self.deviation[:, None, None]

    @abstractmethod
    def features(self, images: Tensor) -> Tensor:
        """(B, F) what the last layer sees of (B, C, H, W) images, 0 to 1."""

    @abstractmethod
    def forward(self, images: Tensor) -> Tensor:
        """(B, K) scores, the logarithms of probabilities up to a constant."""


class BasicNet(Classifier):
    """Conv, MaxPool, Conv, MaxPool and three fully connected layers, rectified between."""

    def __init__(self, shape: tuple[int, int, int], n_classes: int, options: BasicNetOptions) -> None:
        """``shape`` is an image's height, width and channels; small images are padded."""
        height, width, n_channels = shape
        super().__init__(n_channels, n_classes)
        first, second = numbers("--filters", options.filters, 2)
        wide, narrow = numbers("--hidden", options.hidden, 2)
        padding = 0 if min(height, width) >= _SMALLEST_UNPADDED else 2
        self.convolutions = nn.Sequential(
            nn.Conv2d(n_channels, first, 5, padding=padding), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(first, second, 5, padding=padding), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        )  # fmt: skip
        for _ in range(2):
            height, width = ((size - 4 + 2 * padding) // 2 for size in (height, width))
        self.hidden = nn.Sequential(
            nn.Linear(second * height * width, wide), nn.ReLU(), nn.Linear(wide, narrow), nn.ReLU()
        )
        self.classes = nn.Linear(narrow, n_classes)

    def features(self, images: Tensor) -> Tensor:
        found: Tensor = self.hidden(self.convolutions(self.normalise(images)))
        return found

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.classes(self.features(images))
        return scores


class Stage(nn.Module):
    """A convolution and a pooling, then a residual of further convolutions; each normalised over the batch."""

    def __init__(self, n_inputs: int, width: int, n_convolutions: int, pools: bool) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(n_inputs if n == 0 else width, width, 3, padding=1, bias=False) for n in range(n_convolutions)
        )
        self.norms = nn.ModuleList(_norm(width) for _ in range(n_convolutions))
        self._pools = pools

    def forward(self, images: Tensor) -> Tensor:
        images = self.convolutions[0](images)
        if self._pools:
            images = functional.max_pool2d(images, 2)
        images = functional.gelu(self.norms[0](images))
        residual = images
        for convolution, norm in zip(list(self.convolutions)[1:-1], list(self.norms)[1:-1], strict=True):
            residual = functional.gelu(norm(convolution(residual)))
        return functional.gelu(images + self.norms[-1](self.convolutions[-1](residual)))


class ResNet(Classifier):
    """A layer of patches, three stages that halve the image, the maximum over what is left, and a linear layer."""

    def __init__(self, shape: tuple[int, int, int], n_classes: int, options: ResNetOptions) -> None:
        """``shape`` is an image's height, width and channels."""
        height, width, n_channels = shape
        super().__init__(n_channels, n_classes)
        n_filters = 2 * n_channels * _PATCH**2
        self.patches = nn.Conv2d(n_channels, n_filters, _PATCH)
        self.patches.weight.requires_grad_(not options.whitening)
        stages: list[Stage] = []
        size = min(height, width) - _PATCH + 1
        for channels in numbers("--widths", options.widths, 3):
            stages.append(Stage(n_filters, channels, options.convolutions, pools=size > 1))
            n_filters, size = channels, max(size // 2, 1)
        self.stages = nn.Sequential(*stages)
        self.classes = nn.Linear(n_filters, n_classes, bias=False)
        if options.identity:
            for stage in stages:
                for convolution in stage.convolutions:
                    assert isinstance(convolution, nn.Conv2d)
                    pass_on(convolution)

    def features(self, images: Tensor) -> Tensor:
        found: Tensor = self.stages(functional.gelu(self.patches(self.normalise(images))))
        return found.amax((2, 3))

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.classes(self.features(images)) * _SCORE_SCALE
        return scores


def _norm(width: int) -> nn.BatchNorm2d:
    """Batch normalisation whose scale is not trained, and whose means follow the last batches, as short trainings want.

    The rate falls to 0 in the end, so that the last batches are alike.
    """
    norm = nn.BatchNorm2d(width, momentum=0.4)
    norm.weight.requires_grad_(False)
    return norm


def pass_on(convolution: nn.Conv2d) -> None:
    """Let the first filters of ``convolution`` pass its channels on as they are; further filters stay by chance."""
    with torch.no_grad():
        nn.init.dirac_(convolution.weight[: convolution.in_channels])


def whitening_filters(images: Tensor, size: int = _PATCH, floor: float = _WHITENING_FLOOR) -> Tensor:
    """(2 P, C, size, size) filters that make the P = C size^2 values of a patch uncorrelated, of unit variance.

    They are the principal axes of all patches of (N, C, H, W) ``images``, each divided by its deviation, and the same
    with the other sign, since what follows is rectified; ``floor`` is added to variances.
    """
    n_channels = images.shape[1]
    patches = functional.unfold(images, size).transpose(1, 2).reshape(-1, n_channels * size**2).double()
    variances, axes = torch.linalg.eigh(torch.cov(patches.T, correction=0).cpu())
    largest = axes.abs().argmax(0)
    axes = axes * axes[largest, torch.arange(len(variances))].sign()  # an axis has no sign of its own
    filters = (axes / (variances.clamp(min=0) + floor).sqrt()).T.flip(0).float()
    return torch.cat([filters, -filters]).reshape(-1, n_channels, size, size)


def make_network(shape: tuple[int, int, int], n_classes: int, options: ClassifierOptions) -> Classifier:
    """An untrained network for images of (height, width, channels) ``shape``: the one that the options are of."""
    with seeded(options.seed):
        if isinstance(options, ResNetOptions):
            return ResNet(shape, n_classes, options)
        assert isinstance(options, BasicNetOptions), options
        return BasicNet(shape, n_classes, options)


def make_classifier(inputs: ImageInputs, n_classes: int, options: ClassifierOptions) -> Classifier:
    """An untrained network for ``inputs``, on their device, that normalises them and, if asked for, whitens them."""
    network = make_network(inputs.shape, n_classes, options)
    network.mean, network.deviation = inputs.moments()
    network = network.to(inputs.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if isinstance(network, ResNet) and isinstance(options, ResNetOptions) and options.whitening:
        images = network.normalise(inputs[torch.arange(min(len(inputs), _WHITENED_IMAGES))])
        with torch.no_grad():
            network.patches.weight.copy_(whitening_filters(images))
            network.patches.bias.zero_()  # type: ignore[union-attr]
    return network


class ClassifierPhase(Phase):
    """Training by the cross-entropy of smoothed labels, of images that are moved by chance."""

    ends_are_comparable = False  # batch normalisation, smoothing and the images' moves differ between the ends
    smallest_batch = 2  # one sample has no variance to normalise by
    n_evaluated = _N_EVALUATED
    evaluated_at_once = _AT_ONCE

    def __init__(
        self,
        network: Classifier,
        inputs: ImageInputs,
        labels: Tensor,
        options: ClassifierOptions,
        augmentation: AugmentOptions,
    ) -> None:
        """``labels`` are (N,) int64, of the inputs."""
        trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
        super().__init__("training", trained, len(inputs), options.epochs)
        self._network, self._inputs, self._options = network, inputs, options
        self._labels = labels.to(inputs.device)
        self._augmenter = Augmenter(inputs, augmentation, options.seed)

    def losses(self, samples: Tensor) -> dict[str, Tensor]:
        """The cross-entropy in nats as ``loss``, and the share of wrong classes as ``error``."""
        if self._network.training:
            images = self._inputs.at(samples, *self._augmenter.places(samples, self.epoch))
        else:
            images = self._inputs[samples]
        scores, labels = self._network(images), self._labels[samples.to(self._inputs.device)]
        loss = functional.cross_entropy(scores, labels, label_smoothing=self._options.label_smoothing)
        return {"loss": loss, "error": (scores.argmax(1) != labels).float().mean()}

    def groups(self) -> list[ParameterGroup]:
        """The biases of normalisations learn faster, and decay as much less."""
        rate = self._options.bias_rate if isinstance(self._options, ResNetOptions) else 1.0
        norms = [module for module in self._network.modules() if isinstance(module, nn.BatchNorm2d)]
        biases = [norm.bias for norm in norms]
        if not biases:
            return [ParameterGroup(self.parameters)]
        known = set(map(id, biases))
        others = [parameter for parameter in self.parameters if id(parameter) not in known]
        return [ParameterGroup(others), ParameterGroup(biases, rate, 1 / rate)]


def scores_of(network: Classifier, inputs: ImageInputs, mirror: bool = False) -> Tensor:
    """(N, K) scores of all images, block by block, on the CPU; with ``mirror`` the mean with those of mirror images."""
    network.eval()
    with torch.no_grad():
        blocks = []
        for samples in torch.arange(len(inputs)).split(_AT_ONCE):
            images = inputs[samples]
            scores = network(images)
            blocks.append((scores + network(images.flip(3))) / 2 if mirror else scores)
        return torch.cat(blocks).float().cpu()


def features_of(network: Classifier, inputs: ImageInputs) -> Tensor:
    """(N, F) what the last layer sees of all images, block by block, on the CPU."""
    network.eval()
    with torch.no_grad():
        blocks = torch.arange(len(inputs)).split(_AT_ONCE)
        return torch.cat([network.features(inputs[samples]) for samples in blocks]).float().cpu()
