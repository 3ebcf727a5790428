"""What the source report tells of its experiments on images (IIT Madras Speech and Vision Lab, 2018)."""

from __future__ import annotations

from typing import NamedTuple

NO_FIGURE = "none given"


class SourceRow(NamedTuple):
    """One experiment of the source report: ``told`` is its figure, or what it says without one."""

    kind: str
    dataset: str
    net: str  # the choice --net; empty where there is none
    told: str


_CLUSTERING = {  # accuracy in percent, of DEC and of IDEC
    ("mnist", "fc"): (84.8, 88.0),
    ("fashion", "fc"): (44.8, 49.8),
    ("cifar10", "fc"): (23.3, 28.3),
    ("mnist", "conv"): (92.0, 96.5),
    ("fashion", "conv"): (66.0, 70.5),
    ("cifar10", "conv"): (29.0, 34.5),
}
SOURCE_ROWS = (
    SourceRow("classifier", "cifar10", "basic", "61 %"),
    SourceRow("classifier", "cifar10", "resnet", "91 %"),
    SourceRow("sae", "cifar10", "", "pictures only"),
    *(
        SourceRow(kind, dataset, net, f"{figures[column]:g} %")
        for column, kind in enumerate(("dec", "idec"))
        for (dataset, net), figures in _CLUSTERING.items()
    ),
    SourceRow("vae", "mnist", "", "pictures only"),
    SourceRow("gan", "mnist", "", "pictures only"),
)


def source_rows(dataset: str) -> list[SourceRow]:
    """The experiments of the source report on a data set, in the recipe's order."""
    return [row for row in SOURCE_ROWS if row.dataset == dataset]


def told_of(kind: str, dataset: str, net: str) -> str:
    """What the source report tells of an experiment; NO_FIGURE where it is silent."""
    for row in source_rows(dataset):
        if row.kind == kind and row.net in ("", net):
            return row.told
    return NO_FIGURE
