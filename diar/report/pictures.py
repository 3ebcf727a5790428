"""The pictures of experiments on images: what they show, and the order that they are shown in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from diar.images.experiments import natural
from diar.io.images.picture import Picture

_LONGEST_IN_A_ROW = 12  # numbered pictures beyond that are a series, as those of epochs are
_CAPTIONS = {
    "loss": "Losses, phase by phase, over the epochs",
    "confusion": "Confusion matrix: a row is a class, a cell the share of its images, in percent, that was taken for "
    "the column",
    "clusters": "A row a cluster: the images that belong to it most certainly",
    "coverage": "Shares of samples, and of real images, that the classifier takes for each class",
    "dimensions": "Samples along one latent value a row, the others at 0",
    "epochs": "Samples of the same latent vectors after every epoch",
    "first_and_last": "Samples of the same latent vectors after the first epoch and after the last, side by side",
    "map": "Codes of some of the images on two principal axes, coloured by class",
    "nearest": "Samples above the training images that are nearest to them",
    "reconstructions": "Originals above their reconstructions",
    "sizes": "Figures of reconstructions by the size of the embedding",
    "samples": "Samples of the trained network",
    "ways": "Samples on ways from one latent vector to another, a row a way",
}


def caption(picture: Picture) -> str:
    """What a picture shows."""
    animation = ", an animation" if picture.is_animation else ""
    if picture.name in _CAPTIONS:
        return _CAPTIONS[picture.name] + animation
    if match := re.fullmatch(r"size(\d+)", picture.name):
        return f"Size {match.group(1)}: originals above reconstructions, with the latent layer above without"
    words = re.sub(r"[-_\s]+", " ", picture.name).strip()
    words = re.sub(r"(?<=\d) (?=\d)|(?<=[a-z])(?=\d)", " ", words)
    words = re.sub(r"\b0+(?=\d)", "", words)
    return words[:1].upper() + words[1:] + animation


def _series(picture: Picture) -> str:
    """The name of the series that it may be a part of: that without its number; empty without one."""
    match = re.fullmatch(r"(.*?)[-_]?\d+", picture.name)
    return match.group(1) if match else ""


def in_order(pictures: Iterable[Picture]) -> list[list[Picture]]:
    """Pictures as they are shown: single ones, and series of those of many epochs; the losses come last."""
    ordered = sorted(pictures, key=lambda one: (one.name == "loss", natural(one.name), one.mime))
    keys = [(_series(one), one.mime) for one in ordered]
    sizes = Counter(keys)
    shown: dict[tuple[str, ...], list[Picture]] = {}
    for one, (series, mime) in zip(ordered, keys, strict=True):
        is_series = bool(series) and sizes[series, mime] > (2 if "epoch" in series else _LONGEST_IN_A_ROW)
        shown.setdefault(("series", series, mime) if is_series else (one.name, mime), []).append(one)
    return list(shown.values())
