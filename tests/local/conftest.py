"""What tests of the simulator share."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from simulator import program, silence, tone


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run the program; the folder that it wrote into."""

    def run(name: str, *words: str) -> Path:
        monkeypatch.setattr(
            sys, "argv", ["prepare_data.py", *words, str(tmp_path / name), str(tmp_path / name / "data")]
        )
        program.main()
        return tmp_path / name

    return run


@pytest.fixture
def readers(tmp_path) -> Path:
    """Three speakers with two utterances each, of tones with pauses of 0.15 and 0.8 s between them."""
    folder = tmp_path / "readers"
    for number, speaker in enumerate(("anna", "ben", "cora")):
        below = folder / speaker / "chapter"
        below.mkdir(parents=True)
        for utterance in range(2):
            hertz = 300.0 * (number + 1) + 50 * utterance
            parts = [
                silence(0.5),
                tone(1.0, hertz),
                silence(0.15),
                tone(1.5, hertz),
                silence(0.8),
                tone(1.0, hertz),
            ]
            soundfile.write(below / f"{utterance}.flac", np.concatenate([*parts, silence(0.4)]), 8000)
    (folder / "README").write_text("not a speaker")
    return folder
