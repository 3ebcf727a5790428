"""Cut the merges that 'diar --save-merges' left anew: another number of speakers in a second, not a new run.

The audio is read again, where it was or where --audio says, for realignment and confidence. --channel, --sample-rate,
--min-gap, --min-turn and --clusters-opts are those of the first run, unless they are given.

e.g.: diar recut --num-spk 3 meeting.merges.json
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from diar import cli
from diar.cluster.agglomerate import history_from_json
from diar.errors import DataError
from diar.io.files import read_json
from diar.pipeline import CLUSTERERS, GAINS
from diar.turns_command import TurnsCommand, tell
from diar.vad import Speech

ADVICE = "make it anew: diar --save-merges"


def main(words: Sequence[str]) -> None:
    command = TurnsCommand("diar recut", __doc__)
    command.parser.add_argument("merges", metavar="<merges.json>", help="what 'diar --save-merges' left")
    command.parser.add_flag("--audio", "the recording, if it is not where it was")
    arguments = command.parse(words)
    content = read_json(Path(arguments.merges))
    known = content.get("diar") if isinstance(content, dict) else None
    names = ("audio", "clusterer", "words")
    if not isinstance(known, dict) or not all(isinstance(known.get(name), str) for name in names):
        raise DataError(arguments.merges, "holds no merges of 'diar --save-merges'", "wanted <recording>.merges.json")
    clusterer = known["clusterer"]
    if clusterer not in CLUSTERERS:
        raise DataError(arguments.merges, f"found clusterer '{clusterer}'", f"wanted one of {', '.join(CLUSTERERS)}")
    arguments = command.parse(words, _first_words(known["words"], arguments.merges))
    history, speech = history_from_json(content, arguments.merges, ADVICE), _speech(known, arguments.merges)
    audio = Path(arguments.audio or known["audio"])
    if not audio.exists():
        raise DataError(audio, "no such file", f"wanted the audio of {arguments.merges}", "name it: --audio FILE")
    options = command.options(clusters=cli.parsed_options(arguments.clusters_opts, CLUSTERERS[clusterer]))
    with command.output([audio], Path(arguments.merges)) as output, command.pages(output.folder, 1) as pages:
        found = command.diarize(audio, options, speech=speech, history=history)
        output.add(found)
        pages.add(found, audio, options, GAINS[clusterer])
        tell(found, audio)


def _first_words(text: str, where: str) -> list[tuple[str, str]]:
    """The flags of the first run, each with where it stands."""
    try:
        return [(where, word) for word in shlex.split(text)]
    except ValueError as error:
        raise DataError(where, f"holds flags with {error}", "wanted those that diar left", ADVICE) from None


def _speech(known: dict[str, Any], where: str) -> Speech:
    """(T,) the speech of the first run: runs of 1 and 0, as ``merges_to_json`` of 'diar' leaves them."""
    try:
        speech: Speech = np.repeat(*np.array(known["speech"], dtype=np.int64).reshape(-1, 2).T).astype(np.float32)
    except (KeyError, TypeError, ValueError, OverflowError, MemoryError):
        raise DataError(where, "tells no speech", "wanted what 'diar --save-merges' left", ADVICE) from None
    return speech
