"""The step that takes speech from a file, called as a recipe calls it."""

from __future__ import annotations

from pathlib import Path

import kaldiio
import numpy as np
import pytest
from step_runner import run_step

from diar.io.ark import write_archive, write_scp


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (folder := tmp_path / "data").mkdir()
    (folder / "wav.scp").write_text("a /a.wav\nb /b.wav\n")
    (tmp_path / "feats").mkdir()
    for recording, n_frames in (("a", 200), ("b", 301)):
        write_archive(tmp_path / "feats", recording, np.zeros((n_frames, 2), dtype=np.float32))
    write_scp(tmp_path / "feats", "feats", ["a", "b"])
    return folder


def step(data: Path, *words: object, code: int = 0) -> str:
    return run_step(data.parent, "file_to_vad.py", *words, "data", "feats", "vad", code=code)


def speech(data: Path, recording: str) -> list[float]:
    ((_, array),) = kaldiio.load_ark(str(data.parent / "vad" / f"{recording}.ark"))
    assert array.dtype == np.float32
    return array.tolist()


def test_there_are_as_many_decisions_as_frames(data: Path) -> None:
    (data / "segments").write_text("a-1 a 0.5 1.0\nb-1 b 2.0 3.4\n")
    printed = step(data, "--vad-file", "data/segments")
    assert speech(data, "a") == [0.0] * 50 + [1.0] * 50 + [0.0] * 100
    assert speech(data, "b") == [0.0] * 200 + [1.0] * 101
    assert "warning" not in printed


def test_a_recording_without_speech_is_a_warning(data: Path) -> None:
    (data / "segments").write_text("a-1 a 0.5 1.0\n")
    printed = step(data, "--vad-file", "data/segments")
    assert "file_to_vad.py: warning: b: not listed in data/segments, so it has no speech" in printed
    assert not any(speech(data, "b"))


def test_a_recording_without_its_file_fails_alone(data: Path) -> None:
    (data / "labels").mkdir()
    (data / "labels" / "a.lab").write_text("0.5 1.0 sp\n")
    printed = step(data, "--vad-file", "data/labels", code=1)
    assert "b: failed: data/labels: holds no file for 'b'; wanted one of b.lab, b.txt, b.rttm" in printed
    assert sum(speech(data, "a")) == 50


def test_a_changed_file_empties_the_folder(data: Path) -> None:
    (data / "segments").write_text("a-1 a 0.5 1.0\n")
    step(data, "--vad-file", "data/segments")
    (stray := data.parent / "vad" / "stray.ark").write_text("")
    step(data, "--vad-file", "data/segments")
    assert stray.exists()
    (data / "segments").write_text("a-1 a 0.5 1.5\n")
    step(data, "--vad-file", "data/segments")
    assert not stray.exists()


def test_a_faulty_file_is_one_line(data: Path) -> None:
    (data / "segments").write_text("a-1 a 0.5 1.0\na-2 a 2.0 1.0\n")
    printed = step(data, "--vad-file", "data/segments", code=1)
    line = "file_to_vad.py: data/segments:2: found a segment from 2 to 1 s; wanted 0 <= start < end"
    assert set(printed.splitlines()) == {line} and not (data.parent / "vad").exists()
    assert "--vad-file: found no file; wanted segments, RTTM, vad.scp or labels" in step(data, code=1)
