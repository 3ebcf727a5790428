"""Turn-taking: who speaks when in a simulated meeting."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from diar.errors import DataError
from diar.options import Options, option
from diar.segments import Turn

TURN_MEDIAN, TURN_SPREAD = 6.0, 0.6  # seconds, and standard deviation of the logarithm
TURN_RANGE = (1.0, 15.0)  # seconds
REMARK_RANGE = (0.8, 1.6)  # seconds: short turns, which a minimum duration easily gives to somebody else
REMARK_SHARE = 0.15  # of the turns
PAUSE_MEDIAN, PAUSE_SPREAD = 0.45, 0.7  # between turns
PAUSE_RANGE = (0.05, 3.0)
OWN_PAUSE = 0.35  # seconds at least between two turns of one speaker
OVERLAP_MEDIAN, OVERLAP_SPREAD = 0.8, 0.6
OVERLAP_RANGE = (0.2, 4.0)
BACKCHANNEL_RANGE = (0.3, 0.8)
BACKCHANNEL_SHARE = 0.4  # of the overlaps are backchannels, the others interruptions
MAX_OVERLAPPED = 0.7  # of a turn may be overlapped
CONTINUE_SHARE = 0.12  # of the turns are followed by one of the same speaker
MARGIN = 0.5  # seconds of silence at both ends
LARGEST_SHARE = 0.55  # of the speech of one speaker, where there are two or more
LEAST_SPEECH = 15.0  # seconds a speaker, where the meeting is long enough
SECONDS_A_SPEAKER = 10.0  # of the meeting's length, at least
MAX_PLANS = 100


@dataclass(frozen=True)
class ConversationOptions(Options):
    """Turn-taking of simulated meetings."""

    duration: float = option(180.0, "length of a meeting", unit="s", low=20, high=3600)
    num_speakers: str = option("3-5", "number of speakers, or a range to draw it from, as in 3-5")
    overlap: float = option(0.05, "share of the speech time in which two speakers talk", low=0, high=0.3)
    turns: str = option("", "turn-taking as in references: RTTM, a folder of it, a model fitted to some, or ami")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.turns and self.overlap != ConversationOptions.overlap:
            found = f"found {self.overlap:g} with --turns {self.turns}"
            raise DataError("--overlap", found, "wanted one of the two: the references have an overlap of their own")
        most = self.speaker_range[1]
        if most * SECONDS_A_SPEAKER > self.duration:
            advice = f"pass --duration {most * SECONDS_A_SPEAKER:g} or more"
            raise DataError("--num-speakers", f"found {most} speakers in {self.duration:g} s", advice=advice)

    @property
    def speaker_range(self) -> tuple[int, int]:
        """Least and greatest number of speakers."""
        low, dash, high = self.num_speakers.partition("-")
        high = high if dash else low
        if not (low.isdecimal() and high.isdecimal() and 1 <= int(low) <= int(high)):
            raise DataError("--num-speakers", f"found '{self.num_speakers}'", "wanted a number or a range such as 3-5")
        return int(low), int(high)

    def draw_num_speakers(self, rng: np.random.Generator) -> int:
        """A number of speakers of the range, all equally likely."""
        return int(rng.integers(*self.speaker_range, endpoint=True))


def plan_turns(speakers: Sequence[str], options: ConversationOptions, rng: np.random.Generator) -> list[Turn]:
    """Turns sorted by time that start and end at full milliseconds.

    At most two speakers talk at a time; a speaker's own turns are at least ``OWN_PAUSE`` apart. No speaker has more
    than ``LARGEST_SHARE`` of the speech, and each has ``LEAST_SPEECH`` or, in a short meeting, half an equal share;
    where many plans do not give the latter, less is enough.
    """
    wanted = min(LEAST_SPEECH, 0.45 * options.duration / len(speakers))
    for attempt in range(MAX_PLANS):
        least = wanted * min(1.0, 2.0 * (1.0 - attempt / MAX_PLANS))
        turns = _Plan(speakers, options, rng).turns
        seconds = [sum(turn.duration for turn in turns if turn.speaker == speaker) for speaker in speakers]
        if min(seconds) >= least and (len(speakers) == 1 or max(seconds) <= LARGEST_SHARE * sum(seconds)):
            return [Turn(round(turn.start, 3), round(turn.end, 3), turn.speaker) for turn in sorted(turns)]
    raise AssertionError(f"no balanced plan for {len(speakers)} speakers in {options.duration} s")


@dataclass
class _Plan:
    """One draw of a conversation, made turn by turn.

    The overlap owed is the wanted share of the speech so far, less the overlap so far; a turn overlaps the one before
    as soon as the overlap drawn for it is owed.
    """

    speakers: Sequence[str]
    options: ConversationOptions
    rng: np.random.Generator
    turns: list[Turn] = field(default_factory=list)
    overlapped: float = 0.0

    def __post_init__(self) -> None:
        n = len(self.speakers)
        self.weights = 0.6 / n + 0.4 * self.rng.dirichlet(np.full(n, 2.0))  # mostly equal, in part drawn
        self.talked = dict.fromkeys(self.speakers, 0.0)
        self.may_talk = dict.fromkeys(self.speakers, 0.0)  # from when on, by their own last turn
        self.longest = min(TURN_RANGE[1], 0.4 * self.options.duration / n)
        floor, solo_from = None, 0.0  # the turn that holds the floor; from where on nobody else talks
        while (turn := self._next_turn(floor, solo_from)) is not None:
            solo_from = max(solo_from, floor.end) if floor and floor.end > turn.start else turn.start
            self._add(turn)
            floor = turn
            solo_from = self._backchannel(floor, solo_from)

    def _next_turn(self, floor: Turn | None, solo_from: float) -> Turn | None:
        """The turn that follows ``floor``; None where the meeting is full."""
        speaker = self._next_speaker(floor)
        if self.rng.random() < REMARK_SHARE:
            length = self.rng.uniform(*REMARK_RANGE)
        else:
            length = self._draw(min(TURN_MEDIAN, self.longest / 2), TURN_SPREAD, (TURN_RANGE[0], self.longest))
        pause = self._draw(PAUSE_MEDIAN, PAUSE_SPREAD, PAUSE_RANGE)
        if floor is None:
            start = MARGIN
        else:
            overlap = min(self._overlap_due(), MAX_OVERLAPPED * min(length, floor.duration))
            if speaker == floor.speaker or overlap < OVERLAP_RANGE[0]:
                overlap = 0.0
            start = max(floor.end - overlap if overlap else floor.end + pause, solo_from, self.may_talk[speaker])
        end = min(start + length, self.options.duration - MARGIN)
        return Turn(start, end, speaker) if end - start >= REMARK_RANGE[0] else None

    def _next_speaker(self, floor: Turn | None) -> str:
        """A speaker drawn by how much of the share wanted is still to be said."""
        others = [name for name in self.speakers if floor is None or name != floor.speaker]
        if floor is not None and (not others or self.rng.random() < CONTINUE_SHARE):
            return floor.speaker
        said = sum(self.talked.values()) + len(self.speakers) * TURN_MEDIAN
        wanted = dict(zip(self.speakers, self.weights * said, strict=True))
        lacking = np.array([max(wanted[name] - self.talked[name], 0.05) for name in others])
        return others[self.rng.choice(len(others), p=lacking / lacking.sum())]

    def _backchannel(self, floor: Turn, solo_from: float) -> float:
        """Perhaps a short word of another speaker within ``floor``; from where on ``floor`` is alone thereafter."""
        others = [name for name in self.speakers if name != floor.speaker]
        length = self.rng.uniform(*BACKCHANNEL_RANGE)
        latest = floor.end - length - OWN_PAUSE
        if not others or self.rng.random() > BACKCHANNEL_SHARE or self._overlap_due() < length:
            return solo_from
        speaker = others[self.rng.integers(len(others))]
        earliest = max(solo_from, floor.start + OWN_PAUSE, self.may_talk[speaker])
        if earliest >= latest:
            return solo_from
        start = self.rng.uniform(earliest, latest)
        self._add(Turn(start, start + length, speaker))
        return start + length

    def _overlap_due(self) -> float:
        """Seconds of overlap to make now: all that is owed, once it exceeds an overlap drawn at random."""
        owed = self.options.overlap * (sum(self.talked.values()) - self.overlapped) - self.overlapped
        return owed if owed >= self._draw(OVERLAP_MEDIAN, OVERLAP_SPREAD, OVERLAP_RANGE) else 0.0

    def _add(self, turn: Turn) -> None:
        self.overlapped += sum(max(0.0, min(turn.end, t.end) - max(turn.start, t.start)) for t in self.turns[-3:])
        self.turns.append(turn)
        self.talked[turn.speaker] += turn.duration
        self.may_talk[turn.speaker] = turn.end + OWN_PAUSE

    def _draw(self, median: float, spread: float, limits: tuple[float, float]) -> float:
        drawn = median * math.exp(spread * self.rng.standard_normal())
        return float(min(max(drawn, limits[0]), limits[1]))
