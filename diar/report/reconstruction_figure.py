"""The figure of reconstructions by the size of the embedding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH, _HEIGHT = 4.2, 3.6  # inches a panel


def size_figure(curves: Mapping[str, Sequence[Mapping[str, float]]], title: str) -> Figure:
    """PSNR and SSIM over the size: a line a system of ``curves``, whose points have ``size``, ``psnr`` and ``ssim``."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2 * _WIDTH, _HEIGHT), layout="constrained")
    figure.suptitle(title, parse_math=False)
    sizes = sorted({int(point["size"]) for points in curves.values() for point in points})
    for panel, name, unit in zip(figure.subplots(1, 2), ("psnr", "ssim"), (" (dB)", ""), strict=True):
        for system, points in curves.items():
            panel.plot([point["size"] for point in points], [point[name] for point in points], marker=".", label=system)
        panel.set_xscale("log", base=2)
        panel.set_xticks(sizes, [str(size) for size in sizes])
        panel.set(xlabel="values of an embedding", ylabel=f"{name.upper()}{unit}")
        panel.grid(alpha=0.3)
        panel.legend()
    return figure
