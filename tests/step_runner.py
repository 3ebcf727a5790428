"""Steps called as a recipe calls them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run_step(folder: Path, program: str, *words: object, code: int = 0, job: bool = True) -> str:
    """Run a step in ``folder``, a job's first to prepare; what it prints. It ends with ``code`` and no traceback."""
    printed = ""
    for prepare in (["--prepare", "true"], []) if job else ([],):
        done = subprocess.run(
            [sys.executable, str(ROOT / "steps" / program), *prepare, *map(str, words)],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        printed += done.stdout + done.stderr
    assert done.returncode == code, printed
    return printed
