#!/usr/bin/env python3
"""feats -> embed: without an embedder the features themselves, as a link to their folder.

e.g.: steps/feats_to_embed.py exp/eval/feats exp/eval/embed_none
"""

import os
from pathlib import Path

from diar import cli
from diar.errors import DataError
from diar.io.files import atomic_path
from diar.job import open_input


def main() -> None:
    parser = cli.Parser(__doc__)
    parser.add_argument("feats", metavar="<feats>", help="folder of feats")
    parser.add_argument("embed", metavar="<embed>", help="link to make")
    arguments = parser.parse_words(cli.command_words())
    feats, embed = open_input("feats", Path(arguments.feats)).path, Path(arguments.embed)
    if embed.is_dir() and not embed.is_symlink():
        raise DataError(embed, "is a folder", "wanted a link to the feats, or nothing", "remove it")
    with atomic_path(embed) as temporary:
        temporary.symlink_to(os.path.relpath(feats, embed.parent))


if __name__ == "__main__":
    cli.run(main)
