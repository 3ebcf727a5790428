"""Figures of matplotlib, as files."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from diar.errors import DataError
from diar.io.files import atomic_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def check_figures() -> None:
    """Refuse to make figures where that cannot be, before there is work to lose.

    Raises:
        DataError: matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        raise DataError("--figures", "matplotlib is not installed", advice="pip install matplotlib")


def write_png(path: Path, figure: Figure) -> None:
    """Write ``figure`` as PNG, atomically; no date or version goes into the file."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120, metadata={"Software": None})
