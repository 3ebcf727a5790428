"""Speech outside the regions of all.uem is left out by every step that detects it, unless whole files are wanted."""

from __future__ import annotations

from pathlib import Path

import kaldiio
import numpy as np
import pytest
import soundfile
from step_runner import call_step

from diar.io.ark import write_archive, write_scp

RATE, N_FRAMES = 8000, 600
STEPS = {
    "wav_to_vad.py": ("--vad", "webrtc", "--sample-rate", RATE, "data", "vad"),
    "reference_to_vad.py": ("data", "feats", "vad"),
    "file_to_vad.py": ("--vad-file", "data/speech.segments", "data", "feats", "vad"),
}
every_step = pytest.mark.parametrize("step", STEPS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Recording a, scored from 1 to 2 s and from 4 to 4.5 s, and b, with no region; both speak from start to end."""
    (data := tmp_path / "data").mkdir()
    rng = np.random.default_rng(0)
    for recording in ("a", "b"):
        soundfile.write(tmp_path / f"{recording}.wav", 0.3 * rng.standard_normal(6 * RATE), RATE)
    (data / "wav.scp").write_text("".join(f"{r} {tmp_path}/{r}.wav\n" for r in ("a", "b")))
    (data / "ref.rttm").write_text("".join(f"SPEAKER {r} 1 0 6 <NA> <NA> s <NA> <NA>\n" for r in ("a", "b")))
    (data / "speech.segments").write_text("a-1 a 0 6\nb-1 b 0 6\n")
    (data / "all.uem").write_text("a 1 1.0 2.0\na 1 4.0 4.5\n")
    (tmp_path / "feats").mkdir()
    for recording in ("a", "b"):
        write_archive(tmp_path / "feats", recording, np.zeros((N_FRAMES, 2), dtype=np.float32))
    write_scp(tmp_path / "feats", "feats", ["a", "b"])
    return tmp_path


def speech(folder: Path, step: str, *options: object) -> dict[str, list[int]]:
    """The frames in which each recording speaks."""
    call_step(folder, step, *options, *STEPS[step])
    found = {}
    for recording in ("a", "b"):
        ((_, array),) = kaldiio.load_ark(str(folder / "vad" / f"{recording}.ark"))
        assert array.dtype == np.float32 and set(array.tolist()) <= {0.0, 1.0} and len(array) == N_FRAMES
        found[recording] = np.flatnonzero(array).tolist()
    return found


@every_step
def test_only_the_regions_are_diarized_at_their_own_times(folder: Path, step: str) -> None:
    found = speech(folder, step)
    assert found == {"a": [*range(100, 200), *range(400, 450)], "b": list(range(600))}


@every_step
def test_a_margin_widens_them_to_both_sides_and_no_further_than_the_recording(folder: Path, step: str) -> None:
    assert speech(folder, step, "--uem-margin", 0.25)["a"] == [*range(75, 225), *range(375, 475)]
    assert speech(folder, step, "--uem-margin", 1.25)["a"] == list(range(0, 575))


@every_step
def test_whole_files_are_diarized_if_asked_for_or_without_regions(folder: Path, step: str) -> None:
    assert speech(folder, step, "--whole-file", "true")["a"] == list(range(600))
    (folder / "data" / "all.uem").unlink()
    assert speech(folder, step)["a"] == list(range(600))


@every_step
def test_other_regions_make_other_results(folder: Path, step: str) -> None:
    speech(folder, step)
    (folder / "data" / "all.uem").write_text("a 1 1.0 2.0\n")
    call_step(folder, step, "--prepare", "true", *STEPS[step])
    assert not list((folder / "vad").glob("*.ark"))


def test_a_margin_below_zero_is_refused(folder: Path) -> None:
    printed = call_step(folder, "reference_to_vad.py", "--uem-margin=-1", *STEPS["reference_to_vad.py"], code=1)
    assert printed.splitlines()[-1].endswith("--uem-margin: found -1.0; wanted at least 0 s")


@every_step
def test_regions_without_speech_are_warned_of(folder: Path, step: str) -> None:
    (folder / "data" / "all.uem").write_text("a 1 8.0 9.0\n")
    printed = call_step(folder, step, *STEPS[step])
    assert "warning: a: no speech in the regions of all.uem; --uem-margin and --whole-file take more" in printed
    assert "warning: b: no speech" not in printed


def test_later_steps_refuse_speech_within_other_regions(folder: Path) -> None:
    """Stages 6, by speech, and 8, by labels that were made by it."""
    speech(folder, "reference_to_vad.py")
    write_scp(folder / "vad", "vad", ["a", "b"])
    rng = np.random.default_rng(1)
    for recording in ("a", "b"):
        write_archive(folder / "feats", recording, rng.standard_normal((N_FRAMES, 2)).astype(np.float32))
    cluster = ("embed_to_clusters.py", "data", "feats", "vad", "clusters")
    call_step(folder, *cluster)
    write_scp(folder / "clusters", "clusters", ["a", "b"])
    to_rttm = ("realigned_to_rttm.py", "data", "clusters", "system")
    call_step(folder, *to_rttm, job=False)
    for text in ("a 1 1.0 3.0\n", ""):  # others, and none
        (folder / "data" / "all.uem").unlink()
        if text:
            (folder / "data" / "all.uem").write_text(text)
        told = "its speech was found within another data/all.uem; wanted the one that is there; stage 2 finds it anew"
        assert f"vad: {told}" in call_step(folder, *cluster, code=1)
        assert f"clusters: {told}" in call_step(folder, *to_rttm, code=1, job=False)
