#!/usr/bin/env python3
"""Do learned embeddings help? SER of every embedder with every clusterer, and of what goes beyond the report.

Reference speech, collar 0.25, overlap skipped. Networks are trained on the meetings that are scored (transductive:
they see the test's audio, never its reference), on all of them together; the clusterer dec on each alone, with its true
number of speakers. A line a seed; then mean and spread over the seeds; then a paired bootstrap over meetings of the
best learned system against the best one without, by their means. Without folders, the meetings of $DIAR_DATA.

    DIAR_DATA=... benchmarks/embeddings.py [--seeds 1,2,3] [--nj N] [data folder ...]       (N seeds at a time)
"""

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from meetings import Meeting, pooled, read_data_folders, read_meetings
from networks import SYSTEMS, Float32, Trained, autoencoder, clustered, dec_labels, second_pass

from diar import cli
from diar.background import Stream
from diar.cluster.agglomerate import SpeakerRange
from diar.nets.options import DecEmbeddingOptions, DeviceOptions, SaeOptions
from diar.options import Options
from diar.pipeline import CLUSTERERS, REALIGNERS, frames_to_clusters, realign_clusters
from diar.score import RecordingScore

EMBEDDED_CONF = Path(__file__).parents[1] / "egs" / "rt04" / "conf" / "embedded.conf"
LONG_CONTEXT = 30  # frames, as mean and deviation
STREAM_WEIGHT = 0.2  # of IDEC beside the features
RESAMPLES = 10000

Scores = list[RecordingScore]


@dataclass(frozen=True)
class Line:
    """A system with a seed (0 for none): its scores, none for a remark, and the seconds it took."""

    system: str
    seed: int
    scores: Scores
    seconds: float

    def __str__(self) -> str:
        cells = "".join(f"{score.ser:>8.2f}" for score in self.scores)
        total = f"{pooled(self.scores):>8.2f}{self.seconds:>6.0f}" if self.scores else ""
        return f"{self.system:<40}{self.seed or '':>5}{cells}{total}"


def main() -> None:
    parser = cli.Parser(__doc__, (DeviceOptions,))
    parser.add_flag("--seeds", "seeds of the networks", default="1,2,3")
    parser.add_flag("--nj", "seeds at a time", default=1, kind=int)
    parser.add_argument("folders", nargs="*", metavar="<data>", help="data folder")
    arguments = parser.parse_words(cli.command_words())
    device = parser.options(arguments, DeviceOptions)
    meetings = read(arguments.folders)
    names = "".join(f"{meeting.name:>8}" for meeting in meetings)
    print(f"{'system':<40}{'seed':>5}{names}{'pooled':>8}{'s':>6}", flush=True)
    plain, learned = {}, {}
    for line in timed(without_embedder(meetings), 0):
        plain[line.system] = [line.scores]
        print(line, flush=True)
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    with ProcessPoolExecutor(arguments.nj, multiprocessing.get_context("spawn")) as pool:
        for lines in pool.map(run_seed, seeds, [arguments.folders] * len(seeds), [device] * len(seeds)):
            for line in lines:
                print(line, flush=True)
                if line.scores:
                    learned.setdefault(line.system, []).append(line.scores)
    print(f"\n{'system':<40}{'mean':>8}{'sd':>8}{'least':>8}{'most':>8}")
    for name, runs in learned.items():
        values = [pooled(scores) for scores in runs]
        figures = (np.mean(values), np.std(values), min(values), max(values))
        print(f"{name:<40}" + "".join(f"{figure:>8.2f}" for figure in figures))
    compare({name: runs for name, runs in learned.items() if "known" not in name}, plain)


def read(folders: Sequence[str]) -> list[Meeting]:
    return list(read_data_folders(folders) if folders else read_meetings())


def run_seed(seed: int, folders: Sequence[str], device: DeviceOptions) -> list[Line]:
    """All lines of a seed."""
    return list(timed(with_embedders(read(folders), seed, device), seed))


def timed(systems: Iterator[tuple[str, Scores]], seed: int) -> Iterator[Line]:
    started = time.perf_counter()
    for name, scores in systems:
        seconds, started = time.perf_counter() - started, time.perf_counter()
        yield Line(name, seed, scores, seconds)


# ---- the systems ---------------------------------------------------------------------------------------------------


def without_embedder(meetings: Sequence[Meeting]) -> Iterator[tuple[str, Scores]]:
    for clusterer in SYSTEMS:
        options = CLUSTERERS[clusterer]()
        yield f"none {clusterer}", [system(meeting, meeting.frames, options, clusterer) for meeting in meetings]


