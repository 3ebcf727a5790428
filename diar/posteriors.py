"""Relevance variables of the information bottleneck: what p(y|x) is made of, from this recording alone.

Legend: t frame, T speech frames; x segment, N segments; y relevance variable, Y of them; s stream, w_s its weight.

The background model has a Gaussian a segment with the segment's mean; all share one diagonal covariance, a fraction of
that of all speech, so that frames find the segments they sound like (D. Vijayasenan and F. Valente, "DiarTk",
Interspeech 2012). Of long recordings the means are clustered, with all streams side by side, so that every stream has
the same Y. With several streams p(y|x_t) = sum_s w_s p_s(y|x_t).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError
from diar.frames import to_frame
from diar.options import Options, option
from diar.segments import runs

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Lengths = NDArray[np.int64]

_BLOCK_FRAMES = 4096
_VARIANCE_FLOOR = 1e-5
_KMEANS_ITERATIONS = 20


@dataclass(frozen=True)
class RelevanceOptions(Options):
    """Segments and relevance variables of the information bottleneck."""

    max_segment: float = option(2.5, "longest segment: speech between pauses is cut in pieces", unit="s", low=0.01)
    max_relevance: int = option(300, "most relevance variables; more segments than these share them", low=1)
    variance_scale: float = option(25.0, "variance of all speech over that of each Gaussian", low=1e-3)
    posteriors: str = option(
        "soft", "a frame counts for all relevance variables, or for the most probable", choices=("soft", "hard")
    )

    @property
    def is_diartk(self) -> bool:
        """Whether to do as the released DiarTK does, quirks included."""
        return False


@dataclass(frozen=True)
class Stream:
    """One kind of features: a name, (T, D) float32 ``frames`` of the whole recording, and a weight."""

    name: str
    frames: Float32
    weight: float = 1.0


def check_streams(streams: Sequence[Stream], n_frames: int, recording: str = "recording") -> None:
    """Refuse streams that cannot be combined.

    Raises:
        DataError: there is none, one has another number of frames, or the weights do not sum to one.
    """
    if not streams:
        raise DataError(recording, "no streams", "wanted one or more")
    for stream in streams:
        if stream.frames.ndim != 2 or len(stream.frames) != n_frames:
            found = f"stream '{stream.name}' has shape {stream.frames.shape}"
            raise DataError(recording, found, f"wanted {n_frames} frames, as the features have")
    total = sum(stream.weight for stream in streams)
    if not (all(stream.weight > 0 for stream in streams) and abs(total - 1.0) < 1e-6):
        raise DataError("--streams", f"found weights that sum to {total:g}", "wanted positive weights that sum to 1")


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


@dataclass(frozen=True)
class StreamModel:
    """A stream's part of the background: ``means`` (Y, D) and the shared ``variances`` (D,), float64."""

    name: str
    weight: float
    means: Float64
    variances: Float64


@dataclass(frozen=True)
class Background:
    """The background model: ``weights`` (Y,) of the Gaussians, float64, and their parameters in each stream."""

    weights: Float64
    streams: tuple[StreamModel, ...]

    def posteriors(self, streams: Sequence[Stream], speech: NDArray[np.bool_]) -> Float32:
        """(Y, T) float32: p(y|x_t) of the speech frames; every column sums to one.

        Raises:
            DataError: the streams are not those that the background was made of.
        """
        found, wanted = _shapes(streams), [(m.name, m.means.shape[1], m.weight) for m in self.streams]
        if found != wanted:
            raise DataError("streams", f"found {found}", f"wanted those of the background model, {wanted}")
        from diar.kernels.mixture import normalise

        where = np.flatnonzero(speech)
        out = np.zeros((len(self.weights), len(where)), dtype=np.float32)
        for stream, model in zip(streams, self.streams, strict=True):
            centre = model.means.mean(axis=0)
            means = model.means - centre
            # a shared covariance cancels the quadratic term: log p(y, x_t) is linear in x_t, up to what is common
            projection = (means / model.variances).astype(np.float32)
            constant = np.log(self.weights) - 0.5 * np.sum(means**2 / model.variances, axis=1)
            for start in range(0, len(where), _BLOCK_FRAMES):
                block = slice(start, start + _BLOCK_FRAMES)
                frames = (stream.frames[where[block]] - centre).astype(np.float32)
                joint = projection @ frames.T
                joint += constant.astype(np.float32)[:, np.newaxis]
                normalise(joint)
                out[:, block] += np.float32(model.weight) * joint
        return out


