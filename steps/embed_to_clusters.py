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
from diar.cluster.hmm_gmm import HmmGmmOptions
from diar.errors import DataError
from diar.io.data_folder import DataFolder
from diar.io.files import write_json
from diar.job import Job
from diar.pipeline import frames_to_clusters, speaker_shortfall, speech_mask


def main() -> None:
    job = Job(
        __doc__,
        "clusters",
        inputs=("embed", "vad"),
        options=(HmmGmmOptions, SpeakerCountOptions),
        flags={"--class-conf": "conf files of audio classes, up to _<class>.conf, as in conf/clusters"},
    )
    embed, vad = job.inputs
    known = job.data.num_speakers()
    class_conf = find_class_conf(job.arguments.class_conf, job.data)

    job.depends_on(sorted(set(class_conf.values())))

    def convert(recording: str) -> None:
        options, speakers = job.options(HmmGmmOptions, SpeakerCountOptions, conf=class_conf.get(recording))
        allowed = SpeakerRange.of(speakers, known.get(recording))
        frames = embed.read(recording)
        speech = speech_mask(recording, frames, vad.read(recording))
        labels, history = frames_to_clusters(frames, speech, options, allowed)
        if shortfall := speaker_shortfall(labels, allowed, options):
            cli.warn(f"{recording}: {shortfall}")
        write_json(job.output / f"{recording}.merges.json", history_to_json(history, speech, "delta_bic"))
        job.write(recording, labels)

    job.each_recording(convert)


def find_class_conf(prefix: str, data: DataFolder) -> dict[str, Path]:
    """The conf file of each recording that has a class.

    Raises:
        DataError: there are classes but no prefix, or a class without a file.
    """
    found = {}
    for recording, name in data.classes().items():
        found[recording] = Path(f"{prefix}_{name}.conf")
        if not prefix or not found[recording].exists():
            files = sorted(found[recording].parent.glob(f"{Path(prefix).name}_*.conf"))
            known = " ".join(path.stem.rpartition("_")[2] for path in files) or "none"
            wanted = f"wanted a class with a file {prefix or '<class-conf>'}_<class>.conf, of which there are: {known}"
            raise DataError(data.path / "reco2class", f"'{recording}' has class '{name}'", wanted)
    return found


if __name__ == "__main__":
    cli.run(main)
