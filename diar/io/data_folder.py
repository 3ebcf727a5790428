"""A Kaldi data folder: which recordings there are, where their audio lies, and what is known of them."""

from __future__ import annotations

import re
import shlex
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from diar.errors import DataError
from diar.io.files import numbered_lines, read_text, write_text
from diar.io.rttm import RttmLine, read_rttm_lines, speaker_turns, write_rttm
from diar.io.scp import positive_number, read_positive_numbers, read_table, write_table
from diar.io.turn_formats.kaldi import to_kaldi
from diar.io.uem import read_uem, write_uem
from diar.segments import Segment, Turn

# what every stage's output may depend on, beside the audio itself
_CONTENT_FILES = ("wav.scp", "ref.rttm", "reco2num_spk", "reco2class", "reco2channels")

FACTS = ("reco2num_spk", "reco2class", "frame_shift")  # what a user may know of recordings beside their reference

RECORDING_NAME = "a name without blanks, dots or slashes that does not begin with '-'"


@dataclass(frozen=True)
class DataFolder:
    """``data/<set>``; see the docs for its files."""

    path: Path

    def wav_scp(self) -> dict[str, str]:
        """The audio of each recording: a path, or a command ending in ``|``; sorted by recording.

        Raises:
            DataError: wav.scp is missing or faulty.
        """
        if not (self.path / "wav.scp").is_file():
            found = "no such file" if self.path.is_dir() else "no such folder"
            raise DataError(self.path / "wav.scp", found, advice="stage 0 makes it: ./run.sh --stage 0")
        table = read_table(self.path / "wav.scp")
        for recording in table:
            if not is_recording_name(recording):
                raise DataError(self.path / "wav.scp", f"recording '{recording}'", f"wanted {RECORDING_NAME}")
        return {recording: table[recording] for recording in sorted(table, key=str.encode)}

    def microphones(self) -> dict[str, list[str]]:
        """The files of each recording's microphones (reco2channels); of those not listed there, their audio alone.

        A line is ``<recording> <path> <path> ...``; paths with blanks are quoted as for the shell.

        Raises:
            DataError: quotation marks that do not match.
        """
        sources = {recording: [source] for recording, source in self.wav_scp().items()}
        path = self.path / "reco2channels"
        for recording, value in (read_table(path) if path.exists() else {}).items():
            if recording in sources:
                sources[recording] = split_paths(f"{path}: '{recording}'", value)
        return sources

    def recordings(self) -> list[str]:
        """The recordings of wav.scp, sorted as bytes."""
        return list(self.wav_scp())

    def reference_lines(self) -> list[RttmLine] | None:
        """The objects of ref.rttm, or None where there is no reference."""
        path = self.path / "ref.rttm"
        return read_rttm_lines(path) if path.exists() else None

    def reference_turns(self) -> dict[str, list[Turn]]:
        """The reference turns of each recording.

        Raises:
            DataError: there is no reference.
        """
        lines = self.reference_lines()
        if lines is None:
            raise DataError(self.path / "ref.rttm", "no such file", "wanted the reference turns")
        return speaker_turns(lines)

    def uem(self) -> dict[str, list[Segment]] | None:
        """The regions to score, or None where there is no all.uem."""
        path = self.path / "all.uem"
        return read_uem(path) if path.exists() else None

    def num_speakers(self) -> dict[str, int]:
        """The known numbers of speakers (reco2num_spk); empty where the file is missing.

        Raises:
            DataError: a number is not a positive integer.
        """
        path = self.path / "reco2num_spk"
        table = read_table(path) if path.exists() else {}
        for recording, value in table.items():
            if not value.isdecimal() or int(value) < 1:
                raise DataError(path, f"'{recording}' has '{value}' speakers", "wanted a whole number of at least 1")
        return {recording: int(value) for recording, value in table.items()}

    def classes(self) -> dict[str, str]:
        """The audio class of recordings (reco2class); empty where the file is missing."""
        path = self.path / "reco2class"
        return read_table(path) if path.exists() else {}

    def durations(self) -> dict[str, float]:
        """The durations of recordings in seconds (reco2dur); empty where the file is missing.

        Raises:
            DataError: a duration is not a number above 0.
        """
        path = self.path / "reco2dur"
        return read_positive_numbers(path, "seconds") if path.exists() else {}

    def frame_shifts(self) -> dict[str, float]:
        """The seconds from frame to frame of each recording's features (frame_shift); empty where the file is missing.

        The file holds one number, as Kaldi's get_frame_shift.sh prints it, or ``<recording> <shift>`` a line;
        utterances will do where all have the same shift.

        Raises:
            DataError: a shift is not a number above 0, or a recording is not listed.
        """
        path = self.path / "frame_shift"
        if not path.exists():
            return {}
        lines = [line.split() for _, line in numbered_lines(path)]
        if len(lines) == 1 and len(lines[0]) == 1:
            return dict.fromkeys(self.recordings(), positive_number(path, lines[0][0], "seconds"))
        shifts = read_positive_numbers(path, "seconds")
        if len(set(shifts.values())) == 1:
            return dict.fromkeys(self.recordings(), next(iter(shifts.values())))
        for recording in self.recordings():
            if recording not in shifts:
                raise DataError(path, f"recording '{recording}' is not listed", "wanted '<recording> <seconds>'")
        return shifts

    def digest(self) -> str:
        """A checksum of what the stages' outputs depend on: the recordings, reference, speaker numbers, classes."""
        digest = 0
        for name in _CONTENT_FILES:
            path = self.path / name
            digest = zlib.crc32(path.read_bytes() if path.exists() else b"", digest)
        return f"{digest:08x}"


