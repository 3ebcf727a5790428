"""A speaker to clustering and realignment alike: an HMM state with a minimum duration and a Gaussian mixture."""

from __future__ import annotations

from dataclasses import dataclass

from diar.frames import FRAMES_PER_SECOND
from diar.options import Options, option


@dataclass(frozen=True)
class SpeakerModelOptions(Options):
    """The HMM of Gaussian mixtures."""

    seconds_per_gaussian: float = option(
        1.0, "cluster complexity ratio: speech for each Gaussian, in a recording of little speech", unit="s", low=0.1
    )
    seconds_per_gaussian_slope: float = option(
        0.013, "growth of the cluster complexity ratio with each second of speech in the recording", low=0
    )
    em_iterations: int = option(5, "iterations of EM at each training of a mixture", low=1)
    variance_floor: float = option(0.01, "smallest variance of a Gaussian, relative to all speech", low=1e-6)
    min_duration: float = option(2.5, "minimum duration of a segment", unit="s", low=0.01)
    self_loop: float = option(1.0, "weight of each frame that a segment lasts beyond its minimum", low=1e-30)
    jump: float = option(1.0, "weight of going over into any given speaker", low=1e-30)

    def total_gaussians(self, n_frames: int) -> float:
        """How many Gaussians ``n_frames`` of speech are worth, over all speakers.

        A ratio that grows with the amount of speech: D. Imseng and G. Friedland, "Robust Speaker Diarization for Short
        Speech Recordings", ASRU 2009.
        """
        seconds = n_frames / FRAMES_PER_SECOND
        return seconds / (self.seconds_per_gaussian + self.seconds_per_gaussian_slope * seconds)
