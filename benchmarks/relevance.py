#!/usr/bin/env python3
"""How many relevance variables? SER of aib with kl_hmm, and the aIB's time, over --max-relevance and other options.

Reference speech, collar 0.25, overlap skipped. Without folders, the meetings of $DIAR_DATA.

    DIAR_DATA=... benchmarks/relevance.py [data folder ...]
"""

import dataclasses
import sys
import time

import numpy as np
from meetings import Meeting, pooled, read_data_folders, read_meetings

from diar import cli
from diar.cluster.agglomerate import SpeakerRange
from diar.cluster.aib import AibOptions
from diar.pipeline import frames_to_clusters, realign_clusters
from diar.realign import KlRealignOptions
from diar.score import RecordingScore

SETTINGS: dict[str, dict[str, object]] = {
    "default": {},
    **{f"max-relevance {most}": {"max_relevance": most} for most in (64, 128, 200, 300, 600, 2000)},
    "posteriors hard": {"posteriors": "hard"},
    "prior duration": {"prior": "duration"},
    "sib-sweeps 5": {"sib_sweeps": 5},
    **{f"beta {beta:g}": {"beta": beta} for beta in (5.0, 20.0)},
    **{f"max-segment {seconds:g}": {"max_segment": seconds} for seconds in (1.5, 4.0)},
    "lost speakers kept": {"lost_speakers": "keep"},
}


def main() -> None:
    meetings = list(read_data_folders(sys.argv[1:]) if sys.argv[1:] else read_meetings())
    print(f"{'setting':<22}{'SER':>7}{'found - true':>14}{'s a meeting':>13}")
    for name, values in SETTINGS.items():
        started = time.process_time()
        scores = [score(meeting, values) for meeting in meetings]
        seconds = (time.process_time() - started) / len(meetings)
        extra = np.mean([score.n_found - score.n_true for score in scores])
        print(f"{name:<22}{pooled(scores):>7.2f}{extra:>+14.1f}{seconds:>13.2f}", flush=True)


def score(meeting: Meeting, values: dict[str, object]) -> RecordingScore:
    names = {field.name for field in dataclasses.fields(AibOptions)}
    options = AibOptions(**{key: value for key, value in values.items() if key in names})  # type: ignore[arg-type]
    realign = KlRealignOptions(**{key: value for key, value in values.items() if key not in names})  # type: ignore
    found = frames_to_clusters(meeting.frames, meeting.speech, options, SpeakerRange())
    return meeting.score(realign_clusters(meeting.frames, found.labels, realign, background=found.background))


if __name__ == "__main__":
    cli.run(main)
