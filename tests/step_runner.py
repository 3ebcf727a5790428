"""Steps called as a recipe calls them."""

from __future__ import annotations

import contextlib
import io
import os
import runpy
import subprocess
import sys
from pathlib import Path
from unittest import mock

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


def call_step(folder: Path, program: str, *words: object, code: int = 0, job: bool = True) -> str:
    """``run_step`` inside this process, where torch is imported already, which takes seconds; bugs are raised."""
    printed = io.StringIO()
    for prepare in (["--prepare", "true"], []) if job else ([],):
        arguments = [str(ROOT / "steps" / program), *prepare, *map(str, words)]
        with (
            contextlib.chdir(folder),
            mock.patch.object(sys, "argv", arguments),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
        ):
            try:
                runpy.run_path(arguments[0], run_name="__main__")
            except SystemExit as end:
                found = end.code or 0
    assert found == code, printed.getvalue()
    return printed.getvalue()
