"""The pictures of experiments on images: what they show, and the order that they are shown in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from diar.errors import DataError
from diar.images.experiments import natural

_MIME = {b"\x89PNG\r\n\x1a\n": "image/png", b"GIF87a": "image/gif", b"GIF89a": "image/gif"}
_ENDS = {"image/png": b"IEND\xaeB`\x82", "image/gif": b"\x3b"}
_LONGEST_IN_A_ROW = 12  # numbered pictures beyond that are a series, as those of epochs are
_CAPTIONS = {
    "loss": "Losses, phase by phase, over the epochs",
    "confusion": "Confusion matrix: a row is a class, a cell the share of its images, in percent, that was taken for "
    "the column",
    "coverage": "Shares of samples, and of real images, that the classifier takes for each class",
    "dimensions": "Samples along one latent value a row, the others at 0",
    "epochs": "Samples of the same latent vectors after every epoch",
    "first_and_last": "Samples of the same latent vectors after the first epoch and after the last, side by side",
    "nearest": "Samples above the training images that are nearest to them",
    "reconstructions": "Originals above their reconstructions",
    "sizes": "Figures of reconstructions by the size of the embedding",
    "samples": "Samples of the trained network",
    "ways": "Samples on ways from one latent vector to another, a row a way",
}


@dataclass(frozen=True)
class Picture:
    """A PNG or GIF file: its ``name`` without the suffix, its bytes, and its size in pixels."""

    name: str
    content: bytes
    mime: str
    width: int
    height: int

    @property
    def caption(self) -> str:
        """What it shows."""
        animation = ", an animation" if self.is_animation else ""
        if self.name in _CAPTIONS:
            return _CAPTIONS[self.name] + animation
        if match := re.fullmatch(r"size(\d+)", self.name):
            return f"Size {match.group(1)}: originals above reconstructions, with the latent layer above without"
        words = re.sub(r"[-_\s]+", " ", self.name).strip()
        words = re.sub(r"(?<=\d) (?=\d)|(?<=[a-z])(?=\d)", " ", words)
        words = re.sub(r"\b0+(?=\d)", "", words)
        return words[:1].upper() + words[1:] + animation

    @property
    def is_animation(self) -> bool:
        return self.mime == "image/gif"

    @property
    def series(self) -> str:
        """The name of the series that it may be a part of: that without its number; empty without one."""
        match = re.fullmatch(r"(.*?)[-_]?\d+", self.name)
        return match.group(1) if match else ""


def to_picture(name: str, content: bytes, where: object) -> Picture:
    """The picture that a file holds.

    Raises:
        DataError: it is neither PNG nor GIF, or is cut.
    """
    mime = next((mime for start, mime in _MIME.items() if content.startswith(start)), "")
    if not mime:
        raise DataError(where, "found no PNG and no GIF", advice="remove it, or run its stage again")
    if len(content) < 24 or not content.rstrip(b"\0").endswith(_ENDS[mime]):
        raise DataError(where, "the picture is cut", advice="remove it, or run its stage again")
    if mime == "image/png":
        width, height = int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    else:
        width, height = int.from_bytes(content[6:8], "little"), int.from_bytes(content[8:10], "little")
    return Picture(name, content, mime, width, height)


def in_order(pictures: Iterable[Picture]) -> list[list[Picture]]:
    """Pictures as they are shown: single ones, and series of those of many epochs; the losses come last."""
    ordered = sorted(pictures, key=lambda one: (one.name == "loss", natural(one.name), one.mime))
    shown: dict[str, list[Picture]] = {}
    for one in ordered:
        members = [other for other in ordered if other.series == one.series and other.mime == one.mime]
        is_series = bool(one.series) and len(members) > (2 if "epoch" in one.series else _LONGEST_IN_A_ROW)
        shown.setdefault(f"series {one.series} {one.mime}" if is_series else f"{one.name} {one.mime}", []).append(one)
    return list(shown.values())
