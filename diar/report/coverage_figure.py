"""The figure of class coverage: what share of images a classifier takes for each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH, _HEIGHT = 6.4, 3.2  # inches


def coverage_figure(shares: Mapping[str, Sequence[float]], classes: Sequence[str], title: str) -> Figure:
    """Bars of the ``shares`` of each class, in percent, side by side of each kind of images."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, _HEIGHT), layout="constrained")
    panel = figure.subplots()
    panel.set_title(title, parse_math=False)
    width = 0.8 / len(shares)
    for n, (kind, values) in enumerate(shares.items()):
        left = [place + (n + 0.5) * width - 0.4 for place in range(len(classes))]
        panel.bar(left, [100 * value for value in values], width, label=kind)
    panel.set_xticks(range(len(classes)), classes, rotation=45 if max(map(len, classes)) > 2 else 0)
    panel.set(xlabel="taken for", ylabel="% of images")
    panel.grid(axis="y", alpha=0.3)
    panel.legend()
    return figure
