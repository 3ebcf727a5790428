#!/usr/bin/env python3
"""How long do stages 6 and 7 take for one 10-minute meeting, features given, against the limits of the project?

Runs the steps as processes of their own, start-up and cached kernels included, and prints processor seconds (user and
system) as the median of several runs; then the aIB's merges alone, for 300 segments, in a warm process. With a data
folder of long meetings, their seconds and the most memory of either step, too.

    DIAR_DATA=... benchmarks/stage_time.py [data folder ...]
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from meetings import Meeting, read_data_folders, read_meetings
from processes import STEPS, measured

from diar import cli
from diar.cluster.agglomerate import agglomerate
from diar.cluster.aib import BottleneckClusters
from diar.io.ark import write_archive, write_scp
from diar.io.data_folder import write_data_folder

SYSTEMS = {  # clusterer, realigner: limit in seconds of one core
    ("hmm_gmm", "hmm_gmm"): 15.0,
    ("aib", "kl_hmm"): 1.8,
    ("aib_viterbi", "hmm_gmm"): None,
    ("ib_hmm_gmm", "hmm_gmm"): None,
}
MERGES_LIMIT = 0.1  # seconds for 300 segments
RUNS = 5


def main() -> None:
    help_seconds, _ = measured([STEPS / "embed_to_clusters.py", "--help"], RUNS)
    print(f"{'start-up (--help)':<28}{help_seconds:>8.2f} s")
    for meeting in [next(read_meetings()), *read_data_folders(sys.argv[1:])]:
        minutes = len(meeting.frames) / 6000
        print(f"{meeting.name}, {minutes:.0f} minutes, {meeting.speech.sum() / 100:.0f} s of speech")
        for (clusterer, realigner), limit in SYSTEMS.items():
            time_system(meeting, clusterer, realigner, limit if minutes < 11 else None)
    time_merges()


def time_system(meeting: Meeting, clusterer: str, realigner: str, limit: float | None) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(folder, meeting)
        data, clusters, feats = folder / "data", folder / "clusters", folder / "feats"
        runs = RUNS if len(meeting.frames) < 100_000 else 1
        cluster = [STEPS / "embed_to_clusters.py", "--clusterer", clusterer, data, feats, folder / "vad", clusters]
        first, first_memory = measured(cluster, runs)
        write_scp(clusters, "clusters", [meeting.name])
        realign = [STEPS / "clusters_to_realigned.py", "--realigner", realigner, data, clusters, feats, folder / "out"]
        second, second_memory = measured(realign, runs)
    compared = f"   {(first + second) / limit:.2f} of the limit of {limit:g} s" if limit else ""
    memory = max(first_memory, second_memory)
    print(
        f"  {clusterer + ' + ' + realigner:<26}{first:>8.2f} + {second:.2f} = {first + second:.2f} s,"
        f" {memory:.0f} MB{compared}",
        flush=True,
    )


def write_inputs(folder: Path, meeting: Meeting) -> None:
    """A data folder of one recording, its features and its speech."""
    write_data_folder(folder / "data", {meeting.name: "unused.wav"}, {meeting.name: len(meeting.frames) / 100})
    for noun, array in (("feats", meeting.frames), ("vad", meeting.speech.astype("float32"))):
        (folder / noun).mkdir()
        write_archive(folder / noun, meeting.name, array)
        write_scp(folder / noun, noun, [meeting.name])


def time_merges() -> None:
    """The whole merge loop on a random joint distribution."""
    rng = np.random.default_rng(0)
    for n_segments, n_relevance, limit in ((300, 300, MERGES_LIMIT), (1440, 300, None)):
        joint = rng.dirichlet(np.full(n_relevance, 0.05), n_segments) / n_segments
        seconds = []
        for _ in range(RUNS + 1):
            started = time.process_time()
            agglomerate(BottleneckClusters(joint, 10.0, 60_000), np.full(n_segments, 200))
            seconds.append(time.process_time() - started)
        median = statistics.median(seconds[1:])
        compared = f"   {median / limit:.2f} of the limit of {limit:g} s" if limit else ""
        print(f"aIB merges, {n_segments} segments, {n_relevance} relevance variables: {median:.3f} s{compared}")


if __name__ == "__main__":
    cli.run(main)
