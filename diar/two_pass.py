"""Two-pass diarization: features that tell the speakers of a first pass apart, for a second.

A small network learns, from statistics of half a second, which cluster of which recording a frame belongs to; its code
is a smooth stream for the information bottleneck beside the features (see ``diar/nets/speaker_net.py``). The classes
are the clusters that the first pass had while they were still many, and pure. All recordings train one network: what
tells the speakers of one apart helps in the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from diar.cluster.agglomerate import History, Labels
from diar.gmm import Float32
from diar.nets.options import DeviceOptions, SpeakerNetOptions
from diar.options import option
from diar.realign import GmmEmissions
from diar.speaker_model import SpeakerModelOptions
from diar.transforms import add_deltas, normalise, window_statistics

_SMALLEST_DEVIATION = 1e-4
_BLOCK_FRAMES = 8192


def first_pass_labels(history: History, n_clusters: int) -> Labels:
    """(S,) labels of the speech frames where the merge history had ``n_clusters``, or the number nearest to it."""
    partition = min(history, key=lambda partition: abs(partition.n_clusters - n_clusters))
    return history.frame_labels(partition)


def speaker_statistics(frames: Float32, context: int) -> Float32:
    """(S, 3 D) float32 of (S, D) speech frames laid end to end: what is known of the voice around each.

    The mean, the log deviation and the log deviation of the slopes over ``context`` frames, each of mean 0 and variance
    1 in the recording.
    """
    frames = normalise(frames, variances=True)
    dim = frames.shape[1]
    statistics = window_statistics(add_deltas(frames, order=1), context)
    deviations = np.log(np.maximum(statistics[:, 2 * dim :], _SMALLEST_DEVIATION))
    return normalise(np.hstack([statistics[:, :dim], deviations]), variances=True)


def speaker_embeddings(
    frames: Sequence[Float32], labels: Sequence[Labels], options: SpeakerNetOptions, device: DeviceOptions
) -> list[Float32]:
    """(S, E) float32 embeddings of length 1 of each recording's (S, D) speech frames, of which there are some.

    ``labels`` (S,) are the classes, each recording's own.

    Raises:
        DataError: the training diverged, or the device is not there.
    """
    import torch

    from diar.nets.speaker_net import SpeakerPhase, make_speaker_net
    from diar.nets.train import find_device, threads, train

    if not frames:
        return []
    where, stride, context = find_device(device), options.speaker_stride, options.speaker_context
    classes, n_classes = [], 0
    for own in labels:
        names, numbers = np.unique(own, return_inverse=True)
        classes.append(numbers[::stride] + n_classes)
        n_classes += len(names)
    with threads(device.num_threads):
        # made again when they are encoded: together they are three times the features
        inputs = torch.from_numpy(np.concatenate([speaker_statistics(matrix, context)[::stride] for matrix in frames]))
        network = make_speaker_net(inputs.shape[1], n_classes, options).to(where)
        phase = SpeakerPhase(network, inputs.to(where), torch.from_numpy(np.concatenate(classes)).to(where), options)
        train(network, [phase], options)
        network.eval()
        with torch.no_grad():
            return [
                _directions(torch.cat([network.encode(block.to(where)).cpu() for block in blocks]).numpy())
                for blocks in (torch.from_numpy(speaker_statistics(m, context)).split(_BLOCK_FRAMES) for m in frames)
            ]


def _directions(codes: Float32) -> Float32:
    """Codes less their mean, as directions: a distance is then the angle between two."""
    codes = normalise(codes)
    lengths = np.linalg.norm(codes, axis=1, keepdims=True)
    directions: Float32 = codes / np.maximum(lengths, np.float32(1e-6))
    return directions


@dataclass(frozen=True)
class ChoiceOptions(SpeakerModelOptions):
    """Which of two passes is kept."""

    least_gain: float = option(
        -0.1,
        "keep the second pass if its mixtures explain the features better by this, at least; a little worse is allowed "
        "by default, since it does better on whole sets of simulated meetings (egs/own/RESULTS.md)",
        unit="nats a frame",
    )


def log_likelihood_gain(frames: Float32, first: Labels, second: Labels, options: ChoiceOptions) -> float:
    """How much better (S,) labels ``second`` explain (S, D) speech frames than ``first``, in nats a frame.

    By a mixture a speaker; both share out the same number of Gaussians, so that more speakers are no advantage.
    """
    emissions = GmmEmissions(frames, options)

    def explained(labels: Labels) -> float:
        names, numbers = np.unique(labels, return_inverse=True)
        scores = emissions.scores(numbers.astype(np.int32), len(names))
        return float(scores[np.arange(len(numbers)), numbers].mean(dtype=np.float64))

    return explained(second) - explained(first)
