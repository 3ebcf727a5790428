"""Segments, and what they tell of the relevance variables of the information bottleneck: p(y|x).

Legend: t frame, T speech frames; x segment, N segments; y relevance variable, Y of them (``diar.background``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diar.background import (
    Background,
    BackgroundOptions,
    Float32,
    Float64,
    Lengths,
    Stream,
    StreamModel,
    train_background,
)
from diar.frames import to_frame
from diar.options import option
from diar.segments import runs

_BLOCK_FRAMES = 4096


@dataclass(frozen=True)
class RelevanceOptions(BackgroundOptions):
    """Segments and relevance variables of the information bottleneck."""

    max_segment: float = option(2.5, "longest segment: speech between pauses is cut in pieces", unit="s", low=0.01)
    posteriors: str = option(
        "soft", "a frame counts for all relevance variables, or for the most probable", choices=("soft", "hard")
    )


def cut_segments(speech: NDArray[np.bool_], max_frames: int) -> Lengths:
    """(N,) lengths of the segments of (T,) speech, in frames, in the order of time.

    Every stretch of speech is cut in pieces of ``max_frames``; what remains at its end is a segment of its own.
    """
    lengths: list[int] = []
    for first, last in runs(speech):
        if speech[first]:
            whole, rest = divmod(last - first, max_frames)
            lengths += [max_frames] * whole + [rest] * (rest > 0)
    return np.array(lengths, dtype=np.int64)


def diartk_segments(speech: NDArray[np.bool_], max_frames: int) -> tuple[NDArray[np.bool_], Lengths]:
    """(T,) speech and (N,) segments as DiarTK has them, whose regions include their last frame.

    So every stretch of speech is a frame longer; the first frame of a file and the last are never speech. Stretches
    that come to touch are cut apart.
    """
    longer = np.zeros_like(speech)
    lengths: list[int] = []
    for first, last in runs(speech):
        spoken = bool(speech[first])
        first, last = max(first, 1), min(last + 1, len(speech) - 1)
        if spoken and last > first:
            longer[first:last] = True
            lengths += cut_segments(longer[first:last], max_frames).tolist()
    return longer, np.array(lengths, dtype=np.int64)


def segment_posteriors(posteriors: Float32, lengths: Lengths, kind: str) -> Float64:
    """(N, Y) float64: p(y|x), the mean over a segment's frames of p(y|x_t), soft, or of its arg max, hard."""
    n_relevance, n_frames = posteriors.shape
    segment = np.repeat(np.arange(len(lengths)), lengths)
    if kind == "hard":
        counts = np.zeros((len(lengths), n_relevance))
        np.add.at(counts, (segment, posteriors.argmax(axis=0)), 1.0)
    else:
        counts = np.empty((len(lengths), n_relevance))
        ends = np.cumsum(lengths)
        for x, (first, last) in enumerate(zip(ends - lengths, ends, strict=True)):  # one copy in float64 would be large
            counts[x] = posteriors[:, first:last].sum(axis=1, dtype=np.float64)
    means: Float64 = counts / counts.sum(axis=1, keepdims=True)
    return means


def label_counts(posteriors: Float32, labels: NDArray[np.int32], n_labels: int) -> Float64:
    """(K, Y) float64: the sums of p(y|x_t) over the frames of each label."""
    counts = np.zeros((n_labels, len(posteriors)))
    names = np.arange(n_labels)
    for start in range(0, len(labels), _BLOCK_FRAMES):
        block = slice(start, start + _BLOCK_FRAMES)
        mine = (labels[block, np.newaxis] == names).astype(np.float32)
        counts += (posteriors[:, block] @ mine).T
    return counts


@dataclass(frozen=True)
class Relevance:
    """What the information bottleneck sees of a recording.

    ``lengths`` (N,) of the segments in frames, ``posteriors`` (Y, T) of the frames and ``segments`` (N, Y) of the
    segments, without the relevance variables that no segment has; and the background they come from.
    """

    lengths: Lengths
    posteriors: Float32
    segments: Float64
    background: Background


def relevance(
    streams: Sequence[Stream], speech: NDArray[np.bool_], options: RelevanceOptions, lengths: Lengths | None = None
) -> Relevance:
    """Segments, of ``lengths`` if given, background model and posteriors of (T,) ``speech``, of which there is some."""
    if lengths is None:
        lengths = cut_segments(speech, to_frame(options.max_segment))
    background = train_background(streams, speech, lengths, options)
    posteriors = background.posteriors(streams, speech)
    if options.is_diartk or options.posteriors == "hard":
        segments = _hard_segments(background, streams, speech, lengths)
    else:
        segments = segment_posteriors(posteriors, lengths, "soft")
    used = segments.sum(axis=0) > 0
    if not used.all():
        segments, posteriors = segments[:, used], renormalised(posteriors[used])
        models = tuple(StreamModel(m.name, m.weight, m.means[used], m.variances) for m in background.streams)
        background = Background(background.weights[used], models)
    return Relevance(lengths, posteriors, segments, background)


def _hard_segments(
    background: Background, streams: Sequence[Stream], speech: NDArray[np.bool_], lengths: Lengths
) -> Float64:
    """(N, Y) p(y|x) from the most probable y of each frame in each stream: one vote a stream, of its weight."""
    segments = np.zeros((len(lengths), len(background.weights)))
    for stream, model in zip(streams, background.streams, strict=True):
        posteriors = Background(background.weights, (model,)).posteriors((stream,), speech)
        segments += model.weight * segment_posteriors(posteriors, lengths, "hard")
    return segments


def renormalised(posteriors: Float32) -> Float32:
    """(Y, T) columns that sum to one; a column of zeros becomes uniform."""
    mass = posteriors.sum(axis=0)
    out: Float32 = np.where(mass > 0, posteriors / np.where(mass > 0, mass, 1), np.float32(1 / len(posteriors)))
    return out
