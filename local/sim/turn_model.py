"""A model of turn-taking, fitted to reference turns: its distributions are the empirical ones, as quantiles.

What differs from meeting to meeting (how often speakers hold the floor, interrupt and give backchannels, how long they
talk and pause) is kept a reference recording, and drawn with a recording; shapes of distributions are pooled.

Reference:
    F. Landini, A. Lozano-Diez, M. Diez and L. Burget, "From simulated mixtures to simulated conversations as training
    data for end-to-end neural diarization", Interspeech 2022 (pauses and overlaps drawn from statistics of real
    conversations; holds, interruptions and backchannels are told apart here, which they are not there).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from turn_statistics import Exchange, cleaned, exchanges

from diar.errors import DataError
from diar.io.files import read_json
from diar.io.rttm import read_rttm_lines, speaker_turns
from diar.segments import Turn

SHIPPED = {"ami": Path(__file__).with_name("ami_turns.json")}
LEVELS = 41  # quantiles of a distribution, from the least to the greatest
LEAST_SECONDS = 0.02  # in logarithms: a pause of 0 s is possible
LEAST_EXCHANGES = 10  # of a recording that is fitted


@dataclass(frozen=True)
class Habits:
    """What one meeting is like.

    Attributes:
        speakers: how many there were.
        hold: share of the turns that take the floor which are of the speaker who had it.
        interruption: share of the changes of the floor that come before its turn has ended.
        back: share of the changes of the floor that give it back to who had it before, after another change.
        backchannels: a second of turns that have the floor.
        turn, pause, backchannel: factors of the pooled lengths.
    """

    speakers: int
    hold: float
    interruption: float
    back: float
    backchannels: float
    turn: float
    pause: float
    backchannel: float


@dataclass(frozen=True)
class TurnModel:
    """Turn-taking of a set of meetings.

    Attributes:
        source: where it comes from.
        concentration: of the symmetric Dirichlet distribution of the speakers' shares of the speech.
        quantiles: of each distribution (``DISTRIBUTIONS``), equally spaced from the least to the greatest value.
        meetings: what each of the reference recordings was like.
    """

    source: str
    concentration: float
    quantiles: dict[str, list[float]]
    meetings: list[Habits]

    def habits_for(self, n_speakers: int, rng: np.random.Generator) -> Habits:
        """The habits of a reference meeting, the likelier the nearer its number of speakers is."""
        weights = np.array([1.0 / (1 + abs(meeting.speakers - n_speakers)) for meeting in self.meetings])
        return self.meetings[rng.choice(len(weights), p=weights / weights.sum())]

    def draw(self, name: str, rng: np.random.Generator, below: float = math.inf) -> float:
        """A value of a distribution, of those up to ``below`` (the least one where there are none)."""
        quantiles = self.quantiles[name]
        levels = np.linspace(0.0, 1.0, len(quantiles))
        most = float(np.interp(below, quantiles, levels)) if below < quantiles[-1] else 1.0
        return float(np.interp(rng.uniform(0.0, most), levels, quantiles))


DISTRIBUTIONS = {  # what is measured of exchanges of which kind; seconds, or a share of the shorter of the two turns
    "length after hold": ("hold", lambda e: e.turn.duration),
    "length after switch": ("switch", lambda e: e.turn.duration),
    "length after interruption": ("interruption", lambda e: e.turn.duration),
    "length of backchannel": ("backchannel", lambda e: e.turn.duration),
    "pause before hold": ("hold", lambda e: e.turn.start - e.floor.end),
    "pause before switch": ("switch", lambda e: e.turn.start - e.floor.end),
    "overlap of interruption": (
        "interruption", lambda e: (e.floor.end - e.turn.start) / min(e.turn.duration, e.floor.duration)
    ),
}  # fmt: skip


def fit_turn_model(references: Mapping[str, Sequence[Turn]], source: str) -> TurnModel:
    """The model of the turns of recordings.

    Raises:
        DataError: no recording has two speakers and ``LEAST_EXCHANGES``.
    """
    turns = {recording: cleaned(found) for recording, found in references.items()}
    found = {recording: exchanges(turns[recording]) for recording in sorted(turns) if turns[recording]}
    found = {
        recording: own
        for recording, own in found.items()
        if len(own) >= LEAST_EXCHANGES and any(e.kind == "switch" for e in own)
    }
    if not found:
        wanted = f"wanted a recording in which two speakers or more take {LEAST_EXCHANGES} turns"
        raise DataError("--turns", f"found none in {source}", wanted)
    pooled = [exchange for own in found.values() for exchange in own]
    return TurnModel(
        source=source,
        concentration=round(_concentration([turns[recording] for recording in found]), 3),
        quantiles={name: _quantiles(name, pooled) for name in DISTRIBUTIONS},
        meetings=[_habits(own, pooled) for own in found.values()],
    )


def _values(name: str, found: Sequence[Exchange]) -> list[float]:
    kind, measure = DISTRIBUTIONS[name]
    return [measure(exchange) for exchange in found if exchange.kind == kind]


def _quantiles(name: str, pooled: Sequence[Exchange]) -> list[float]:
    values = _values(name, pooled)
    if not values:  # it will not be drawn, since no meeting has any
        return [0.0, 1.0]
    return [round(float(q), 3) for q in np.quantile(values, np.linspace(0.0, 1.0, LEVELS))]


def _habits(own: Sequence[Exchange], pooled: Sequence[Exchange]) -> Habits:
    count = {kind: sum(e.kind == kind for e in own) for kind in ("hold", "switch", "interruption", "backchannel")}
    floors = [own[0].floor, *(e.turn for e in own if e.kind != "backchannel")]
    speakers = [turn.speaker for turn in floors]
    triples = [(a, c) for a, b, c in zip(speakers, speakers[1:], speakers[2:], strict=False) if a != b and b != c]
    changes = count["switch"] + count["interruption"]
    lengths = [f"length after {kind}" for kind in ("hold", "switch", "interruption")]
    return Habits(
        speakers=len({speaker for e in own for speaker in (e.floor.speaker, e.turn.speaker)}),
        hold=round(count["hold"] / (changes + count["hold"]), 3),
        interruption=round(count["interruption"] / changes, 3),
        back=round(sum(a == c for a, c in triples) / max(1, len(triples)), 3),
        backchannels=round(count["backchannel"] / sum(turn.duration for turn in floors), 4),
        turn=_factor(lengths, own, pooled),
        pause=_factor(["pause before switch"], own, pooled),
        backchannel=_factor(["length of backchannel"], own, pooled),
    )


def _factor(names: Sequence[str], own: Sequence[Exchange], pooled: Sequence[Exchange]) -> float:
    """How much longer these are in a recording than in all: the ratio of geometric means, kind by kind."""
    logs = []
    for name in names:
        mean = np.mean(np.log(np.maximum(_values(name, pooled), LEAST_SECONDS))) if _values(name, pooled) else 0.0
        logs += [math.log(max(value, LEAST_SECONDS)) - mean for value in _values(name, own)]
    return round(math.exp(np.mean(logs)), 3) if logs else 1.0


def _concentration(recordings: Sequence[Sequence[Turn]]) -> float:
    """By the method of moments: the variance of a share is (1 - 1/n) / n / (n a + 1) for concentration a."""
    squares, sizes = [], []
    for turns in recordings:
        names = sorted({turn.speaker for turn in turns})
        seconds = np.array([sum(turn.duration for turn in turns if turn.speaker == name) for name in names])
        squares.append(np.sum(np.square(seconds / seconds.sum() - 1 / len(names))))
        sizes.append(len(names))
    n: NDArray[np.float64] = np.array(sizes, dtype=np.float64)
    low, high = 0.05, 100.0
    for _ in range(60):  # the expected squares fall with the concentration
        middle = math.sqrt(low * high)
        if np.sum((1 - 1 / n) / (n * middle + 1)) > sum(squares):
            low = middle
        else:
            high = middle
    return math.sqrt(low * high)


@lru_cache(maxsize=1)
def read_turn_model(turns: str) -> TurnModel:
    """The model that is shipped as ``turns``, or in the \\*.json of that name, or fitted to its RTTM.

    Raises:
        DataError: there is no such file or folder, neither a model nor RTTM in it, or too few turns.
    """
    path = SHIPPED.get(turns, Path(turns))
    if path.suffix != ".json":
        return fit_turn_model(read_references(path), turns)
    table = read_json(path)
    try:
        return TurnModel(**{**table, "meetings": [Habits(**meeting) for meeting in table["meetings"]]})
    except (TypeError, KeyError):
        raise DataError(path, "not a model of turn-taking", "wanted what local/sim/fit_turns.py writes") from None


def read_references(path: Path) -> dict[str, list[Turn]]:
    """The turns of all recordings in an RTTM file, or in the \\*.rttm of a folder.

    Raises:
        DataError: there is no such file or folder, or no RTTM in it.
    """
    paths = sorted(path.glob("*.rttm")) if path.is_dir() else [path] * path.exists()
    turns: dict[str, list[Turn]] = {}
    for found in paths:
        for recording, own in speaker_turns(read_rttm_lines(found)).items():
            turns.setdefault(recording, []).extend(own)
    if not turns:
        fault = "found no turns" if path.exists() else "no such file or folder"
        raise DataError("--turns", f"{path}: {fault}", f"wanted RTTM, a folder of *.rttm, or {', '.join(SHIPPED)}")
    return turns


def as_table(model: TurnModel) -> dict[str, object]:
    """The model as JSON keeps it."""
    return asdict(model)
