#!/usr/bin/env python3
"""vad -> report: how much speech was found, in how many regions, and against ref.rttm what was missed or is not there.

The figures go to <vad>/report.txt and to the screen.

e.g.: steps/vad_to_report.py --vad energy data/eval exp/eval/vad_energy
"""

from pathlib import Path

from diar import cli
from diar.io.data_folder import DataFolder
from diar.io.files import write_text
from diar.io.rttm import RttmLine
from diar.score import ScoreOptions, score_set
from diar.score_text import format_speech
from diar.segments import frames_to_segments
from diar.stage_folder import open_input


def main() -> None:
    parser = cli.Parser(__doc__, (ScoreOptions,))
    parser.add_flag("--vad", "name of the speech detector, for the stamp on the figures", default="unknown")
    parser.add_argument("data", metavar="<data>", help="data folder with wav.scp and maybe ref.rttm")
    parser.add_argument("detected", metavar="<vad>", help="folder of vad")
    arguments = parser.parse_words(cli.command_words())
    options = parser.options(arguments, ScoreOptions)
    data, folder = DataFolder(Path(arguments.data)), open_input("vad", Path(arguments.detected))
    found = {recording: folder.read(recording) for recording in data.recordings() if recording in folder}
    reference, uem = data.reference_lines(), data.uem()
    scores = None
    if reference is not None:
        regions = [
            RttmLine("SPEAKER", recording, "1", region.start, region.duration, "<NA>", "speech")
            for recording, speech in found.items()
            for region in frames_to_segments(speech)
        ]
        scores = score_set(reference, regions, uem, options)
    text = format_speech(found, scores, options, "none" if uem is None else "all.uem", arguments.vad)
    write_text(folder.path / "report.txt", text)
    print(text, end="")


if __name__ == "__main__":
    cli.run(main)
