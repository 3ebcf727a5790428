"""Networks trained on meetings, and what systems make of their embeddings."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from meetings import Meeting
from numpy.typing import NDArray

from diar.background import Stream
from diar.cluster.agglomerate import SpeakerRange
from diar.embed import EmbeddingModel, Speech, principal_axes, train_dec, train_sae
from diar.nets.options import DecEmbeddingOptions, DeviceOptions, InputOptions, SaeOptions
from diar.pipeline import CLUSTERERS, REALIGNERS, frames_to_clusters, realign_clusters
from diar.score import RecordingScore

Float32 = NDArray[np.float32]

# each clusterer with the realigner that suits it (egs/own/RESULTS.md)
SYSTEMS = {"hmm_gmm": "hmm_gmm", "aib": "kl_hmm", "aib_viterbi": "hmm_gmm", "ib_hmm_gmm": "hmm_gmm"}


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
    network, history = train_sae(speech_of(meetings), options, device)
    inputs = InputOptions(options.context, options.summary)
    model = EmbeddingModel("sae", network, principal_axes(network, speech_of(meetings), inputs), inputs, {}, {}, "")
    return Trained(model, history[-1].losses["loss"], time.perf_counter() - started)


def clustered(
    sae: Trained, kind: str, meetings: Sequence[Meeting], options: DecEmbeddingOptions, device: DeviceOptions
) -> Trained:
    """DEC or IDEC from the autoencoder."""
    started = time.perf_counter()
    speech = speech_of(meetings)
    dec, history = train_dec(sae.model, kind, speech, options.dec_clusters, options, device)
    axes = principal_axes(dec.network, speech, sae.model.inputs)
    model = EmbeddingModel(kind, dec.network, axes, sae.model.inputs, {}, {}, "")
    return Trained(model, history[-1].losses["loss"], time.perf_counter() - started)


def score_system(
    meeting: Meeting, frames: Float32, clusterer: str, streams: Sequence[Stream] | None = None
) -> RecordingScore:
    """The score of a clusterer and its realigner on ``frames``, or on ``streams`` where it combines them."""
    found = frames_to_clusters(frames, meeting.speech, CLUSTERERS[clusterer](), SpeakerRange(), streams)
    realigner = REALIGNERS[SYSTEMS[clusterer]]()
    return meeting.score(realign_clusters(frames, found.labels, realigner, streams, found.background))
