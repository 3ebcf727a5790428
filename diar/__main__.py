"""The ``diar`` command, also ``python -m diar``: audio files in, RTTM out; and what can be done with RTTM."""

from __future__ import annotations

import importlib
import sys

from diar import __version__, cli
from diar.errors import DataError

COMMANDS = {
    "score": "errors of an RTTM against a reference, as NIST's md-eval counts them",
    "view": "a page to look at and listen to an RTTM",
    "recut": "another number of speakers from saved merges",
    "convert": "turns from one format to another",
    "check": "faults of RTTM, UEM and data folders",
}
USAGE = f"""usage: diar [options] <audio file or folder>...      who speaks when; see diar --help
       diar <command> ...                            see diar <command> --help
commands:
{chr(10).join(f"  {name:<10}{text}" for name, text in COMMANDS.items())}"""


def main() -> None:
    cli.run(run, "diar")


def run() -> None:
    """Run the command that the first word names, or diarize the files that the words name."""
    words = cli.command_words()
    if not words:
        print(USAGE, file=sys.stderr)
        sys.exit(1)
    if words[0] == "--version":
        print(f"diar {__version__}")
        return
    if "" in words:
        raise DataError("arguments", "found an empty word", "wanted files", 'is a variable unset, as in "$file"?')
    name = words[0] if words[0] in COMMANDS else "diarize"
    command = importlib.import_module(f"diar.commands.{name}")
    command.main(words[1:] if name == words[0] else words)


if __name__ == "__main__":
    main()
