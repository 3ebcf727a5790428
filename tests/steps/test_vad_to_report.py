"""The step that reports what speech was found, called as a recipe calls it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from step_runner import run_step

from diar.io.ark import write_archive, write_scp


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Recordings a, with speech from 1 to 4 s of 10 s found, and b, where none is."""
    (folder := tmp_path / "data").mkdir()
    (folder / "wav.scp").write_text("a /a.wav\nb /b.wav\n")
    (tmp_path / "vad").mkdir()
    found = np.zeros(1000, dtype=np.float32)
    found[100:400] = 1
    write_archive(tmp_path / "vad", "a", found)
    write_archive(tmp_path / "vad", "b", np.zeros(500, dtype=np.float32))
    write_scp(tmp_path / "vad", "vad", ["a", "b"])
    return folder


def step(data: Path, *words: object, code: int = 0) -> str:
    return run_step(data.parent, "vad_to_report.py", *words, "data", "vad", code=code, job=False)


def test_without_a_reference_speech_is_counted_and_kept(data: Path) -> None:
    printed = step(data, "--vad", "energy")
    assert printed.splitlines() == [
        "# speech found: seconds, percent of the recording, regions; vad=energy",
        "recording seconds percent regions",
        "a             3.0   30.00       1",
        "b             0.0    0.00       0",
        "OVERALL       3.0   20.00       1",
    ]
    assert (data.parent / "vad" / "report.txt").read_text() == printed


def test_with_a_reference_errors_are_told_in_the_condition_asked_for(data: Path) -> None:
    turns = [("skipped", 0, 9, "x"), ("a", 0.5, 2.0, "x"), ("a", 2.5, 1.0, "y"), ("a", 2.6, 0.2, "z")]
    (data / "ref.rttm").write_text(
        "".join(f"SPEAKER {rec} 1 {start} {length} <NA> <NA> {who} <NA> <NA>\n" for rec, start, length, who in turns)
    )
    (data / "all.uem").write_text("a 1 0 10\n")
    lines = step(data, "--collar", 0, "--skip-overlap", "false").splitlines()
    assert lines[5:] == [
        "# collar=0 overlap=scored uem=all.uem vad=unknown",
        "# speech: miss and false alarm in percent of scored speech, and in seconds",
        "recording    miss      FA     sum  miss s    FA s speech s",
        "a           16.67   16.67   33.33     0.5     0.5      3.0",
        "skipped    100.00    0.00  100.00     9.0     0.0      9.0",
        "OVERALL     79.17    4.17   83.33     9.5     0.5     12.0",
        "# no hypothesis, counted as all missed: skipped",
        "# not in the UEM, evaluated from the first to the last event of the reference: skipped",
    ]
    assert "# collar=0.25 overlap=skipped uem=all.uem vad=unknown" in step(data)


def test_a_folder_that_is_not_complete_is_refused(data: Path) -> None:
    (data.parent / "vad" / "vad.scp").unlink()
    assert "vad: is not complete (no .scp); wanted the folder of vad; stage 2 makes it" in step(data, code=1)