def _shapes(streams: Sequence[Stream]) -> list[tuple[str, int, float]]:
    return [(stream.name, stream.frames.shape[1], stream.weight) for stream in streams]


def train_background(
    streams: Sequence[Stream], speech: NDArray[np.bool_], lengths: Lengths, options: RelevanceOptions
) -> Background:
    """The background model of the segments of (T,) ``speech``, ``lengths`` (N,) frames long."""
    where = np.flatnonzero(speech)
    if options.is_diartk:  # its first pass, over means and variances, reads the frame before
        where = np.maximum(where - 1, 0)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    means, variances = [], []
    for stream in streams:
        frames = stream.frames[where].astype(np.float64)
        means.append(np.add.reduceat(frames, starts, axis=0) / lengths[:, np.newaxis])
        variances.append(np.maximum(frames.var(axis=0) / options.variance_scale, _VARIANCE_FLOOR))
    weights = lengths / lengths.sum()
    if len(lengths) > options.max_relevance and not options.is_diartk:
        weights, means = _shared(weights, means, variances, [stream.weight for stream in streams], options)
    models = [
        StreamModel(stream.name, stream.weight, mean, variance)
        for stream, mean, variance in zip(streams, means, variances, strict=True)
    ]
    return Background(weights, tuple(models))


def _shared(
    weights: Float64,
    means: list[Float64],
    variances: list[Float64],
    stream_weights: list[float],
    options: RelevanceOptions,
) -> tuple[Float64, list[Float64]]:
    """At most ``max_relevance`` Gaussians: k-means of the segments' means in all streams, from evenly spaced segments.

    Distances are those of the Gaussians, a stream counting by its weight.
    """
    from scipy.cluster.vq import kmeans2

    scaled = [
        mean * np.sqrt(weight / variance)
        for mean, variance, weight in zip(means, variances, stream_weights, strict=True)
    ]
    points = np.hstack(scaled)
    seeds = np.linspace(0, len(points) - 1, options.max_relevance).round().astype(np.int64)
    with np.errstate(invalid="ignore", divide="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of empty groups, which are left out below
        _, group = kmeans2(points, points[seeds], iter=_KMEANS_ITERATIONS, minit="matrix", missing="warn")
    names, group = np.unique(group, return_inverse=True)  # groups that lost their segments are left out
    mass: Float64 = np.bincount(group, weights=weights, minlength=len(names)).astype(np.float64)
    grouped = []
    for mean in means:
        sums = np.zeros((len(names), mean.shape[1]))
        np.add.at(sums, group, mean * weights[:, np.newaxis])
        grouped.append(sums / mass[:, np.newaxis])
    return mass, grouped


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


def background_to_arrays(background: Background) -> dict[str, Float64]:
    """The arrays that ``background_from_arrays`` makes the background from, by name."""
    arrays = {"weights": background.weights}
    for stream in background.streams:
        arrays[f"means:{float(stream.weight)!r}:{stream.name}"] = stream.means
        arrays[f"variances:{stream.name}"] = stream.variances
    return arrays


def background_from_arrays(arrays: Mapping[str, Float64], where: str) -> Background:
    """The background that ``background_to_arrays`` took apart.

    Raises:
        DataError: the arrays are not those of a background; ``where`` tells of which file.
    """
    streams = []
    try:
        for key, means in arrays.items():
            kind, _, rest = key.partition(":")
            if kind == "means":
                weight, _, name = rest.partition(":")
                streams.append(StreamModel(name, float(weight), means, arrays[f"variances:{name}"]))
        weights = arrays["weights"]
        for stream in streams:
            if stream.means.shape != (len(weights), len(stream.variances)) or not (stream.variances > 0).all():
                raise ValueError
        if not (streams and (weights > 0).all()):
            raise ValueError
        return Background(weights, tuple(streams))
    except (KeyError, ValueError, TypeError):
        raise DataError(where, "not a background model", "", "run stage 6 again") from None


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
