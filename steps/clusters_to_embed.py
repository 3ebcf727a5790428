#!/usr/bin/env python3
"""clusters, feats -> embed: features that tell the clusters of a first pass apart, as a stream for a second.

A small network learns them from all recordings together. Frames without speech get zeros.

e.g.: steps/clusters_to_embed.py data/eval exp/eval/feats exp/eval/clusters_first exp/eval/embed_speakers
"""

import numpy as np

from diar import cli
from diar.cluster.agglomerate import history_from_json, on_all_frames
from diar.errors import DataError
from diar.io.files import read_json
from diar.job import Job
from diar.nets.options import DeviceOptions, SpeakerNetOptions
from diar.stage_folder import HISTORY_SUFFIX
from diar.two_pass import first_pass_labels, speaker_embeddings


def main() -> None:
    job = Job(__doc__, "embed", ("feats", "clusters"), (SpeakerNetOptions, DeviceOptions))
    feats, clusters = job.inputs
    options, device = job.options(SpeakerNetOptions, DeviceOptions)
    if job.arguments.share != "1/1":
        raise DataError("--share", f"found {job.arguments.share}", "wanted 1/1: all recordings train one network")
    frames: dict[str, np.ndarray] = {}
    classes: dict[str, np.ndarray] = {}  # of the speech, where there is some
    made: dict[str, np.ndarray] = {}
    failures: dict[str, DataError] = {}

    def learn() -> None:
        for recording in job.recordings:
            try:
                frames[recording], classes[recording] = read(recording)
            except DataError as error:
                failures[recording] = error
        spoken = [name for name in classes if (classes[name] >= 0).any()]
        speech = {name: classes[name] >= 0 for name in spoken}
        codes = speaker_embeddings(
            [np.ascontiguousarray(frames[name][speech[name]]) for name in spoken],
            [classes[name][speech[name]] for name in spoken],
            options,
            device,
        )
        for name in classes:
            made[name] = np.zeros((len(frames[name]), options.speaker_bottleneck), dtype=np.float32)
        for name, own in zip(spoken, codes, strict=True):
            made[name][speech[name]] = own

    def read(recording: str) -> tuple[np.ndarray, np.ndarray]:
        matrix, labels = feats.read(recording), clusters.read(recording)
        if len(matrix) != len(labels):
            found = f"{len(matrix)} frames of features, {len(labels)} of clusters"
            raise DataError(recording, found, "wanted both of the same recording", "run stage 6 again")
        if (labels >= 0).any():
            path = clusters.path / f"{recording}{HISTORY_SUFFIX}"
            history = history_from_json(read_json(path), str(path))
            labels = on_all_frames(first_pass_labels(history, options.first_pass_clusters), labels >= 0)
        return matrix, labels

    def convert(recording: str) -> None:
        if recording in failures:
            raise failures[recording]
        job.write(recording, made[recording])

    job.each_recording(convert, learn)


if __name__ == "__main__":
    cli.run(main)
