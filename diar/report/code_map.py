"""The figure of codes in two dimensions, by class, before and after a clustering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diar.report.colours import SPEAKERS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAPPED = 2000  # images
_SIDE = 4.6  # inches of a panel


def map_figure(
    codes: Mapping[str, NDArray[np.float32]], labels: NDArray[np.integer[Any]], classes: Sequence[str], title: str
) -> Figure:
    """A panel for each of the named (N, E) ``codes``, points coloured by their (N,) class.

    The two axes, the same in all panels, are the principal ones of all codes together.
    """
    from matplotlib.figure import Figure

    together = np.concatenate(list(codes.values())).astype(np.float64)
    places = np.split((together - together.mean(axis=0)) @ _two_axes(together), len(codes))
    figure = Figure(figsize=(_SIDE * len(codes) + 1.2, _SIDE + 0.4), layout="constrained")
    figure.suptitle(title, parse_math=False)
    panels = figure.subplots(1, len(codes), squeeze=False, sharex=True, sharey=True)[0]
    for panel, name, points in zip(panels, codes, places, strict=True):
        panel.set_title(name, parse_math=False)
        panel.set(xlabel="first principal axis", ylabel="second")
        for number, word in enumerate(classes):
            own = points[labels == number]
            panel.scatter(*own.T, s=4, alpha=0.7, color=SPEAKERS[number % len(SPEAKERS)][0], label=word, linewidths=0)
    panels[-1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), markerscale=4)
    return figure


def _two_axes(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(E, 2) the principal axes of most variance, each with its largest value positive; zeros where E is 1."""
    centred = values - values.mean(axis=0)
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :2]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    found: NDArray[np.float64] = np.pad(axes, ((0, 0), (0, 2 - axes.shape[1])))
    return found
