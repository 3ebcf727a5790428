"""The step that makes the report's pages, called as a recipe calls it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from report_content import HYPOTHESIS, REFERENCE, tone
from step_runner import run_step

from diar.cluster.agglomerate import History, Merge, Partition, history_to_json
from diar.io.ark import write_archive, write_scp
from diar.io.rttm import write_rttm
from diar.segments import speech_frames


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """data, system, vad_energy and clusters of a recording r1, and of r2, which has no turns."""
    for name in ("data", "system", "vad_energy", "clusters"):
        (tmp_path / name).mkdir()
    (tmp_path / "data" / "r1.wav").write_bytes(tone(24).content)
    (tmp_path / "data" / "wav.scp").write_text(f"r1 {tmp_path / 'data' / 'r1.wav'}\nr2 /none.wav\n")
    (tmp_path / "data" / "reco2dur").write_text("r1 24.000\nr2 9.000\n")
    write_rttm(tmp_path / "data" / "ref.rttm", {"r1": REFERENCE})
    write_rttm(tmp_path / "system" / "hyp.rttm", {"r1": HYPOTHESIS})
    speech = speech_frames(HYPOTHESIS, 2400)
    write_archive(tmp_path / "vad_energy", "r1", speech)
    write_scp(tmp_path / "vad_energy", "vad", ["r1"])
    options = {"options": {"padding": 0.25}, "inputs": {}}
    (tmp_path / "vad_energy" / "options.json").write_text(json.dumps(options))
    labels = np.where(speech > 0, np.arange(2400) // 1200, -1).astype(np.int32)
    write_archive(tmp_path / "clusters", "r1", labels)
    write_scp(tmp_path / "clusters", "clusters", ["r1"])
    two, one = (np.array(of, dtype=np.int32) for of in ([0, 1], [0, 0]))
    lengths = np.array([(labels == 0).sum(), (labels == 1).sum()])
    history = History([Partition(two, 2, Merge(0, 1, -5.0)), Partition(one, 1, None)], lengths)
    content = history_to_json(history, speech > 0, "delta_bic")
    (tmp_path / "clusters" / "r1.merges.json").write_text(json.dumps(content))
    return tmp_path


def step(root: Path, *words: object, code: int = 0) -> str:
    return run_step(root, "rttm_to_report.py", *words, code=code, job=False)


def data(page: Path) -> dict:
    return json.loads(re.search('id="data">(.+?)</script>', page.read_text(encoding="utf-8")).group(1))


def test_the_page_shows_what_lies_in_the_folders(root: Path) -> None:
    printed = step(root, "--collar", 0, "--vad", "energy", "data", "system", "vad_energy", "clusters")
    assert printed.startswith("system/report/index.html\n")
    report = root / "system" / "report"
    assert sorted(path.name for path in report.iterdir()) == ["index.html", "r1.html", "r2.html"]
    assert "No speech was found." in (report / "r2.html").read_text()
    shown, text = data(report / "r1.html"), (report / "r1.html").read_text()
    groups = {group["kind"]: group["rows"] for group in shown["groups"]}
    assert list(groups) == ["turns", "reference", "errors", "speech", "notes"] and shown["duration"] == 24
    assert [row["spans"][0][:2] for row in groups["errors"]] == [[14, 16], [8, 9], [6, 8]]
    assert groups["speech"][0]["spans"] == [[0, 9], [10, 14], [16, 20]]
    assert shown["curves"] == [{"name": "delta-BIC", "points": [[2, -5]], "cut": 2}]
    assert "collar=0 overlap=skipped uem=none vad=energy" in text and "padding" in text and "data:audio/wav" in text
    assert 'href="./r1.html"' in (report / "index.html").read_text()


def test_without_reference_stages_and_audio_there_are_the_turns(root: Path) -> None:
    (root / "data" / "ref.rttm").unlink()
    (root / "data" / "r1.wav").write_bytes(b"NIST_1A\n   1024\n")
    printed = step(root, "--figures", "true", "data", "system")
    assert "r1: its page is silent" in printed
    report = root / "system" / "report"
    assert [group["kind"] for group in data(report / "r1.html")["groups"]] == ["turns", "speech", "notes"]
    assert (report / "r1.timeline.png").read_bytes().startswith(b"\x89PNG")
    assert not (report / "r1.merges.png").exists() and "scored with" not in (report / "index.html").read_text()


def test_run_twice_it_gives_the_same_bytes(root: Path) -> None:
    made = []
    for _ in range(2):
        step(root, "--figures", "true", "data", "system", "clusters")
        made.append({path.name: path.read_bytes() for path in (root / "system" / "report").iterdir()})
    assert made[0] == made[1] and {"r1.merges.png", "r1.timeline.png"} <= made[0].keys()


def test_pages_and_figures_of_recordings_that_are_gone_go(root: Path) -> None:
    write_rttm(root / "system" / "hyp.rttm", {"r1": HYPOTHESIS, "r2": HYPOTHESIS[:1]})
    step(root, "--figures", "true", "data", "system")
    report = root / "system" / "report"
    assert {"r2.html", "r2.timeline.png", "r1.timeline.png"} <= {path.name for path in report.iterdir()}
    write_rttm(root / "system" / "hyp.rttm", {"r1": HYPOTHESIS})
    scp = root / "data" / "wav.scp"
    scp.write_text("".join(line for line in scp.read_text().splitlines(keepends=True) if line.startswith("r1 ")))
    (report / "notes.txt").write_text("mine")
    (report / ".r1.html.99.tmp").write_text("of a run that was killed")
    step(root, "data", "system")
    assert sorted(path.name for path in report.iterdir()) == ["index.html", "notes.txt", "r1.html"]


def test_settings_of_realignment_and_what_confidences_are_is_told(root: Path) -> None:
    (root / "realigned").mkdir()
    write_archive(root / "realigned", "r1", np.zeros(2400, dtype=np.int32))
    write_scp(root / "realigned", "realigned", ["r1"])
    (root / "realigned" / "options.json").write_text(json.dumps({"options": {"passes": 2}, "inputs": {}}))
    step(root, "data", "system", "vad_energy", "clusters", "realigned")
    text = (root / "system" / "report" / "r1.html").read_text()
    assert "<h3>vad_energy</h3>" in text and "padding" in text
    assert "<h3>realigned</h3>" in text and "passes" in text and "<h3>versions</h3>" in text
    assert "calibrated on simulated meetings, and on nothing else" in text and "median segment" in text


def test_a_folder_that_is_not_complete_has_no_index(root: Path) -> None:
    step(root, "data", "system", "clusters")
    (root / "clusters" / "r1.merges.json").write_text("{}")
    step(root, "data", "system", "clusters", code=1)
    assert sorted(path.name for path in (root / "system" / "report").iterdir()) == ["r1.html", "r2.html"]


def test_bad_input_is_told_in_one_line(root: Path) -> None:
    assert "no such folder; wanted the folder of vad" in step(root, "data", "system", "vad_webrtc", code=1)
    (root / "clusters" / "r1.merges.json").write_text("{}")
    assert "r1.merges.json: not a merge history" in step(root, "data", "system", "clusters", code=1)
    assert "hyp.rttm: no such file" in step(root, "data", "data", code=1)
    assert not (root / "system" / "report" / "index.html").exists()
