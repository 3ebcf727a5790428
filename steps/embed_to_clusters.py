#!/usr/bin/env python3
"""embed, vad -> clusters: HMM/GMM agglomerative clustering by delta-BIC.

Writes, beside the labels of every recording, its merge history <recording>.merges.json. A recording whose class stands
in the data folder's reco2class takes the flags of <class-conf>_<class>.conf, where the command line does not say
otherwise.

e.g.: steps/embed_to_clusters.py --num-spk 4 data/eval exp/eval/embed_none exp/eval/vad_webrtc exp/eval/clusters
"""

from pathlib import Path

from diar import cli
from diar.cluster.agglomerate import SpeakerCountOptions, SpeakerRange, history_to_json
from diar.cluster.hmm_gmm import HmmGmmOptions, most_clusters
from diar.frames import to_seconds
from diar.io.files import write_json
from diar.pipeline import count_speakers, frames_to_clusters, speech_mask


def main() -> None:
    job = cli.Job(
        __doc__,
        "clusters",
        inputs=("embed", "vad"),
        options=(HmmGmmOptions, SpeakerCountOptions),
        flags={"--class-conf": "conf files of audio classes, up to _<class>.conf, as in conf/clusters"},
    )
    embed, vad = job.inputs
    known, classes = job.data.num_speakers(), job.data.classes()

    def convert(recording: str) -> None:
        conf = [Path(f"{job.arguments.class_conf}_{classes[recording]}.conf")] if recording in classes else []
        options, speakers = job.options(HmmGmmOptions, SpeakerCountOptions, conf=conf)
        allowed = SpeakerRange.of(speakers, known.get(recording))
        frames = embed.read(recording)
        speech = speech_mask(recording, frames, vad.read(recording))
        labels, history = frames_to_clusters(frames, speech, options, allowed)
        seconds = to_seconds(int(speech.sum()))
        if history and allowed.fewest > count_speakers(labels):
            cli.warn(
                f"{recording}: {allowed.fewest} speakers asked for, {count_speakers(labels)} made: {seconds:.1f} s of "
                f"speech hold {most_clusters(int(speech.sum()), options)} minimum durations of {options.min_duration} s"
            )
        write_json(job.output / f"{recording}.merges.json", history_to_json(history, speech, "delta_bic"))
        job.write(recording, labels)

    job.each_recording(convert)


if __name__ == "__main__":
    cli.run(main)
