#!/usr/bin/env python3
"""clusters, embed -> realigned: a mixture a speaker, then minimum-duration Viterbi.

e.g.: steps/clusters_to_realigned.py data/eval exp/eval/clusters exp/eval/embed_none exp/eval/realigned
"""

from diar import cli
from diar.job import Job
from diar.pipeline import realign_clusters
from diar.realign import RealignOptions


def main() -> None:
    job = Job(__doc__, "realigned", inputs=("clusters", "embed"), options=(RealignOptions,))
    clusters, embed = job.inputs
    (options,) = job.options(RealignOptions)

    def convert(recording: str) -> None:
        job.write(recording, realign_clusters(embed.read(recording), clusters.read(recording), options))

    job.each_recording(convert)


if __name__ == "__main__":
    cli.run(main)
