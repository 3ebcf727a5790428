"""Kernels where nothing can be kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from recipe_tree import CHECKOUT


def test_without_a_folder_for_compiled_kernels_they_are_compiled_anew_with_a_warning(tmp_path: Path) -> None:
    shutil.copytree(CHECKOUT / "diar", tmp_path / "diar", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "diar" / "kernels" / "__pycache__").write_text("where a folder should be")
    (tmp_path / "nowhere").write_text("the same")
    (tmp_path / "tmp").mkdir()
    nowhere = str(tmp_path / "nowhere")
    places = {"HOME": nowhere, "XDG_CACHE_HOME": nowhere, "TMPDIR": str(tmp_path / "tmp")}
    program = "from diar.kernels.viterbi import minimum_duration_path as path; print(path.signatures)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)} | places,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and "float32" in done.stdout, done.stderr
    assert "kernels are compiled anew in every run" in done.stderr
    assert list((tmp_path / "tmp").iterdir()) == [], "it clears up"
