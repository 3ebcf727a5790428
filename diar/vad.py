"""Speech detection: one value a frame, 1 for speech and 0 for anything else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diar.blocks import stretches
from diar.frames import FRAMES_PER_SECOND, num_frames, to_frame, to_seconds
from diar.options import Options, option
from diar.segments import Segment, frames_to_segments, runs, speech_frames

Speech = NDArray[np.float32]

_STRETCH_FRAMES = 1000  # handed to the detector at once

# beyond these, what was found is hardly the speech of a meeting
_LEAST_PERCENT, _MOST_PERCENT = 5, 98
_MOST_REGIONS_A_MINUTE, _FEW_REGIONS = 60, 30


@dataclass(frozen=True)
class RegionOptions(Options):
    """What of a recording is diarized; times stay those of the whole recording."""

    whole_file: bool = option(False, "take whole recordings, not only the regions of an all.uem that names them")
    uem_margin: float = option(0.0, "time to both sides of each region of all.uem that is taken, too", unit="s", low=0)


@dataclass(frozen=True)
class WebrtcOptions(Options):
    """WebRTC's detector (Gaussian mixtures on six sub-bands), a decision every 10 ms, then smoothed."""

    webrtc_mode: int = option(2, "aggressiveness: 0 takes most for speech, 3 least", low=0, high=3)
    min_silence: float = option(0.3, "shorter gaps between speech are filled", unit="s", low=0)
    min_speech: float = option(0.2, "shorter speech is dropped, after the gaps were filled", unit="s", low=0)


def webrtc_rate(sample_rate: int) -> int:
    """The rate at which to give a signal of ``sample_rate`` Hz to the detector, which takes only some."""
    return max((rate for rate in (8000, 16000) if rate <= sample_rate), default=8000)


def webrtc(blocks: Iterable[NDArray[np.float32]], sample_rate: int, options: WebrtcOptions) -> Speech:
    """(T,) float32 decisions on blocks of a signal in [-1, 1], T = round(100 x samples / sample_rate).

    ``sample_rate`` must be 8000, 16000, 32000 or 48000 (see ``webrtc_rate``). The frame at the end, if not whole, is
    decided on with zeros appended.
    """
    import webrtcvad

    detector = webrtcvad.Vad(options.webrtc_mode)
    length = sample_rate // FRAMES_PER_SECOND
    decisions: list[bool] = []
    for stretch in stretches(blocks, _STRETCH_FRAMES * length):
        n_frames = num_frames(len(stretch), sample_rate)
        samples = np.zeros(n_frames * length, dtype="<i2")
        kept = min(len(stretch), len(samples))
        samples[:kept] = np.clip(np.rint(stretch[:kept] * 32768.0), -32768, 32767)
        pcm = samples.tobytes()
        size = 2 * length
        decisions += [detector.is_speech(pcm[at : at + size], sample_rate) for at in range(0, n_frames * size, size)]
    return smooth(np.array(decisions, dtype=np.float32), options.min_silence, options.min_speech)


def smooth(speech: Speech, min_silence: float, min_speech: float) -> Speech:
    """Gaps shorter than ``min_silence`` s between speech filled, then speech shorter than ``min_speech`` s dropped."""
    smoothed = speech.copy()
    for first, last in runs(smoothed)[1:-1]:
        if smoothed[first] == 0 and last - first < to_frame(min_silence):
            smoothed[first:last] = 1
    for first, last in runs(smoothed):
        if smoothed[first] == 1 and last - first < to_frame(min_speech):
            smoothed[first:last] = 0
    return smoothed


def speech_doubt(speech: Speech) -> str:
    """What looks wrong with (T,) detected ``speech``, in words; empty if nothing does."""
    n_regions = len(frames_to_segments(speech))
    percent = 100 * float(speech.mean(dtype=np.float64)) if len(speech) else 0.0
    minutes = len(speech) / (60 * FRAMES_PER_SECOND)
    if not speech.any():
        return "no speech found"
    if percent < _LEAST_PERCENT:
        return f"only {percent:.1f} % speech found; is it a quiet channel, or another one than you want (--channel)?"
    if percent > _MOST_PERCENT:
        return f"{percent:.1f} % speech found, hardly a pause; is there loud noise or music?"
    if n_regions > max(_FEW_REGIONS, _MOST_REGIONS_A_MINUTE * minutes):
        mean = to_seconds(int(speech.sum())) / n_regions
        return f"{n_regions} regions of speech, {mean:.2f} s each on average; is it noise, or are gaps not filled?"
    return ""


def regions_doubt(speech: Speech, kept: Speech) -> str:
    """What looks wrong with ``kept``, the part of (T,) ``speech`` in the regions of all.uem, in words."""
    lost = speech.any() and not kept.any()
    return "no speech in the regions of all.uem; --uem-margin and --whole-file take more" if lost else ""


def within(speech: Speech, regions: Iterable[Segment] | None) -> Speech:
    """(T,) ``speech`` where ``regions`` are, in seconds, and none elsewhere; all of it without regions."""
    return speech if regions is None else speech * speech_frames(regions, len(speech))


def fit_length(speech: Speech, n_frames: int) -> Speech:
    """``speech`` cut, or lengthened with silence, to ``n_frames``."""
    fitted = np.zeros(n_frames, dtype=np.float32)
    kept = min(n_frames, len(speech))
    fitted[:kept] = speech[:kept]
    return fitted
