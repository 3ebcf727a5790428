"""Networks trained on meetings, and what becomes of their embeddings."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from meetings import Meeting
from numpy.typing import NDArray

from diar.background import Stream
from diar.cluster.agglomerate import Labels, SpeakerRange, on_all_frames
from diar.embed import EmbeddingModel, Speech, fit_dec, fit_sae, soft_labels, train_dec
from diar.nets.options import (
    DecEmbeddingOptions,
    DecOptions,
    DeviceOptions,
    SaeOptions,
    SpeakerNetOptions,
)
from diar.pipeline import CLUSTERERS, REALIGNERS, frames_to_clusters, realign_clusters
from diar.realign import SmoothOptions
from diar.score import RecordingScore
from diar.two_pass import ChoiceOptions, first_pass_labels, log_likelihood_gain, speaker_embeddings

Float32 = NDArray[np.float32]

# each clusterer with the realigner that suits it (egs/own/RESULTS.md)
SYSTEMS = {"hmm_gmm": "hmm_gmm", "aib": "kl_hmm", "aib_viterbi": "hmm_gmm", "ib_hmm_gmm": "hmm_gmm"}
SECOND_PASS = (0.9, 0.35)  # weight and variance scale of the speakers' stream, as in egs/own/two_pass.sh


@dataclass(frozen=True)
class Trained:
    """A model, the last loss of its training and the seconds that it took."""

    model: EmbeddingModel
    loss: float
    seconds: float

    def embed(self, meetings: Sequence[Meeting]) -> list[Float32]:
        """(T, E) embeddings of each meeting."""
        return [self.model.embed(meeting.frames) for meeting in meetings]


def speech_of(meetings: Sequence[Meeting]) -> Speech:
    """What networks learn from."""
    return Speech([meeting.frames for meeting in meetings], [meeting.speech for meeting in meetings])


def autoencoder(meetings: Sequence[Meeting], options: SaeOptions, device: DeviceOptions) -> Trained:
    """A stacked autoencoder of all meetings together."""
    started = time.perf_counter()
    model, history = fit_sae(speech_of(meetings), options, device)
    return Trained(model, history[-1].losses["loss"], time.perf_counter() - started)


def clustered(
    sae: Trained, kind: str, meetings: Sequence[Meeting], options: DecEmbeddingOptions, device: DeviceOptions
) -> Trained:
    """DEC or IDEC from the autoencoder."""
    started = time.perf_counter()
    model, history = fit_dec(sae.model, kind, speech_of(meetings), options, device)
    return Trained(model, history[-1].losses["loss"], time.perf_counter() - started)


def dec_labels(
    sae: Trained, kind: str, meeting: Meeting, seed: int, device: DeviceOptions
) -> tuple[RecordingScore, RecordingScore]:
    """The scores of the clusterer dec, raw and smoothed, told the true number of speakers."""
    nobody = np.full(len(meeting.frames), -1, dtype=np.int32)
    n_speakers = meeting.score(nobody).n_true
    speech = speech_of([meeting])
    model, _ = train_dec(sae.model, kind, speech, n_speakers, DecOptions(seed=seed), device)
    soft = soft_labels(model, meeting.frames, meeting.speech, sae.model.inputs)
    labels = on_all_frames(soft.argmax(axis=1).astype(np.int32), meeting.speech)
    smooth = realign_clusters(meeting.frames, labels, SmoothOptions(), soft_labels=soft)
    return meeting.score(labels), meeting.score(smooth)


def second_pass(
    meetings: Sequence[Meeting], seed: int, device: DeviceOptions
) -> list[tuple[RecordingScore, RecordingScore]]:
    """The scores of the second of two passes, and of the pass that is kept."""
    options, realigner = CLUSTERERS["aib_viterbi"](), REALIGNERS["hmm_gmm"]()
    network = SpeakerNetOptions(seed=seed)
    first = [frames_to_clusters(m.frames, m.speech, options, SpeakerRange()) for m in meetings]
    spoken = [np.ascontiguousarray(m.frames[m.speech]) for m in meetings]
    classes = [first_pass_labels(found.history, network.first_pass_clusters) for found in first]
    scores = []
    for number, codes in enumerate(speaker_embeddings(spoken, classes, network, device)):
        meeting = meetings[number]
        frames = np.zeros((len(meeting.frames), codes.shape[1]), dtype=np.float32)
        frames[meeting.speech] = codes
        streams = (Stream("feats", meeting.frames, 1 - SECOND_PASS[0]), Stream("speakers", frames, *SECOND_PASS))
        found = frames_to_clusters(meeting.frames, meeting.speech, options, SpeakerRange(), streams)
        passes: list[Labels] = [
            realign_clusters(meeting.frames, labels, realigner) for labels in (first[number].labels, found.labels)
        ]
        gain = log_likelihood_gain(
            spoken[number], passes[0][meeting.speech], passes[1][meeting.speech], ChoiceOptions()
        )
        kept = passes[gain >= ChoiceOptions().least_gain]
        scores.append((meeting.score(passes[1]), meeting.score(kept)))
    return scores
