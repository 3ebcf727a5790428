#!/usr/bin/env python3
"""Stages 6 and 7 of one 10-minute meeting as the recipe runs them, against the limit of 15 s of one core.

Runs the steps as processes of their own, start-up and cached kernels included, and prints processor seconds (user and
system) as the median of several runs; then where the time of the clustering goes, by Python's profiler.

    DIAR_DATA=... benchmarks/stage_time.py
"""

import cProfile
import pstats
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from meetings import Meeting, read_meetings

from diar import cli
from diar.cluster.agglomerate import SpeakerRange
from diar.cluster.hmm_gmm import HmmGmmOptions
from diar.io.ark import write_archive, write_scp
from diar.io.data_folder import write_data_folder
from diar.pipeline import frames_to_clusters

LIMIT_SECONDS = 15.0
RUNS = 5
STEPS = Path(__file__).resolve().parent.parent / "steps"


def main() -> None:
    meeting = next(read_meetings())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(folder, meeting)
        data, clusters = folder / "data", folder / "clusters"
        cluster = [STEPS / "embed_to_clusters.py", data, folder / "feats", folder / "vad", clusters]
        realign = [STEPS / "clusters_to_realigned.py", data, clusters, folder / "feats", folder / "realigned"]
        seconds = {"start-up (--help)": median_seconds([cluster[0], "--help"])}
        seconds["stage 6"] = median_seconds(cluster)
        write_scp(clusters, "clusters", [meeting.name])
        seconds["stage 7"] = median_seconds(realign)
    both = seconds["stage 6"] + seconds["stage 7"]
    for what, value in seconds.items():
        print(f"{what:<20}{value:>8.2f} s")
    print(f"{'stages 6 and 7':<20}{both:>8.2f} s   {both / LIMIT_SECONDS:.2f} of the limit of {LIMIT_SECONDS:g} s")
    profile(meeting)


def write_inputs(folder: Path, meeting: Meeting) -> None:
    """A data folder of one recording, its features and its speech."""
    write_data_folder(folder / "data", {meeting.name: "unused.wav"}, {meeting.name: len(meeting.frames) / 100})
    for noun, array in (("feats", meeting.frames), ("vad", meeting.speech.astype("float32"))):
        (folder / noun).mkdir()
        write_archive(folder / noun, meeting.name, array)
        write_scp(folder / noun, noun, [meeting.name])


def median_seconds(command: list[object]) -> float:
    """Median processor seconds of the command, after one run that is not counted."""
    seconds = []
    for _ in range(RUNS + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *map(str, command)], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(seconds[1:])


def profile(meeting: Meeting) -> None:
    """Print the functions of the clustering that take most time."""
    profiler = cProfile.Profile()
    profiler.enable()
    frames_to_clusters(meeting.frames, meeting.speech, HmmGmmOptions(), SpeakerRange())
    profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(8)


if __name__ == "__main__":
    cli.run(main)
