"""RTTM, NIST's rich transcription time marks: a line an object, nine or ten fields separated by blanks.

``<type> <recording> <channel> <start> <duration> <text> <subtype> <speaker> <confidence> [<lookahead>]``

The nine fields are LDC's and Kaldi's, the tenth came with RT-09; md-eval wants nine or more. A field that does not
apply is ``<NA>``. Comments begin with ``;`` or ``#``. SPEAKER lines are the turns; scoring also heeds NOSCORE, NON-LEX
and LEXEME.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from diar.errors import DataError
from diar.io.files import content_lines, write_text
from diar.io.line_formats import RTTM_TYPES, faults_of_lines, other_format
from diar.segments import Turn

_NOT_APPLICABLE = "<NA>"


@dataclass(frozen=True)
class RttmLine:
    """One object of an RTTM file; times in seconds.

    ``speaker`` is empty where it is ``<NA>``, ``confidence`` nan where it is no number. ``place`` is where it was read,
    ``file:line``; ``estimated`` says that a time was marked with ``*``.
    """

    kind: str
    recording: str
    channel: str
    start: float
    duration: float
    subtype: str
    speaker: str
    confidence: float = math.nan
    place: str = field(default="", compare=False)
    estimated: bool = field(default=False, compare=False)

    @property
    def end(self) -> float:
        return self.start + self.duration

    @classmethod
    def parse(cls, line: str, place: str) -> RttmLine:
        """Parse one line; ``place`` is told when it is wrong."""
        fields = line.split()
        if len(fields) < 9:
            looks = other_format(line, "RTTM")
            raise DataError(place, f"found {len(fields)} fields", "wanted at least 9 (RTTM)", looks)
        kind, recording, channel, start_text, duration_text, _, subtype, speaker, confidence = fields[:9]
        if kind not in RTTM_TYPES:
            advice = "write it in capitals" if kind.upper() in RTTM_TYPES else ""
            raise DataError(place, f"found the type '{kind}'", "wanted SPEAKER or another of RTTM's types", advice)
        try:
            start, duration = _seconds(start_text), _seconds(duration_text)
        except ValueError:
            raise DataError(place, f"found times '{start_text} {duration_text}'", "wanted seconds") from None
        if not (math.isfinite(start) and math.isfinite(duration)) or start < 0 or duration < 0:
            raise DataError(
                place, f"found start {start_text} and duration {duration_text}", "wanted numbers of at least 0"
            )
        if kind == "SPEAKER" and speaker == _NOT_APPLICABLE:
            raise DataError(place, "the speaker's name is blank", "wanted a name in field 8")
        if kind == "SPEAKER" and _NOT_APPLICABLE in (start_text, duration_text):
            raise DataError(place, "the turn has no times", "wanted seconds in fields 4 and 5")
        speaker, estimated = "" if speaker == _NOT_APPLICABLE else speaker, "*" in start_text + duration_text
        return cls(
            kind, recording, channel, start, duration, subtype, speaker, _confidence(confidence), place, estimated
        )


def _seconds(text: str) -> float:
    """A time of an RTTM line: NIST's references mark estimated ones with '*', which is ignored; ``<NA>`` is 0."""
    return 0.0 if text == _NOT_APPLICABLE else float(text.replace("*", ""))


def _confidence(text: str) -> float:
    """Field 9, for which some write anything: what is no number is no confidence."""
    try:
        confidence = float(text)
    except ValueError:
        return math.nan
    return confidence if math.isfinite(confidence) else math.nan


def rttm_files(path: Path) -> list[Path]:
    """The file itself, or the .rttm files of a folder, sorted.

    Raises:
        DataError: a folder has none.
    """
    files = sorted(path.glob("*.rttm")) if path.is_dir() else [path]
    if not files:
        raise DataError(path, "is a folder without .rttm files", "wanted an RTTM file, or a folder of some")
    return files


def read_rttm_lines(path: Path) -> list[RttmLine]:
    """All objects of an RTTM file, or of all .rttm files of a folder, in the files' order.

    Raises:
        DataError: with file and line, where a line is not RTTM; a folder has none, or a recording in two.
    """
    lines: list[RttmLine] = []
    origin: dict[str, Path] = {}
    for file in rttm_files(path):
        lines += (found := [RttmLine.parse(line, place) for place, line in content_lines(file)])
        for recording in dict.fromkeys(line.recording for line in found):
            if origin.setdefault(recording, file) != file:
                told = f"recording '{recording}' is in {origin[recording]}, too"
                raise DataError(file, told, "wanted it in one")
    return lines


def rttm_faults(path: Path) -> list[str]:
    """Every line of an RTTM file, or of those of a folder, that is not RTTM, with its place.

    Of a file that begins as one of another format does only that is told.
    """
    return [fault for file in rttm_files(path) for fault in faults_of_lines(file, "RTTM", RttmLine.parse)]


def reference_faults(path: Path) -> list[str]:
    """Every faulty line of an RTTM file, or that it has no turn."""
    faults = rttm_faults(path)
    if faults or any(line.kind == "SPEAKER" for line in read_rttm_lines(path)):
        return faults
    return [f"{path}: no SPEAKER line; wanted the turns of at least one recording"]


def renamed_rttm(path: Path, rename: Callable[[str], str | None]) -> str:
    """The objects of an RTTM file as text, checked, with the name of each line's recording replaced.

    Lines of recordings that have no new name (None) are left out.
    """
    text = []
    for place, line in content_lines(path):
        name = rename(RttmLine.parse(line, place).recording)
        fields = line.split()
        if name is not None:
            text.append(" ".join([fields[0], name, *fields[2:]]) + "\n")
    return "".join(text)


def speaker_turns(lines: Iterable[RttmLine]) -> dict[str, list[Turn]]:
    """The turns of each recording, sorted by time; recordings in order of first mention."""
    turns: dict[str, list[Turn]] = {}
    for line in lines:
        if line.kind == "SPEAKER":
            turns.setdefault(line.recording, []).append(Turn(line.start, line.end, line.speaker, line.confidence))
    return {recording: sorted(found) for recording, found in turns.items()}


def rttm_text(turns: Mapping[str, Sequence[Turn]]) -> str:
    """The turns of each recording with channel 1 and times to the millisecond, recordings sorted as bytes."""
    return "".join(
        f"SPEAKER {recording} 1 {turn.start:.3f} {turn.duration:.3f} <NA> <NA> {turn.speaker} {_field_9(turn)} <NA>\n"
        for recording in sorted(turns, key=str.encode)
        for turn in sorted(turns[recording])
    )


def _field_9(turn: Turn) -> str:
    return _NOT_APPLICABLE if math.isnan(turn.confidence) else f"{turn.confidence:.3f}"


def write_rttm(path: Path, turns: Mapping[str, Sequence[Turn]]) -> None:
    """Write ``rttm_text``."""
    write_text(path, rttm_text(turns))
