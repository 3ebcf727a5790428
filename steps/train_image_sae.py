#!/usr/bin/env python3
"""train image_sae: images -> image_sae: the stacked autoencoder that DEC and IDEC of one seed begin from.

Greedy denoising pretraining of each layer, then fine-tuning, on all images without their labels: training and test
images, or with --judged-on validation the training images alone. <output> gets the model, its losses, a map of codes,
and result.json: how clusters by k-means of the codes agree with the classes, and the loss, the squared error of all
images as they are. A training that was killed goes on from its last state.

e.g.: steps/train_image_sae.py --net conv --augment shift-rotate data/mnist exp/mnist/pretrained_conv/seed1
"""

from diar import cli
from diar.cluster_job import AUGMENT_FLAG, INPUT_FLAG, ClusterJob, samples_picture
from diar.image_job import Trained
from diar.images.cluster import NETS, Pretrained, kmeans_of_codes, pretrain, reconstruction_error
from diar.images.sets import ImageSet
from diar.nets.cluster_options import SiftOptions
from diar.nets.options import DeviceOptions, KmeansStartOptions
from diar.training_state import Resumption


def main() -> None:
    net = cli.chosen("--net", tuple(NETS))
    kind = NETS[net]
    flags = {"--net": "fc or conv (default fc)"} | INPUT_FLAG | AUGMENT_FLAG
    job = ClusterJob(__doc__, "pretrained", (kind, KmeansStartOptions, SiftOptions), flags)
    options, starts, device = job.options(kind, KmeansStartOptions, DeviceOptions)
    job.records(net=net)
    made_of = job.image_input()
    made_of.check_fits(net, options)
    n_clusters = len(job.dataset.classes)

    def train(learned: ImageSet, judged: ImageSet, resumption: Resumption) -> Trained:
        images = job.put_together(learned, judged, n_clusters)
        inputs = made_of.of(images.images, net, options, device)
        network, history = pretrain(inputs, options, device, resumption)
        _, found = kmeans_of_codes(network, inputs, n_clusters, starts, options.seed)
        figures = job.figures(images, found.labels, len(judged))
        figures["loss"] = reconstruction_error(network, inputs, options)
        title = f"autoencoder and k-means on {job.dataset.title}: ACC {100 * figures['acc']:.2f} %"
        plots = job.plots(images.labels, found.labels, title) | {
            "map": job.map({"autoencoder and k-means": found}, images, f"Codes of {job.dataset.title}")
        }
        pictures = {"clusters": samples_picture(images.images, found)}
        model = Pretrained(network, net, inputs.shape, made_of, options).to_checkpoint()
        model["images"] = job.described_images()
        return Trained(model, history, figures, plots, pictures)

    job.run(train)


if __name__ == "__main__":
    cli.run(main)
