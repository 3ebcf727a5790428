"""The step that makes turns of labels, called as a recipe calls it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from step_runner import run_step

from diar.io.ark import write_archive, write_scp


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Labels of r1, two speakers, and of r2, one; features of both, and of r1 too short in ``short``."""
    for name in ("data", "realigned", "feats", "short"):
        (tmp_path / name).mkdir()
    (tmp_path / "data" / "wav.scp").write_text("r1 /none.wav\nr2 /none.wav\n")
    rng = np.random.default_rng(0)
    for name, n_speakers in (("r1", 2), ("r2", 1)):
        labels = np.repeat(np.arange(4) % n_speakers, 300).astype(np.int32)
        frames = (rng.standard_normal((1200, 4)) + 2 * labels[:, np.newaxis]).astype(np.float32)
        write_archive(tmp_path / "realigned", name, labels)
        write_archive(tmp_path / "feats", name, frames)
        write_archive(tmp_path / "short", name, frames[:-1])
    for name in ("realigned", "feats", "short"):
        write_scp(tmp_path / name, name, ["r1", "r2"])
    return tmp_path


def step(root: Path, *words: object, code: int = 0) -> str:
    return run_step(root, "realigned_to_rttm.py", *words, "data", "realigned", "system", code=code, job=False)


def confidences(root: Path) -> dict[str, set[str]]:
    lines = [line.split() for line in (root / "system" / "hyp.rttm").read_text().splitlines()]
    return {name: {fields[8] for fields in lines if fields[1] == name} for name in ("r1", "r2")}


def test_turns_have_a_confidence_with_features_and_a_second_speaker_only(root: Path) -> None:
    step(root)
    assert confidences(root) == {"r1": {"<NA>"}, "r2": {"<NA>"}}
    step(root, "--feats", "feats")
    found = confidences(root)
    assert found["r2"] == {"<NA>"} and all(float(text) > 0.5 for text in found["r1"])
    printed = step(root, "--feats", "gone")
    assert "gone: no such folder, and so no confidence of turns" in printed and confidences(root)["r1"] == {"<NA>"}


def test_features_of_other_frames_are_refused_in_one_line(root: Path) -> None:
    printed = step(root, "--feats", "short", code=1)
    assert "short: r1 has 1199 frames for 1200 labels; wanted the features that were clustered" in printed
    assert len(printed.splitlines()) == 1 and not (root / "system" / "hyp.rttm").exists()
