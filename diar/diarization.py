"""Who spoke when in one recording: the whole chain in memory, with the same functions as the steps of a recipe."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diar import embed
from diar.audio import Audio, AudioOptions, from_samples
from diar.cluster.agglomerate import History, Labels, SpeakerCountOptions, SpeakerRange
from diar.cluster.aib import AibOptions
from diar.cluster.hmm_gmm import HmmGmmOptions
from diar.confidence import (
    OverlapOptions,
    SpeakerScores,
    overlap_regions,
    second_speakers,
    with_confidence,
    with_second_speakers,
)
from diar.denoise import WienerOptions
from diar.energy_vad import EnergyOptions
from diar.errors import DataError
from diar.feats import FeatsOptions
from diar.frames import to_seconds
from diar.front_end import DetectorOptions, speech_mask, wav_to_feats, wav_to_vad
from diar.io.audio_files import recording_name
from diar.io.wav import WavOptions, probe_duration, read_wav
from diar.nets.options import EmbedderOptions
from diar.pipeline import (
    ClustererOptions,
    RealignerOptions,
    frames_to_clusters,
    realign_clusters,
    speaker_shortfall,
)
from diar.realign import RealignOptions
from diar.segments import Segment, Turn, TurnOptions, labels_to_turns, smooth_turns
from diar.transforms import TransformOptions, transform
from diar.vad import Speech
from diar.work import listening, part, tell_done

OnProgress = Callable[[str, float, float], None]
"""Called with the stage that goes on, and how many of the recording's seconds are done, by the work that they cost."""

_EFFORT = {"feats": 1.0, "vad": 1.4, "embed": 20.0, "clusters": 2.3, "realigned": 0.4, "confidence": 0.2}
_CLUSTERS_EFFORT: dict[type[ClustererOptions], float] = {HmmGmmOptions: 4.5, AibOptions: 0.3}
"""What stages take of a meeting of 10 minutes, in units of the first; clusterings that are not here as 2.3."""
_READING_EFFORT = 0.6  # the share of the detector's work that is done when it has heard all


@dataclass(frozen=True)
class PipelineOptions:
    """The options of every stage.

    Without ``denoise`` no noise is filtered, without ``embedder`` the features are clustered, without ``realigner`` the
    clusters are the end; ``second_speaker`` adds the second-best one where overlap is likely.
    """

    audio: AudioOptions = field(default_factory=AudioOptions)
    denoise: WienerOptions | None = None
    feats: FeatsOptions = field(default_factory=FeatsOptions)
    transforms: TransformOptions = field(default_factory=TransformOptions)
    vad: DetectorOptions = field(default_factory=EnergyOptions)
    embedder: EmbedderOptions | None = None
    speakers: SpeakerCountOptions = field(default_factory=SpeakerCountOptions)
    clusters: ClustererOptions = field(default_factory=HmmGmmOptions)
    realigner: RealignerOptions | None = field(default_factory=RealignOptions)
    turns: TurnOptions = field(default_factory=TurnOptions)
    overlap: OverlapOptions = field(default_factory=OverlapOptions)
    second_speaker: bool = False


@dataclass(frozen=True)
class Diarization:
    """Who spoke when.

    Attributes:
        recording: its name.
        labels: (T,) int32 of each 10 ms frame, the speaker's number or -1 for nobody.
        speech: (T,) float32, 1 where the detector found speech, 0 elsewhere.
        turns: in seconds, sorted by time, each with a confidence (see ``diar.confidence``).
        overlap: where two may talk at once.
        history: the merges, which can be cut at other numbers of speakers (``diar.cluster.agglomerate.cut``).
        seconds: how long each stage took.
    """

    recording: str
    labels: Labels
    speech: Speech
    turns: list[Turn]
    overlap: list[Segment]
    history: History
    seconds: Mapping[str, float]

    @property
    def duration(self) -> float:
        """The recording's length in seconds."""
        return to_seconds(len(self.labels))

    @property
    def speakers(self) -> list[str]:
        """The speakers in order of their first turns."""
        return list(dict.fromkeys(turn.speaker for turn in self.turns))


def diarize(
    samples: NDArray[np.float32],
    sample_rate: int,
    options: PipelineOptions | None = None,
    speech: Speech | None = None,
    recording: str = "signal",
) -> Diarization:
    """Diarize (n,) or (n, channels) samples in [-1, 1] at any ``sample_rate``, in Hz.

    ``speech`` is (T,) 1 or 0 a 10 ms frame, where it is known; ``recording`` names the samples in messages and seeds
    the dither, if any.

    Raises:
        DataError: integers, what ``diar.audio.from_samples`` refuses, or ``speech`` of another length.
    """
    options = options or PipelineOptions()
    array = np.asarray(samples)
    if np.issubdtype(array.dtype, np.integer):
        raise DataError(recording, f"found {array.dtype} samples", "wanted floats in [-1, 1]", "divide by full scale")
    audio = from_samples(array.astype(np.float32), sample_rate, options.audio, recording)
    return _diarize(audio, options, speech, recording)


