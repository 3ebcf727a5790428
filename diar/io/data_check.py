"""All faults of data folders and of files of turns at once, each with file and line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from diar.errors import DataError
from diar.io.data_folder import RECORDING_NAME, is_recording_name, split_paths
from diar.io.files import content_lines, numbered_lines
from diar.io.rttm import RttmLine, rttm_faults
from diar.io.turn_files import FORMATS, read_turn_files
from diar.io.uem import parse_uem_line, uem_faults
from diar.io.wav import probe_duration

# references often end a little after the audio, by the rounding of whoever made them
TOLERANCE_SECONDS = 0.5

Faults = Iterator[str]


class FolderFaults(NamedTuple):
    """What is wrong with a data folder's tables, with its audio, and how many recordings it has."""

    tables: list[str]
    audio: list[str]
    n_recordings: int


def folder_faults(data: Path, allow_pipes: bool = False) -> FolderFaults:
    """All faults of a data folder; audio of pipes is one, unless they are allowed, and is not run.

    Raises:
        DataError: there is no wav.scp, or a table is not text.
    """
    if not (data / "wav.scp").is_file():
        raise DataError(data / "wav.scp", "no such file", "wanted '<recording> <path>' a line", "run stage 0")
    sources = {fields[0]: [(place, fields[1])] for place, fields in _fields(data / "wav.scp") if len(fields) == 2}
    microphone_faults = list(_add_microphones(data / "reco2channels", sources))
    durations, audio_faults = _probe(sources, allow_pipes)
    tables = [
        *_check_wav_scp(data / "wav.scp"),
        *_check_segments(data / "segments", durations, set(sources)),
        *_check_rttm(data / "ref.rttm", durations, set(sources)),
        *_check_uem(data / "all.uem", durations, set(sources)),
        *microphone_faults,
        *_check_facts(data / "reco2num_spk", set(sources), _is_count, "a whole number of at least 1"),
        *_check_facts(data / "reco2class", set(sources), str.isidentifier, "a name of letters and digits"),
    ]
    return FolderFaults(tables, audio_faults, len(sources))


def file_faults(path: Path) -> list[str]:
    """All faults of an RTTM (.rttm) or UEM (.uem) file; of another format of turns, or a folder of such, the first.

    Raises:
        DataError: the file is missing or not text.
    """
    if not path.exists():
        raise DataError(path, "no such file")
    if path.suffix == ".rttm":
        return [*rttm_faults(path), *_doubtful_turns(path)]
    if path.suffix == ".uem":
        return uem_faults(path)
    try:
        read_turn_files([path])
    except DataError as error:
        return [str(error)]
    return []


def folder_of_turns(folder: Path) -> list[Path]:
    """What to check in a folder that is no data folder: its RTTM and UEM files, or itself if it has other turns."""
    if (folder / "wav.scp").exists():
        return []
    if files := sorted(path for path in folder.iterdir() if path.suffix in (".rttm", ".uem")):
        return files
    suffixes = {form.suffix for form in FORMATS.values() if form.suffix}
    is_kaldi = (folder / "segments").is_file() and (folder / "utt2spk").is_file()
    return [folder] if is_kaldi or any(path.suffix in suffixes for path in folder.iterdir()) else []


def _doubtful_turns(path: Path) -> Faults:
    """Turns that are RTTM and yet hardly meant so: of a name with a blank, or told twice."""
    seen: dict[tuple[str, ...], str] = {}
    for place, line in content_lines(path):
        fields = line.split()
        if fields[0] != "SPEAKER" or len(fields) < 9:
            continue
        if len(fields) > 10:
            yield f"{place}: found {len(fields)} fields; wanted at most 10 (RTTM); names have no blanks"
        turn = (*fields[1:5], fields[7])
        if turn in seen:
            yield f"{place}: the same turn as in line {seen[turn]}; remove one of the lines"
        seen.setdefault(turn, place.rpartition(":")[2])


def _fields(path: Path, most: int = 2) -> Iterator[tuple[str, list[str]]]:
    """Place and fields of each line; the last of ``most`` fields takes the rest of the line."""
    for place, line in numbered_lines(path):
        yield place, line.strip().split(maxsplit=most - 1)


def _add_microphones(path: Path, sources: dict[str, list[tuple[str, str]]]) -> Faults:
    """Add the files of reco2channels to the sources of their recordings."""
    lines = list(_fields(path)) if path.exists() else []
    yield from _check_unique(lines, "recording")
    for place, fields in lines:
        if fields[0] not in sources:
            yield f"{place}: recording '{fields[0]}' is not in wav.scp"
            continue
        try:
            files = split_paths(place, (*fields, "")[1])
        except DataError as error:
            yield str(error)
            continue
        if not files:
            yield f"{place}: found '{fields[0]}'; wanted '<recording> <path> <path> ...'"
        known = {source for _, source in sources[fields[0]]}
        sources[fields[0]] += [(place, source) for source in files if source not in known]


