#!/usr/bin/env python3
"""Your own recordings -> data folder.

<corpus> holds audio (*.wav *.flac *.sph *.mp3 *.ogg and what else libsndfile reads), directly or in flac/, wav/ or
audio/ below it, and optionally rttm/ and uem/ (a file a recording, or one for all), reco2num_spk and reco2class, and
reco2channels, '<recording> <file> <file> ...', the microphones of one meeting. A recording is called as its file, with
'_' for dots and blanks, which RTTM and UEM cannot hold.

References of recordings that are not there are left out. Recordings that --ref-rttm does not tell of are refused, and
all of them told; those that the corpus's own rttm/ lacks are diarized and not scored. Recordings that --uem does not
name are not to be evaluated, and left out.

e.g.: local/own/prepare_data.py my_meetings data/eval
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from diar import cli
from diar.errors import DataError
from diar.io.corpus import write_recordings
from diar.io.data_folder import read_facts, split_paths
from diar.io.rttm import read_rttm_lines, renamed_rttm, rttm_faults
from diar.io.scp import read_table
from diar.io.uem import read_uem, uem_faults
from diar.options import Options, option
from diar.segments import Segment, union

SUFFIXES = {".wav", ".flac", ".sph", ".mp3", ".ogg", ".opus", ".aif", ".aiff"}
FOLDERS = ("", "flac", "wav", "audio")
NONE = "none"  # in place of a file: although the corpus has some
_MOST_NAMES = 5  # told in a warning


@dataclass(frozen=True)
class ReferenceOptions(Options):
    """References that lie elsewhere."""

    ref_rttm: str = option("", "an RTTM file, or a folder of them, in place of the corpus's rttm/; none: without")
    uem: str = option("", "a UEM file, or a folder of them, in place of the corpus's uem/; none: without")


def main() -> None:
    parser = cli.Parser(__doc__, (ReferenceOptions,))
    parser.add_argument("corpus", metavar="<corpus>", help="folder of recordings")
    parser.add_argument("data", metavar="<data>", help="data folder to write")
    arguments = parser.parse_words(cli.command_words())
    options = parser.options(arguments, ReferenceOptions)
    corpus, data = Path(arguments.corpus), Path(arguments.data)
    microphones = find_microphones(corpus)
    wavs = find_audio(corpus, microphones)
    rttms = tables("--ref-rttm", options.ref_rttm, corpus / "rttm", "*.rttm")
    uems = tables("--uem", options.uem, corpus / "uem", "*.uem")
    faults = [fault for path in rttms for fault in rttm_faults(path)]
    faults += [fault for path in uems for fault in uem_faults(path)]
    places = f"{options.ref_rttm or 'rttm/'} and {options.uem or 'uem/'}"
    cli.refuse(faults, corpus, f"in {places}", "mend them, and start again")
    scored = regions(uems)
    facts = read_facts(corpus)
    if options.uem and scored is not None:
        kept = evaluated(wavs, scored, options.uem)
        facts = {name: without(text, set(wavs) - set(kept)) for name, text in facts.items()}
        out, wavs = set(wavs) - set(kept), kept
    else:
        out = set()
    speaking = recordings_by_file(rttms)
    faults = reference_faults(wavs, speaking, all_needed=bool(options.ref_rttm))
    cli.refuse(faults, corpus, "with its references", "mend them, or go without: --ref-rttm none")
    _warn_of_others({*wavs, *out}, [*speaking.values(), set(scored or {})])

    sources = {recording: microphones.get(recording, [path]) for recording, path in wavs.items()}
    scored = None if scored is None else {recording: scored[recording] for recording in wavs if recording in scored}
    print(write_recordings(data, sources, reference(rttms, wavs), scored or None, cli.warn, facts))


def find_microphones(corpus: Path) -> dict[str, list[Path]]:
    """The files of recordings with several microphones, by reco2channels; no recordings where there is no such file.

    Raises:
        DataError: a file is not there.
    """
    table = corpus / "reco2channels"
    microphones: dict[str, list[Path]] = {}
    for recording, value in (read_table(table) if table.exists() else {}).items():
        paths = [corpus / name for name in split_paths(f"{table}: '{recording}'", value)]
        for path in paths:
            if not path.is_file():
                wanted = "wanted a path from the corpus's folder on"
                raise DataError(f"{table}: '{recording}'", f"'{path}' is no file", wanted)
        if recording_name(recording) in microphones:
            found = f"'{recording}' and another line are recording '{recording_name(recording)}'"
            raise DataError(table, found, advice="rename one")
        microphones[recording_name(recording)] = [path.resolve() for path in paths]
    return microphones


def find_audio(corpus: Path, microphones: dict[str, list[Path]]) -> dict[str, Path]:
    """The audio file of each recording, the first of those with several microphones.

    Raises:
        DataError: no such folder, no audio in it, or two files of one recording.
    """
    if not corpus.is_dir():
        raise DataError(corpus, "no such folder", "wanted a folder of recordings")
    wavs = {recording: paths[0] for recording, paths in microphones.items()}
    taken = {path for paths in microphones.values() for path in paths}
    for folder in FOLDERS:
        for path in sorted((corpus / folder).glob("*")):
            if path.suffix.lower() not in SUFFIXES or not path.is_file() or path.resolve() in taken:
                continue
            if path.name.startswith("._"):  # what macOS keeps of a file on other disks and in archives
                continue
            recording = recording_name(path.stem)
            if recording in wavs:
                raise DataError(path, f"is recording '{recording}', and so is {wavs[recording]}", advice="rename one")
            wavs[recording] = path.resolve()
    if not wavs:
        places = ", ".join(str(corpus / folder) for folder in FOLDERS)
        raise DataError(corpus, "no audio", f"wanted {' '.join(f'*{s}' for s in sorted(SUFFIXES))} in one of {places}")
    return wavs


def recording_name(stem: str) -> str:
    """A name that every table and NIST format can hold."""
    return re.sub(r"[\s.]+", "_", stem).lstrip("-") or "_"


def tables(flag: str, chosen: str, default: Path, pattern: str) -> list[Path]:
    """The RTTM or UEM files that were chosen, or those of the corpus; nothing where there are none.

    Raises:
        DataError: what was chosen is not there, or a folder has none, which is a mistake.
    """
    if chosen == NONE:
        return []
    path = Path(chosen or default)
    if path.is_file():
        return [path]
    paths = sorted(path.glob(pattern))
    if not paths and path.is_dir():
        advice = "" if chosen else "fill it, or remove it"
        raise DataError(path, f"holds no {pattern}", "wanted a file or more", advice)
    if not paths and chosen:
        raise DataError(flag, f"found '{chosen}', which is not there", f"wanted a file, a folder of {pattern}, or none")
    return paths


def recordings_by_file(paths: Sequence[Path]) -> dict[Path, set[str]]:
    """The recordings that each RTTM file tells of; one without a line says that nobody speaks in that of its name."""
    return {
        path: {recording_name(line.recording) for line in read_rttm_lines(path)} or {recording_name(path.stem)}
        for path in paths
    }


def reference_faults(recordings: Mapping[str, Path], speaking: Mapping[Path, set[str]], all_needed: bool) -> list[str]:
    """Recordings that two files tell of and, where all need a reference and there are some, those without one."""
    faults = []
    for recording, audio in recordings.items():
        files = [path for path, names in speaking.items() if recording in names]
        if len(files) > 1:
            faults.append(f"{recording}: has a reference in {files[0]} and in {files[1]}; wanted one of them")
        elif all_needed and speaking and not files:
            first = next(iter(speaking))
            place = first if len(speaking) == 1 else f"the {len(speaking)} files of {first.parent}"
            faults.append(f"{recording}: no reference of {audio}; looked for '{recording}' in {place}")
    return faults


def evaluated(wavs: Mapping[str, Path], scored: Collection[str], uem: str) -> dict[str, Path]:
    """The recordings that the chosen UEM names.

    Raises:
        DataError: there is none.
    """
    kept = {recording: path for recording, path in wavs.items() if recording in scored}
    if not kept:
        found = f"names none of the {len(wavs)} recordings, but {_some(scored)}"
        raise DataError(uem, found, f"wanted regions of {_some(wavs)}")
    if out := sorted(set(wavs) - set(kept)):
        cli.warn(f"{uem}: does not name {len(out)} recordings, which are left out: {_some(out)}")
    return kept


def without(table: str, recordings: Collection[str]) -> str:
    """The text of a table less the lines of ``recordings``."""
    return "".join(line for line in table.splitlines(keepends=True) if not set(line.split()[:1]) & set(recordings))


def reference(paths: Sequence[Path], recordings: Collection[str]) -> str | None:
    """The text of all RTTM files on ``recordings``, with their new names; None where there are none."""

    def known(name: str) -> str | None:
        return recording_name(name) if recording_name(name) in recordings else None

    return "".join(renamed_rttm(path, known) for path in paths) if paths else None


def regions(paths: Sequence[Path]) -> dict[str, list[Segment]] | None:
    """The regions of all UEM files, joined; None where there are none."""
    found: dict[str, list[Segment]] = {}
    for path in paths:
        for name, segments in read_uem(path).items():
            recording = recording_name(name)
            found[recording] = union([*found.get(recording, ()), *segments])
    return found or None


def _warn_of_others(recordings: Collection[str], named: Sequence[set[str]]) -> None:
    """Tell of references whose recordings are not there."""
    if others := sorted(set().union(*named) - set(recordings)):
        cli.warn(f"references of {len(others)} recordings that are not there are left out: {_some(others)}")


def _some(names: Collection[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:_MOST_NAMES]) + (", ..." if len(listed) > _MOST_NAMES else "")


if __name__ == "__main__":
    cli.run(main)
