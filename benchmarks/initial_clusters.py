#!/usr/bin/env python3
"""How flaky is HMM/GMM clustering? SER over numbers of initial clusters, shifted partitions, polling beside Viterbi.

Reference speech, collar 0.25, overlap skipped; a row a setting, a column a meeting: SER (found/true speakers), then the
pooled SER.

    DIAR_DATA=... benchmarks/initial_clusters.py
"""

import numpy as np
from meetings import Meeting, pooled, read_meetings

from diar import cli
from diar.cluster.agglomerate import SpeakerRange
from diar.cluster.hmm_gmm import HmmGmmOptions
from diar.pipeline import frames_to_clusters, realign_clusters
from diar.realign import RealignOptions
from diar.score import RecordingScore

SETTINGS: dict[str, tuple[dict[str, object], bool]] = {
    "default": ({}, True),
    "default, not realigned": ({}, False),
    "polling, not realigned": ({"segmentation": "polling"}, False),
    "polling, realigned": ({"segmentation": "polling"}, True),
    **{f"K = {k}": ({"initial_clusters": k}, True) for k in (16, 18, 20, 22, 24)},
    **{f"shift {shift:g}": ({"initial_shift": shift}, True) for shift in (0.2, 0.4, 0.6, 0.8)},
    "lost clusters dropped": ({"lost_clusters": "drop"}, True),
}


def score(meeting: Meeting, values: dict[str, object], realigned: bool, known: bool = False) -> RecordingScore:
    """The score of one meeting with changed options; ``known`` tells the system the number of speakers."""
    everyone = meeting.score(meeting.speech.astype(np.int32) - 1)
    allowed = SpeakerRange(everyone.n_true, everyone.n_true) if known else SpeakerRange()
    options = HmmGmmOptions(**values)  # type: ignore[arg-type]
    labels = frames_to_clusters(meeting.frames, meeting.speech, options, allowed).labels
    if realigned:
        labels = realign_clusters(meeting.frames, labels, RealignOptions())
    return meeting.score(labels)


def main() -> None:
    meetings = list(read_meetings())
    print(f"{'setting':<24}" + "".join(f"{meeting.name:>14}" for meeting in meetings) + f"{'pooled':>8}")
    for name, (values, realigned) in SETTINGS.items():
        print_row(name, [score(meeting, values, realigned) for meeting in meetings])
    print_row("number known", [score(meeting, {}, realigned=True, known=True) for meeting in meetings])


def print_row(name: str, scores: list[RecordingScore]) -> None:
    cells = "".join(f"{score.ser:>8.2f} ({score.n_found}/{score.n_true})" for score in scores)
    print(f"{name:<24}{cells}{pooled(scores):>8.2f}", flush=True)


if __name__ == "__main__":
    cli.run(main)
