#!/usr/bin/env python3
"""feats, vad, sae -> clusters: deep embedded clustering of each recording alone, a cluster a speaker.

DEC or IDEC (--embedder) goes on from the autoencoder of the recording, with as many clusters as there are speakers,
which must be known. Every speech frame gets the label of its cluster; <recording>.soft_labels.ark has probabilities.

e.g.: steps/feats_to_clusters.py --embedder idec --num-spk 4 data/eval exp/eval/feats exp/eval/vad exp/eval/sae clusters
"""

from diar import cli
from diar.cluster.agglomerate import SpeakerCountOptions, SpeakerRange, on_all_frames
from diar.embed import EmbeddingModel, Speech, soft_labels, train_dec
from diar.errors import DataError
from diar.front_end import speech_mask
from diar.io.ark import write_arrays
from diar.job import Job
from diar.nets.options import DecEmbeddingOptions, DeviceOptions
from diar.pipeline import count_speakers
from diar.stage_folder import SOFT_LABELS_SUFFIX, describe_features


def main() -> None:
    embedder = cli.chosen("--embedder", ("idec", "dec"))
    flags = {"--embedder": "dec or idec (default idec)"}
    # the number of clusters for embeddings is not for here, but stands among the others in conf/dec.conf
    classes = (DecEmbeddingOptions, DeviceOptions, SpeakerCountOptions)
    job = Job(__doc__, "clusters", ("feats", "vad", "sae"), classes, flags)
    if job.recut:
        raise DataError("--recut", "found true with the clusterer dec", "wanted false: it makes no merges to cut")
    feats, vad, saes = job.inputs
    options, device, speakers = job.options(*classes)
    numbers = {name: SpeakerRange.of(speakers, job.data.num_speakers().get(name)) for name in job.recordings}
    unknown = [name for name, allowed in numbers.items() if allowed.fewest != allowed.most]
    if unknown:
        found = f"the clusterer dec was not told how many speakers there are in {' '.join(unknown)}"
        raise DataError("--num-spk", found, f"wanted --num-spk N, or {job.data.path / 'reco2num_spk'}")
    job.records(clusterer="dec", embedder=embedder)

    def convert(recording: str) -> None:
        frames, wanted = feats.read(recording), numbers[recording].fewest
        speech = speech_mask(recording, frames, vad.read(recording))
        path, content = saes.read_model(recording)
        sae = EmbeddingModel.from_checkpoint(content, path)
        sae.check_fits(describe_features(feats.path, frames.shape[1]), f"{feats.path}: {recording}")
        model, _ = train_dec(sae, embedder, Speech([frames], [speech]), wanted, options, device)
        soft = soft_labels(model, frames, speech, sae.inputs)
        labels = on_all_frames(soft.argmax(axis=1).astype("int32"), speech)
        if speech.any():
            if count_speakers(labels) < wanted:
                cli.warn(f"{recording}: {wanted} speakers asked for, {count_speakers(labels)} made")
            write_arrays(job.output / f"{recording}{SOFT_LABELS_SUFFIX}", {recording: soft})
        job.write(recording, labels)

    job.each_recording(convert)


if __name__ == "__main__":
    cli.run(main)
