#!/usr/bin/env python3
"""rttm -> score: the system's hyp.rttm against the data folder's ref.rttm; figures to score.txt and to the screen.

e.g.: steps/rttm_to_score.py --collar 0 --vad reference data/eval exp/eval/system
"""

from pathlib import Path

from diar import cli
from diar.errors import DataError
from diar.io.data_folder import DataFolder
from diar.io.files import write_text
from diar.io.rttm import read_rttm_lines
from diar.score import ScoreOptions, score_set
from diar.score_text import format_scores


def main() -> None:
    parser = cli.Parser(__doc__, (ScoreOptions,))
    parser.add_flag("--vad", "name of the speech detector, for the stamp on the figures", default="unknown")
    parser.add_argument("data", metavar="<data>", help="data folder with wav.scp and ref.rttm")
    parser.add_argument("system", metavar="<system>", help="folder with hyp.rttm")
    arguments = parser.parse_words(cli.command_words())
    options = parser.options(arguments, ScoreOptions)
    data, system = DataFolder(Path(arguments.data)), Path(arguments.system)
    reference = data.reference_lines()
    if reference is None:
        print(f"{data.path / 'ref.rttm'}: none, so nothing to score; the turns are in {system / 'hyp.rttm'}")
        return
    scores = score_set(reference, read_rttm_lines(system / "hyp.rttm"), data.uem(), options)
    if scores.pooled.scored_speaker_time == 0:
        found = "no reference speech lies in the regions to score"
        raise DataError(data.path / "all.uem", found, "wanted regions of ref.rttm's recordings with speech in them")
    text = format_scores(scores, options, uem="none" if data.uem() is None else "all.uem", vad=arguments.vad)
    write_text(system / "score.txt", text)
    print(text, end="")


if __name__ == "__main__":
    cli.run(main)
