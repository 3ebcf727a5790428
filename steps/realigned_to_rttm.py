#!/usr/bin/env python3
"""realigned -> rttm: the turns of all recordings, in hyp.rttm of the system's folder.

With --feats, the features of the same frames, field 9 of the RTTM is each turn's confidence: the probability that it is
its speaker's, by mixtures that are trained on the frames of each label (diar.confidence; calibrated on simulated
meetings, and on nothing else). It is <NA> without --feats, without that folder, and where there is only one speaker.

e.g.: steps/realigned_to_rttm.py --feats exp/eval/feats --min-gap 0.3 data/eval exp/eval/realigned exp/eval/system
"""

from pathlib import Path

from diar import cli
from diar.confidence import SpeakerScores, with_confidence
from diar.errors import DataError
from diar.io.data_folder import DataFolder
from diar.io.rttm import write_rttm
from diar.segments import TurnOptions, labels_to_turns, smooth_turns
from diar.stage_folder import REGIONS, check_regions, open_input


def main() -> None:
    parser = cli.Parser(__doc__, (TurnOptions,))
    parser.add_flag("--feats", "folder of features of the same frames, for the confidence of turns (default: none)")
    parser.add_argument("data", metavar="<data>", help="data folder with wav.scp")
    parser.add_argument("realigned", metavar="<realigned>", help="folder of labels")
    parser.add_argument("system", metavar="<system>", help="folder to write hyp.rttm into")
    arguments = parser.parse_words(cli.command_words())
    options = parser.options(arguments, TurnOptions)
    folder = Path(arguments.realigned)
    # without realignment the recipe gives the clusters
    realigned = open_input("clusters" if folder.name.startswith("clusters") else "realigned", folder)
    feats = None
    if arguments.feats and Path(arguments.feats).is_dir():
        feats = open_input("feats", Path(arguments.feats))
    elif arguments.feats:
        cli.warn(f"{arguments.feats}: no such folder, and so no confidence of turns")
    check_regions(folder, Path(arguments.data) / REGIONS)
    turns = {}
    for recording in DataFolder(Path(arguments.data)).recordings():
        if recording not in realigned:
            cli.warn(f"{recording}: no labels, and so no turns (skipped by an earlier stage)")
            continue
        labels = realigned.read(recording)
        turns[recording] = smooth_turns(labels_to_turns(labels), options)
        if feats is not None:
            frames = feats.read(recording)
            if len(frames) != len(labels):
                found = f"{recording} has {len(frames)} frames for {len(labels)} labels"
                raise DataError(feats.path, found, "wanted the features that were clustered")
            turns[recording] = with_confidence(turns[recording], SpeakerScores.of(frames, labels))
        if not turns[recording]:
            cli.warn(f"{recording}: no speech, and so no turns")
    system = Path(arguments.system)
    system.mkdir(parents=True, exist_ok=True)
    (system / "score.txt").unlink(missing_ok=True)  # it is of an earlier hyp.rttm
    write_rttm(system / "hyp.rttm", turns)
    print(system / "hyp.rttm")


if __name__ == "__main__":
    cli.run(main)
