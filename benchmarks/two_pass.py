#!/usr/bin/env python3
"""Does the second pass help? SER of both passes on data folders, each a set whose recordings train one network.

aib_viterbi, reference speech, collar 0.25, overlap skipped. "all kept" is the second pass as it is, "kept" what the
criterion leaves of it. Then a paired bootstrap over all meetings, error times the mean over the seeds.

    benchmarks/two_pass.py [--seeds 1,2,3] DATA_FOLDER ...
"""

import numpy as np
from meetings import Meeting, pooled, read_data_folders
from networks import SYSTEMS, second_pass

from diar import cli
from diar.cluster.agglomerate import SpeakerRange
from diar.nets.options import DeviceOptions
from diar.pipeline import CLUSTERERS, REALIGNERS, frames_to_clusters, realign_clusters
from diar.score import RecordingScore

RESAMPLES = 10000
Scores = list[RecordingScore]


def main() -> None:
    parser = cli.Parser(__doc__, (DeviceOptions,))
    parser.add_flag("--seeds", "seeds of the network", default="1,2,3")
    parser.add_argument("folders", nargs="+", metavar="<data>", help="data folder")
    arguments = parser.parse_words(cli.command_words())
    device = parser.options(arguments, DeviceOptions)
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    first: Scores = []
    second: dict[int, Scores] = {seed: [] for seed in seeds}
    kept: dict[int, Scores] = {seed: [] for seed in seeds}
    print(f"{'set':<24}{'first':>8}" + "".join(f"{f'all kept {s}':>12}{f'kept {s}':>8}" for s in seeds), flush=True)
    for folder in arguments.folders:
        meetings = list(read_data_folders([folder]))
        first += [first_pass(meeting) for meeting in meetings]
        for seed in seeds:
            both = second_pass(meetings, seed, device)
            second[seed] += [score for score, _ in both]
            kept[seed] += [score for _, score in both]
        print_row(folder.rstrip("/").rpartition("/")[2], len(meetings), first, second, kept)
    print_row("all", len(first), first, second, kept)
    for name, runs in (("all kept", second), ("kept", kept)):
        compare(name, first, list(runs.values()))


def first_pass(meeting: Meeting) -> RecordingScore:
    found = frames_to_clusters(meeting.frames, meeting.speech, CLUSTERERS["aib_viterbi"](), SpeakerRange())
    return meeting.score(realign_clusters(meeting.frames, found.labels, REALIGNERS[SYSTEMS["aib_viterbi"]]()))


def print_row(name: str, n: int, first: Scores, second: dict[int, Scores], kept: dict[int, Scores]) -> None:
    """The figures of the last ``n`` meetings."""
    cells = "".join(f"{pooled(second[s][-n:]):>12.2f}{pooled(kept[s][-n:]):>8.2f}" for s in second)
    print(f"{name:<24}{pooled(first[-n:]):>8.2f}{cells}", flush=True)


def compare(name: str, first: Scores, runs: list[Scores]) -> None:
    scored = np.array([score.scored_speaker_time for score in first])
    before = np.array([score.speaker_error_time for score in first])
    after = np.mean([[score.speaker_error_time for score in run] for run in runs], axis=0)
    chosen = np.random.default_rng(0).integers(0, len(scored), (RESAMPLES, len(scored)))
    gains = 100 * (before - after)[chosen].sum(axis=1) / scored[chosen].sum(axis=1)
    low, high = np.percentile(gains, (2.5, 97.5))
    relative = 100 * (after.sum() / before.sum() - 1)
    errors = [100 * times.sum() / scored.sum() for times in (before, after)]
    print(f"{name}: {errors[0]:.2f} -> {errors[1]:.2f} ({relative:+.1f} %);")
    print(f"  of {RESAMPLES} resamples 95 % gain {low:.2f} to {high:.2f}, {100 * (gains <= 0).mean():.1f} % nothing")


if __name__ == "__main__":
    cli.run(main)