def diarize_file(
    path: str | Path,
    options: PipelineOptions | None = None,
    speech: Speech | None = None,
    on_progress: OnProgress | None = None,
    history: History | None = None,
) -> Diarization:
    """Diarize an audio file of any format that libsndfile reads; its name is ``diar.io.audio_files.recording_name``.

    ``speech`` is as in ``diarize``; ``on_progress`` is called now and then. With the ``history`` of an earlier run, and
    that run's ``speech``, its merges are only cut anew.

    Raises:
        DataError: what ``diar.io.wav.read_wav`` refuses, or ``speech`` of another length.
    """
    options = options or PipelineOptions()
    wav_options = WavOptions(sample_rate=options.audio.sample_rate, channel=options.audio.channel)
    audio, recording = read_wav(str(path), wav_options), recording_name(Path(path))
    stages = _Stages()
    if on_progress is not None:
        duration = probe_duration(Path(path))
        audio = _told(audio, duration)
        stages = _Stages(on_progress, duration, _efforts(options, speech is not None, history is not None))
    return _diarize(audio, options, speech, recording, stages, history)


def _diarize(
    audio: Audio,
    options: PipelineOptions,
    speech: Speech | None = None,
    recording: str = "signal",
    stages: _Stages | None = None,
    history: History | None = None,
) -> Diarization:
    """Diarize ``audio``, which is read once for each of features and speech and never held whole.

    Matrix products run on one thread, since the rounding of more could depend on their number.
    """
    from threadpoolctl import threadpool_limits

    stages = stages or _Stages()
    with threadpool_limits(1), listening(stages.tell):
        stages.begin("feats")
        frames = transform(wav_to_feats(audio, options.feats, recording, options.denoise), options.transforms)
        if speech is None:
            stages.begin("vad")
            with part(0.0, _READING_EFFORT):
                speech = wav_to_vad(audio, options.vad)
        mask = speech_mask(recording, frames, speech, "name the audio that the speech is of")
        detected = mask.astype(np.float32)
        cepstra = frames
        if options.embedder is not None:
            stages.begin("embed")
            frames = embed.fit_embedder(embed.Speech([frames], [mask]), options.embedder).embed(frames)
        stages.begin("clusters")
        allowed = SpeakerRange.of(options.speakers)
        clustering = frames_to_clusters(frames, mask, options.clusters, allowed, history=history)
        labels = clustering.labels
        if shortfall := speaker_shortfall(labels, allowed, options.clusters):
            warnings.warn(f"{recording}: {shortfall}", stacklevel=3)
        if options.realigner is not None:
            stages.begin("realigned")
            labels = realign_clusters(
                frames, labels, options.realigner, background=clustering.background, fewest=allowed.fewest
            )
        stages.begin("confidence")
        scores = SpeakerScores.of(cepstra, labels)
        turns = with_confidence(smooth_turns(labels_to_turns(labels), options.turns), scores)
        second = second_speakers(scores, options.overlap)
        if options.second_speaker:
            names = [f"spk{k + 1}" for k in range(scores.n_speakers)]
            least = max(options.turns.min_turn, options.overlap.overlap_min_turn)
            turns = with_second_speakers(turns, second, names, least)
    return Diarization(recording, labels, detected, turns, overlap_regions(second), clustering.history, stages.end())


def _efforts(options: PipelineOptions, speech_is_known: bool, merges_are_known: bool) -> dict[str, float]:
    """What each of the stages that will be gone through takes, in their order."""
    efforts = _EFFORT | {"clusters": _CLUSTERS_EFFORT.get(type(options.clusters), _EFFORT["clusters"])}
    skipped = {"vad": speech_is_known, "embed": options.embedder is None, "realigned": options.realigner is None}
    if merges_are_known:
        efforts["clusters"] = 0.0
    return {stage: effort for stage, effort in efforts.items() if not skipped.get(stage, False)}


def _told(audio: Audio, duration: float) -> Audio:
    """``audio``, ``duration`` seconds long, that tells how much of it has been read."""

    def blocks() -> Iterator[NDArray[np.float32]]:
        n_read = 0
        for block in audio.blocks():
            yield block
            n_read += len(block)
            tell_done(min(1.0, n_read / (duration * audio.sample_rate)))

    return replace(audio, blocks=blocks)


class _Stages:
    """Tells how far the work is, and how long each stage took."""

    def __init__(
        self, on_progress: OnProgress | None = None, duration: float = 0.0, efforts: Mapping[str, float] | None = None
    ) -> None:
        """``duration`` is the recording's in seconds; ``efforts`` of all stages, in their order."""
        self._on_progress, self._duration, self._efforts = on_progress, duration, dict(efforts or {})
        self._seconds: dict[str, float] = {}
        self._began: tuple[str, float] | None = None

    def begin(self, stage: str) -> None:
        self.end()
        self._began = (stage, time.perf_counter())
        self.tell(0.0)

    def tell(self, share: float) -> None:
        """Tell that ``share`` of the stage that goes on is done."""
        if self._on_progress is None or self._began is None:
            return
        stage, _ = self._began
        before = list(self._efforts)[: list(self._efforts).index(stage)]
        done = sum(self._efforts[name] for name in before) + share * self._efforts[stage]
        self._on_progress(stage, self._duration * done / sum(self._efforts.values()), self._duration)

    def end(self) -> dict[str, float]:
        """End the stage that goes on; the seconds of all."""
        if self._began is not None:
            stage, began = self._began
            self._seconds[stage] = time.perf_counter() - began
        self._began = None
        return self._seconds
