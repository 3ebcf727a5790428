#!/usr/bin/env python3
"""Where should the information bottleneck stop? SER over NMI thresholds and prices of a cluster.

The aIB with KL-HMM, and the systems with Viterbi in every merge with HMM/GMM realignment; reference speech, collar
0.25, overlap skipped; speakers found less true ones in brackets. Thresholds are chosen on the data folders given, the
meetings of $DIAR_DATA only report; the plot shows both.

    DIAR_DATA=... benchmarks/stop_thresholds.py PLOT.png DATA_FOLDER ...       (after . ./path.sh figures)
"""

import dataclasses
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from meetings import Meeting, pooled, read_data_folders, read_meetings

from diar import cli
from diar.cluster.agglomerate import History, SpeakerRange
from diar.errors import DataError
from diar.pipeline import CLUSTERERS, REALIGNERS, Clustering, frames_to_clusters, realign_clusters
from diar.score import RecordingScore

NMI_THRESHOLDS = (0.25, 0.3, 0.34, 0.36, 0.38, 0.4, 0.42, 0.45, 0.5)
CLUSTER_PRICES = (3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0)
SYSTEMS = {"aib": "kl_hmm", "aib_viterbi": "hmm_gmm", "ib_hmm_gmm": "hmm_gmm"}


class Sweep:
    """One clusterer on one meeting, clustered once; a cut that was realigned before is not realigned again."""

    def __init__(self, meeting: Meeting, clusterer: str) -> None:
        self._meeting = meeting
        self._options = CLUSTERERS[clusterer]()
        self._realigner = REALIGNERS[SYSTEMS[clusterer]]()
        self._made = self._cluster(self._options, None)
        self._known: dict[bytes, RecordingScore] = {}

    def score(self, name: str, value: float) -> RecordingScore:
        options = dataclasses.replace(self._options, **{name: value})
        labels = self._cluster(options, self._made.history).labels
        key = labels.tobytes()
        if key not in self._known:
            moved = realign_clusters(
                self._meeting.frames, labels, self._realigner, background=self._made.background
            )
            self._known[key] = self._meeting.score(moved)
        return self._known[key]

    def _cluster(self, options: object, history: History | None) -> Clustering:
        return frames_to_clusters(self._meeting.frames, self._meeting.speech, options, SpeakerRange(), history=history)


def main() -> None:
    if len(sys.argv) < 3:
        raise DataError("arguments", f"found {len(sys.argv) - 1}", "wanted PLOT.png DATA_FOLDER ...")
    sets = {"chosen on": list(read_data_folders(sys.argv[2:])), "meetings_sim": list(read_meetings())}
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
    for number, clusterer in enumerate(SYSTEMS):
        for set_name, meetings in sets.items():
            sweeps = [Sweep(meeting, clusterer) for meeting in meetings]
            for axis, name, values in (
                (axes[0], "nmi_threshold", NMI_THRESHOLDS),
                (axes[1], "cluster_price", CLUSTER_PRICES),
            ):
                rows = [[sweep.score(name, value) for sweep in sweeps] for value in values]
                errors = [pooled(row) for row in rows]
                extra = [np.mean([score.n_found - score.n_true for score in row]) for row in rows]
                cells = "".join(
                    f"  {value:g}: {error:.2f} ({more:+.1f})"
                    for value, error, more in zip(values, errors, extra, strict=True)
                )
                print(f"{clusterer} {name}, {set_name} ({len(meetings)}):{cells}", flush=True)
                style = "-" if set_name == "chosen on" else "--"
                axis.plot(values, errors, style, color=f"C{number}", label=f"{clusterer}, {set_name}")
    for axis, title, default in (
        (axes[0], "NMI threshold", None),
        (axes[1], "price of a cluster", CLUSTERERS["aib"]().cluster_price),
    ):
        axis.set(xlabel=title, ylim=(0, 40))
        axis.grid(alpha=0.3)
        if default is not None:
            axis.axvline(default, color="grey", linewidth=0.8)
            axis.annotate("default", (default, 38), rotation=90, va="top", ha="right", fontsize=8, color="grey")
    axes[0].set_ylabel("SER %, collar 0.25, no overlap")
    axes[1].legend(fontsize=7)
    figure.savefig(Path(sys.argv[1]), dpi=120)


if __name__ == "__main__":
    cli.run(main)
