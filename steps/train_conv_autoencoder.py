#!/usr/bin/env python3
"""train conv_autoencoder: images -> conv_autoencoder: a stacked convolutional autoencoder of one size and one seed.

<output> gets the model, its losses, the first images above their reconstructions, and result.json with squared error,
PSNR and SSIM of the test images, and the same of PCA with as many components, learned from the same images; or, with
--judged-on validation, of a tenth of the training images that neither learned from, to choose settings by. A training
that was killed goes on from its last epoch.

e.g.: steps/train_conv_autoencoder.py --code-size 64 --latent false data/cifar10 exp/cifar10/sae_64_direct/seed1
"""

from diar import cli
from diar.image_job import ImageJob, Trained
from diar.images.reconstruct import (
    judge,
    judge_pca,
    pairs_picture,
    reconstructions,
    to_checkpoint,
    train_conv_autoencoder,
)
from diar.images.sets import ImageSet
from diar.nets.image_options import ConvAutoencoderOptions
from diar.nets.options import DeviceOptions
from diar.training_state import Resumption


def main() -> None:
    job = ImageJob(__doc__, "autoencoder", (ConvAutoencoderOptions,))
    options, device = job.options(ConvAutoencoderOptions, DeviceOptions)

    def train(images: ImageSet, judged: ImageSet, resumption: Resumption) -> Trained:
        network, history = train_conv_autoencoder(images, options, device, resumption)
        found = reconstructions(network, judged.images, device)
        figures = judge(judged.images, found)
        figures |= judge_pca(images.images, judged.images, options.code_size)
        pictures = {"reconstructions": pairs_picture(judged.images, found)}
        return Trained(to_checkpoint(network, images.shape, options), history, figures, pictures=pictures)

    job.run(train)


if __name__ == "__main__":
    cli.run(main)
