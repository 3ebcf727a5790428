"""The background model of the information bottleneck: what a relevance variable y is, from this recording alone.

Legend: t frame, T speech frames; y relevance variable, Y of them; s stream, w_s its weight.

A Gaussian a segment, with the segment's mean; all share one diagonal covariance, a fraction of that of all speech, so
that frames find the segments they sound like (D. Vijayasenan and F. Valente, "DiarTk", Interspeech 2012). Of long
recordings the means are clustered, with all streams side by side, so that every stream has the same Y. With several
streams p(y|x_t) = sum_s w_s p_s(y|x_t).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError
from diar.options import Options, option

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Lengths = NDArray[np.int64]

_BLOCK_FRAMES = 4096
_VARIANCE_FLOOR = 1e-5
_KMEANS_ITERATIONS = 20


@dataclass(frozen=True)
class BackgroundOptions(Options):
    """The background model."""

    max_relevance: int = option(300, "most relevance variables; more segments than these share them", low=1)
    variance_scale: float = option(25.0, "variance of all speech over that of each Gaussian", low=1e-3)

    @property
    def is_diartk(self) -> bool:
        """Whether to do as the released DiarTK does, quirks included."""
        return False


@dataclass(frozen=True)
class Stream:
    """One kind of features: a name, (T, D) float32 ``frames`` of the whole recording, and a weight.

    ``variance_scale`` is the stream's own, where ``BackgroundOptions`` has not the right one: smooth features, such as
    those of a long context, want a smaller one.
    """

    name: str
    frames: Float32
    weight: float = 1.0
    variance_scale: float | None = None


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
    check_weights([stream.weight for stream in streams])


def check_weights(weights: Sequence[float]) -> None:
    """Refuse weights of streams that are not positive or do not sum to one.

    Raises:
        DataError: they are so.
    """
    if not (all(weight > 0 for weight in weights) and abs(sum(weights) - 1.0) < 1e-6):
        found = f"found weights that sum to {sum(weights):g}"
        raise DataError("--streams", found, "wanted positive weights that sum to 1")


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
    streams: Sequence[Stream], speech: NDArray[np.bool_], lengths: Lengths, options: BackgroundOptions
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
        scale = stream.variance_scale or options.variance_scale
        variances.append(np.maximum(frames.var(axis=0) / scale, _VARIANCE_FLOOR))
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
    options: BackgroundOptions,
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