def _probe(sources: dict[str, list[tuple[str, str]]], allow_pipes: bool) -> tuple[dict[str, float], list[str]]:
    """The duration of each recording, of its longest microphone, that can be read; what is wrong with the others."""
    durations: dict[str, float] = {}
    faults = []
    for recording, files in sources.items():
        for place, source in files:
            if source.endswith("|"):
                if not allow_pipes:
                    advice = "pass --allow-pipes true if you trust it"
                    faults.append(f"{place}: recording '{recording}' is a pipe; {advice}")
                continue
            try:
                durations[recording] = max(durations.get(recording, 0.0), probe_duration(Path(source)))
            except DataError as error:
                faults.append(f"{place}: recording '{recording}': {error}")
    return durations, faults


def _check_wav_scp(path: Path) -> Faults:
    lines = list(_fields(path))
    if not lines:
        yield f"{path}: is empty; wanted a line '<recording> <path>' a recording"
    for place, fields in lines:
        if len(fields) < 2:
            yield f"{place}: found '{fields[0]}'; wanted two fields: '<recording> <path>'"
        if not is_recording_name(fields[0]):
            yield f"{place}: recording '{fields[0]}'; wanted {RECORDING_NAME}: md-eval cuts names at a dot"
    yield from _check_unique(lines, "recording")
    yield from _check_order(lines)


def _check_unique(lines: list[tuple[str, list[str]]], noun: str) -> Faults:
    seen = set()
    for place, fields in lines:
        if fields[0] in seen:
            yield f"{place}: {noun} '{fields[0]}' is listed twice; remove one of the lines"
        seen.add(fields[0])


def _check_order(lines: list[tuple[str, list[str]]]) -> Faults:
    for (_, before), (place, after) in pairwise(lines):
        if before[0].encode() > after[0].encode():
            yield f"{place}: '{after[0]}' comes after '{before[0]}'; wanted lines sorted as bytes (LC_ALL=C sort)"


def _check_segments(path: Path, durations: dict[str, float], recordings: set[str]) -> Faults:
    if not path.exists():
        return
    lines = list(_fields(path, most=4))
    for place, fields in lines:
        if len(fields) != 4:
            yield f"{place}: found {len(fields)} fields; wanted 4: <utterance> <recording> <start> <end>"
            continue
        _, recording, start_text, end_text = fields
        try:
            start, end = float(start_text), float(end_text)
        except ValueError:
            yield f"{place}: found times '{start_text} {end_text}'; wanted seconds"
            continue
        if not 0 <= start < end:
            yield f"{place}: found a segment from {start} to {end} s; wanted 0 <= start < end"
        yield from _check_place(place, recording, end, durations, recordings)
    yield from _check_unique(lines, "utterance")
    yield from _check_order(lines)


def _check_rttm(path: Path, durations: dict[str, float], recordings: set[str]) -> Faults:
    if not path.exists():
        return
    faults = rttm_faults(path)
    yield from faults
    empty = not faults
    for place, line in content_lines(path):
        with suppress(DataError):  # told already
            turn = RttmLine.parse(line, place)
            if turn.kind == "SPEAKER":
                empty = False
                yield from _check_place(place, turn.recording, turn.end, durations, recordings)
    if empty:
        yield f"{path}: no SPEAKER line; wanted the turns of at least one recording, or no such file"


def _check_uem(path: Path, durations: dict[str, float], recordings: set[str]) -> Faults:
    if not path.exists():
        return
    yield from uem_faults(path)
    for place, line in content_lines(path):
        with suppress(DataError):  # told already
            recording, region = parse_uem_line(line, place)
            yield from _check_place(place, recording, region.end, durations, recordings)


def _check_place(
    place: str, recording: str, end: float, durations: dict[str, float], recordings: set[str]
) -> Faults:
    """A time in a recording must lie in a recording of wav.scp, and within its audio where that can be read."""
    if recording not in recordings:
        yield f"{place}: recording '{recording}' is not in wav.scp"
    elif recording in durations and end > durations[recording] + TOLERANCE_SECONDS:
        yield f"{place}: ends at {end:.3f} s; wanted at most the audio's {durations[recording]:.3f} s"


def _check_facts(path: Path, recordings: set[str], is_good: Callable[[str], bool], wanted: str) -> Faults:
    lines = list(_fields(path)) if path.exists() else []
    for place, fields in lines:
        if len(fields) != 2 or not is_good(fields[1]):
            yield f"{place}: found '{' '.join(fields)}'; wanted '<recording> <value>' with {wanted}"
        elif fields[0] not in recordings:
            yield f"{place}: recording '{fields[0]}' is not in wav.scp"
    yield from _check_unique(lines, "recording")


def _is_count(text: str) -> bool:
    return text.isdecimal() and int(text) >= 1
