"""Steps called as a recipe calls them."""

from __future__ import annotations

import contextlib
import io
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from diar.io import checkpoint

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


class Ended(BaseException):
    """In place of a signal that kills: nothing catches it."""


def end_at_state(
    folder: Path, program: str, *words: object, epoch: int, phase: int | None = None, is_written: bool = True
) -> None:
    """Call a step on images that ends when the state of an epoch is written, or when it would be."""

    def write(path: Path, content: Mapping[str, Any]) -> None:
        is_it = path.name == "model.state" and content["epoch"] == epoch and phase in (None, content["phase"])
        if is_written or not is_it:
            checkpoint.write_checkpoint(path, content)
        if is_it:
            raise Ended

    with (
        mock.patch("diar.io.images.seed_folder.write_checkpoint", write),
        mock.patch("diar.image_job.SECONDS_A_STATE", 0.0),
        pytest.raises(Ended),
    ):
        call_step(folder, program, *words, job=False)


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
