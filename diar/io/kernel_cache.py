"""Where Numba keeps what it compiles."""

from __future__ import annotations

import atexit
import importlib
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

_KERNELS = Path(__file__).parents[1] / "kernels"


def find_cache() -> None:
    """Give Numba a folder for what it compiles where it finds none, which it would refuse to go on without."""
    if _can_hold_files(_KERNELS / "__pycache__"):
        return
    config: Any = importlib.import_module("numba.core.config")
    from numba.misc.appdirs import AppDirs

    if config.CACHE_DIR or _can_hold_files(Path(AppDirs(appname="numba", appauthor=False).user_cache_dir)):
        return
    config.CACHE_DIR = tempfile.mkdtemp(prefix="diar")
    atexit.register(shutil.rmtree, config.CACHE_DIR, ignore_errors=True)
    warnings.warn(
        "kernels are compiled anew in every run: no folder to keep them in; wanted one in NUMBA_CACHE_DIR", stacklevel=2
    )


def _can_hold_files(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
