#!/usr/bin/env python3
"""Check a data folder and report all its faults at once, each with file and line.

e.g.: utils/check_data.py data/eval
"""

import sys
from pathlib import Path

from diar import cli
from diar.errors import DataError
from diar.io.data_check import folder_faults


def main() -> None:
    parser = cli.Parser(__doc__)
    parser.add_flag("--skip-bad", "audio that cannot be read is a warning only", default=False, kind=cli.boolean)
    parser.add_flag("--allow-pipes", "wav.scp may hold commands", default=False, kind=cli.boolean)
    parser.add_argument("data", metavar="<data>", help="data folder")
    arguments = parser.parse_words(cli.command_words())
    data = Path(arguments.data)
    tables, audio, n_recordings = folder_faults(data, arguments.allow_pipes)
    for fault in tables + audio:
        print(fault, file=sys.stderr)
    if tables or (audio and not arguments.skip_bad):
        raise DataError(data, f"{len(tables) + len(audio)} faults", advice="mend them, and check again")
    print(f"{data}: {n_recordings} recordings, {len(audio) or 'no'} faults")


if __name__ == "__main__":
    cli.run(main)
