"""The ``diar`` command, also ``python -m diar``: audio files in, RTTM out; and what can be done with RTTM."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from diar import __version__, cli
from diar.commands import COMMANDS
from diar.errors import DataError

USAGE = f"""usage: diar [options] <audio file or folder>...      who speaks when; see diar --help
       diar <command> ...                            see diar <command> --help
commands:
{chr(10).join(f"  {name:<10}{text}" for name, text in COMMANDS.items())}"""


def main() -> None:
    cli.run(run, "diar")


def run() -> None:
    """Run the command that the first word names, or diarize the files that the words name."""
    words = cli.command_words()
    if cli.is_completing():
        _complete(words)
    if not words:
        print(USAGE, file=sys.stderr)
        sys.exit(1)
    if words[0] == "--version":
        print(f"diar {__version__}")
        return
    if words[0] == "help":
        print(USAGE)
        return
    if "" in words:
        raise DataError("arguments", "found an empty word", "wanted files", 'is a variable unset, as in "$file"?')
    meant = difflib.get_close_matches(words[0], COMMANDS, n=1)
    if meant and words[0] not in COMMANDS and not os.path.exists(words[0]):
        raise DataError(words[0], "no such command or file", advice=f"is '{meant[0]}' meant?")
    name = words[0] if words[0] in COMMANDS else "diarize"
    command = importlib.import_module(f"diar.commands.{name}")
    command.main(words[1:] if name == words[0] else words)


def _complete(words: Sequence[str]) -> NoReturn:
    """Let the parser of the command that ``words`` begin with answer the shell."""
    is_named = words[:1] and words[0] in COMMANDS and (len(words) > 1 or os.environ["COMP_LINE"].endswith(" "))
    if is_named:
        os.environ["_ARGCOMPLETE"] = "2"  # the command's name is a part of the program's
    importlib.import_module(f"diar.commands.{words[0] if is_named else 'diarize'}").main([])
    sys.exit(1)


if __name__ == "__main__":
    main()
