#!/usr/bin/env python3
"""train image_kmeans: images -> image_kmeans: k-means of pixels or descriptors, of one seed, what others are beside.

It learns from all images without their labels, and is judged on the same: training and test images, or with
--judged-on validation the training images alone.

e.g.: steps/train_image_kmeans.py data/mnist exp/mnist/kmeans_pixels/seed1
"""

from diar import cli
from diar.cluster_job import ClusterJob, everything, scores_of
from diar.embed import Resumption
from diar.image_job import Trained
from diar.images.cluster import kmeans_labels
from diar.images.sets import ImageSet
from diar.nets.cluster_options import KmeansOptions, SiftOptions


def main() -> None:
    job = ClusterJob(__doc__, "k-means", (KmeansOptions, SiftOptions), {"--input": ""})
    options = job.options(KmeansOptions)[0]
    sight = job.sight()

    def train(learned: ImageSet, judged: ImageSet, resumption: Resumption) -> Trained:
        images = everything(learned, judged)
        found = kmeans_labels(sight.vectors(images.images), len(job.dataset.classes), options)
        figures = scores_of(images, found)
        title = f"k-means of {sight.input} on {job.dataset.title}: ACC {100 * figures['acc']:.2f} %"
        return Trained({"choices": sight.input}, [], figures, job.plots(images.labels, found, title))

    job.run(train)


if __name__ == "__main__":
    cli.run(main)