def split_paths(place: str, text: str) -> list[str]:
    """The paths in ``text``, which may be quoted as for the shell; ``place`` is told when it is wrong."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise DataError(place, f"found '{text}' ({error})", "wanted paths, with blanks in quotation marks") from None


def is_recording_name(name: str) -> bool:
    """Whether ``name`` can be a recording's: it becomes a file's name and a field of RTTM and UEM."""
    return re.fullmatch(r"[^\s./-][^\s./]*", name) is not None


def clear_data_folder(path: Path) -> None:
    """Make ``path`` a folder without the tables of an earlier stage 0; wav.scp, the mark of a whole one, goes first."""
    path.mkdir(parents=True, exist_ok=True)
    for name in (*_CONTENT_FILES, "all.uem", "frame_shift", "reco2dur", "segments", "utt2spk", "spk2utt"):
        (path / name).unlink(missing_ok=True)


def read_facts(folder: Path) -> dict[str, str]:
    """The text of those of ``FACTS`` that ``folder`` has, for ``write_data_folder``.

    Raises:
        DataError: a file that is not text.
    """
    return {name: read_text(folder / name) for name in FACTS if (folder / name).exists()}


def write_data_folder(
    path: Path,
    wavs: Mapping[str, str],
    durations: Mapping[str, float],
    reference: str | Mapping[str, Sequence[Turn]] | None = None,
    regions: Mapping[str, list[Segment]] | None = None,
    facts: Mapping[str, str] | None = None,
    microphones: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Write wav.scp, reco2dur, segments, utt2spk, spk2utt and, where known, ref.rttm and all.uem.

    An utterance is a reference turn, or a recording where speakers are unknown.
    ``reference`` is RTTM text to keep as it is, or turns; ``facts`` the text of those of ``FACTS`` that
    are known (``read_facts``); ``microphones`` the files of recordings that have several (reco2channels).
    wav.scp comes last: a folder without it is not complete. Recordings without a duration (audio that cannot be read)
    are in wav.scp only, for the next stage to report.
    """
    clear_data_folder(path)
    for name, text in (facts or {}).items():
        assert name in FACTS, name
        write_text(path / name, text)
    if microphones:
        write_table(path / "reco2channels", {name: shlex.join(files) for name, files in microphones.items()})
    turns: Mapping[str, Sequence[Turn]] = {}
    if isinstance(reference, str):
        write_text(path / "ref.rttm", reference)
        turns = speaker_turns(read_rttm_lines(path / "ref.rttm"))
    elif reference is not None:
        write_rttm(path / "ref.rttm", reference)
        turns = reference
    if regions is not None:
        write_uem(path / "all.uem", dict(regions))
    spoken = {recording: turns.get(recording) or [Turn(0.0, durations[recording], "")] for recording in durations}
    for name, table in to_kaldi(spoken, durations).items():
        write_table(path / name, table)
    write_table(path / "reco2dur", {recording: f"{durations[recording]:.3f}" for recording in durations})
    write_table(path / "wav.scp", wavs)
