"""How sure a pooled error rate is, and a difference of two: the bootstrap over recordings.

Recordings are drawn with replacement, as many as there are, and their seconds pooled, since errors within a recording
hang together and those of different ones do not. The p-value of a comparison is two-sided: twice the share of draws in
which the difference is on the other side of 0 (Bisani and Ney's probability of improvement is one less that share).

A bootstrap cannot know more than its recordings do. With one there is no spread to see: the interval is nan and p is 1.
With two, a quarter of the draws is each of them alone, so that the interval just spans both rates. A p-value is never
given below 2^(1 - n), which is what a sign test of n recordings says when all of them agree; with fewer than ten
recordings intervals are too narrow.

Source: Bisani and Ney, "Bootstrap estimates for confidence intervals in ASR performance evaluation", ICASSP 2004.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError
from diar.options import Options, option

ENOUGH_RECORDINGS = 10  # with fewer an interval is told with a warning
_BLOCK_VALUES = 2**21  # draws are made in blocks of about this many recordings

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class BootstrapOptions(Options):
    """Resampling of recordings, for confidence intervals and comparisons."""

    resamples: int = option(10000, "draws of the recordings", low=100)
    confidence: float = option(95.0, "part of the draws that an interval covers", unit="percent", low=1, high=99.9)
    bootstrap_seed: int = option(0, "seed of the draws", low=0)


class ConfidenceInterval(NamedTuple):
    """A range in percent; nan where one recording, or none, gives no spread."""

    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """Two systems on the same recordings, in percent: ``difference`` is the second's rate less the first's."""

    first: float
    second: float
    difference: float
    interval: ConfidenceInterval
    p_value: float
    n_recordings: int


def pooled_interval(
    errors: Sequence[float] | Float64, scored: Sequence[float] | Float64, options: BootstrapOptions | None = None
) -> ConfidenceInterval:
    """The percentile interval of the pooled rate 100 sum(errors) / sum(scored).

    Args:
        errors: (R,) error seconds of each recording.
        scored: (R,) scored speaker seconds of each recording.
        options: number of draws, confidence, seed.

    Raises:
        DataError: arrays of different lengths.
    """
    options = options or BootstrapOptions()
    return _interval(_resampled(_columns(errors, scored), lambda sums: _rate(sums[0], sums[1]), options), options)


def compare_pooled(
    first: Sequence[float] | Float64,
    second: Sequence[float] | Float64,
    scored: Sequence[float] | Float64,
    options: BootstrapOptions | None = None,
) -> Comparison:
    """Compare the pooled rates of two systems on the same recordings: every draw is made for both alike.

    Args:
        first: (R,) error seconds of each recording by the one system.
        second: (R,) the same by the other.
        scored: (R,) scored speaker seconds of each recording, which do not hang on the system.
        options: number of draws, confidence, seed.

    Raises:
        DataError: arrays of different lengths.
    """
    options, columns = options or BootstrapOptions(), _columns(first, second, scored)
    n_recordings, totals = columns.shape[1], columns.sum(axis=1)
    # of each recording the difference is taken first, so that equal systems differ by exactly 0 in every draw
    paired = np.stack([columns[1] - columns[0], columns[2]])
    differences = _resampled(paired, lambda sums: _rate(sums[0], sums[1]), options)
    return Comparison(
        first=float(_rate(totals[0], totals[2])),
        second=float(_rate(totals[1], totals[2])),
        difference=float(_rate(totals[1] - totals[0], totals[2])),
        interval=_interval(differences, options),
        p_value=_p_value(differences, n_recordings),
        n_recordings=n_recordings,
    )


def _p_value(differences: Float64, n_recordings: int) -> float:
    if len(differences) == 0:
        return 1.0
    # one more than were drawn: the sample itself is a draw, and no p-value is 0
    tails = [(1 + np.count_nonzero(side)) / (1 + len(differences)) for side in (differences <= 0, differences >= 0)]
    return float(min(1.0, max(2 * min(tails), 2.0 ** (1 - n_recordings))))


def _interval(rates: Float64, options: BootstrapOptions) -> ConfidenceInterval:
    if len(rates) == 0:
        return ConfidenceInterval(math.nan, math.nan)
    tail = (100 - options.confidence) / 2
    low, high = np.percentile(rates, (tail, 100 - tail))
    return ConfidenceInterval(float(low), float(high))


def _resampled(columns: Float64, rate: Callable[[Float64], Float64], options: BootstrapOptions) -> Float64:
    """``rate`` of (columns, draws) sums, of every draw with scored speech; none of fewer than two recordings."""
    n_recordings = columns.shape[1]
    if n_recordings < 2:
        return np.empty(0)
    generator = np.random.default_rng(options.bootstrap_seed)
    block, rates = max(1, _BLOCK_VALUES // n_recordings), []
    for first in range(0, options.resamples, block):
        shape = (min(block, options.resamples - first), n_recordings)
        rates.append(rate(columns[:, generator.integers(0, n_recordings, shape)].sum(axis=2)))
    found = np.concatenate(rates)
    return found[np.isfinite(found)]


def _rate(errors: Float64, scored: Float64) -> Float64:
    """In percent; nan where nothing is scored."""
    rates: Float64 = np.full(np.shape(scored), np.nan)
    np.divide(errors, scored, out=rates, where=scored > 0)
    return 100 * rates


def _columns(*columns: Sequence[float] | Float64) -> Float64:
    lengths = [len(column) for column in columns]
    if len(set(lengths)) > 1:
        found = f"found {' and '.join(map(str, lengths))} recordings"
        raise DataError("bootstrap", found, "wanted as many on all sides")
    return np.array([np.asarray(column, dtype=np.float64) for column in columns])
