"""Normalisation, deltas and splicing of feature matrices, with Kaldi's formulas, flags and edges.

The programs followed are apply-cmvn, apply-cmvn-sliding, add-deltas and splice-feats (src/feat/feature-functions.cc and
src/transform/cmvn.cc of kaldi-asr/kaldi). Statistics are float64; all work goes block by block, so that beside the
result only a block (and a normalisation window) is in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError
from diar.options import Options, option

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

_BLOCK_FRAMES = 1 << 15  # frames worked on at once: bounds the memory
_GLOBAL_VARIANCE_FLOOR = 1e-20  # Kaldi's, in ApplyCmvn
_SLIDING_VARIANCE_FLOOR = 1e-10  # Kaldi's, in SlidingWindowCmn


@dataclass(frozen=True)
class TransformOptions(Options):
    """What is done to features: normalisation, then deltas, then splicing; by default nothing."""

    cmvn: str = option("none", "normalise the recording, or in a window", choices=("none", "global", "sliding"))
    norm_means: bool = option(True, "--cmvn global takes the mean away; a sliding window always does")
    norm_vars: bool = option(False, "--cmvn scales to a variance of 1, too")
    cmn_window: int = option(600, "window of --cmvn sliding", unit="frames", low=1)
    min_cmn_window: int = option(100, "least window at the start, unless --center true", unit="frames", low=1)
    center: bool = option(False, "the window of --cmvn sliding is centred on its frame, not to the left of it")
    delta_order: int = option(0, "derivatives to append: 1 deltas, 2 accelerations, too", low=0, high=999)
    delta_window: int = option(2, "frames to each side that a derivative is the slope of", low=1, high=999)
    left_context: int = option(0, "frames before each that are put in front of it", low=0)
    right_context: int = option(0, "frames after each that are put behind it", low=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.norm_vars and not self.norm_means:
            raise DataError("--norm-vars", "found true with --norm-means false", "wanted means taken away, too")
        if self.cmvn == "sliding" and not self.norm_means:
            raise DataError("--norm-means", "found false with --cmvn sliding", "wanted true, or --cmvn none")


def transform(frames: Float32, options: TransformOptions) -> Float32:
    """(T, D') float32 of (T, D) ``frames``; ``frames`` themselves with the default options.

    D' = D x (1 + ``delta_order``) x (1 + ``left_context`` + ``right_context``).
    """
    if options.cmvn == "global":
        frames = normalise(frames, options.norm_means, options.norm_vars)
    elif options.cmvn == "sliding":
        frames = normalise_sliding(
            frames, options.cmn_window, options.min_cmn_window, options.center, variances=options.norm_vars
        )
    if options.delta_order:
        frames = add_deltas(frames, options.delta_order, options.delta_window)
    if options.left_context or options.right_context:
        frames = splice(frames, options.left_context, options.right_context)
    return frames


# ---- normalisation -------------------------------------------------------------------------------------------------


def normalise(frames: Float32, means: bool = True, variances: bool = False) -> Float32:
    """(T, D) ``frames`` less their mean, with ``variances`` scaled to variance 1 (at least 1e-20), as by apply-cmvn.

    ``variances`` without ``means`` is not possible; without both the frames come back as they are.
    """
    assert means or not variances
    if not means or len(frames) == 0:
        return frames
    mean: Float64 = frames.sum(axis=0, dtype=np.float64) / len(frames)
    scale: Float64 | float = 1.0
    if variances:
        squares = sum(np.square(frames[a:b] - mean).sum(axis=0) for a, b in _blocks(len(frames)))
        scale = np.maximum(squares / len(frames), _GLOBAL_VARIANCE_FLOOR) ** -0.5
    normal = np.empty_like(frames)
    for a, b in _blocks(len(frames)):
        normal[a:b] = (frames[a:b] - mean) * scale
    return normal


def normalise_sliding(
    frames: Float32, window: int = 600, min_window: int = 100, center: bool = False, *, variances: bool = False
) -> Float32:
    """(T, D) ``frames`` less the mean of a window around each, as by apply-cmvn-sliding.

    Without ``center`` the window is the frame and the ``window`` frames before it, but at least the first
    ``min_window`` frames; with it, ``window`` frames from t - window // 2 on, shifted to lie in the recording. With
    ``variances`` the frames are scaled by the window's variance (at least 1e-10), too; a window of one frame gives 0.
    """
    normal = np.empty_like(frames)
    for a, b in _blocks(len(frames), at_least=max(window, min_window)):
        starts, ends = _windows(np.arange(a, b), len(frames), window, min_window, center)
        first, last = int(starts.min()), int(ends.max())
        stretch = frames[first:last].astype(np.float64)
        stretch -= stretch[a - first].copy()  # sums of smaller numbers are rounded less
        counts = (ends - starts)[:, np.newaxis]
        mean = _window_sums(stretch, starts - first, ends - first) / counts
        block = stretch[a - first : b - first] - mean
        if variances:
            variance = _window_sums(np.square(stretch), starts - first, ends - first) / counts - np.square(mean)
            block *= np.maximum(variance, _SLIDING_VARIANCE_FLOOR) ** -0.5
            block[ends - starts == 1] = 0.0
        normal[a:b] = block
    return normal


def _windows(
    at: NDArray[np.int64], n_frames: int, window: int, min_window: int, center: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the window of each frame in ``at`` starts and ends; Kaldi's, which holds window + 1 frames uncentred."""
    if center:
        starts = np.maximum(at - window // 2, 0)
        ends = starts + window
    else:
        starts = np.maximum(at - window, 0)
        ends = np.maximum(at + 1, min_window)
    beyond = np.maximum(ends - n_frames, 0)
    return np.maximum(starts - beyond, 0), ends - beyond


def _window_sums(values: Float64, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Float64:
    """The sum of ``values[start:end]`` for each pair of ``starts`` and ``ends``, by one pass over (T, D) ``values``."""
    sums = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=sums[1:])
    difference: Float64 = sums[ends] - sums[starts]
    return difference


# ---- context -------------------------------------------------------------------------------------------------------


def add_deltas(frames: Float32, order: int = 2, window: int = 2) -> Float32:
    """(T, D (order + 1)) float32: (T, D) ``frames`` and their first ``order`` derivatives, as by add-deltas.

    A derivative is the slope of the straight line through 2 ``window`` + 1 values: sum_j j x(t + j) / sum_j j^2. The
    derivatives of higher order are slopes of slopes; beyond the ends the edge frames are repeated.
    """
    n_frames, dim = frames.shape
    slope = np.arange(-window, window + 1) / (window * (window + 1) * (2 * window + 1) / 3)
    extended = np.empty((n_frames, dim * (order + 1)), dtype=np.float32)
    extended[:, :dim] = frames
    scales = np.ones(1)
    for derivative in range(1, order + 1):
        scales = np.convolve(scales, slope)
        reach = derivative * window
        for a, b in _blocks(n_frames):
            context = _with_context(frames, a, b, reach, reach).astype(np.float64)
            block = np.zeros((b - a, dim))
            for j, scale in enumerate(scales):
                block += scale * context[j : j + b - a]
            extended[a:b, derivative * dim : (derivative + 1) * dim] = block
    return extended


def splice(frames: Float32, left_context: int = 4, right_context: int = 4) -> Float32:
    """(T, D (left + 1 + right)) float32: each of (T, D) ``frames`` between its neighbours in time, as by splice-feats.

    Beyond the ends the edge frames are repeated.
    """
    n_frames, dim = frames.shape
    n_spliced = left_context + 1 + right_context
    spliced = np.empty((n_frames, n_spliced * dim), dtype=np.float32)
    for a, b in _blocks(n_frames):
        context = _with_context(frames, a, b, left_context, right_context)
        for j in range(n_spliced):
            spliced[a:b, j * dim : (j + 1) * dim] = context[j : j + b - a]
    return spliced


def window_statistics(frames: Float32, window: int) -> Float32:
    """(T, 2 D) float32: mean and standard deviation of (T, D) ``frames`` in a window around each.

    The window is ``window`` frames from t - window // 2 on; at the ends, as many of them as there are.
    """
    n_frames, dim = frames.shape
    statistics = np.empty((n_frames, 2 * dim), dtype=np.float32)
    for a, b in _blocks(n_frames, at_least=window):
        starts = np.maximum(np.arange(a, b) - window // 2, 0)
        ends = np.minimum(np.arange(a, b) - window // 2 + window, n_frames)
        first, last = int(starts[0]), int(ends[-1])
        stretch = frames[first:last].astype(np.float64)
        centre = stretch.mean(axis=0)
        stretch -= centre  # sums of smaller numbers are rounded less
        counts = (ends - starts)[:, np.newaxis]
        mean = _window_sums(stretch, starts - first, ends - first) / counts
        square = _window_sums(np.square(stretch), starts - first, ends - first) / counts
        statistics[a:b, :dim] = mean + centre
        variance = np.maximum(square - np.square(mean), 0.0)
        variance[ends - starts == 1] = 0.0  # but for rounding
        statistics[a:b, dim:] = np.sqrt(variance)
    return statistics


def _with_context(frames: Float32, first: int, last: int, left: int, right: int) -> Float32:
    """Frames ``first - left`` up to ``last + right``, the edge frames repeated where there are none."""
    at = np.arange(first - left, last + right).clip(0, len(frames) - 1)
    context: Float32 = frames[at]
    return context


def _blocks(n_frames: int, at_least: int = 0) -> Iterator[tuple[int, int]]:
    """Half-open ranges of frames that follow one another."""
    size = max(_BLOCK_FRAMES, at_least)
    for start in range(0, n_frames, size):
        yield start, min(start + size, n_frames)
