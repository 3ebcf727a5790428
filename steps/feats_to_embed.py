#!/usr/bin/env python3
"""feats -> embed: the embedding of every frame by a trained model; without one the features, as a link to their folder.

--model is a folder that train_sae.py or train_dec.py made, with a model a recording, or the file of one model for all.

e.g.: steps/feats_to_embed.py --model exp/eval/idec_energy data/eval exp/eval/feats exp/eval/embed_energy_idec
"""

import os
import zlib
from pathlib import Path

from diar import cli
from diar.embed import EmbeddingModel
from diar.errors import DataError
from diar.io.checkpoint import read_checkpoint
from diar.io.files import atomic_path, read_bytes
from diar.job import Job
from diar.stage_folder import describe_features, open_models


def main() -> None:
    job = Job(__doc__, "embed", ("feats",), (), {"--model": "folder of models, or one model; none: link to the feats"})
    feats, named = job.inputs[0], Path(job.arguments.model)
    if not job.arguments.model:
        link(feats.path, job.output)
        return
    if job.output.is_symlink():  # what is done to the folder would be done to the feats
        raise DataError(job.output, "is a link", "wanted a folder, or nothing", "remove it")
    if named.is_file():
        job.records(model=f"{zlib.crc32(read_bytes(named)):08x}")
        shared = EmbeddingModel.from_checkpoint(read_checkpoint(named), named)
        model_of = dict.fromkeys(job.recordings, shared).__getitem__
    else:
        models = open_models(named)
        job.inputs.append(models)

        def model_of(recording: str) -> EmbeddingModel:
            path, content = models.read_model(recording)
            return EmbeddingModel.from_checkpoint(content, path)

    def convert(recording: str) -> None:
        frames, model = feats.read(recording), model_of(recording)
        model.check_fits(describe_features(feats.path, frames.shape[1]), f"{feats.path}: {recording}")
        job.write(recording, model.embed(frames))

    job.each_recording(convert)


def link(feats: Path, embed: Path) -> None:
    """Let ``embed`` be another name of ``feats``."""
    if embed.is_dir() and not embed.is_symlink():
        raise DataError(embed, "is a folder", "wanted a link to the feats, or nothing", "remove it")
    with atomic_path(embed) as temporary:
        temporary.symlink_to(os.path.relpath(feats, embed.parent))


if __name__ == "__main__":
    cli.run(main)
