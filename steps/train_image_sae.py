#!/usr/bin/env python3
"""train image_sae: images -> image_sae: the stacked autoencoder that DEC and IDEC of one seed begin from.

Greedy denoising pretraining of each layer, then fine-tuning, on all images without their labels: training and test
images, or with --judged-on validation the training images alone. <output> gets the model, its losses, a map of codes,
and result.json: the loss of the end, and how clusters by k-means of the codes agree with the classes. A training that
was killed goes on from its last epoch.

e.g.: steps/train_image_sae.py --net conv --augment shift-rotate data/mnist exp/mnist/pretrained_conv/seed1
"""

from diar import cli
from diar.cluster_job import ClusterJob, all_images, samples_picture
from diar.embed import Resumption
from diar.image_job import Trained
from diar.images.cluster import NETS, Pretrained, kmeans_of_codes, pretrain
from diar.images.sets import ImageSet
from diar.nets.cluster_options import SiftOptions
from diar.nets.options import DeviceOptions, KmeansStartOptions


def main() -> None:
    net = cli.chosen("--net", tuple(NETS))
    kind = NETS[net]
    flags = {"--net": "fc or conv (default fc)", "--input": "", "--augment": ""}
    job = ClusterJob(__doc__, "pretrained", (kind, KmeansStartOptions, SiftOptions), flags)
    options, starts, device = job.options(kind, KmeansStartOptions, DeviceOptions)
    job.records(net=net)
    made_of = job.image_input()
    made_of.check_fits(net)

    def train(learned: ImageSet, judged: ImageSet, resumption: Resumption) -> Trained:
        images = all_images(learned, judged)
        inputs = made_of.of(images.images, net, options, device)
        network, history = pretrain(inputs, options, device, resumption)
        _, found = kmeans_of_codes(network, inputs, len(job.dataset.classes), starts, options.seed)
        figures = job.figures(images, found.labels, len(judged))
        figures["loss"] = history[-1].losses["loss"] if history else 0.0
        title = f"autoencoder and k-means on {job.dataset.title}: ACC {100 * figures['acc']:.2f} %"
        plots = job.plots(images.labels, found.labels, title) | {
            "map": job.map({"autoencoder and k-means": found}, images, f"Codes of {job.dataset.title}")
        }
        pictures = {"clusters": samples_picture(images.images, found)}
        model = Pretrained(network, net, inputs.shape, made_of, options).to_checkpoint() | {"images": job.images()}
        return Trained(model, history, figures, plots, pictures)

    job.run(train)


if __name__ == "__main__":
    cli.run(main)
