#!/usr/bin/env python3
"""train image_kmeans: images -> image_kmeans: k-means of pixels or descriptors, of one seed, what others are beside.

It learns from all images without their labels, and is judged on the same: training and test images, or with
--judged-on validation the training images alone.

e.g.: steps/train_image_kmeans.py data/mnist exp/mnist/kmeans_pixels/seed1
"""

from diar import cli
from diar.cluster_job import INPUT_FLAG, ClusterJob
from diar.image_job import Trained
from diar.images.cluster import kmeans_of_vectors
from diar.images.sets import ImageSet
from diar.nets.cluster_options import KmeansOptions, SiftOptions
from diar.training_state import Resumption


class KmeansJob(ClusterJob):
    """A clustering by scikit-learn, for which --device and --num-threads change nothing."""

    uses_device = False


def main() -> None:
    job = KmeansJob(__doc__, "k-means", (KmeansOptions, SiftOptions), INPUT_FLAG)
    options = job.options(KmeansOptions)[0]
    made_of = job.image_input()

    def train(learned: ImageSet, judged: ImageSet, resumption: Resumption) -> Trained:
        import torch

        n_clusters = len(job.dataset.classes)
        images = job.put_together(learned, judged, n_clusters)
        centres, found = kmeans_of_vectors(made_of.vectors(images.images), n_clusters, options)
        figures = job.figures(images, found, len(judged))
        title = f"k-means of {made_of.source} on {job.dataset.title}: ACC {100 * figures['acc']:.2f} %"
        model = {"centres": torch.from_numpy(centres), "input": made_of.source, "images": job.described_images()}
        return Trained(model, [], figures, job.plots(images.labels, found, title))

    job.run(train)


if __name__ == "__main__":
    cli.run(main)
