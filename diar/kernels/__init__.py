"""Numba kernels: bare loops over contiguous arrays of known dtype, called by the public functions that check them.

Every kernel has an explicit signature, so importing its module compiles it, or loads it from Numba's cache:
``python -m diar.kernels`` does so at set-up.
"""

from __future__ import annotations

import atexit
import importlib
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any


def _find_cache() -> None:
    """Give Numba a folder for what it compiles where it finds none, which it would refuse to go on without."""
    if _can_hold_files(Path(__file__).parent / "__pycache__"):
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


_find_cache()
