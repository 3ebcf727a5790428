"""Realignment: new models from given speaker labels, and a last segmentation with them.

The clustering's minimum duration is long, since short segments do not tell speakers apart; once the speakers are known,
a shorter one places the boundaries better.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diar import gmm, hmm
from diar.cluster.agglomerate import Labels
from diar.frames import to_frame
from diar.gmm import Float32
from diar.options import option
from diar.speaker_model import SpeakerModelOptions


@dataclass(frozen=True)
class RealignOptions(SpeakerModelOptions):
    """HMM/GMM realignment."""

    passes: int = option(2, "passes of training and segmentation", low=0)
    final_min_duration: float = option(1.5, "minimum duration of a segment in the last pass", unit="s", low=0.01)


def hmm_gmm(frames: Float32, labels: Labels, options: RealignOptions) -> Labels:
    """(T,) new labels of (T, D) speech frames: a mixture a speaker, then minimum-duration Viterbi, ``passes`` times.

    The number of speakers stays: a pass that would leave one without frames is refused, and those before it stand.
    """
    names = np.unique(labels)
    labels = np.searchsorted(names, labels).astype(np.int32)
    n_speakers = len(names)
    phi = gmm.expand(gmm.standardise(frames))
    total = options.total_gaussians(len(phi))
    for remaining in reversed(range(options.passes)):
        models = []
        for k in range(n_speakers):
            part = phi[labels == k]
            n_gaussians = max(1, round(total * len(part) / len(phi)))
            models.append(gmm.seed(part, n_gaussians, options.em_iterations, options.variance_floor))
        min_duration = options.min_duration if remaining else options.final_min_duration
        scores = gmm.log_likelihoods(phi, models)
        moved = hmm.viterbi(scores, to_frame(min_duration), options.self_loop, options.jump)
        if len(np.unique(moved)) == n_speakers:
            labels = moved
    named: Labels = names[labels]
    return named
