#!/usr/bin/env python3
"""Your own recordings -> data folder.

<corpus> holds audio (*.wav *.flac *.sph *.mp3 *.ogg and what else libsndfile reads), directly or in flac/, wav/ or
audio/ below it, and optionally rttm/ and uem/ (a file a recording, or one for all), reco2num_spk and reco2class, and
reco2channels, '<recording> <file> <file> ...', the microphones of one meeting. A recording is called as its file, with
'_' for dots and blanks, which RTTM and UEM cannot hold.

e.g.: local/own/prepare_data.py my_meetings data/eval
"""

import re
import sys
from pathlib import Path

from diar import cli
from diar.errors import DataError
from diar.io.data_folder import read_facts, split_paths, write_data_folder
from diar.io.rttm import renamed_rttm, rttm_faults
from diar.io.scp import read_table
from diar.io.uem import read_uem, uem_faults
from diar.io.wav import probe_duration
from diar.segments import Segment

SUFFIXES = {".wav", ".flac", ".sph", ".mp3", ".ogg", ".opus", ".aif", ".aiff"}
FOLDERS = ("", "flac", "wav", "audio")


def main() -> None:
    parser = cli.Parser(__doc__)
    parser.add_argument("corpus", metavar="<corpus>", help="folder of recordings")
    parser.add_argument("data", metavar="<data>", help="data folder to write")
    arguments = parser.parse_words(cli.command_words())
    corpus, data = Path(arguments.corpus), Path(arguments.data)
    microphones = find_microphones(corpus)
    wavs = find_audio(corpus, microphones)
    faults = [fault for path in _files(corpus / "rttm", "*.rttm") for fault in rttm_faults(path)]
    faults += [fault for path in _files(corpus / "uem", "*.uem") for fault in uem_faults(path)]
    if faults:
        print(*faults, sep="\n", file=sys.stderr)
        raise DataError(corpus, f"{len(faults)} faults in rttm/ and uem/", advice="mend them, and start again")
    durations = {}
    for recording, path in wavs.items():
        try:  # the sum of several microphones is as long as the longest
            durations[recording] = max(probe_duration(file) for file in microphones.get(recording, [path]))
        except DataError as error:  # told again by check_data.py and by stage 1, which decide what follows
            cli.warn(f"{recording}: {error}")
    paths = {recording: str(path) for recording, path in wavs.items()}
    mics = {recording: [str(path) for path in files] for recording, files in microphones.items()}
    write_data_folder(data, paths, durations, reference(corpus), regions(corpus), read_facts(corpus), mics)
    print(f"{data}: {len(wavs)} recordings, {sum(durations.values()) / 60:.1f} minutes")


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


def reference(corpus: Path) -> str | None:
    """The text of all RTTM files, with the recordings' new names; None where there are none."""
    paths = _files(corpus / "rttm", "*.rttm")
    return "".join(renamed_rttm(path, recording_name) for path in paths) if paths else None


def regions(corpus: Path) -> dict[str, list[Segment]] | None:
    """The regions of all UEM files; None where there are none."""
    found: dict[str, list[Segment]] = {}
    for path in _files(corpus / "uem", "*.uem"):
        for recording, segments in read_uem(path).items():
            found.setdefault(recording_name(recording), []).extend(segments)
    return found or None


def _files(folder: Path, pattern: str) -> list[Path]:
    """The files of ``folder``; an empty folder is a mistake."""
    paths = sorted(folder.glob(pattern))
    if folder.is_dir() and not paths:
        raise DataError(folder, "is empty", f"wanted {pattern}", "fill it, or remove it")
    return paths


if __name__ == "__main__":
    cli.run(main)
