#!/usr/bin/env python3
"""train gan: images -> gan: a generator and a discriminator, of one seed, and what samples are worth.

<output> gets the model, its losses, the same samples after every epoch as pictures and as an animation, samples on ways
between latent vectors, and result.json: what a classifier (--judge) finds among samples, with the same figures of real
images. With --judged-on validation a tenth of the training images takes the place of the test images.

e.g.: steps/train_gan.py --judge exp/mnist/classifier_basic/seed1/model.pt data/mnist exp/mnist/gan/seed1
"""

from dataclasses import replace

from diar import cli
from diar.generative_job import GenerativeJob
from diar.image_job import Trained
from diar.images.generate import make_gan, to_checkpoint, train_gan
from diar.images.sets import ImageSet
from diar.nets.image_options import GanOptions
from diar.nets.options import DeviceOptions
from diar.training_state import Resumption


def main() -> None:
    job = GenerativeJob(__doc__, "gan", (GanOptions,))
    options, device = job.options(GanOptions, DeviceOptions)

    def train(images: ImageSet, judged: ImageSet, resumption: Resumption) -> Trained:
        network = make_gan(images.shape, options, device)
        history = train_gan(network, images, options, device, job.showing(network, resumption))
        made = job.judged(network, history, images, judged, "gan")
        return replace(made, model=to_checkpoint(network, "gan", options))

    job.run(train)


if __name__ == "__main__":
    cli.run(main)
