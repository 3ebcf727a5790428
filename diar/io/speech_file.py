"""Where speech is, from whatever file there is of it: Kaldi's segments and vad.scp, RTTM, labels in many hands.

A table of all recordings is told by its first line:

* RTTM: the first field is one of NIST's types (SPEAKER, ...); speech is where a SPEAKER line is
* Kaldi's segments: ``<utterance> <recording> <start> <end>``, in seconds; an end of -1 is the recording's
* Kaldi's vad.scp: ``<recording> <archive:offset>``, a vector of 0 and 1 each, a value every 10 ms
* labels of the one recording that there is: ``<start> <end> [<label> ...]``

In a folder each recording has ``<recording>.lab``, ``.txt`` or ``.rttm``, with labels or RTTM. A label that means no
speech is left out (``labels.NON_SPEECH``); any other, or none, is speech.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError
from diar.frames import FRAMES_PER_SECOND
from diar.io.ark import archives_stamp, read_entry
from diar.io.line_formats import RTTM_TYPES
from diar.io.rttm import RttmLine
from diar.io.scp import read_table
from diar.io.turn_formats.kaldi import parse_segments
from diar.io.turn_formats.labels import TOLERANCE, are_numbers, label_lines, parse_labels
from diar.segments import Segment, speech_frames
from diar.vad import fit_length

_LABEL_SUFFIXES = (".lab", ".txt", ".rttm")
_FORMATS = "wanted RTTM, '<utterance> <recording> <start> <end>', '<recording> <archive>' or '<start> <end> <label>'"


class Entry(NamedTuple):
    """A stretch of speech in seconds, and the ``file:line`` that says so."""

    place: str
    start: float
    end: float


class SpeechFile:
    """What a file, or a folder of files, says of the speech of ``recordings``.

    Raises:
        DataError: there is no such file, its format is not known, a line is faulty, or nothing in it is about one of
            the recordings.
    """

    def __init__(self, path: Path, recordings: Sequence[str]) -> None:
        self.path = path
        self._recordings = list(recordings)
        self._files: dict[str, list[Path]] = {}  # a folder's, by recording
        self._vectors: dict[str, str] = {}  # vad.scp
        self._entries: dict[str, list[Entry]] = {}
        if path.is_dir():
            self._find_files()
        else:
            self._read_table()

    def frames(self, recording: str, n_frames: int) -> NDArray[np.float32]:
        """(n_frames,) float32: 1 where ``recording`` has speech, 0 elsewhere.

        Raises:
            DataError: a folder has no file of the recording, or a faulty one; or speech ends, or a vector's length is,
                more than 0.5 s beyond the recording.
        """
        if self._vectors:
            return self._vector(recording, n_frames)
        duration = n_frames / FRAMES_PER_SECOND
        segments = []
        for place, start, end in self._entries_of(recording):
            if math.isfinite(end) and end > duration + TOLERANCE:
                found = f"speech up to {end:.3f} s, where '{recording}' ends at {duration:.2f} s"
                raise DataError(place, found, f"wanted at most {TOLERANCE:g} s more")
            segments.append(Segment(start, min(end, duration)))
        return speech_frames(segments, n_frames)

    def lists(self, recording: str) -> bool:
        """Whether the file says anything of ``recording``, be it that there is no speech."""
        return bool(self._files) or recording in (self._vectors or self._entries)

    def digest(self) -> str:
        """A checksum of the file, or of the folder's files of the recordings; of vad.scp's archives, their dates."""
        digest = 0
        files = [file for found in self._files.values() for file in found] if self._files else [self.path]
        for file in files:
            digest = zlib.crc32(file.read_bytes(), zlib.crc32(file.name.encode(), digest))
        return f"{digest:08x}{archives_stamp(self._vectors.values(), self.path.parent)}"

    # ---- folders

    def _find_files(self) -> None:
        for recording in self._recordings:
            candidates = [self.path / (recording + suffix) for suffix in _LABEL_SUFFIXES]
            self._files[recording] = [file for file in candidates if file.is_file()]
        if not any(self._files.values()):
            found = f"holds no .lab, .txt or .rttm file of a recording, as {self._recordings[0]}.lab"
            raise DataError(self.path, found, "wanted <recording>.lab with the names of wav.scp")

    def _entries_of(self, recording: str) -> list[Entry]:
        if not self._files:
            return self._entries.get(recording, [])
        files = self._files[recording]
        if len(files) != 1:
            found = " and ".join(file.name for file in files) or "no file"
            wanted = f"wanted one of {', '.join(recording + suffix for suffix in _LABEL_SUFFIXES)}"
            raise DataError(self.path, f"holds {found} for '{recording}'", wanted)
        lines = label_lines(files[0])
        if not lines:
            return []
        if _is_rttm(lines[0][1]):
            entries = _rttm_entries(lines)
            if recording not in entries:
                raise DataError(files[0], f"is about {_some(entries)}", f"wanted recording '{recording}'")
            return entries[recording]
        return _label_entries(lines)

    # ---- tables

    def _read_table(self) -> None:
        lines = label_lines(self.path)
        if not lines:
            raise DataError(self.path, "is empty", _FORMATS)
        place, first = lines[0]
        fields = first.split()
        about: Iterable[str]
        first_two, others = are_numbers(fields[:2]), are_numbers(fields[2:4])
        if _is_rttm(first):
            about = self._entries = _rttm_entries(lines)
        elif len(fields) in (4, 5) and others and (not first_two or fields[1] in self._recordings):
            about = self._entries = _segment_entries(lines)
        elif len(fields) >= 2 and first_two and not (len(fields) == 2 and fields[0] in self._recordings):
            if len(self._recordings) != 1:
                found = f"holds labels without recordings, where wav.scp has {len(self._recordings)}"
                raise DataError(self.path, found, "wanted a folder of <recording>.lab, RTTM or segments")
            about = self._entries = {self._recordings[0]: _label_entries(lines)}
        elif len(fields) == 2:
            about = self._vectors = read_table(self.path)
        else:
            raise DataError(place, f"found '{first.strip()}'", _FORMATS)
        if not set(about) & set(self._recordings):
            wanted = f"wanted recordings of wav.scp, as {_some(self._recordings)}"
            raise DataError(self.path, f"is about {_some(about)}", wanted)

    def _vector(self, recording: str, n_frames: int) -> NDArray[np.float32]:
        if recording not in self._vectors:
            wanted = "wanted '<recording> <archive:offset>'"
            raise DataError(self.path, f"recording '{recording}' is not listed", wanted)
        entry = self._vectors[recording]
        array = read_entry(entry, self.path.parent)
        if array.ndim != 1:
            raise DataError(entry, f"holds a matrix of {array.shape[0]} x {array.shape[1]}", "wanted a vector")
        odd = np.flatnonzero((array != 0) & (array != 1))
        if len(odd):
            raise DataError(entry, f"found {array[odd[0]]:g} in frame {odd[0]}", "wanted 1 for speech and 0 for none")
        if abs(len(array) - n_frames) > TOLERANCE * FRAMES_PER_SECOND:
            found = f"{len(array)} values, where '{recording}' has {n_frames} frames"
            raise DataError(entry, found, "wanted a value every 10 ms")
        return fit_length(array.astype(np.float32), n_frames)


# ---- formats -------------------------------------------------------------------------------------------------------


def _is_rttm(line: str) -> bool:
    return line.split()[0] in RTTM_TYPES


def _rttm_entries(lines: Iterable[tuple[str, str]]) -> dict[str, list[Entry]]:
    entries: dict[str, list[Entry]] = {}
    for place, line in lines:
        found = RttmLine.parse(line, place)
        of_recording = entries.setdefault(found.recording, [])
        if found.kind == "SPEAKER":
            of_recording.append(Entry(place, found.start, found.end))
    return entries


def _segment_entries(lines: Iterable[tuple[str, str]]) -> dict[str, list[Entry]]:
    entries: dict[str, list[Entry]] = {}
    for found in parse_segments(lines):
        entries.setdefault(found.recording, []).append(Entry(found.place, found.start, found.end))
    return entries


def _label_entries(lines: Iterable[tuple[str, str]]) -> list[Entry]:
    """The speech of labels, which may hold blanks."""
    return [Entry(label.place, label.start, label.end) for label in parse_labels(lines) if not label.means_no_speech]


def _some(names: Iterable[str]) -> str:
    """A few names, for messages."""
    first = list(names)
    return ", ".join(f"'{name}'" for name in first[:3]) + (", ..." if len(first) > 3 else "")
