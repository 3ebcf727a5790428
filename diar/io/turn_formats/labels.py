"""Labels of one recording, ``<start> <end> <label>`` a line: Audacity's label tracks and .lab files (VBx, DIHARD, HTK).

Times are seconds, or HTK's units of 100 ns, if all are whole numbers and the last is 100000 (10 ms of HTK's, more than
a day of seconds) or more. Lines that begin with ``;`` or ``#`` are comments, and what Audacity writes of frequencies,
in lines that begin with a backslash, is passed over. A label of ``NON_SPEECH`` means that nobody speaks, so that no
speaker can have such a name here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from diar.errors import DataError
from diar.io.files import content_lines
from diar.io.turn_formats.turn import checked_turn
from diar.segments import Turn

NON_SPEECH = ("sil", "silence", "nonspeech", "non-speech", "nsp", "noise", "music", "pau", "#")
TOLERANCE = 0.5  # s: labels often begin a little early or end a little late, by the rounding of whoever made them

_UNITS_PER_SECOND = 1e7  # HTK's
_LEAST_UNITS = 100_000
_NUMBER = re.compile(r"-?\d+\.?\d*(?:[eE][+-]?\d+)?|-?\.\d+(?:[eE][+-]?\d+)?")


class Label(NamedTuple):
    """A stretch of time in seconds with a text, and the ``file:line`` that says so."""

    place: str
    start: float
    end: float
    text: str

    @property
    def means_no_speech(self) -> bool:
        """Whether the label is one of ``NON_SPEECH``; a tab ends it, and scores may follow it."""
        return means_no_speech(self.text.partition("\t")[0])


def means_no_speech(text: str) -> bool:
    """Whether ``text``, in brackets or not, is one of ``NON_SPEECH``; numbers may follow it."""
    words = text.split()
    while words and _NUMBER.fullmatch(words[-1]):
        words.pop()
    return "-".join(words).strip("[]<>(){}").lower().replace("_", "-") in NON_SPEECH


def label_lines(path: Path) -> list[tuple[str, str]]:
    """The lines of a file of labels with their places."""
    return [(place, line) for place, line in content_lines(path) if not line.startswith("\\")]


def parse_labels(lines: Iterable[tuple[str, str]]) -> list[Label]:
    """All labels of one recording; their text may hold blanks, or be empty.

    Raises:
        DataError: a line that is no label, or ends before it starts.
    """
    labels = []
    whole, last = True, 0.0
    for place, line in lines:
        fields = line.split(maxsplit=2)
        if len(fields) < 2:
            raise DataError(place, f"found '{line.strip()}'", "wanted '<start> <end> <label>'")
        start, end = parse_times(place, fields[:2])
        if -TOLERANCE <= start < 0:
            start = 0.0
        if not 0 <= start <= end:
            raise DataError(place, f"found a label from {fields[0]} to {fields[1]}", "wanted 0 <= start <= end")
        whole = whole and all(field.strip().isdecimal() for field in fields[:2])
        last = max(last, end)
        labels.append(Label(place, start, end, "".join(fields[2:])))
    unit = _UNITS_PER_SECOND if whole and last >= _LEAST_UNITS else 1.0
    return [label._replace(start=label.start / unit, end=label.end / unit) for label in labels]


def are_numbers(fields: Iterable[str]) -> bool:
    """Whether all ``fields`` are decimal numbers."""
    return all(_NUMBER.fullmatch(field) for field in fields)


def parse_times(place: str, fields: Sequence[str]) -> tuple[float, float]:
    """Two numbers; ``place`` is told when they are none."""
    start, end = (field.strip() for field in fields)
    if not are_numbers((start, end)):
        raise DataError(place, f"found times '{start} {end}'", "wanted numbers")
    return float(start), float(end)


# ---- turns ---------------------------------------------------------------------------------------------------------


def audacity_text(turns: Sequence[Turn], duration: float) -> str:
    """Audacity's own form: tabs, and six decimals.

    Raises:
        DataError: a speaker's name means no speech, and would be lost when it is read.
    """
    _check_speakers("audacity", turns)
    return "".join(f"{turn.start:.6f}\t{turn.end:.6f}\t{turn.speaker}\n" for turn in turns)


def lab_text(turns: Sequence[Turn], duration: float) -> str:
    """Blanks, and seconds to the millisecond.

    Raises:
        DataError: as ``audacity_text``.
    """
    _check_speakers("lab", turns)
    return "".join(f"{turn.start:.3f} {turn.end:.3f} {turn.speaker}\n" for turn in turns)


def _check_speakers(name: str, turns: Sequence[Turn]) -> None:
    for turn in turns:
        if means_no_speech(turn.speaker):
            found = f"found a speaker called '{turn.speaker}', a label of no speech there"
            raise DataError(name, found, "wanted another name", "rename the speaker, or choose another format")


def read_audacity(path: Path) -> tuple[list[Turn], float]:
    """The turns of a label track; the label, which may hold blanks, is the speaker."""
    return [_turn(label, label.text.partition("\t")[0]) for label in _speech(path)], 0.0


def read_lab(path: Path) -> tuple[list[Turn], float]:
    """The turns of a .lab file; the label's first word is the speaker, since scores may follow it."""
    return [_turn(label, label.text.partition(" ")[0].partition("\t")[0]) for label in _speech(path)], 0.0


def _speech(path: Path) -> list[Label]:
    return [label for label in parse_labels(label_lines(path)) if not label.means_no_speech]


def _turn(label: Label, speaker: str) -> Turn:
    return checked_turn(label.place, label.start, label.end, speaker)
