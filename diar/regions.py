"""Which time of a recording is scored: what NIST's md-eval (version 22) keeps, as lists of segments in seconds.

*Evaluated* is the UEM, or without one the time from the first to the last event of the reference, less NOSCORE objects.
Speakers are mapped there. *Scored* is the evaluated time less collars, NON-LEX objects and overlapped speech.

Here exclusions are simply removed. md-eval merges them with a state machine that slips where an exclusion ends together
with an evaluated region: the time up to the next exclusion is then scored as well. It takes collar 0 and overlap that
ends with a UEM region, or at a turn's start to which a NON-LEX exclusion has grown.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from diar.io.rttm import RttmLine
from diar.segments import Segment, Turn, intersection, union

MAX_EXTEND = 0.5  # seconds by which a NON-LEX object's exclusion may grow to each side

# the kinds of objects whose first and last event bound the evaluated time where there is no UEM
_EVENT_KINDS = frozenset(("SEGMENT", "SPEAKER", "SU", "EDIT", "FILLER", "IP", "CB", "A/P", "LEXEME", "NON-LEX"))


@dataclass(frozen=True)
class Exclusions:
    """Time that the reference itself takes out, in seconds.

    ``not_evaluated`` counts for nothing, not even for the mapping of speakers; ``not_scored`` counts for the mapping.
    """

    not_evaluated: tuple[Segment, ...] = ()
    not_scored: tuple[Segment, ...] = ()

    @classmethod
    def of_reference(cls, lines: Sequence[RttmLine]) -> Exclusions:
        """md-eval's default exclusions: NOSCORE is not evaluated; NON-LEX, extended by up to 0.5 s, is not scored."""
        return cls(
            not_evaluated=tuple(excluded_zones(lines, "NOSCORE", 0.0)),
            not_scored=tuple(excluded_zones(lines, "NON-LEX", MAX_EXTEND)),
        )


def extent(lines: Iterable[RttmLine]) -> list[Segment]:
    """From the first to the last event of the reference, as md-eval takes it without a UEM; may be empty.

    NOSCORE, NON-SPEECH and SPKR-INFO objects are not events.
    """
    events = [line for line in lines if line.kind in _EVENT_KINDS]
    return union([Segment(min(e.start for e in events), max(e.end for e in events))]) if events else []


def evaluated_regions(uem: Iterable[Segment], exclusions: Exclusions) -> list[Segment]:
    """The UEM less what is not evaluated."""
    return _difference(uem, exclusions.not_evaluated)


def scored_regions(
    evaluated: Iterable[Segment],
    reference: Sequence[Turn],
    exclusions: Exclusions,
    collar: float,
    skip_overlap: bool,
) -> list[Segment]:
    """The evaluated time less collars, what is not scored and, with ``skip_overlap``, overlapped speech."""
    removed = [*collars(reference, collar), *exclusions.not_scored]
    if skip_overlap:
        removed += overlaps(reference)
    return _difference(evaluated, removed)


def collars(reference: Iterable[Turn], collar: float) -> list[Segment]:
    """``collar`` seconds to each side of every start and end of a turn (turns without length have a collar too)."""
    return union(Segment(bound - collar, bound + collar) for turn in reference for bound in (turn.start, turn.end))


def overlaps(reference: Iterable[Turn]) -> list[Segment]:
    """The time in which two or more turns go on, be they of one speaker or of several."""
    bounds = [(turn.start, 1) for turn in reference if turn.end > turn.start]
    bounds += [(turn.end, -1) for turn in reference if turn.end > turn.start]
    found: list[Segment] = []
    going_on, since = 0, 0.0
    for time, step in sorted(bounds):  # ends come before starts at the same time
        if step == 1 and going_on == 1:
            since = time
        elif step == -1 and going_on == 2:
            found.append(Segment(since, time))
        going_on += step
    return union(found)


def shared_seconds(turns: Sequence[Turn], regions: Sequence[Segment]) -> list[float]:
    """The seconds that each turn shares with disjoint, sorted regions."""
    bounds = [bound for region in regions for bound in region]
    covered = np.repeat(np.cumsum([0.0, *(region.duration for region in regions)]), 2)[1:-1]  # up to each bound
    if not regions:
        return [0.0] * len(turns)
    starts, ends = ([getattr(turn, name) for turn in turns] for name in ("start", "end"))
    shared: list[float] = (np.interp(ends, bounds, covered) - np.interp(starts, bounds, covered)).tolist()
    return shared


def excluded_zones(lines: Iterable[RttmLine], kind: str, max_extend: float) -> list[Segment]:
    """The time of the objects of ``kind``, extended to both sides by up to ``max_extend`` seconds.

    The extension stops at the nearest bound of a SPEAKER object or word (LEXEME); inside a word there is none. Zones
    whose extensions meet are joined. As in md-eval, a zone with no SPEAKER or LEXEME event after it never ends.
    Where objects begin together, md-eval's order depends on Perl's sort; here SPEAKER and LEXEME come first.
    """
    zones: list[Segment] = []
    zone_start: float | None = None
    open_objects = open_words = 0
    last_bound = last_end = 0.0  # of SPEAKER and LEXEME objects; of objects of `kind`
    for time, step, event_kind in _events(lines, kind):
        if event_kind == kind:
            open_objects += step
            last_end = time if step == -1 else last_end
        else:
            open_words += step if event_kind == "LEXEME" else 0
            last_bound = time
        if zone_start is None:
            if event_kind == kind:
                zone_start = time if open_words else max(last_bound, time - max_extend)
        elif open_objects == 0 and (open_words or event_kind == "SPEAKER"):
            zones.append(Segment(zone_start, min(last_end + max_extend, time)))
            zone_start = None
        elif event_kind == kind and step == open_objects == 1 and time > last_end + 2 * max_extend:
            zones.append(Segment(zone_start, last_end + max_extend))
            zone_start = time - max_extend
    if zone_start is not None:
        zones.append(Segment(zone_start, math.inf))
    return zones


def _events(lines: Iterable[RttmLine], kind: str) -> list[tuple[float, int, str]]:
    """(seconds, +1 start or -1 end, kind) of SPEAKER and LEXEME objects and those of ``kind``, ordered in time.

    At the same time ends come first, in the order of the lines, then the starts, those of ``kind`` last.
    """
    events: list[tuple[float, int, str]] = []
    for line in lines:
        if line.kind in (kind, "SPEAKER", "LEXEME") and line.duration > 0:
            events += [(line.start, 1, line.kind), (line.end, -1, line.kind)]
    return sorted(events, key=lambda event: (event[0], event[1], event[1] == 1 and event[2] == kind))


def _difference(regions: Iterable[Segment], removed: Iterable[Segment]) -> list[Segment]:
    """The time of ``regions`` that is not in ``removed``."""
    kept: list[Segment] = []
    start = -math.inf
    for gone in union(removed):
        kept.append(Segment(start, gone.start))
        start = gone.end
    kept.append(Segment(start, math.inf))
    return intersection(regions, kept)
