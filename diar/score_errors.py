"""Where the errors of a diarization are: what is missed, false or given to the wrong speaker, and whose it is.

Also what every score is counted from: the pieces of time in which the same people talk in the reference and in the
hypothesis.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from diar.segments import Segment, Turn

MISS = "miss"
FALSE_ALARM = "false_alarm"
CONFUSION = "confusion"
KINDS = (MISS, FALSE_ALARM, CONFUSION)


class Interval(NamedTuple):
    """A piece of time in which neither the reference speakers nor the hypothesis speakers change."""

    segment: Segment
    speakers: frozenset[str]
    guesses: frozenset[str]


class ErrorSegment(NamedTuple):
    """A piece of time with one kind of error; names sorted.

    A miss has reference ``speakers`` only, a false alarm hypothesis speakers (``guesses``) only, a confusion as many of
    either: the guesses were found, but are mapped to none of those who talk.
    """

    segment: Segment
    kind: str
    speakers: tuple[str, ...]
    guesses: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Speaker time, as scores count it: two missed speakers count twice."""
        return self.segment.duration * max(len(self.speakers), len(self.guesses))


def intervals(
    regions: Sequence[Segment], reference: Sequence[Turn], hypothesis: Sequence[Turn]
) -> Iterator[Interval]:
    """Cut disjoint regions wherever a turn begins or ends; a speaker whose own turns overlap is there once."""
    bounds: list[tuple[float, int, int, str]] = []
    spans = [(0, t.start, t.end, t.speaker) for t in reference] + [(1, t.start, t.end, t.speaker) for t in hypothesis]
    for side, start, end, speaker in spans + [(2, region.start, region.end, "") for region in regions]:
        if end > start:
            bounds += [(start, 1, side, speaker), (end, -1, side, speaker)]
    active: tuple[Counter[str], ...] = (Counter(), Counter(), Counter())
    since = -math.inf
    for time, step, side, speaker in sorted(bounds):
        if time > since and active[2]:
            yield Interval(Segment(since, time), frozenset(active[0]), frozenset(active[1]))
        since = time
        active[side][speaker] += step
        if active[side][speaker] == 0:
            del active[side][speaker]


def error_segments(
    reference: Sequence[Turn], hypothesis: Sequence[Turn], regions: Sequence[Segment], mapping: Mapping[str, str]
) -> list[ErrorSegment]:
    """Every error in the scored ``regions``, sorted by time; where one ends as the next like it begins, they are one.

    The seconds of each kind sum to the score's missed, false alarm and error time. Where more reference speakers talk
    than are found, and neither is mapped to the other, scores do not say who was missed and who was confused: here the
    first by name are confused, the others missed; guesses likewise.

    Args:
        reference: the true turns of a recording.
        hypothesis: the turns to judge.
        regions: the time that is scored, disjoint (``ScoreInput.scored``).
        mapping: the hypothesis speaker of each mapped reference speaker (``RecordingScore.mapping``).
    """
    found: list[ErrorSegment] = []
    last: dict[tuple[str, tuple[str, ...], tuple[str, ...]], int] = {}  # where the last error of its like is in found
    for segment, speakers, guesses in intervals(regions, reference, hypothesis):
        for error in _errors(speakers, guesses, mapping):
            index = last.get(error)
            if index is not None and found[index].segment.end == segment.start:
                found[index] = found[index]._replace(segment=Segment(found[index].segment.start, segment.end))
            else:
                last[error] = len(found)
                found.append(ErrorSegment(segment, *error))
    return sorted(found)


def _errors(
    speakers: frozenset[str], guesses: frozenset[str], mapping: Mapping[str, str]
) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Kind, reference speakers and hypothesis speakers of the errors of one interval."""
    right = {speaker: mapping[speaker] for speaker in speakers if mapping.get(speaker) in guesses}
    wrong, unclaimed = sorted(speakers - right.keys()), sorted(guesses - set(right.values()))
    n_confused = min(len(wrong), len(unclaimed))
    if n_confused:
        yield CONFUSION, tuple(wrong[:n_confused]), tuple(unclaimed[:n_confused])
    if wrong[n_confused:]:
        yield MISS, tuple(wrong[n_confused:]), ()
    if unclaimed[n_confused:]:
        yield FALSE_ALARM, (), tuple(unclaimed[n_confused:])
