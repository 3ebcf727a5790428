"""Realignment: new models from given speaker labels, and a last segmentation with them.

The clustering's minimum duration is long, since short segments do not tell speakers apart; once the speakers are known,
a shorter one places the boundaries better.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diar import gmm, hmm
from diar.cluster.agglomerate import Labels
from diar.frames import FRAMES_PER_SECOND, to_frame
from diar.gmm import Float32
from diar.options import Options, option


@dataclass(frozen=True)
class RealignOptions(Options):
    """HMM/GMM realignment."""

    passes: int = option(2, "passes of training and segmentation", low=0)
    realign_min_duration: float = option(1.5, "minimum duration of a segment in the last pass", unit="s", low=0.01)
    min_duration: float = option(2.5, "minimum duration of a segment in the passes before it", unit="s", low=0.01)
    seconds_per_gaussian: float = option(7.0, "speech for each Gaussian of a speaker's mixture", unit="s", low=0.1)
    em_iterations: int = option(3, "iterations of EM at each split of a mixture", low=1)
    self_loop: float = option(1.0, "weight of each frame that a segment lasts beyond its minimum", low=1e-30)
    jump: float = option(1.0, "weight of going over into any given speaker", low=1e-30)
    variance_floor: float = option(0.01, "smallest variance of a Gaussian, relative to all speech", low=1e-6)


def hmm_gmm(frames: Float32, labels: Labels, options: RealignOptions) -> Labels:
    """(T,) new labels of (T, D) speech frames: a mixture a speaker, then minimum-duration Viterbi, ``passes`` times.

    The number of speakers stays: a pass that would leave one without frames is refused, and those before it stand.
    """
    n_speakers = int(labels.max()) + 1
    phi = gmm.expand(gmm.standardise(frames))
    for remaining in reversed(range(options.passes)):
        models = [_train(phi[labels == k], options) for k in range(n_speakers)]
        min_duration = options.min_duration if remaining else options.realign_min_duration
        scores = gmm.log_likelihoods(phi, models)
        moved = hmm.viterbi(scores, to_frame(min_duration), options.self_loop, options.jump)
        if len(np.unique(moved)) == n_speakers:
            labels = moved
    return labels


def _train(phi: Float32, options: RealignOptions) -> gmm.Gmm:
    n_gaussians = max(1, round(len(phi) / FRAMES_PER_SECOND / options.seconds_per_gaussian))
    return gmm.seed(phi, n_gaussians, options.em_iterations, options.variance_floor)
