#!/usr/bin/env python3
"""Which network is best? Its loss, its training's seconds, and what ib_hmm_gmm makes of its code.

SER with the number of speakers known, and without, at some prices of a cluster; reference speech, collar 0.25, overlap
skipped. Every data folder trains networks of its own; a row pools the meetings of all. "none" is the features, "linear"
an autoencoder without hidden layers. With --embedder dec or idec each autoencoder is followed by that, for every number
of clusters and every gamma.

    benchmarks/embedding_sweep.py [--hidden W-W,...] [--bottleneck E,...] [--context C,...] DATA_FOLDER ...
    benchmarks/embedding_sweep.py --embedder idec [--dec-clusters K,...] [--gamma G,...] DATA_FOLDER ...
"""

import dataclasses
import itertools
from argparse import Namespace
from collections.abc import Iterator, Sequence

import numpy as np
from meetings import Meeting, pooled, read_data_folders
from networks import SYSTEMS, Float32, Trained, autoencoder, clustered

from diar import cli
from diar.cluster.agglomerate import SpeakerRange
from diar.nets.options import DecEmbeddingOptions, DeviceOptions, SaeOptions
from diar.pipeline import CLUSTERERS, REALIGNERS, frames_to_clusters, realign_clusters
from diar.score import RecordingScore

PRICES = (5.0, 6.5, 8.0, 10.0, 12.0)
CLUSTERER = "ib_hmm_gmm"


def main() -> None:
    default, dec = SaeOptions(), DecEmbeddingOptions()
    parser = cli.Parser(__doc__, (DeviceOptions,))
    parser.add_flag("--embedder", "sae, dec or idec", default="sae")
    parser.add_flag("--hidden", "widths to try; linear is none", default=default.hidden)
    parser.add_flag("--bottleneck", "values of a code to try", default=str(default.bottleneck))
    parser.add_flag("--context", "contexts to try", default=str(default.context))
    parser.add_flag("--summary", "none or statistics", default=default.summary)
    parser.add_flag("--dec-clusters", "clusters to try", default=str(dec.dec_clusters))
    parser.add_flag("--gamma", "weights of the clustering to try", default=str(dec.gamma))
    parser.add_argument("folders", nargs="+", metavar="<data>", help="data folder")
    arguments = parser.parse_words(cli.command_words())
    device = parser.options(arguments, DeviceOptions)
    sets = [list(read_data_folders([folder])) for folder in arguments.folders]
    heads = "".join(f"{price:>8g}" for price in PRICES)
    print(f"{'network':<32}{'loss':>7}{'s':>6}{'known':>8}{heads}", flush=True)
    print_row("none", [], [(meeting, meeting.frames) for meetings in sets for meeting in meetings])
    for options in sweep(arguments):
        saes = [autoencoder(meetings, options, device) for meetings in sets]
        name = f"{options.context} {options.hidden or 'linear'}-{options.bottleneck}"
        print_row(name, saes, embedded(sets, saes))
        for dec in dec_sweep(arguments):
            kind = arguments.embedder
            decs = [clustered(sae, kind, meetings, dec, device) for sae, meetings in zip(saes, sets, strict=True)]
            print_row(f"  {kind} {dec.dec_clusters} gamma {dec.gamma:g}", decs, embedded(sets, decs))


def sweep(arguments: Namespace) -> Iterator[SaeOptions]:
    """The autoencoders to try."""
    lists = (arguments.context.split(","), arguments.hidden.split(","), arguments.bottleneck.split(","))
    for context, hidden, bottleneck in itertools.product(*lists):
        hidden = "" if hidden == "linear" else hidden
        contexts = {"context": int(context), "summary": arguments.summary}
        yield SaeOptions(**contexts, hidden=hidden, bottleneck=int(bottleneck))


def dec_sweep(arguments: Namespace) -> Iterator[DecEmbeddingOptions]:
    """The clusterings to try."""
    if arguments.embedder != "sae":
        for clusters, gamma in itertools.product(arguments.dec_clusters.split(","), arguments.gamma.split(",")):
            yield DecEmbeddingOptions(dec_clusters=int(clusters), gamma=float(gamma))


def embedded(sets: Sequence[Sequence[Meeting]], trained: Sequence[Trained]) -> list[tuple[Meeting, Float32]]:
    """Every meeting with the codes of its set's network."""
    return [
        (meeting, codes)
        for meetings, made in zip(sets, trained, strict=True)
        for meeting, codes in zip(meetings, made.embed(meetings), strict=True)
    ]


def print_row(name: str, trained: Sequence[Trained], pairs: Sequence[tuple[Meeting, Float32]]) -> None:
    rows = [scores(meeting, frames) for meeting, frames in pairs]
    cells = "".join(f"{pooled(column):>8.2f}" for column in zip(*rows, strict=True))
    loss = np.mean([made.loss for made in trained]) if trained else 0.0
    print(f"{name:<32}{loss:>7.3f}{sum(made.seconds for made in trained):>6.0f}{cells}", flush=True)


def scores(meeting: Meeting, frames: Float32) -> list[RecordingScore]:
    """The scores of one clustering, cut at the true number of speakers and at the prices."""
    options, realigner = CLUSTERERS[CLUSTERER](), REALIGNERS[SYSTEMS[CLUSTERER]]()
    made = frames_to_clusters(frames, meeting.speech, options, SpeakerRange())

    def score(price: float, allowed: SpeakerRange) -> RecordingScore:
        cut = dataclasses.replace(options, cluster_price=price)
        found = frames_to_clusters(frames, meeting.speech, cut, allowed, history=made.history)
        return meeting.score(realign_clusters(frames, found.labels, realigner))

    true = meeting.score(made.labels).n_true
    return [score(PRICES[0], SpeakerRange(true, true)), *(score(price, SpeakerRange()) for price in PRICES)]


if __name__ == "__main__":
    cli.run(main)
