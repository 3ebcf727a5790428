"""The step that takes features of other programs, called as a recipe calls it."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import kaldiio
import numpy as np
import pytest
from step_runner import run_step

from diar.transforms import TransformOptions, transform

FRAMES = np.random.default_rng(0).standard_normal((200, 4)).astype(np.float32)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (folder := tmp_path / "data").mkdir()
    (folder / "wav.scp").write_text("a /a.wav\nb /b.wav\n")
    (folder / "reco2dur").write_text("a 2.000\nb 2.000\n")
    kaldiio.save_ark(str(folder / "raw.ark"), {"a": FRAMES, "b": FRAMES + 1}, scp=str(folder / "feats.scp"))
    return folder


def step(data: Path, *words: object, code: int = 0) -> str:
    return run_step(data.parent, "archives_to_feats.py", *words, "data", "feats", code=code)


def archive(data: Path, recording: str) -> np.ndarray:
    ((name, array),) = kaldiio.load_ark(str(data.parent / "feats" / f"{recording}.ark"))
    assert name == recording
    return array


def test_frames_every_10_ms_are_taken_as_they_are(data: Path) -> None:
    step(data, "--feats-scp", "data/feats.scp")
    np.testing.assert_array_equal(archive(data, "a"), FRAMES)
    np.testing.assert_array_equal(archive(data, "b"), FRAMES + 1)


@pytest.mark.parametrize("source", ["flag", "file", "htk"])
def test_the_shift_is_the_flags_the_folders_or_htks(data: Path, source: str) -> None:
    (data / "reco2dur").write_text("a 4.000\nb 4.000\n")
    if source == "file":
        (data / "frame_shift").write_text("0.02\n")
    if source == "htk":
        header = struct.pack(">iihH", 200, 200_000, 16, 6)
        (data / "a.fea").write_bytes(header + FRAMES.astype(">f4").tobytes())
        (data / "feats.scp").write_text("a a.fea\nb a.fea\n")
    step(data, "--feats-scp", "data/feats.scp", *(["--frame-shift", "20"] if source == "flag" else []))
    centres, wanted = (np.arange(200) + 0.5) * 0.02, (np.arange(400) + 0.5) * 0.01
    np.testing.assert_allclose(archive(data, "a")[:, 1], np.interp(wanted, centres, FRAMES[:, 1]), atol=1e-5)


def test_features_are_transformed_on_the_grid(data: Path) -> None:
    (data / "conf").write_text("--num-ceps=13  # another program's, which waits\n--cmvn=global\n--delta_order=1\n")
    step(data, "--config", "data/conf", "--feats-scp", "data/feats.scp", "--norm-vars", "true")
    expected = transform(FRAMES, TransformOptions(cmvn="global", norm_vars=True, delta_order=1))
    np.testing.assert_array_equal(archive(data, "a"), expected)


def test_a_changed_table_empties_the_folder(data: Path) -> None:
    step(data, "--feats-scp", "data/feats.scp")
    stray = data.parent / "feats" / "stray.ark"
    stray.write_text("")
    step(data, "--feats-scp", "data/feats.scp")
    assert stray.exists()
    with (data / "feats.scp").open("a") as table:
        table.write("c raw.ark:2\n")
    step(data, "--feats-scp", "data/feats.scp")
    assert not stray.exists()
    options = json.loads((data.parent / "feats" / "options.json").read_text())
    assert options["conf"].keys() == {"feats.scp", "reco2dur"} and options["options"]["cmvn"] == "none"


def test_a_recording_that_fails_does_not_stop_the_others(data: Path) -> None:
    (data / "feats.scp").write_text(f"b {data / 'raw.ark'}:2\n")
    printed = step(data, "--feats-scp", "data/feats.scp", code=1)
    assert "a: failed: data/feats.scp: recording 'a' is not listed; wanted" in printed
    np.testing.assert_array_equal(archive(data, "b"), FRAMES)
    assert "is not listed" in (data.parent / "feats" / "a.error").read_text()


def test_features_of_another_duration_are_refused(data: Path) -> None:
    (data / "reco2dur").write_text("a 2.000\nb 4.000\n")
    printed = step(data, "--feats-scp", "data/feats.scp", code=1)
    assert "b: failed: b: 200 frames 10 ms apart cover 2.00 s of 4.00 s; wanted" in printed
    assert "--frame-shift" in printed and archive(data, "a") is not None


def test_without_a_table_there_is_one_line(data: Path) -> None:
    printed = step(data, code=1)
    assert set(printed.splitlines()) == {
        "archives_to_feats.py: --feats-scp: found no file; wanted a table '<recording> <archive:offset>'"
    }
