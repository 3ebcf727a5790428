"""Steps of the second pass: features that tell first-pass clusters apart, and the choice between two passes."""

from __future__ import annotations

import json
from pathlib import Path

import kaldiio
import numpy as np
import pytest
from net_speech import pauses, talk
from net_stages import RECORDINGS, make_stages
from step_runner import call_step

from diar.io.ark import write_archive, write_scp

FLAGS = ("--speaker-hidden=8", "--speaker-bottleneck=3", "--speaker-epochs=2", "--batch-size=32", "--num-threads=1")


def write_clusters(folder: Path, name: str, labels: dict[str, np.ndarray]) -> None:
    """A folder of labels with merge histories of one partition: the labels of the speech, a segment a frame."""
    (folder / name).mkdir()
    for recording, own in labels.items():
        write_archive(folder / name, recording, own.astype(np.int32))
    write_scp(folder / name, name, labels)


@pytest.fixture
def stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Features of two recordings with speech and one without, clustered by the step itself."""
    folder = make_stages(tmp_path / "exp")
    monkeypatch.chdir(folder)
    call("embed_to_clusters.py", "--clusterer", "aib", "--max-segment=0.2", "data", "feats", "vad", "clusters")
    write_scp(Path("clusters"), "clusters", RECORDINGS)
    return folder


def call(program: str, *words: str, code: int = 0) -> str:
    return call_step(Path(), program, *words, code=code)


def embed(*words: str, code: int = 0) -> str:
    return call("clusters_to_embed.py", *FLAGS, *words, "data", "feats", "clusters", "speakers", code=code)


def test_every_frame_of_speech_gets_a_direction_and_others_zeros(stages: Path) -> None:
    embed()
    for recording in RECORDINGS:
        codes = dict(kaldiio.load_ark(f"speakers/{recording}.ark"))[recording]
        speech = pauses(300) * (recording != "silent")
        assert codes.shape == (300, 3)
        np.testing.assert_allclose(np.linalg.norm(codes, axis=1), speech.astype(float), atol=1e-5)


def test_the_same_bytes_come_again_and_other_seeds_give_other_ones(stages: Path) -> None:
    embed()
    first = Path("speakers/a.ark").read_bytes()
    embed()
    assert Path("speakers/a.ark").read_bytes() == first
    embed("--seed=2")
    assert Path("speakers/a.ark").read_bytes() != first


def test_the_number_of_classes_is_an_option(stages: Path) -> None:
    embed()
    first = Path("speakers/a.ark").read_bytes()
    embed("--first-pass-clusters=2")
    assert Path("speakers/a.ark").read_bytes() != first


def test_a_recording_without_clusters_fails_alone(stages: Path) -> None:
    write_scp(Path("clusters"), "clusters", ["a", "silent"])
    printed = embed(code=1)
    assert "b: failed: clusters/clusters.scp: recording 'b' is not listed; run its stage again" in printed
    assert {path.stem for path in Path("speakers").glob("*.ark")} == {"a", "silent"}


def test_one_network_of_all_is_one_job(stages: Path) -> None:
    assert "--share: found 1/2; wanted 1/1: all recordings train one network" in embed("--share", "1/2", code=1)


def test_clusters_without_merges_fail_alone_in_a_line(stages: Path) -> None:
    Path("clusters/a.merges.json").unlink()
    assert "a: failed: clusters/a.merges.json: no such file" in embed(code=1)
    assert {path.stem for path in Path("speakers").glob("*.ark")} == {"b", "silent"}


def test_features_and_clusters_of_different_lengths_fail_in_a_line(stages: Path) -> None:
    write_archive(Path("feats"), "a", talk(0)[0][:290])
    assert "a: failed: a: 290 frames of features, 300 of clusters; wanted both of the same recording" in embed(code=1)


# ---- which pass is kept --------------------------------------------------------------------------------------------


@pytest.fixture
def passes(stages: Path) -> Path:
    """A first pass that mixes the speakers of recording a and knows those of b, and a second the other way round."""
    labels = {}
    for seed, recording in enumerate(("a", "b")):
        speakers = np.where(pauses(300), talk(seed)[1], -1)
        mixed = np.where(pauses(300), np.arange(300) // 7 % 3, -1)
        labels[recording] = (mixed, speakers) if recording == "a" else (speakers, mixed)
    labels["silent"] = (np.full(300, -1), np.full(300, -1))
    for number, name in enumerate(("first", "second")):
        write_clusters(stages, name, {recording: both[number] for recording, both in labels.items()})
    return stages


def choose(*words: str, code: int = 0) -> str:
    words = ("--seconds-per-gaussian=0.5", *words)
    return call("passes_to_realigned.py", *words, "data", "feats", "first", "second", "kept", code=code)


def test_the_pass_that_explains_the_features_better_is_kept_and_said(passes: Path) -> None:
    printed = choose()
    for recording, kept in (("a", "second"), ("b", "first"), ("silent", "second")):
        (line,) = [line for line in printed.splitlines() if line.startswith(f"{recording}: ") and "nats" in line]
        assert line.endswith(f" nats a frame: the {kept} pass is kept")
        assert Path(f"kept/{recording}.ark").read_bytes() == Path(f"{kept}/{recording}.ark").read_bytes()


@pytest.mark.parametrize("recut", [lambda labels: labels[:290], lambda labels: np.where(labels == 0, -1, labels)])
def test_passes_of_other_frames_or_other_speech_are_refused(passes: Path, recut) -> None:
    labels = np.where(pauses(300), talk(0)[1], -1).astype(np.int32)
    write_archive(Path("second"), "a", recut(labels))
    assert "a: failed: a: 300 frames of features, 300 and " in choose(code=1)


def test_how_much_better_is_an_option(passes: Path) -> None:
    choose("--least-gain=-100")
    assert Path("kept/b.ark").read_bytes() == Path("second/b.ark").read_bytes()
    choose("--least-gain=100")
    assert Path("kept/a.ark").read_bytes() == Path("first/a.ark").read_bytes()
    assert json.loads(Path("kept/options.json").read_text())["options"]["least_gain"] == 100
