"""A small network that tells speakers apart, for the code before its last layer.

The speaker discriminant of two-pass diarization (N. Dawalatabad, S. Madikeri, C. Chandra Sekhar, H. Murthy, "Two-Pass
IB based Speaker Diarization System using Meeting-Specific ANN based Features", Interspeech 2016): its classes are what
a first pass found.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from diar.nets.options import SpeakerNetOptions
from diar.nets.train import Phase, seeded


class SpeakerNet(nn.Module):
    """Inputs, a hidden layer, the code, and a class for every speaker."""

    def __init__(self, n_inputs: int, n_classes: int, options: SpeakerNetOptions) -> None:
        super().__init__()
        width = options.speaker_hidden
        self.encoder = nn.Sequential(
            nn.Linear(n_inputs, width),
            nn.ReLU(),
            nn.BatchNorm1d(width),
            nn.Dropout(options.speaker_dropout),
            nn.Linear(width, options.speaker_bottleneck),
        )
        self.classes = nn.Sequential(
            nn.BatchNorm1d(options.speaker_bottleneck), nn.ReLU(), nn.Linear(options.speaker_bottleneck, n_classes)
        )

    def encode(self, inputs: Tensor) -> Tensor:
        """(B, E) codes of (B, I) inputs."""
        codes: Tensor = self.encoder(inputs)
        return codes


def make_speaker_net(n_inputs: int, n_classes: int, options: SpeakerNetOptions) -> SpeakerNet:
    """An untrained network."""
    with seeded(options.seed):
        return SpeakerNet(n_inputs, n_classes, options)


class SpeakerPhase(Phase):
    """Training by the cross-entropy of (N,) classes, given (N, I) inputs."""

    ends_are_comparable = False  # after a few updates the batch normalisation's means are not yet those of the inputs
    smallest_batch = 2  # one sample has no variance to normalise by

    def __init__(self, network: SpeakerNet, inputs: Tensor, classes: Tensor, options: SpeakerNetOptions) -> None:
        super().__init__("speakers", list(network.parameters()), len(inputs), options.speaker_epochs)
        self._network, self._inputs, self._classes = network, inputs, classes

    def losses(self, samples: Tensor) -> dict[str, Tensor]:
        scores = self._network.classes(self._network.encode(self._inputs[samples]))
        return {"loss": functional.cross_entropy(scores, self._classes[samples])}
