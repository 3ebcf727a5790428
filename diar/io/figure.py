"""Figures of matplotlib, as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from diar.io.files import atomic_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_png(path: Path, figure: Figure) -> None:
    """Write ``figure`` as PNG, atomically; no date or version goes into the file."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120, metadata={"Software": None})
