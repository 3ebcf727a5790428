"""Cut the merges that 'diar --save-merges' left anew: another number of speakers in a second, not a new run.

The audio is read again, where it was or where --audio says, for realignment and confidence.

e.g.: diar recut --num-spk 3 meeting.merges.json
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from diar import cli
from diar.cluster.agglomerate import history_from_json, history_speech
from diar.errors import DataError
from diar.io.files import read_json
from diar.pipeline import CLUSTERERS, GAINS
from diar.turns_command import TurnsCommand


def main(words: Sequence[str]) -> None:
    command = TurnsCommand("diar recut", __doc__)
    command.parser.add_argument("merges", metavar="<merges.json>", help="what 'diar --save-merges' left")
    command.parser.add_flag("--audio", "the recording, if it is not where it was")
    arguments = command.parse(words)
    content = read_json(Path(arguments.merges))
    clusterer = content.get("clusterer") if isinstance(content, dict) else None
    if clusterer not in CLUSTERERS:
        raise DataError(arguments.merges, "holds no merges of 'diar --save-merges'", "wanted <recording>.merges.json")
    history, speech = history_from_json(content, arguments.merges), history_speech(content, arguments.merges)
    audio = Path(arguments.audio or content["audio"])
    if not audio.exists():
        raise DataError(audio, "no such file", f"wanted the audio of {arguments.merges}", "name it: --audio FILE")
    options = command.options(clusters=cli.parsed_options(arguments.clusters_opts, CLUSTERERS[clusterer]))
    with command.output(1) as output:
        found = command.diarize(audio, options, speech=speech, history=history)
        command.write(output, found, audio, options, GAINS[clusterer])
