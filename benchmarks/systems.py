#!/usr/bin/env python3
"""Which system is best? SER of every clusterer with every realigner, a column a meeting: SER (found/true speakers).

Reference speech, defaults, collar 0.25, overlap skipped. Without folders, the meetings of $DIAR_DATA.

    DIAR_DATA=... benchmarks/systems.py [data folder ...]
"""

import sys
import time

from meetings import Meeting, pooled, read_data_folders, read_meetings

from diar import cli
from diar.cluster.agglomerate import SpeakerRange
from diar.pipeline import CLUSTERERS, REALIGNERS, frames_to_clusters, realign_clusters
from diar.score import RecordingScore


def main() -> None:
    meetings = list(read_data_folders(sys.argv[1:]) if sys.argv[1:] else read_meetings())
    print(f"{'clusterer':<12}{'realigner':<10}" + "".join(f"{m.name:>14}" for m in meetings) + f"{'pooled':>8}{'s':>7}")
    for clusterer in CLUSTERERS:
        for realigner in ("none", *REALIGNERS):
            started = time.process_time()
            scores = [score(meeting, clusterer, realigner) for meeting in meetings]
            seconds = (time.process_time() - started) / len(meetings)
            cells = "".join(f"{s.ser:>8.2f} ({s.n_found}/{s.n_true})" for s in scores)
            print(f"{clusterer:<12}{realigner:<10}{cells}{pooled(scores):>8.2f}{seconds:>7.2f}", flush=True)


def score(meeting: Meeting, clusterer: str, realigner: str) -> RecordingScore:
    found = frames_to_clusters(meeting.frames, meeting.speech, CLUSTERERS[clusterer](), SpeakerRange())
    labels = found.labels
    if realigner != "none":
        options = REALIGNERS[realigner]()
        labels = realign_clusters(meeting.frames, labels, options, background=found.background)
    return meeting.score(labels)


if __name__ == "__main__":
    cli.run(main)
