"""The figure of a confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH, _HEIGHT = 6.4, 5.6  # inches


def confusion_figure(
    confusion: Sequence[Sequence[int]], classes: Sequence[str], title: str, sizes: Sequence[int] | None = None
) -> Figure:
    """A cell a pair of classes: what share of a row's images, in percent, was taken for the column.

    ``sizes`` are the images of each class, where some were taken for none; without, a row's images are its sum.
    """
    from matplotlib.figure import Figure

    counts = np.asarray(confusion, dtype=np.float64)
    whole = counts.sum(axis=1) if sizes is None else np.asarray(sizes)
    percent = 100 * counts / np.maximum(whole, 1)[:, None]
    figure = Figure(figsize=(_WIDTH, _HEIGHT), layout="constrained")
    panel = figure.subplots()
    panel.set_title(title, parse_math=False)
    panel.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    for (row, column), value in np.ndenumerate(percent):
        if value >= 0.05:
            colour = "white" if value > 50 else "black"
            panel.text(column, row, f"{value:.1f}", ha="center", va="center", color=colour, fontsize=8)
    panel.set_xticks(range(len(classes)), classes, rotation=45, ha="right")
    panel.set_yticks(range(len(classes)), classes)
    panel.set(xlabel="taken for", ylabel="class")
    return figure
