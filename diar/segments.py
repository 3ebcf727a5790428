"""Segments of time, speaker turns, and the little interval algebra that speech needs.

Times are seconds. A list of segments is *normal* when sorted, disjoint and free of empty segments; every function here
takes any list and returns a normal one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diar.frames import to_frame, to_seconds
from diar.options import Options, option

NOBODY = -1  # the frame label of silence


class Segment(NamedTuple):
    """The time from ``start`` up to ``end``, in seconds."""

    start: float
    end: float

    @property
    def duration(self) -> float:
        return self.end - self.start


class Turn(NamedTuple):
    """One speaker's speech from ``start`` up to ``end``, in seconds.

    ``confidence`` that it is this speaker's goes from 0 to 1; nan where none is known.
    """

    start: float
    end: float
    speaker: str
    confidence: float = math.nan

    @property
    def duration(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class TurnOptions(Options):
    """Smoothing of the turns that are written."""

    min_gap: float = option(0.0, "shorter gaps between turns of one speaker are filled", unit="s", low=0)
    min_turn: float = option(0.0, "shorter turns are dropped, unless the speaker has no longer one", unit="s", low=0)


def union(segments: Iterable[Segment | Turn], max_gap: float = 0.0) -> list[Segment]:
    """The time covered by ``segments``; gaps of at most ``max_gap`` seconds are filled."""
    joined: list[Segment] = []
    for start, end in sorted((s.start, s.end) for s in segments if s.end > s.start):
        if joined and start <= joined[-1].end + max_gap:
            joined[-1] = Segment(joined[-1].start, max(end, joined[-1].end))
        else:
            joined.append(Segment(start, end))
    return joined


def intersection(a: Iterable[Segment | Turn], b: Iterable[Segment | Turn]) -> list[Segment]:
    """The time covered by both ``a`` and ``b``."""
    first, second = union(a), union(b)
    common: list[Segment] = []
    i = j = 0
    while i < len(first) and j < len(second):
        start = max(first[i].start, second[j].start)
        end = min(first[i].end, second[j].end)
        if end > start:
            common.append(Segment(start, end))
        if first[i].end < second[j].end:
            i += 1
        else:
            j += 1
    return common


def join_overlaps(turns: Iterable[Turn]) -> list[Turn]:
    """Turns sorted by time, where those of one speaker that overlap are one, whose confidence is not known."""
    joined: list[Turn] = []
    last: dict[str, int] = {}  # where each speaker's last turn is
    for turn in sorted(turns):
        place = last.get(turn.speaker)
        if place is not None and turn.start < joined[place].end:
            joined[place] = Turn(joined[place].start, max(joined[place].end, turn.end), turn.speaker)
        else:
            last[turn.speaker] = len(joined)
            joined.append(turn)
    return sorted(joined)


def runs(values: NDArray[np.generic]) -> list[tuple[int, int]]:
    """Maximal stretches of equal values in a (T,) array, as half-open frame ranges [first, last)."""
    if len(values) == 0:
        return []
    changes = np.flatnonzero(values[1:] != values[:-1]) + 1
    bounds = [0, *changes.tolist(), len(values)]
    return list(zip(bounds[:-1], bounds[1:], strict=True))


def speech_frames(segments: Iterable[Segment | Turn], n_frames: int) -> NDArray[np.float32]:
    """(T,) float32: 1 in the frames from round(100 start) up to round(100 end) of each segment, 0 elsewhere."""
    speech = np.zeros(n_frames, dtype=np.float32)
    for segment in segments:
        speech[max(0, to_frame(segment.start)) : max(0, to_frame(segment.end))] = 1.0
    return speech


def frames_to_segments(speech: NDArray[np.generic]) -> list[Segment]:
    """The stretches of a (T,) array that are not 0."""
    return [Segment(to_seconds(first), to_seconds(last)) for first, last in runs(speech) if speech[first]]


def labels_to_turns(labels: NDArray[np.int32], names: Sequence[str] | None = None) -> list[Turn]:
    """Turns of a (T,) array of speaker labels, -1 where nobody speaks.

    ``names[k]`` is the name of speaker k; without names the speakers are called spk1, spk2, ... in label order.
    """
    return [
        Turn(to_seconds(first), to_seconds(last), names[label] if names else f"spk{label + 1}")
        for first, last in runs(labels)
        if (label := int(labels[first])) != NOBODY
    ]


def smooth_turns(turns: Sequence[Turn], options: TurnOptions) -> list[Turn]:
    """Turns, which do not overlap, with short gaps filled and short turns dropped; of each speaker the longest stays.

    A gap lies between two turns of one speaker with no other turn in between.
    """
    filled: list[Turn] = []
    for turn in sorted(turns):
        last = filled[-1] if filled else None
        if last and last.speaker == turn.speaker and _micros(turn.start - last.end) < _micros(options.min_gap):
            filled[-1] = Turn(last.start, turn.end, turn.speaker)
        else:
            filled.append(turn)
    longest: dict[str, Turn] = {}
    for turn in filled:
        if turn.speaker not in longest or _micros(turn.duration) > _micros(longest[turn.speaker].duration):
            longest[turn.speaker] = turn
    return [
        turn
        for turn in filled
        if _micros(turn.duration) >= _micros(options.min_turn) or turn is longest[turn.speaker]
    ]


def _micros(seconds: float) -> int:
    """Whole microseconds: differences of decimal times compare as they look."""
    return round(seconds * 1e6)
