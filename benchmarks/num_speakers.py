#!/usr/bin/env python3
"""Are there as many speakers as asked for? --num-spk 1 to 8, every clusterer, then every realigner, every meeting.

    DIAR_DATA=... benchmarks/num_speakers.py [data folder ...]
"""

from __future__ import annotations

from meetings import read_data_folders, read_meetings

from diar import cli
from diar.cluster.agglomerate import SpeakerRange
from diar.pipeline import CLUSTERERS, count_speakers, frames_to_clusters, realign_clusters
from diar.realign import KlRealignOptions, RealignOptions

MOST = 8


def main() -> None:
    parser = cli.Parser(__doc__)
    parser.add_argument("folders", nargs="*", metavar="<data>", help="data folder")
    arguments = parser.parse_words(cli.command_words())
    n_runs = n_others = 0
    for meeting in read_data_folders(arguments.folders) if arguments.folders else read_meetings():
        for name, options in CLUSTERERS.items():
            for wanted in range(1, MOST + 1):
                found = frames_to_clusters(meeting.frames, meeting.speech, options(), SpeakerRange(wanted, wanted))
                for realigner in (RealignOptions(), KlRealignOptions()):
                    labels = realign_clusters(
                        meeting.frames, found.labels, realigner, background=found.background, fewest=wanted
                    )
                    n_runs += 1
                    if count_speakers(labels) != wanted:
                        n_others += 1
                        told = f"{meeting.name}, {name}, {type(realigner).__name__}"
                        print(f"{told}: {count_speakers(labels)} speakers for {wanted}", flush=True)
    print(f"{n_runs} runs, {n_others} with another number of speakers")


if __name__ == "__main__":
    cli.run(main)
