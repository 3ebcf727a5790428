#!/usr/bin/env python3
"""train vae: images -> vae: a variational autoencoder, of one seed, and what its samples are worth.

<output> gets the model, its losses, the same samples after every epoch as pictures and as an animation,
reconstructions, samples along each latent value and on ways between latent vectors, and result.json: the evidence
lower bound of the test images and its parts, and what a classifier (--judge) finds among samples, with the same figures
of real images. With --judged-on validation a tenth of the training images takes the place of the test images.

e.g.: steps/train_vae.py --judge exp/mnist/classifier_basic/seed1/model.pt data/mnist exp/mnist/vae/seed1
"""

from dataclasses import replace

import numpy as np

from diar import cli
from diar.generative_job import GenerativeJob, shown
from diar.image_job import Trained
from diar.images.generate import generate, judge_bound, make_vae, reconstruct, to_checkpoint, train_vae
from diar.images.latents import along_dimensions
from diar.images.sets import ImageSet
from diar.nets.image_options import VaeOptions
from diar.nets.options import DeviceOptions
from diar.training_state import Resumption

N_ROWS, N_COLUMNS, FARTHEST = 10, 11, 3.0  # of latent values, in standard deviations


def main() -> None:
    job = GenerativeJob(__doc__, "vae", (VaeOptions,))
    options, device = job.options(VaeOptions, DeviceOptions)
    job.records(likelihood=options.likelihood)

    def train(images: ImageSet, judged: ImageSet, resumption: Resumption) -> Trained:
        network = make_vae(images.shape, options, device)
        history = train_vae(network, images, options, device, job.showing(network, resumption))
        bound = judge_bound(network, judged.images, device)
        dimensions = np.argsort(bound["kl_by_dimension"], kind="stable")[::-1][:N_ROWS]
        values = np.linspace(-FARTHEST, FARTHEST, N_COLUMNS, dtype=np.float32)
        rows = along_dimensions(dimensions, network.n_latent, values).reshape(-1, network.n_latent)
        some = judged.images[:20]
        pictures = {
            "reconstructions": shown(np.concatenate([some, reconstruct(network, some)]), len(some)),
            "dimensions": shown(generate(network, rows), N_COLUMNS),
        }
        made = job.judged(network, history, images, judged, f"{options.likelihood} vae")
        model = to_checkpoint(network, "vae", options)
        return replace(made, model=model, figures=bound | made.figures, pictures={**made.pictures, **pictures})

    job.run(train)


if __name__ == "__main__":
    cli.run(main)
