#!/usr/bin/env python3
"""train sae: feats, vad -> sae: a stacked autoencoder of the speech, of all recordings together or of each.

Greedy denoising pretraining of each layer, then fine-tuning. The model of a recording is <recording>.pt in <sae>; its
losses are beside it. A training that was killed goes on from its last epoch.

e.g.: steps/train_sae.py --config conf/sae.conf data/eval exp/eval/feats exp/eval/vad_energy exp/eval/sae_energy
"""

from typing import Any

from diar import cli
from diar.embed import EmbeddingModel, Speech, fit_sae
from diar.nets.options import DeviceOptions, SaeOptions
from diar.stage_folder import describe_features
from diar.training_job import TrainingJob
from diar.training_state import Resumption


def main() -> None:
    job = TrainingJob(__doc__, "sae", ("feats", "vad"), (SaeOptions, DeviceOptions))
    feats, vad = job.inputs
    options, device = job.options(SaeOptions, DeviceOptions)

    def train(recording: str, speech: Speech, resumption: Resumption) -> tuple[EmbeddingModel, Any]:
        features = describe_features(feats.path, speech.frames[0].shape[1])
        return fit_sae(speech, options, device, features, resumption)

    job.each_model(feats, vad, train)


if __name__ == "__main__":
    cli.run(main)
