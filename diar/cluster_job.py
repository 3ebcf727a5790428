"""A job that clusters images without their labels, and tells how the clusters agree with the classes."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from diar import cli
from diar.errors import DataError
from diar.image_job import ImageJob, crc32_of
from diar.images.cluster import AUGMENTS, INPUTS, Clustering, ImageInput, Labels, Pretrained
from diar.images.cluster_samples import most_certain
from diar.images.cluster_scores import best_mapping, cluster_accuracy, cluster_scores, contingency
from diar.images.grid import grid
from diar.images.sets import ImageSet, UInt8
from diar.io.checkpoint import read_checkpoint
from diar.io.files import read_bytes
from diar.io.images.seed_folder import MODEL
from diar.nets.cluster_options import ClusteredOptions, SiftOptions
from diar.report.code_map import MAPPED, map_figure
from diar.report.confusion_figure import confusion_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS, _SHOWN_SIZE = 12, 32  # images of a cluster's row; pixels that small ones are enlarged to
_MAP_SEED = 20180502  # of the images that maps show: the same for all experiments and seeds
INPUT_FLAG = {"--input": "pixels, or sift: dense SIFT descriptors, for which OpenCV is needed (default pixels)"}
AUGMENT_FLAG = {
    "--augment": "none, or shift-rotate: images are moved by up to a tenth of their sides and turned by up to 10 "
    "degrees while a network learns (default none, or what a pretrained network was made with)"
}
_NOT_PRETRAINING = {"seed"}  # of the options of an autoencoder, what seeds may differ in


class ClusterJob(ImageJob):
    """One clustering of one seed, as ``ImageJob``: what it learns from without labels is what it is judged on.

    These are the training and the test images together, as in the literature; with ``--judged-on validation`` the
    training images alone. Labels serve figures and pictures, and nothing else.
    """

    part_options = ClusteredOptions

    def image_input(self, known: ImageInput | None = None) -> ImageInput:
        """What is made of images, as the flags say, or an autoencoder that is ``known``; noted among the choices."""
        known = known or self._described_input()
        augment = getattr(self.arguments, "augment", None) or known.augment
        found = replace(known, augment=cli.checked_choice("--augment", augment, AUGMENTS))
        grid_ = {"sift_grid": str(found.sift_grid)} if found.source == "sift" else {}
        self.records(input=found.source, augment=found.augment, **grid_)
        return found

    def _described_input(self) -> ImageInput:
        source = cli.checked_choice("--input", self.arguments.input or INPUTS[0], INPUTS)
        return ImageInput(source, sift_grid=self.options(SiftOptions)[0].sift_grid)

    def put_together(self, learned: ImageSet, judged: ImageSet, n_clusters: int) -> ImageSet:
        """Both parts as one set, those to be judged on at its end.

        Raises:
            DataError: there are fewer images than clusters.
        """
        labels = np.concatenate([learned.labels, judged.labels])
        if len(labels) < n_clusters:
            raise DataError(
                self.dataset.title, f"found {len(labels)} images", f"wanted {n_clusters} or more, one a cluster"
            )
        return ImageSet(np.concatenate([learned.images, judged.images]), labels)

    def described_images(self) -> dict[str, Any]:
        """Which images are clustered, to be kept with a model."""
        found = self.set_description()
        return found | {"crc32": crc32_of(found["crc32"])} | asdict(self.options(ClusteredOptions)[0])

    def pretrained(self) -> Pretrained:
        """The autoencoder that ``--pretrained`` names, a folder or a model.

        Raises:
            DataError: there is none, or it is of other images.
        """
        if not self.arguments.pretrained:
            raise DataError("--pretrained", "found none", "wanted the folder of an autoencoder, or its model.pt")
        path = Path(self.arguments.pretrained)
        path = path / MODEL if path.is_dir() else path
        content = read_checkpoint(path)
        found = Pretrained.from_checkpoint(content, path)
        own, theirs = self.described_images(), content.get("images", {})
        if differing := [name for name in own if theirs.get(name) != own[name]]:
            had, wanted = (", ".join(f"{name} {one.get(name)}" for name in differing) for one in (theirs, own))
            raise DataError(path, f"found an autoencoder of other images: {had}", f"wanted {wanted}")
        made = {name: value for name, value in asdict(found.options).items() if name not in _NOT_PRETRAINING}
        self.records(net=found.net, pretraining=crc32_of([made, asdict(found.input)]))
        self.begins_from(pretrained=f"{zlib.crc32(read_bytes(path)):08x}")
        return found

    def figures(self, images: ImageSet, found: Labels, n_test: int) -> dict[str, float]:
        """How (N,) cluster numbers agree with the classes; of the ``n_test`` images at the end alone, too.

        Settings are chosen with the labels of training images, which are among those judged; the accuracy of the test
        images alone, after a mapping of their own, is what no choice has seen.
        """
        scores = cluster_scores(images.labels, found)
        if self.options(ClusteredOptions)[0].judged_on == "test":
            scores["test acc"] = cluster_accuracy(images.labels[-n_test:], found[-n_test:])
        return scores

    def plots(self, labels: Labels, found: Labels, title: str) -> dict[str, Figure]:
        """The confusion matrix of clusters, each taken for the class that it stands for."""
        classes = self.dataset.classes
        n_clusters = max(int(found.max()) + 1, len(classes))
        mapping = best_mapping(labels, found, len(classes), n_clusters)
        order = [int(np.flatnonzero(mapping == k)[0]) for k in range(len(classes))]
        counts = contingency(labels, found, len(classes), n_clusters)[:, order]
        sizes = np.bincount(labels, minlength=len(classes)).tolist()  # images of further clusters are of no class
        return {"confusion": confusion_figure(counts.tolist(), classes, title, sizes)}

    def map(self, panels: Mapping[str, Clustering], images: ImageSet, title: str) -> Figure:
        """The codes of some images in two dimensions, a panel a clustering, with its accuracy."""
        chosen = np.random.default_rng(_MAP_SEED).permutation(len(images))[:MAPPED]
        named = {f"{name}: ACC {100 * cluster_accuracy(images.labels, one.labels):.1f} %": one.codes[chosen]
                 for name, one in panels.items()}  # fmt: skip
        return map_figure(named, images.labels[chosen], self.dataset.classes, title)


def samples_picture(images: UInt8, clustering: Clustering) -> UInt8:
    """A row a cluster: the images that belong to it most certainly."""
    shown = most_certain(images, clustering.shares, _COLUMNS)
    return grid(shown, _COLUMNS, max(1, _SHOWN_SIZE // max(images.shape[1:3])))
