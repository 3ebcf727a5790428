#!/usr/bin/env python3
"""embed, vad -> clusters: agglomerative clustering, HMM/GMM by delta-BIC or by the information bottleneck.

Each --clusterer has options of its own: see --clusterer aib --help. Beside the labels of every recording stand its
merge history <recording>.merges.json and the information bottleneck's background model <recording>.background.ark. With
--recut true the merges in <clusters> are kept and only cut anew. A recording of a class (the data folder's reco2class)
takes the flags of <class-conf>_<class>.conf, where the command line does not say otherwise.

e.g.: steps/embed_to_clusters.py --num-spk 4 data/eval exp/eval/embed_none exp/eval/vad_webrtc exp/eval/clusters
"""

from diar import cli
from diar.background import background_to_arrays
from diar.cluster.agglomerate import SpeakerCountOptions, SpeakerRange, history_from_json, history_to_json
from diar.errors import DataError
from diar.front_end import speech_mask
from diar.io.ark import write_arrays
from diar.io.files import read_json, write_json
from diar.job import Job, find_class_conf
from diar.pipeline import CLUSTERERS, GAINS, frames_to_clusters, speaker_shortfall
from diar.stage_folder import BACKGROUND_SUFFIX, HISTORY_SUFFIX


def main() -> None:
    clusterer = cli.chosen("--clusterer", tuple(CLUSTERERS))
    flags = {
        "--clusterer": f"one of {', '.join(CLUSTERERS)} (default hmm_gmm)",
        "--class-conf": "conf files of audio classes, up to _<class>.conf, as in conf/clusters",
        "--streams": "FOLDER:WEIGHT,...: what the information bottleneck sees, in place of <embed>",
    }
    classes = (CLUSTERERS[clusterer], SpeakerCountOptions)
    job = Job(__doc__, "clusters", ("embed", "vad"), classes, flags, others=tuple(CLUSTERERS.values()))
    embed, vad = job.inputs
    if clusterer == "hmm_gmm" and job.arguments.streams:
        raise DataError("--streams", "found with --clusterer hmm_gmm", "wanted a clusterer that combines streams")
    streams = job.streams()
    known = job.data.num_speakers()
    class_conf = find_class_conf(job.arguments.class_conf, job.data)
    job.depends_on(sorted(set(class_conf.values())))
    job.records(clusterer=clusterer)

    def convert(recording: str) -> None:
        options, speakers = job.options(*classes, conf=class_conf.get(recording))
        allowed = SpeakerRange.of(speakers, known.get(recording))
        frames = embed.read(recording)
        speech = speech_mask(recording, frames, vad.read(recording))
        merges = job.output / f"{recording}{HISTORY_SUFFIX}"
        advice = "run stage 6 without --recut"
        history = history_from_json(read_json(merges), str(merges), advice) if job.recut else None
        found = frames_to_clusters(frames, speech, options, allowed, streams.read(recording, len(frames)), history)
        if shortfall := speaker_shortfall(found.labels, allowed, options):
            cli.warn(f"{recording}: {shortfall}")
        if not job.recut:
            write_json(merges, history_to_json(found.history, found.labels >= 0, GAINS[clusterer]))
            if found.background is not None:
                arrays = background_to_arrays(found.background)
                write_arrays(job.output / f"{recording}{BACKGROUND_SUFFIX}", arrays)
        job.write(recording, found.labels)

    job.each_recording(convert)


if __name__ == "__main__":
    cli.run(main)
