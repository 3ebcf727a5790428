"""What a report's pages and figures show, as plain data; times in seconds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from diar.score import Score
from diar.score_errors import ErrorSegment
from diar.segments import Segment, Turn, union


class Note(NamedTuple):
    """Time worth a second look, such as likely overlap: ``kind`` names its row, ``text`` tells more of it."""

    segment: Segment
    kind: str
    text: str = ""


@dataclass(frozen=True)
class MergeCurve:
    """What a merge history measures against the number of clusters, such as the NMI, the finest partition first.

    ``cut`` is the number of clusters that was chosen, None where that is not known.
    """

    name: str
    n_clusters: tuple[int, ...]
    values: tuple[float, ...]
    cut: int | None = None


@dataclass(frozen=True)
class VadFigures:
    """What was found of speech; miss and false alarm in percent of scored speech, nan where nothing is known of it."""

    regions: tuple[Segment, ...]
    miss: float = math.nan
    false_alarm: float = math.nan

    @property
    def seconds(self) -> float:
        return sum(region.duration for region in self.regions)


@dataclass(frozen=True)
class Audio:
    """What a page plays: ``content`` goes into the page itself; without it, ``href`` is where the file lies.

    ``href`` is a path relative to the page, unquoted. ``seconds`` is how long it lasts, where that is known.
    """

    mime: str = "audio/wav"
    content: bytes = b""
    href: str = ""
    seconds: float = math.inf


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """How a result came to be: settings by stage and name, versions by program, seconds by stage."""

    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RecordingContent:
    """What the page of one recording shows.

    ``mapping`` gives the hypothesis speaker of each mapped reference speaker, ``scored`` the regions in which errors
    count (None where nothing is scored), ``condition`` under which. ``calibration`` tells on what the confidences are
    calibrated, where that is known. ``set_href`` leads to the page of the set.
    """

    recording: str
    duration: float
    hypothesis: tuple[Turn, ...]
    reference: tuple[Turn, ...] | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[ErrorSegment, ...] = ()
    scored: tuple[Segment, ...] | None = None
    score: Score | None = None
    condition: str = ""
    calibration: str = ""
    vad: VadFigures | None = None
    notes: tuple[Note, ...] = ()
    curves: tuple[MergeCurve, ...] = ()
    provenance: Provenance = Provenance()
    audio: Audio | None = None
    set_href: str = ""


class SpeakerRow(NamedTuple):
    """A speaker's line: seconds of speech, turns, mean confidence (nan: unknown), and who it is on the other side."""

    name: str
    seconds: float
    turns: int
    confidence: float
    other: str
    colour: int


@dataclass(frozen=True)
class SetRow:
    """A recording's line on the page of its set; ``href``, quoted, leads to its own page."""

    recording: str
    href: str
    duration: float
    n_turns: int
    n_found: int
    score: Score | None = None


@dataclass(frozen=True, kw_only=True)
class SetContent:
    """What the page of a set shows."""

    name: str
    rows: tuple[SetRow, ...]
    condition: str = ""
    remarks: tuple[str, ...] = ()
    provenance: Provenance = Provenance()

    @property
    def pooled(self) -> Score | None:
        """The seconds and counts of all scored recordings; None where none is."""
        scores = [row.score for row in self.rows if row.score is not None]
        return sum(scores, Score()) if scores else None


def set_row(content: RecordingContent, href: str) -> SetRow:
    """The line of ``content`` on the page of its set."""
    turns, score = content.hypothesis, content.score
    n_found = score.n_found if score else len(speakers(turns))
    return SetRow(content.recording, href, content.duration, len(turns), n_found, score)


def speakers(turns: Sequence[Turn]) -> list[str]:
    """The speakers of ``turns`` by first appearance."""
    return list(dict.fromkeys(turn.speaker for turn in sorted(turns, key=lambda turn: (turn.start, turn.speaker))))


def speaker_rows(content: RecordingContent) -> tuple[list[SpeakerRow], list[SpeakerRow]]:
    """The speakers of the hypothesis and those of the reference.

    Colours go by the order of appearance in the hypothesis. A reference speaker has the colour of the one it is mapped
    to and stands in that one's place; those that are mapped to none come last, each with a further colour.
    """
    found = speakers(content.hypothesis)
    true = speakers(content.reference or ())
    speaker_of = {guess: speaker for speaker, guess in content.mapping.items()}
    colours = {name: number for number, name in enumerate(found)}
    mapped = [speaker for speaker in true if content.mapping.get(speaker) in colours]
    unmapped = [speaker for speaker in true if speaker not in mapped]
    true_colours = {speaker: colours[content.mapping[speaker]] for speaker in mapped}
    true_colours |= {speaker: len(found) + number for number, speaker in enumerate(unmapped)}
    mapped.sort(key=lambda speaker: true_colours[speaker])
    return (
        [_speaker_row(name, content.hypothesis, speaker_of.get(name, ""), colours[name]) for name in found],
        [
            _speaker_row(name, content.reference or (), content.mapping.get(name, ""), true_colours[name])
            for name in [*mapped, *unmapped]
        ],
    )


def _speaker_row(name: str, turns: Sequence[Turn], other: str, colour: int) -> SpeakerRow:
    own = [turn for turn in turns if turn.speaker == name]
    seconds = sum(segment.duration for segment in union(own))
    known = [turn for turn in own if math.isfinite(turn.confidence)]
    weight = sum(turn.duration for turn in known)
    confidence = sum(turn.confidence * turn.duration for turn in known) / weight if weight > 0 else math.nan
    return SpeakerRow(name, seconds, len(own), confidence, other, colour)
