"""A job that clusters images without their labels, and tells how the clusters agree with the classes."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from diar import cli
from diar.errors import DataError
from diar.image_job import ImageJob
from diar.images.cluster import AUGMENTS, INPUTS, Clustering, Labels, Pretrained, Sight
from diar.images.cluster_samples import most_certain
from diar.images.cluster_scores import best_mapping, cluster_scores, contingency
from diar.images.grid import grid
from diar.images.sets import ImageSet, UInt8
from diar.io.checkpoint import read_checkpoint
from diar.io.files import read_bytes
from diar.io.images.seed_folder import MODEL
from diar.nets.cluster_options import SiftOptions
from diar.options import Options
from diar.report.code_map import MAPPED, map_figure
from diar.report.confusion_figure import confusion_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS, _SHOWN_SIZE = 12, 32  # images of a cluster's row; pixels that small ones are enlarged to
_MAP_SEED = 20180502  # of the images that maps show: the same for all experiments and seeds
_FLAGS = {
    "--input": "pixels, or sift: dense SIFT descriptors, for which OpenCV is needed (default pixels)",
    "--augment": "none, or shift-rotate: images are moved by up to a tenth of their sides and turned by up to 10 "
    "degrees while a network learns",
}
_NOT_PRETRAINING = {"seed"}  # of the options of an autoencoder, what seeds may differ in


class ClusterJob(ImageJob):
    """One clustering of one seed, as ``ImageJob``: what it learns from without labels is what it is judged on.

    These are the training and the test images together, as in the literature; with ``--judged-on validation`` the
    training images alone. Labels serve figures and pictures, and nothing else.
    """

    def __init__(
        self, description: str | None, noun: str, options: Sequence[type[Options]], flags: Mapping[str, str]
    ) -> None:
        super().__init__(description, noun, options, {name: _FLAGS.get(name, text) for name, text in flags.items()})

    def sight(self, known: Sight | None = None) -> Sight:
        """What is seen of images: that of an autoencoder, or what the flags say; noted among the choices."""
        augment = getattr(self.arguments, "augment", None) or (known.augment if known else AUGMENTS[0])
        cli.checked_choice("--augment", augment, AUGMENTS)
        if known is None:
            source = cli.checked_choice("--input", self.arguments.input or INPUTS[0], INPUTS)
            sight = Sight(source, augment, *(asdict(one)["sift_grid"] for one in self.options(SiftOptions)))
        else:
            sight = Sight(known.input, augment, known.sift_grid)
        self.records(input=sight.input, augment=sight.augment)
        return sight

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
        if content.get("dataset") != self.dataset.name:
            raise DataError(path, f"found an autoencoder of {content.get('dataset')}", f"wanted {self.dataset.name}")
        made = {name: value for name, value in asdict(found.options).items() if name not in _NOT_PRETRAINING}
        settings = json.dumps([made, asdict(found.sight)], sort_keys=True)
        self.records(net=found.net, pretraining=f"{zlib.crc32(settings.encode()):08x}")
        self.begins_from(pretrained=f"{zlib.crc32(read_bytes(path)):08x}")
        return found

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
        named = {f"{name}: ACC {100 * scores_of(images, one.labels)['acc']:.1f} %": one.codes[chosen]
                 for name, one in panels.items()}  # fmt: skip
        return map_figure(named, images.labels[chosen], self.dataset.classes, title)


def everything(learned: ImageSet, judged: ImageSet) -> ImageSet:
    """Both parts as one set."""
    return ImageSet(np.concatenate([learned.images, judged.images]), np.concatenate([learned.labels, judged.labels]))


def scores_of(images: ImageSet, found: Labels) -> dict[str, float]:
    """``acc``, ``nmi`` and ``ari`` of (N,) cluster numbers."""
    return cluster_scores(images.labels, found)


def samples_picture(images: UInt8, clustering: Clustering) -> UInt8:
    """A row a cluster: the images that belong to it most certainly."""
    shown = most_certain(images, clustering.shares, _COLUMNS)
    return grid(shown, _COLUMNS, max(1, _SHOWN_SIZE // max(images.shape[1:3])))
