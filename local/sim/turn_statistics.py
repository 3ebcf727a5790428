"""What a conversation is like: how each turn follows on the one before, and the figures that sum a recording up.

The turn that ends last of those begun so far has the *floor*. The next turn to begin

- lies wholly within it: a ``backchannel`` (short or long, it does not take the floor);
- or takes the floor: after a pause, by the same speaker (``hold``) or another (``switch``), or before the floor turn
  has ended (``interruption``).

Reference:
    H. Sacks, E. A. Schegloff and G. Jefferson, "A simplest systematics for the organization of turn-taking for
    conversation", Language 50, 1974.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from diar.segments import Turn, union

KINDS = ("hold", "switch", "interruption", "backchannel")


class Exchange(NamedTuple):
    """A turn and the one that had the floor when it began."""

    kind: str
    floor: Turn
    turn: Turn


@dataclass(frozen=True)
class Figures:
    """A recording in figures; medians are 0 where there is nothing to take one of.

    Attributes:
        overlap: time in which two or more talk, of the time in which anybody does.
        silence: time in which nobody talks, from the first turn to the end of the last.
        turn: median length of a turn, seconds.
        pause: median pause before a turn of another speaker, seconds.
        own_pause: median pause before a further turn of the same speaker, seconds.
        hold: share of the turns that take the floor which are of the speaker who had it.
        interruption: share of the changes of the floor that come before its turn has ended.
        backchannel: share of all turns that are backchannels.
    """

    overlap: float
    silence: float
    turn: float
    pause: float
    own_pause: float
    hold: float
    interruption: float
    backchannel: float


def cleaned(turns: Sequence[Turn]) -> list[Turn]:
    """The turns sorted by time, a speaker's own joined where they meet or overlap; empty ones are dropped."""
    speakers = {turn.speaker for turn in turns}
    own = {speaker: [turn for turn in turns if turn.speaker == speaker] for speaker in speakers}
    return sorted(Turn(start, end, speaker) for speaker in speakers for start, end in union(own[speaker]))


def exchanges(turns: Sequence[Turn]) -> list[Exchange]:
    """How each of the turns (``cleaned``) but the first follows on those before."""
    found = []
    floor = turns[0]
    for turn in turns[1:]:
        if turn.end <= floor.end:
            kind = "backchannel"
        elif turn.speaker == floor.speaker:
            kind = "hold"
        elif turn.start >= floor.end:
            kind = "switch"
        else:
            kind = "interruption"
        found.append(Exchange(kind, floor, turn))
        if kind != "backchannel":
            floor = turn
    return found


def figures(turns: Sequence[Turn]) -> Figures:
    """The figures of a recording with at least one turn."""
    turns = cleaned(turns)
    speech = union(turns)
    talked, span = sum(s.duration for s in speech), speech[-1].end - speech[0].start
    found = exchanges(turns)
    count = {kind: sum(exchange.kind == kind for exchange in found) for kind in KINDS}
    pauses = {kind: [e.turn.start - e.floor.end for e in found if e.kind == kind] for kind in ("hold", "switch")}
    changes = count["switch"] + count["interruption"]
    return Figures(
        overlap=_overlapped(turns) / talked,
        silence=1 - talked / span,
        turn=float(np.median([turn.duration for turn in turns])),
        pause=float(np.median(pauses["switch"] or [0.0])),
        own_pause=float(np.median(pauses["hold"] or [0.0])),
        hold=count["hold"] / max(1, changes + count["hold"]),
        interruption=count["interruption"] / max(1, changes),
        backchannel=count["backchannel"] / len(turns),
    )


def _overlapped(turns: Sequence[Turn]) -> float:
    """Seconds in which two or more talk."""
    events = sorted((time, step) for turn in turns for time, step in ((turn.start, 1), (turn.end, -1)))
    seconds, talking, last = 0.0, 0, 0.0
    for time, step in events:
        if talking > 1:
            seconds += time - last
        talking, last = talking + step, time
    return seconds
