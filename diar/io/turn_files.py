"""Files of speaker turns: the ten formats, which of them a file has, and reading and writing each.

Written times are whole milliseconds, and turns that round to nothing are left out. Blanks in names become ``_`` where
blanks part fields, elsewhere one space; two names that become one are refused. A confidence is written where the
format has a place for it (rttm, json, csv, ctm).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from diar.errors import DataError
from diar.frames import to_milliseconds
from diar.io.files import is_file_name, write_text
from diar.io.rttm import read_rttm_lines, rttm_text, speaker_turns
from diar.io.turn_formats.csv_table import csv_text, read_csv
from diar.io.turn_formats.ctm import ctm_text, read_ctm
from diar.io.turn_formats.json_turns import json_text, read_json_turns
from diar.io.turn_formats.kaldi import kaldi_texts, read_kaldi
from diar.io.turn_formats.labels import audacity_text, lab_text, read_audacity, read_lab
from diar.io.turn_formats.subtitles import read_srt, read_vtt, srt_text, vtt_text
from diar.io.turn_formats.textgrid import read_textgrid, textgrid_text
from diar.io.turn_formats.turn import Content, Durations, Turns, checked_name, confidence_text
from diar.segments import Turn

STANDARD_INPUT = Path("/dev/stdin")


@dataclass(frozen=True)
class Format:
    """A format of turns.

    ``suffix`` ends the names of its files, and is empty where a folder holds them. ``several`` recordings may be in one
    file, or each has its own. ``blank`` stands for the blanks of names. ``texts`` gives the files' text by name; the
    turns and recordings it is given are sorted, times rounded.
    """

    name: str
    suffix: str
    several: bool
    blank: str
    texts: Callable[[Turns, Durations], dict[str, str]]
    read: Callable[[Path], Content]

    def write(self, path: Path, turns: Turns, durations: Durations | None = None) -> list[Path]:
        """Write the turns of all recordings to the file ``path``, or to the folder, for segments.

        The folder need not exist. ``durations``, in seconds, may be unknown. The files written are returned.

        Raises:
            DataError: a name that the format cannot hold, or several recordings for one file.
        """
        if not self.suffix:
            return self.write_into(path, turns, durations)
        text = self._only(str(path), self.texts(self._ready(turns), durations or {}))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
        return [path]

    def write_into(self, folder: Path, turns: Turns, durations: Durations | None = None) -> list[Path]:
        """Write a file a recording, called ``<recording><suffix>``, or those of segments, and return them.

        Raises:
            DataError: a name that the format cannot hold, or that no file has.
        """
        ready, durations = self._ready(turns, in_folder=True), durations or {}
        if self.suffix and self.several:
            known = ready.items()
            texts = {f"{name}{self.suffix}": self._only(name, self.texts({name: t}, durations)) for name, t in known}
        else:
            texts = self.texts(ready, durations)
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            write_text(folder / name, text)
        return [folder / name for name in texts]

    def text(self, turns: Turns, durations: Durations | None = None) -> str:
        """The text of the one file.

        Raises:
            DataError: as ``write``, and where the format has several files.
        """
        return self._only("standard output", self.texts(self._ready(turns), durations or {}))

    def check_names(self, recordings: Iterable[str]) -> None:
        """Refuse names of recordings that the format cannot hold, or cannot tell apart.

        Raises:
            DataError: there are some.
        """
        self._plain("recording", recordings)

    def _only(self, where: str, texts: Mapping[str, str]) -> str:
        if len(texts) != 1:
            found = f"{len(texts)} files of {self.name}: {', '.join(list(texts)[:3])}"
            raise DataError(where, found, "wanted one", "name a folder for them")
        return next(iter(texts.values()))

    def _ready(self, turns: Turns, in_folder: bool = False) -> dict[str, list[Turn]]:
        names = self._plain("recording", turns)
        are_files = not self.several or in_folder and self.suffix
        if are_files and any("/" in name or name in (".", "..") for name in names.values()):
            raise DataError(self.name, "a recording's name holds '/'", "wanted names that files can have")
        ready = {}
        for recording, spoken in sorted(turns.items(), key=lambda item: names[item[0]].encode()):
            speakers = self._plain("speaker", dict.fromkeys(turn.speaker for turn in spoken))
            ready[names[recording]] = _rounded(turn._replace(speaker=speakers[turn.speaker]) for turn in spoken)
        return ready

    def _plain(self, noun: str, names: Iterable[str]) -> dict[str, str]:
        """The names as the format can hold them."""
        plain: dict[str, str] = {}
        taken: dict[str, str] = {}
        for name in names:
            plain[name] = self.blank.join(checked_name(self.name, name, noun).split())
            other = taken.setdefault(plain[name], name)
            if other != name:
                found = f"the {noun}s '{other}' and '{name}' would both be '{plain[name]}'"
                raise DataError(self.name, found, advice="rename one")
            if plain[name] == "<NA>" and self.blank == "_":
                raise DataError(self.name, f"found a {noun} called '<NA>'", "wanted a name")
        return plain


def _rounded(turns: Iterable[Turn]) -> list[Turn]:
    """Sorted turns with times of whole milliseconds; what rounds to nothing is left out."""
    rounded = [
        turn._replace(start=max(0, to_milliseconds(turn.start)) / 1000, end=to_milliseconds(turn.end) / 1000)
        for turn in turns
    ]
    kept = [turn for turn in rounded if turn.end > turn.start]
    return sorted(kept, key=lambda turn: (*turn[:3], confidence_text(turn)))  # nan has no order


# ---- the ten -------------------------------------------------------------------------------------------------------


def _together(
    name: str, blank: str, text: Callable[[Turns, Durations], str], read: Callable[[Path], Content]
) -> Format:
    """A format whose files hold several recordings."""
    return Format(name, f".{name}", True, blank, lambda turns, durations: {name: text(turns, durations)}, read)


def _each(
    name: str, suffix: str, blank: str, text: Callable[[Sequence[Turn], float], str],
    read: Callable[[Path], tuple[list[Turn], float]],
) -> Format:  # fmt: skip
    """A format with a file a recording, which is called as the file; an unknown duration is 0."""

    def texts(turns: Turns, durations: Durations) -> dict[str, str]:
        return {f"{recording}{suffix}": text(turns[recording], durations.get(recording, 0.0)) for recording in turns}

    def read_one(path: Path) -> Content:
        turns, duration = read(path)
        return {path.stem: turns}, {path.stem: duration} if duration else {}

    return Format(name, suffix, False, blank, texts, read_one)


def _read_rttm(path: Path) -> Content:
    return speaker_turns(read_rttm_lines(path)), {}


FORMATS: dict[str, Format] = {
    found.name: found
    for found in (
        _together("rttm", "_", lambda turns, durations: rttm_text(turns), _read_rttm),
        _together("json", " ", json_text, read_json_turns),
        _together("csv", " ", csv_text, read_csv),
        _each("textgrid", ".TextGrid", " ", textgrid_text, read_textgrid),
        _each("audacity", ".txt", " ", audacity_text, read_audacity),
        _each("srt", ".srt", " ", srt_text, read_srt),
        _each("vtt", ".vtt", " ", vtt_text, read_vtt),
        _each("lab", ".lab", "_", lab_text, read_lab),
        _together("ctm", "_", ctm_text, read_ctm),
        Format("segments", "", True, "_", kaldi_texts, read_kaldi),
    )
}


def named_format(name: str, where: str) -> Format:
    """The format called ``name``; ``where`` is told when there is none."""
    if name not in FORMATS:
        raise DataError(where, f"found '{name}'", f"wanted one of {', '.join(FORMATS)}")
    return FORMATS[name]


def is_turn_file(where: str) -> bool:
    """``diar.io.files.is_file_name`` by the suffixes of the formats."""
    return is_file_name(where, [found.suffix for found in FORMATS.values()])


def format_of(path: Path, flag: str) -> Format:
    """The format of a file by its suffix, or of a folder with segments; ``flag`` is what can name it otherwise.

    Raises:
        DataError: another suffix.
    """
    if (path.is_dir() and (path / "segments").is_file()) or path.name == "segments":
        return FORMATS["segments"]
    for found in FORMATS.values():
        if found.suffix and path.suffix.lower() == found.suffix.lower():
            return found
    suffixes = ", ".join(found.suffix for found in FORMATS.values() if found.suffix)
    raise DataError(path, f"has the suffix '{path.suffix}'", f"wanted one of {suffixes}", f"or name it with {flag}")


def read_turn_files(paths: Iterable[Path], name: str = "") -> Content:
    """The turns and durations of the recordings of all files, which have the format ``name``, or that of their suffix.

    ``-`` is standard input. Of a folder all files of the format are read, or of the only one that is there.

    Raises:
        DataError: a file is faulty or of no format, a folder has none or several, or a recording is in two files.
    """
    turns: dict[str, list[Turn]] = {}
    durations: dict[str, float] = {}
    origin: dict[str, Path] = {}
    for path in paths:
        for file, found in _files(STANDARD_INPUT if path == Path("-") else path, name):
            of_file, lengths = found.read(file)
            for recording in of_file:
                if recording in origin:
                    raise DataError(file, f"recording '{recording}' is in {origin[recording]}, too", "wanted it in one")
                origin[recording] = file
            turns.update(of_file)
            durations.update(lengths)
    return turns, durations


def _files(path: Path, name: str) -> list[tuple[Path, Format]]:
    found = named_format(name, "--from") if name else None
    is_kaldi = found is FORMATS["segments"] if found else (path / "segments").is_file()
    if is_kaldi or not path.is_dir():
        return [(path, found or format_of(path, "--from"))]
    wanted = [found] if found else [known for known in FORMATS.values() if known.suffix]
    files = [
        (file, known)
        for file in sorted(path.iterdir())
        for known in wanted
        if file.is_file() and file.suffix.lower() == known.suffix.lower()
    ]
    if not files:
        raise DataError(path, "holds no file of turns", f"wanted {', '.join(known.suffix for known in wanted)}")
    formats = sorted({known.name for _, known in files})
    if len(formats) > 1:
        raise DataError(path, f"holds files of {', '.join(formats)}", "wanted one format", "name it with --from")
    return files
