"""A conversation drawn from a model of turn-taking, turn by turn, while it is spoken.

A talker stops where a word ends, so a turn is a little shorter or longer than the one drawn. The next one follows on
the turn as it was spoken, so pauses and overlaps are those drawn.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from talkers import Talker
from turn_model import TurnModel

from diar.segments import Turn

Float32 = NDArray[np.float32]

MARGIN = 0.5  # seconds of silence at both ends
LEAST_TURN = 0.2  # seconds
OWN_PAUSE = 0.1  # seconds at least between two turns of one speaker
LONGEST_SHARE = 0.4  # of an equal share of the meeting: a short meeting has no long turns
LONGEST_PAUSE_SHARE = 0.2  # of an equal share
LEAST_SPEECH = 5.0  # seconds a speaker, where the meeting is long enough
TIME_TO_BE_HEARD = 2.0  # times that, for each, before the end: who has not had it yet has the floor
USUAL_TURN = 6.0  # seconds; that much speech of each is owed in advance, so that it is not known who comes next
MOST_BACK = 0.95
LOST, MOST_LOST = 0.12, 0.25  # seconds, or share of a short turn, that readers stop too early on average
TRIES = 5  # at finding a time for a backchannel


def hold_dialogue(
    talkers: Sequence[Talker], model: TurnModel, duration: float, sample_rate: int, rng: np.random.Generator
) -> tuple[list[Turn], list[Float32]]:
    """Turns sorted by time, which start and end at full milliseconds, and the speech of each.

    Everybody has ``LEAST_SPEECH`` or, in a short meeting, a quarter of an equal share; a speaker's own turns are at
    least ``OWN_PAUSE`` apart.
    """
    spoken = _Dialogue(talkers, model, duration, sample_rate, rng).spoken
    order = sorted(range(len(spoken)), key=lambda k: spoken[k][0])
    return [spoken[k][0] for k in order], [spoken[k][1] for k in order]


class _Dialogue:
    """One draw of a conversation.

    Attributes:
        spoken: the turns in the order in which they were drawn, and the speech of each.
        own: the turns of each speaker, sorted by time.
    """

    def __init__(
        self, talkers: Sequence[Talker], model: TurnModel, duration: float, sample_rate: int, rng: np.random.Generator
    ) -> None:
        n = len(talkers)
        self.talkers = {talker.name: talker for talker in talkers}
        self.model, self.end, self.sample_rate, self.rng = model, duration - MARGIN, sample_rate, rng
        self.habits = model.habits_for(n, rng)
        self.least = min(LEAST_SPEECH, 0.25 * duration / n)
        self.longest, self.longest_pause = LONGEST_SHARE * duration / n, LONGEST_PAUSE_SHARE * duration / n
        shares = np.maximum(rng.dirichlet(np.full(n, model.concentration)), self.least / duration)
        self.shares = dict(zip(self.talkers, shares / shares.sum(), strict=True))
        self.spoken: list[tuple[Turn, Float32]] = []
        self.own: dict[str, list[Turn]] = {name: [] for name in self.talkers}
        before, floor = "", self._next_turn(None, "")
        while floor is not None:
            following = self._next_turn(floor, before)
            self._backchannels(floor)
            before, floor = floor.speaker, following

    def _next_turn(self, floor: Turn | None, before: str) -> Turn | None:
        """The turn that takes the floor next, spoken; None where the meeting is full."""
        unheard = self._to_be_heard(floor.end if floor else 0.0)
        speaker = self._next_speaker(floor, before, unheard)
        if floor is not None and speaker == floor.speaker:
            kind = "hold"
        elif floor is not None and self.rng.random() < self.habits.interruption:
            kind = "interruption"
        else:
            kind = "switch"
        length = self._draw(f"length after {kind}", self.habits.turn, self.longest)
        gap, overlap = 0.0, 0.0
        if kind == "interruption":
            overlap = self._draw("overlap of interruption")
        elif floor is not None:
            gap = self._draw(f"pause before {kind}", self.habits.pause if kind == "switch" else 1.0, self.longest_pause)
        if unheard:  # neither a long turn nor a long pause may keep others from it
            length = max(min(length, self.least), self.least - self._talked(speaker) + LOST)
            gap = min(gap, self.least / 2)

        def start(seconds: float) -> float:
            if floor is None:
                return MARGIN
            wanted = floor.end + gap - overlap * min(seconds, floor.duration)
            return max(wanted, *(turn.end + OWN_PAUSE for turn in self.own[speaker][-2:]), 0.0)

        room = self.end - start(0.0)
        if room < LEAST_TURN:
            return None
        speech = self._say(speaker, min(length, room))
        return self._add(start(len(speech) / self.sample_rate), speaker, speech)

    def _to_be_heard(self, time: float) -> list[str]:
        """Who must have the floor now, since little time is left."""
        unheard = [name for name in self.talkers if self._talked(name) < self.least - LOST]
        return unheard if self.end - time < TIME_TO_BE_HEARD * self.least * (len(unheard) + 1) else []

    def _next_speaker(self, floor: Turn | None, before: str, unheard: Sequence[str]) -> str:
        """A speaker drawn by how much of the share wanted is still to be said."""
        others = [name for name in self.talkers if floor is None or name != floor.speaker]
        if unheard:
            others = [name for name in others if name in unheard] or list(unheard)
        elif floor is not None and (not others or self.rng.random() < self.habits.hold):
            return floor.speaker
        said = sum(self._talked(name) for name in self.talkers) + len(self.talkers) * USUAL_TURN
        lacking = [max(self.shares[name] * said - self._talked(name), 0.05) for name in others]
        if before in others and len(others) > 1:
            back = min(self.habits.back, MOST_BACK)
            lacking[others.index(before)] *= back / (1 - back) * (len(others) - 1)
        return others[self.rng.choice(len(others), p=np.array(lacking) / sum(lacking))]

    def _backchannels(self, floor: Turn) -> None:
        """Turns of other speakers within ``floor``, where they do not talk then anyway."""
        others = [name for name in self.talkers if name != floor.speaker]
        for _ in range(self.rng.poisson(self.habits.backchannels * floor.duration) if others else 0):
            length = self._draw("length of backchannel", self.habits.backchannel, floor.duration - LEAST_TURN)
            weights = np.array([self.shares[name] for name in others])
            for _ in range(TRIES):
                speaker = others[self.rng.choice(len(others), p=weights / weights.sum())]
                start = self.rng.uniform(floor.start, max(floor.start, floor.end - length - LOST))
                if self._is_free(speaker, start, start + length + LOST):
                    speech = self._say(speaker, length)
                    if start + len(speech) / self.sample_rate < floor.end:
                        self._add(start, speaker, speech)
                    break

    def _is_free(self, speaker: str, start: float, end: float) -> bool:
        return all(t.end + OWN_PAUSE <= start or t.start >= end + OWN_PAUSE for t in self.own[speaker])

    def _draw(self, name: str, factor: float = 1.0, below: float = np.inf) -> float:
        return factor * self.model.draw(name, self.rng, below / factor)

    def _talked(self, name: str) -> float:
        return sum(turn.duration for turn in self.own[name])

    def _say(self, speaker: str, seconds: float) -> Float32:
        asked = max(seconds, LEAST_TURN) + min(LOST, MOST_LOST * seconds)
        return self.talkers[speaker].say(round(asked * self.sample_rate))

    def _add(self, start: float, speaker: str, speech: Float32) -> Turn:
        """Take the turn down, from and to a full millisecond."""
        start = round(start, 3)
        turn = Turn(start, round(start + round(1000 * len(speech) / self.sample_rate) / 1000, 3), speaker)
        self.spoken.append((turn, speech))
        self.own[speaker] = sorted([*self.own[speaker], turn])
        return turn
