"""The figure of a merge history: what it measures against the number of clusters, and where it was cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from diar.report.content import MergeCurve

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEIGHT, _WIDTH = 2.8, 3.6  # inches a curve


def merge_curve_figure(curves: Sequence[MergeCurve], title: str = "") -> Figure:
    """A panel a curve, side by side; a dashed line marks the cut."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    n_panels = max(len(curves), 1)
    figure = Figure(figsize=(_WIDTH * n_panels, _HEIGHT), layout="constrained")
    if title:
        figure.suptitle(title, parse_math=False)
    for panel, curve in zip(figure.subplots(1, n_panels, squeeze=False)[0], curves, strict=False):
        panel.plot(curve.n_clusters, curve.values, marker=".", color="#0f699a")
        if curve.cut is not None:
            panel.axvline(curve.cut, color="black", linestyle="--", linewidth=1)
            panel.annotate(
                f"cut: {curve.cut}", (curve.cut, 1), (4, -4), xycoords=("data", "axes fraction"),
                textcoords="offset points", va="top", fontsize="small",
            )  # fmt: skip
        panel.set_xlabel("number of clusters")
        panel.set_ylabel(curve.name, parse_math=False)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.grid(alpha=0.3)
    return figure
