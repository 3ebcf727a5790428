#!/usr/bin/env python3
"""train dec: sae, feats, vad -> dec or idec: deep embedded clustering from a stacked autoencoder, for embeddings.

With --embedder dec the code alone is bent towards clusters, with idec the decoder is kept. The models are
<recording>.pt in the output folder, of all recordings together or of each, as the autoencoder's are.

e.g.: steps/train_dec.py --embedder idec data/eval exp/eval/sae_energy exp/eval/feats exp/eval/vad_energy exp/eval/idec
"""

from typing import Any

from diar import cli
from diar.embed import EmbeddingModel, Speech, fit_dec
from diar.errors import DataError
from diar.nets.options import DecEmbeddingOptions, DeviceOptions
from diar.stage_folder import choice_of, describe_features
from diar.training_job import TrainingJob
from diar.training_state import Resumption


def main() -> None:
    embedder = cli.chosen("--embedder", ("idec", "dec"))
    flags = {"--embedder": "dec or idec (default idec)"}
    job = TrainingJob(__doc__, embedder, ("sae", "feats", "vad"), (DecEmbeddingOptions, DeviceOptions), flags)
    saes, feats, vad = job.inputs
    options, device = job.options(DecEmbeddingOptions, DeviceOptions)
    job.records(embedder=embedder)
    made = choice_of(saes.path, "per_recording")
    if made and made != str(job.per_recording).lower():
        wanted = f"wanted {made}, as {saes.path} was made with"
        raise DataError("--per-recording", f"found {job.arguments.per_recording or 'false'}", wanted)

    def train(recording: str, speech: Speech, resumption: Resumption) -> tuple[EmbeddingModel, Any]:
        path, content = saes.read_model(recording)
        sae = EmbeddingModel.from_checkpoint(content, path)
        sae.check_fits(describe_features(feats.path, speech.frames[0].shape[1]), feats.path)
        return fit_dec(sae, embedder, speech, options, device, resumption)

    job.each_model(feats, vad, train, basis=lambda recording: str(saes.read_model(recording)[1].get("digest")))


if __name__ == "__main__":
    cli.run(main)
