"""What a score is made of, so that it can be made again with something changed; and traps, told by such changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from diar.io.rttm import RttmLine
from diar.score import RecordingScore, Score, score_input
from diar.score_input import ScoreInput, ScoreOptions, by_recording, score_inputs
from diar.segments import Segment

DER = "DER"
COUNT_ERROR = "mean speaker count error"


@dataclass(frozen=True)
class Trap:
    """One kind of trap: how many were found, where the first is (``file:line``), and what they do to a figure.

    ``as_scored`` is the figure of ``measure`` as it is, ``otherwise`` what it would be ``if_otherwise``.
    """

    name: str
    found: str
    count: int
    place: str
    measure: str
    as_scored: float
    if_otherwise: str
    otherwise: float

    def __str__(self) -> str:
        unit = " %" if self.measure == DER else ""
        figures = f"{self.measure} {self.as_scored:.2f}{unit}; {self.if_otherwise} {self.otherwise:.2f}{unit}"
        return ": ".join(part for part in (self.place, self.name, f"{self.found}; {figures}") if part)


@dataclass(frozen=True)
class Material:
    """What a score is made of. Only recordings with SPEAKER lines in the reference are scored."""

    reference: Sequence[RttmLine]
    hypothesis: Sequence[RttmLine]
    uem: Mapping[str, Sequence[Segment]] | None
    options: ScoreOptions

    @cached_property
    def truth(self) -> dict[str, list[RttmLine]]:
        return by_recording(self.reference)

    @cached_property
    def found(self) -> dict[str, list[RttmLine]]:
        return by_recording(self.hypothesis)

    @cached_property
    def inputs(self) -> list[ScoreInput]:
        return score_inputs(self.reference, self.hypothesis, self.uem)

    @cached_property
    def scores(self) -> list[RecordingScore]:
        return [score_input(given, self.options) for given in self.inputs]

    @cached_property
    def der(self) -> float:
        return sum(self.scores, Score()).der

    def der_of(self, inputs: Iterable[ScoreInput], options: ScoreOptions | None = None) -> float:
        return sum((score_input(given, options or self.options) for given in inputs), Score()).der

    def der_if(self, change: Callable[[ScoreInput], ScoreInput]) -> float:
        return self.der_of(map(change, self.inputs))

    def turns(self) -> list[RttmLine]:
        """The reference's SPEAKER lines, in the order of the file."""
        return [line for line in self.reference if line.kind == "SPEAKER"]

    def trap(self, name: str, found: str, lines: Sequence[RttmLine], if_otherwise: str, otherwise: float) -> Trap:
        """A trap of the error rate that lies in ``lines``."""
        return Trap(name, found, len(lines), lines[0].place, DER, self.der, if_otherwise, otherwise)
