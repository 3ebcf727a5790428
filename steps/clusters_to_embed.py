#!/usr/bin/env python3
"""clusters, feats -> embed: features that tell the clusters of a first pass apart, as a stream for a second.

A small network learns them from all recordings together. Frames without speech get zeros.

e.g.: steps/clusters_to_embed.py data/eval exp/eval/feats exp/eval/clusters_first exp/eval/embed_speakers
"""

import numpy as np

from diar import cli
from diar.cluster.agglomerate import history_from_json
from diar.errors import DataError
from diar.io.files import read_json
from diar.job import HISTORY_SUFFIX, Job
from diar.nets.options import DeviceOptions, SpeakerNetOptions
from diar.two_pass import first_pass_labels, speaker_embeddings


def main() -> None:
    job = Job(__doc__, "embed", ("feats", "clusters"), (SpeakerNetOptions, DeviceOptions))
    feats, clusters = job.inputs
    options, device = job.options(SpeakerNetOptions, DeviceOptions)
    if job.arguments.share != "1/1":
        raise DataError("--share", f"found {job.arguments.share}", "wanted 1/1: all recordings train one network")
    made: dict[str, np.ndarray] = {}

    def learn() -> None:
        frames, speech, labels = {}, {}, {}
        for recording in [name for name in job.recordings if name in feats and name in clusters]:
            path = clusters.path / f"{recording}{HISTORY_SUFFIX}"
            frames[recording], speech[recording] = feats.read(recording), clusters.read(recording) >= 0
            if speech[recording].any():
                history = history_from_json(read_json(path), str(path))
                labels[recording] = first_pass_labels(history, options.first_pass_clusters)
        spoken = [np.ascontiguousarray(frames[name][speech[name]]) for name in labels]
        codes = speaker_embeddings(spoken, list(labels.values()), options, device)
        for name in frames:
            made[name] = np.zeros((len(frames[name]), options.speaker_bottleneck), dtype=np.float32)
        for name, own in zip(labels, codes, strict=True):
            made[name][speech[name]] = own

    def convert(recording: str) -> None:
        if recording not in made:
            raise DataError(recording, "has no features or no clusters", "wanted both", "see stages 1 and 6")
        job.write(recording, made[recording])

    if not job.arguments.prepare:
        learn()
    job.each_recording(convert)


if __name__ == "__main__":
    cli.run(main)