def with_embedders(meetings: Sequence[Meeting], seed: int, device: DeviceOptions) -> Iterator[tuple[str, Scores]]:
    sae_options, dec_options = SaeOptions(seed=seed), DecEmbeddingOptions(seed=seed)
    sae = autoencoder(meetings, sae_options, device)
    yield from embedder(meetings, sae, "sae")
    for kind in ("dec", "idec"):
        made = clustered(sae, kind, meetings, dec_options, device)
        yield from embedder(meetings, made, kind)
        raw, smooth = zip(*(dec_labels(sae, kind, meeting, seed, device) for meeting in meetings), strict=True)
        yield f"{kind} dec raw, number known", list(raw)
        yield f"{kind} dec smooth, number known", list(smooth)
        if kind == "idec":
            yield from as_stream(meetings, made.embed(meetings))
    long = SaeOptions(seed=seed, context=LONG_CONTEXT, summary="statistics")
    made = clustered(autoencoder(meetings, long, device), "idec", meetings, dec_options, device)
    yield from embedder(meetings, made, f"idec of {LONG_CONTEXT} frames'")
    yield from two_passes(meetings, seed, device)


def embedder(meetings: Sequence[Meeting], made: Trained, name: str) -> Iterator[tuple[str, Scores]]:
    codes = made.embed(meetings)
    yield f"({name}: loss {made.loss:.4f}, {made.seconds:.0f} s of training)", []
    for clusterer in SYSTEMS:
        options = embedded_options(clusterer)
        pairs = zip(meetings, codes, strict=True)
        yield f"{name} {clusterer}", [system(meeting, frames, options, clusterer) for meeting, frames in pairs]


def as_stream(meetings: Sequence[Meeting], codes: Sequence[Float32]) -> Iterator[tuple[str, Scores]]:
    for clusterer in SYSTEMS:
        if clusterer != "hmm_gmm":
            scores = []
            for meeting, frames in zip(meetings, codes, strict=True):
                streams = (Stream("feats", meeting.frames, 1 - STREAM_WEIGHT), Stream("idec", frames, STREAM_WEIGHT))
                scores.append(system(meeting, meeting.frames, CLUSTERERS[clusterer](), clusterer, streams))
            yield f"feats and idec {clusterer}", scores


def two_passes(meetings: Sequence[Meeting], seed: int, device: DeviceOptions) -> Iterator[tuple[str, Scores]]:
    second, kept = zip(*second_pass(meetings, seed, device), strict=True)
    yield "two passes aib_viterbi, all kept", list(second)
    yield "two passes aib_viterbi", list(kept)


def embedded_options(clusterer: str) -> Options:
    """A clusterer's options for embeddings: those of conf/embedded.conf."""
    parser = cli.Parser(None, (CLUSTERERS[clusterer],), tuple(CLUSTERERS.values()))
    return parser.options(parser.parse_words(["--config", str(EMBEDDED_CONF)]), CLUSTERERS[clusterer])


def system(
    meeting: Meeting, frames: Float32, options: Options, clusterer: str, streams: Sequence[Stream] | None = None
) -> RecordingScore:
    """The score of a clusterer and its realigner."""
    found = frames_to_clusters(frames, meeting.speech, options, SpeakerRange(), streams)
    realigner = REALIGNERS[SYSTEMS[clusterer]]()
    return meeting.score(realign_clusters(frames, found.labels, realigner, streams, found.background))


# ---- comparison ----------------------------------------------------------------------------------------------------


def compare(learned: dict[str, list[Scores]], plain: dict[str, list[Scores]]) -> None:
    """A paired bootstrap over meetings of the best of either, error times the mean over the seeds."""

    def mean(runs: list[Scores]) -> float:
        return float(np.mean([pooled(scores) for scores in runs]))

    best, rival = (min(systems, key=lambda name: mean(systems[name])) for systems in (learned, plain))
    times = [
        np.mean([[score.speaker_error_time for score in scores] for scores in systems[name]], axis=0)
        for systems, name in ((learned, best), (plain, rival))
    ]
    scored = np.array([score.scored_speaker_time for score in plain[rival][0]])
    chosen = np.random.default_rng(0).integers(0, len(scored), (RESAMPLES, len(scored)))
    gains = 100 * (times[1] - times[0])[chosen].sum(axis=1) / scored[chosen].sum(axis=1)
    low, high = np.percentile(gains, (2.5, 97.5))
    after, before = mean(learned[best]), mean(plain[rival])
    print(f"\n{rival} {before:.2f} -> {best} {after:.2f}: {100 * (after / before - 1):+.1f} % relative")
    print(f"gain {before - after:.2f}; of {RESAMPLES} resamples of the meetings 95 % gain {low:.2f} to {high:.2f}")
    print(f"and {100 * (gains <= 0).mean():.1f} % nothing")


if __name__ == "__main__":
    cli.run(main)
