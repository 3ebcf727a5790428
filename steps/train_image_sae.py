#!/usr/bin/env python3
"""train image_sae: images -> image_sae: the stacked autoencoder that DEC and IDEC of one seed begin from.

Greedy denoising pretraining of each layer, then fine-tuning, on all images without their labels: training and test
images, or with --judged-on validation the training images alone. <output> gets the model, its losses, a map of codes,
and result.json: the loss of the end, and how clusters by k-means of the codes agree with the classes. A training that
was killed goes on from its last epoch.

e.g.: steps/train_image_sae.py --net conv --augment shift-rotate data/mnist exp/mnist/pretrained_conv/seed1
"""

from dataclasses import asdict

from diar import cli
from diar.cluster_job import ClusterJob, everything, samples_picture, scores_of
from diar.embed import Resumption
from diar.image_job import Trained
from diar.images.cluster import NETS, autoencoder_kmeans, pretrain
from diar.images.sets import ImageSet
from diar.nets.cluster_options import KmeansOptions, KmeansStartOptions, SiftOptions
from diar.nets.options import DeviceOptions


def main() -> None:
    net = cli.chosen("--net", tuple(NETS))
    kind = NETS[net]
    flags = {"--net": "fc or conv (default fc)", "--input": "", "--augment": ""}
    job = ClusterJob(__doc__, "pretrained", (kind, KmeansStartOptions, SiftOptions), flags)
    options, kmeans, device = job.options(kind, KmeansStartOptions, DeviceOptions)
    job.records(net=net)
    sight = job.sight()
    sight.check_fits(net)

    def train(learned: ImageSet, judged: ImageSet, resumption: Resumption) -> Trained:
        images = everything(learned, judged)
        pretrained, history = pretrain(images, net, sight, options, device, resumption)
        starts = KmeansOptions(**asdict(kmeans), seed=options.seed)
        found = autoencoder_kmeans(pretrained, images, len(job.dataset.classes), starts, device)
        figures = scores_of(images, found.labels) | {"loss": history[-1].losses["loss"] if history else 0.0}
        title = f"autoencoder and k-means on {job.dataset.title}: ACC {100 * figures['acc']:.2f} %"
        plots = job.plots(images.labels, found.labels, title) | {
            "map": job.map({"autoencoder and k-means": found}, images, f"Codes of {job.dataset.title}")
        }
        pictures = {"clusters": samples_picture(images.images, found)}
        model = pretrained.to_checkpoint() | {"dataset": job.dataset.name}
        return Trained(model, history, figures, plots, pictures)

    job.run(train)


if __name__ == "__main__":
    cli.run(main)
