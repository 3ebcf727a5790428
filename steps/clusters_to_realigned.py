#!/usr/bin/env python3
"""clusters, embed -> realigned: a model a speaker, then minimum-duration Viterbi.

Each --realigner has options of its own: see --realigner kl_hmm --help. The KL-HMM takes the background model of the
clusters, where they have one; smooth has no models but takes the soft labels of the clusterer dec.

e.g.: steps/clusters_to_realigned.py data/eval exp/eval/clusters exp/eval/embed_none exp/eval/realigned
"""

from diar import cli
from diar.background import background_from_arrays
from diar.cluster.agglomerate import SpeakerCountOptions, SpeakerRange
from diar.errors import DataError
from diar.io.ark import read_arrays
from diar.job import Job
from diar.pipeline import REALIGNERS, realign_clusters
from diar.stage_folder import BACKGROUND_SUFFIX, SOFT_LABELS_SUFFIX, choice_of


def main() -> None:
    realigner = cli.chosen("--realigner", tuple(REALIGNERS))
    flags = {
        "--realigner": f"one of {', '.join(REALIGNERS)} (default hmm_gmm)",
        "--streams": "FOLDER:WEIGHT,...: what the KL-HMM sees, in place of <embed>; those of the clusters",
    }
    classes = (REALIGNERS[realigner], SpeakerCountOptions)
    job = Job(__doc__, "realigned", ("clusters", "embed"), classes, flags, others=tuple(REALIGNERS.values()))
    clusters, embed = job.inputs
    streams = job.streams()
    options, speakers = job.options(*classes)
    known = job.data.num_speakers()
    job.records(realigner=realigner)
    clusterer = choice_of(clusters.path, "clusterer")
    has_background = clusterer not in ("", "hmm_gmm", "dec")
    if realigner == "smooth" and clusterer != "dec":
        raise DataError(clusters.path, f"made by '{clusterer}', without soft labels", "wanted --clusterer dec")

    def convert(recording: str) -> None:
        background = soft_labels = None
        frames, labels = embed.read(recording), clusters.read(recording)
        if realigner == "kl_hmm" and has_background and (labels >= 0).any():
            path = clusters.path / f"{recording}{BACKGROUND_SUFFIX}"
            background = background_from_arrays(read_arrays(path), str(path))
        if realigner == "smooth" and (labels >= 0).any():
            soft_labels = read_arrays(clusters.path / f"{recording}{SOFT_LABELS_SUFFIX}")[recording]
        fewest = SpeakerRange.of(speakers, known.get(recording)).fewest
        seen = streams.read(recording, len(frames))
        job.write(recording, realign_clusters(frames, labels, options, seen, background, fewest, soft_labels))

    job.each_recording(convert)


if __name__ == "__main__":
    cli.run(main)
