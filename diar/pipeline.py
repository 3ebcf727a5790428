"""The chain of a recording in memory: what the stages do one by one, with the same functions and the same result.

Each stage function here is called by its step, so that a recipe and ``diarize`` cannot drift apart.
"""

from __future__ import annotations

import warnings
import zlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from diar import realign, vad
from diar.audio import Audio, AudioOptions, from_samples, resample
from diar.cluster import hmm_gmm
from diar.cluster.agglomerate import (
    Labels,
    Partition,
    SpeakerCountOptions,
    SpeakerRange,
    on_all_frames,
    renumber,
)
from diar.cluster.hmm_gmm import HmmGmmOptions, most_clusters
from diar.errors import DataError
from diar.feats import MfccOptions, mfcc
from diar.frames import to_seconds
from diar.gmm import Float32
from diar.realign import RealignOptions
from diar.segments import Turn, TurnOptions, labels_to_turns, smooth_turns
from diar.vad import Speech, WebrtcOptions

# frames by which features and speech may differ: --snip-edges leaves out windows, of up to 1 s, that do not fit
_LENGTH_TOLERANCE = 100


@dataclass(frozen=True)
class PipelineOptions:
    """The options of every stage; ``realigner`` None ends with the clusters."""

    audio: AudioOptions = field(default_factory=AudioOptions)
    feats: MfccOptions = field(default_factory=MfccOptions)
    vad: WebrtcOptions = field(default_factory=WebrtcOptions)
    speakers: SpeakerCountOptions = field(default_factory=SpeakerCountOptions)
    clusters: HmmGmmOptions = field(default_factory=HmmGmmOptions)
    realigner: RealignOptions | None = field(default_factory=RealignOptions)
    turns: TurnOptions = field(default_factory=TurnOptions)


@dataclass(frozen=True)
class Diarization:
    """Who spoke when: ``labels`` (T,) int32 of each 10 ms frame, -1 for nobody; ``turns`` in seconds; the merges."""

    labels: Labels
    turns: list[Turn]
    history: list[Partition]


def diarize(
    samples: NDArray[np.float32],
    sample_rate: int,
    options: PipelineOptions | None = None,
    speech: Speech | None = None,
    recording: str = "signal",
) -> Diarization:
    """Diarize (n,) or (n, channels) samples in [-1, 1] at any ``sample_rate``, in Hz.

    ``speech`` is (T,) 1 or 0 a 10 ms frame, where it is known; ``recording`` names the samples in messages and seeds
    the dither, if any. Matrix products run on one thread, since the rounding of more could depend on their number.

    Raises:
        DataError: what ``diar.audio.from_samples`` refuses, or ``speech`` of another length.
    """
    from threadpoolctl import threadpool_limits

    options = options or PipelineOptions()
    audio = from_samples(np.asarray(samples, dtype=np.float32), sample_rate, options.audio, recording)
    with threadpool_limits(1):
        frames = wav_to_feats(audio, options.feats, recording)
        if speech is None:
            speech = wav_to_vad(audio, options.vad)
        mask = speech_mask(recording, frames, speech)
        allowed = SpeakerRange.of(options.speakers)
        labels, history = frames_to_clusters(frames, mask, options.clusters, allowed)
        if shortfall := speaker_shortfall(labels, allowed, options.clusters):
            warnings.warn(f"{recording}: {shortfall}", stacklevel=2)
        if options.realigner is not None:
            labels = realign_clusters(frames, labels, options.realigner)
    return Diarization(labels, smooth_turns(labels_to_turns(labels), options.turns), history)


def wav_to_feats(audio: Audio, options: MfccOptions, recording: str) -> Float32:
    """(T, D) cepstra; the mel bins of upsampled audio end at its own half rate; the name seeds the dither."""
    rng = np.random.default_rng([options.seed, zlib.crc32(recording.encode())])
    max_freq = 0.5 * audio.source_rate if audio.source_rate < audio.sample_rate else None
    return mfcc(audio.signal, audio.sample_rate, options, max_freq=max_freq, rng=rng)


def wav_to_vad(audio: Audio, options: WebrtcOptions) -> Speech:
    """(T,) speech by WebRTC's detector, at the nearest rate below the audio's own that it takes."""
    rate = vad.webrtc_rate(audio.sample_rate)
    return vad.webrtc(resample(audio.signal, audio.sample_rate, rate), rate, options)


def speech_mask(recording: str, frames: Float32, speech: Speech) -> NDArray[np.bool_]:
    """(T,) bool: speech of the T feature frames.

    Raises:
        DataError: the lengths differ by more than edge effects explain.
    """
    if abs(len(frames) - len(speech)) > _LENGTH_TOLERANCE:
        raise DataError(
            recording,
            f"{len(frames)} frames of features, {len(speech)} of speech decisions",
            "wanted both of the same recording",
            "make both anew",
        )
    return vad.fit_length(speech, len(frames)) > 0


def frames_to_clusters(
    frames: Float32, speech: NDArray[np.bool_], options: HmmGmmOptions, allowed: SpeakerRange
) -> tuple[Labels, list[Partition]]:
    """(T,) labels of all frames, numbered by first appearance, -1 without speech; and the merges of speech frames."""
    if not speech.any():
        return on_all_frames(np.zeros(0, dtype=np.int32), speech), []
    partition, history = hmm_gmm.cluster(np.ascontiguousarray(frames[speech]), options, allowed)
    return on_all_frames(renumber(partition.labels), speech), history


def realign_clusters(frames: Float32, labels: Labels, options: RealignOptions) -> Labels:
    """(T,) labels after realignment, numbered by first appearance; -1 stays."""
    speech = labels >= 0
    if not speech.any():
        return labels
    moved = realign.hmm_gmm(np.ascontiguousarray(frames[speech]), labels[speech], options)
    return on_all_frames(renumber(moved), speech)


def count_speakers(labels: Labels) -> int:
    """How many speakers there are in (T,) labels."""
    return len(np.unique(labels[labels >= 0]))


def speaker_shortfall(labels: Labels, allowed: SpeakerRange, options: HmmGmmOptions) -> str:
    """Why (T,) labels have fewer speakers than asked for; empty if they have enough, or there is no speech at all."""
    n_speech, n_speakers = int((labels >= 0).sum()), count_speakers(labels)
    if not n_speech or n_speakers >= allowed.fewest:
        return ""
    return (
        f"{allowed.fewest} speakers asked for, {n_speakers} made: {to_seconds(n_speech):.1f} s of speech hold "
        f"{most_clusters(n_speech, options)} minimum durations of {options.min_duration} s"
    )
