"""Turns of one speaker that overlap each other, which scorers treat in three ways: as overlap, once, or merged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from diar.io.rttm import RttmLine
from diar.segments import Turn

_ROUNDING = 1e-9  # seconds; sums of decimal times may overlap by less


def self_overlapping(lines: Sequence[RttmLine]) -> list[RttmLine]:
    """Lines that begin before an earlier turn of the same speaker has ended, in the order of ``lines``."""
    ends: dict[tuple[str, str], float] = {}
    found = set()
    for index, line in sorted(enumerate(lines), key=lambda pair: (pair[1].start, pair[0])):
        key = line.recording, line.speaker
        if min(line.end, ends.get(key, 0.0)) - line.start > _ROUNDING:
            found.add(index)
        ends[key] = max(line.end, ends.get(key, 0.0))
    return [line for index, line in enumerate(lines) if index in found]


def surplus(turns: Iterable[Turn]) -> list[Turn]:
    """What of each turn overlaps an earlier one of its speaker, as a speaker of its own."""
    ends: dict[str, float] = {}
    found = []
    for index, turn in enumerate(sorted(turns)):
        end = min(turn.end, ends.get(turn.speaker, 0.0))
        if end - turn.start > _ROUNDING:
            found.append(Turn(turn.start, end, f"{turn.speaker}\0{index}"))
        ends[turn.speaker] = max(turn.end, ends.get(turn.speaker, 0.0))
    return found


def surplus_seconds(turns: Iterable[Turn]) -> float:
    return sum(turn.duration for turn in surplus(turns))


def merged(turns: Iterable[Turn]) -> list[Turn]:
    """Turns of one speaker that overlap, as one; those that only touch stay apart, since each has its collars."""
    last: dict[str, int] = {}
    merged: list[Turn] = []
    for turn in sorted(turns):
        index = last.get(turn.speaker)
        if index is not None and merged[index].end - turn.start > _ROUNDING:
            merged[index] = merged[index]._replace(end=max(merged[index].end, turn.end))
        else:
            last[turn.speaker] = len(merged)
            merged.append(turn)
    return sorted(merged)
