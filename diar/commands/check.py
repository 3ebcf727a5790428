"""Check files and data folders, and report all their faults at once, each with file and line.

RTTM (.rttm) and UEM (.uem) are checked line by line, a folder with wav.scp with all its tables and audio, another file
by file, other formats of turns up to their first fault.

e.g.: diar check hyp.rttm data/eval
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from diar import cli
from diar.errors import DataError
from diar.io.data_check import file_faults, folder_faults, folder_of_turns


def main(words: Sequence[str]) -> None:
    parser = cli.Parser(__doc__)
    parser.prog = "diar check"
    parser.add_flag("--skip-bad", "audio that cannot be read is a warning only", default=False, kind=cli.boolean)
    parser.add_flag("--allow-pipes", "wav.scp may hold commands", default=False, kind=cli.boolean)
    parser.add_argument("paths", metavar="<file-or-folder>", nargs="+", help="RTTM, UEM, data folder")
    arguments = parser.parse_words(words)
    faulty = []
    for path in map(Path, arguments.paths):
        faults, excused = _faults(path, arguments.allow_pipes)
        for fault in faults:
            print(fault, file=sys.stderr)
        if len(faults) > (excused if arguments.skip_bad else 0):
            faulty.append(f"{path} ({len(faults)})")
        else:
            print(f"{path}: {len(faults) or 'no'} faults")
    if faulty:
        raise DataError(", ".join(faulty), "has faults", advice="mend them, and check again")


def _faults(path: Path, allow_pipes: bool) -> tuple[list[str], int]:
    """All faults, and how many of them are of audio."""
    try:
        if path.is_dir() and (files := folder_of_turns(path)):
            return [fault for file in files for fault in file_faults(file)], 0
        if path.is_dir():
            tables, audio, _ = folder_faults(path, allow_pipes)
            return tables + audio, len(audio)
        return file_faults(path), 0
    except DataError as error:
        return [str(error)], 0
