"""Autoencoders of several sizes, with and without the latent layer, side by side with PCA."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from diar.errors import DataError

PCA, LATENT, DIRECT = "PCA", "latent layer", "no latent layer"
_FIGURES = ("psnr", "mse", "ssim")


@dataclass(frozen=True)
class SizeRow:
    """What one system reaches at one size: means over ``n_seeds`` and the least and greatest PSNR of them."""

    size: int
    system: str  # PCA, LATENT or DIRECT
    psnr: float  # dB
    mse: float
    ssim: float
    n_seeds: int
    least: float
    greatest: float


def size_rows(results: Sequence[Mapping[str, Any]], where: object) -> list[SizeRow]:
    """A row a size and system, by size, PCA first, from the result.json of each training.

    Raises:
        DataError: there are none, one is there twice, or they differ in more than size, latent layer and seed.
    """
    try:
        conditions = {
            json.dumps([one["dataset"], one["n_train"], one["n_test"], one["title"], _settings(one["options"])])
            for one in results
        }
        rows = [(one["options"]["code_size"], one["options"]["latent"], one["seed"]) for one in results]
        found: dict[tuple[int, str], list[Mapping[str, float]]] = {}
        for result in results:
            size, figures = result["options"]["code_size"], result["figures"]
            system = LATENT if result["options"]["latent"] else DIRECT
            found.setdefault((size, system), []).append({name: float(figures[name]) for name in _FIGURES})
            found[size, PCA] = [{name: float(figures[f"pca_{name}"]) for name in _FIGURES}]  # it has no seed
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise DataError(where, f"not all are results of autoencoders ({error})", advice="run stage 2 again") from None
    if len(conditions) != 1:
        differing = f"found results of {len(conditions)} data sets, parts or settings"
        raise DataError(where, differing, "wanted those of one", "run stage 2 again, for all sizes and seeds")
    if twice := next((row for n, row in enumerate(rows) if row in rows[:n]), None):
        raise DataError(where, f"found size {twice[0]}, seed {twice[2]} twice", "wanted each once")
    order = (PCA, LATENT, DIRECT)
    return [_row(*key, found[key]) for key in sorted(found, key=lambda key: (key[0], order.index(key[1])))]


def _settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """What must be the same in all rows of a table."""
    return {"judged_on": options["judged_on"]} | {
        name: value for name, value in sorted(options.items()) if name not in ("code_size", "latent", "seed")
    }


def _row(size: int, system: str, figures: Sequence[Mapping[str, float]]) -> SizeRow:
    means = {name: float(np.mean([one[name] for one in figures])) for name in _FIGURES}
    ratios = [one["psnr"] for one in figures]
    return SizeRow(size, system, **means, n_seeds=len(figures), least=min(ratios), greatest=max(ratios))


def table_text(rows: Sequence[SizeRow], heading: str) -> str:
    """A table of Markdown under its ``heading``."""
    lines = [
        heading, "",
        "| size | system | seeds | PSNR (dB) | least to greatest | MSE | SSIM |",
        "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for row in rows:
        n_seeds, spread = ("-", "-") if row.system == PCA else (row.n_seeds, f"{row.least:.2f} to {row.greatest:.2f}")
        figures = f"{row.psnr:.2f} | {spread} | {row.mse:.5f} | {row.ssim:.4f}"
        lines.append(f"| {row.size} | {row.system} | {n_seeds} | {figures} |")
    return "\n".join(lines) + "\n"


def curves(rows: Sequence[SizeRow]) -> dict[str, list[dict[str, float]]]:
    """The points of each system by size, for ``diar.report.reconstruction_figure``."""
    found: dict[str, list[dict[str, float]]] = {}
    for row in rows:
        found.setdefault(row.system, []).append({"size": row.size, "psnr": row.psnr, "ssim": row.ssim})
    return found
