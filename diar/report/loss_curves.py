"""The figure of a training: its loss, phase by phase, and what else the history tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEIGHT, _WIDTH = 3.2, 3.4  # inches a phase


def loss_figure(history: Sequence[Mapping[str, Any]], title: str) -> Figure:
    """A panel a phase with each of its losses over the epochs, on a scale of powers of ten.

    ``history`` has a line an epoch, with ``phase``, ``epoch`` and ``losses`` by name: ``history_to_json``.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    phases = [(name, list(lines)) for name, lines in groupby(history, key=lambda line: line["phase"])]
    figure = Figure(figsize=(_WIDTH * max(len(phases), 1), _HEIGHT), layout="constrained")
    figure.suptitle(title, parse_math=False)  # a recording's name may have dollar signs
    panels = figure.subplots(1, max(len(phases), 1), squeeze=False)[0]
    for panel, (name, lines) in zip(panels, phases, strict=False):
        for loss in sorted({loss for line in lines for loss in line["losses"]}):
            points = [(line["epoch"], line["losses"][loss]) for line in lines if loss in line["losses"]]
            panel.plot(*zip(*points, strict=True), marker=".", label=loss.replace("_", " "))
        is_positive = any(value > 0 for line in lines for value in line["losses"].values())
        unit = "interval" if any("label_change" in line["losses"] for line in lines) else "epoch"
        panel.set(title=name, xlabel=unit, yscale="log" if is_positive else "linear")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.grid(alpha=0.3)
        panel.legend()
    return figure
