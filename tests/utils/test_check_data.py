"""utils/check_data.py finds every fault of a data folder in one call, each with its place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from recipe_tree import CHECKOUT, clean_environment, rttm, write_audio


@pytest.fixture
def data(tmp_path) -> Path:
    """A good data folder: two recordings of two seconds."""
    noise = 0.1 * np.random.default_rng(0).standard_normal(32000)
    folder = tmp_path / "data"
    folder.mkdir()
    paths = [write_audio(tmp_path / "audio" / f"{name}.flac", noise) for name in ("a", "b")]
    (folder / "wav.scp").write_text("".join(f"{path.stem} {path}\n" for path in paths))
    (folder / "segments").write_text("a-x_0000000_0000100 a 0.000 1.000\nb-x_0000000_0000200 b 0.000 2.000\n")
    (folder / "ref.rttm").write_text(
        "; a comment\nSPKR-INFO a 1 <NA> <NA> <NA> unknown x <NA>\n"
        + rttm("a", [(0, 1, "x")])
        + rttm("b", [(0, 2.4, "x")])
    )
    (folder / "all.uem").write_text(";; a comment\na 1 0.000 2.000\nb 1 0.500 1.500\n")
    (folder / "reco2num_spk").write_text("a 2\n")
    (folder / "reco2class").write_text("b CMU\n")
    return folder


def check(data: Path, *options: str, code: int) -> list[str]:
    """The lines that it prints; the last says how many faults there are."""
    done = subprocess.run(
        [sys.executable, str(CHECKOUT / "utils" / "check_data.py"), *options, "data"],
        cwd=data.parent,
        env=clean_environment(PYTHONPATH=str(CHECKOUT)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    assert done.returncode == code, done.stdout
    assert "Traceback" not in done.stdout
    return done.stdout.splitlines()


def test_a_good_folder_passes(data):
    assert check(data, code=0) == ["data: 2 recordings, no faults"]
    for name in ("segments", "ref.rttm", "all.uem", "reco2num_spk", "reco2class"):
        (data / name).unlink()
    assert check(data, code=0) == ["data: 2 recordings, no faults"]


def test_all_faults_are_reported_at_once(data, tmp_path):
    table = (data / "wav.scp").read_text()
    (data / "wav.scp").write_text(
        table
        + "a other.flac\n"
        + "c.d e.flac\n"
        + "lonely\n"
        + "missing nowhere.flac\n"
        + "piped cat x |\n"
        + "K k.flac\n"
    )
    (data / "segments").write_text(
        "u1 a 0 1\nu0 a 0 1\nu2 a 1 1\nu3 a zero 1\nu4 a 0\nu5 nobody 0 1\nu6 b 0 9\nu6 b 0 1\n"
    )
    (data / "ref.rttm").write_text(
        "SPEAKER a 1 0 1 <NA>\n"
        "SPEAKER a 1 0 -1 <NA> <NA> x <NA>\n"
        "SPEAKER a 1 0 1 <NA> <NA> <NA> <NA>\n"
        "SPEAKER a 1 0 one <NA> <NA> x <NA>\n"
        "SPEAKER nobody 1 0 1 <NA> <NA> x <NA>\n"
        "SPEAKER b 1 1.5 1.1 <NA> <NA> x <NA>\n"
        "SPEAKER b 1 nan 1 <NA> <NA> x <NA>\n"
    )
    (data / "all.uem").write_text("a 1 0\na 1 2 1\na 1 0 end\nnobody 1 0 1\nb 1 0 7\n")
    (data / "reco2num_spk").write_text("a 0\nb two\nnobody 2\nb 2\nb 3\nb\n")
    (data / "reco2class").write_text("a C/M\nnobody CMU\n")
    lines = check(data, code=1)
    wanted = {
        "wav.scp:3": ["'a' is listed twice", "'a' comes after 'b'", "other.flac: no such file"],
        "wav.scp:4": ["recording 'c.d'; wanted ", "e.flac: no such file"],
        "wav.scp:5": ["wanted two fields"],
        "wav.scp:6": ["nowhere.flac: no such file"],
        "wav.scp:7": ["is a pipe; pass --allow-pipes true"],
        "wav.scp:8": ["'K' comes after 'piped'; wanted lines sorted", "k.flac: no such file"],
        "segments:2": ["'u0' comes after 'u1'; wanted lines sorted"],
        "segments:3": ["found a segment from 1.0 to 1.0 s"],
        "segments:4": ["found times 'zero 1'; wanted seconds"],
        "segments:5": ["found 3 fields; wanted 4"],
        "segments:6": ["'nobody' is not in wav.scp"],
        "segments:7": ["ends at 9.000 s; wanted at most the audio's 2.000 s"],
        "segments:8": ["utterance 'u6' is listed twice"],
        "ref.rttm:1": ["found 6 fields; wanted at least 9"],
        "ref.rttm:2": ["duration -1; wanted numbers of at least 0"],
        "ref.rttm:3": ["the speaker's name is blank"],
        "ref.rttm:4": ["found times '0 one'; wanted seconds"],
        "ref.rttm:5": ["'nobody' is not in wav.scp"],
        "ref.rttm:6": ["ends at 2.600 s; wanted at most the audio's 2.000 s"],
        "ref.rttm:7": ["found start nan"],
        "all.uem:1": ["found 3 fields; wanted 4"],
        "all.uem:2": ["found a region from 2.0 to 1.0 s"],
        "all.uem:3": ["found times '0 end'; wanted seconds"],
        "all.uem:4": ["'nobody' is not in wav.scp"],
        "all.uem:5": ["ends at 7.000 s; wanted at most the audio's 2.000 s"],
        "reco2num_spk:1": ["found 'a 0'; wanted '<recording> <value>' with a whole number of at least 1"],
        "reco2num_spk:2": ["found 'b two'"],
        "reco2num_spk:3": ["'nobody' is not in wav.scp"],
        "reco2num_spk:4": ["recording 'b' is listed twice"],
        "reco2num_spk:5": ["recording 'b' is listed twice"],
        "reco2num_spk:6": ["recording 'b' is listed twice", "found 'b'; wanted"],
        "reco2class:1": ["found 'a C/M'; wanted"],
        "reco2class:2": ["'nobody' is not in wav.scp"],
    }
    *faults, last = lines
    found = [(place, text) for place, texts in wanted.items() for text in texts]
    for place, text in found:
        assert len([line for line in faults if line.startswith(f"data/{place}: ") and text in line]) == 1, (place, text)
    assert len(faults) == len(found), "\n".join(faults)
    assert last == f"check_data.py: data: {len(found)} faults; mend them, and check again"


@pytest.mark.parametrize("name", ["all.uem", "wav.scp"])
@pytest.mark.parametrize("text", ["", "\n"])
def test_empty_tables(data, name, text):
    (data / name).write_text(text)
    lines = check(data, code=1)
    wanted = {"all.uem": "covers nothing", "wav.scp": "is empty"}[name]
    assert len([line for line in lines if line.startswith(f"data/{name}: {wanted}; wanted ")]) == 1


def test_a_uem_of_comments_covers_nothing(data):
    (data / "all.uem").write_text(";; nothing yet\n")
    assert check(data, code=1)[0].startswith("data/all.uem: covers nothing")


def test_no_wav_scp(data):
    (data / "wav.scp").unlink()
    (line,) = check(data, code=1)
    assert "data/wav.scp: no such file" in line and "stage 0" in line


def test_not_text(data):
    (data / "ref.rttm").write_bytes(b"SPEAKER \xff\n")
    (line,) = check(data, code=1)
    assert "data/ref.rttm: not UTF-8 text (line 1, byte 8)" in line


def test_bad_audio_is_only_told_with_skip_bad(data, tmp_path):
    (tmp_path / "audio" / "b.flac").write_bytes(b"not audio")
    assert check(data, code=1)[0].startswith("data/wav.scp:2: recording 'b': ")
    fault, last = check(data, "--skip-bad", "true", code=0)
    assert fault.startswith("data/wav.scp:2: recording 'b': ") and "cannot be decoded" in fault
    assert last == "data: 2 recordings, 1 faults"
    (data / "reco2num_spk").write_text("a none\n")
    assert len(check(data, "--skip-bad=true", code=1)) == 3


def test_pipes_may_be_allowed(data):
    (data / "wav.scp").write_text((data / "wav.scp").read_text() + "c sox c.wav -t wav - |\n")
    assert check(data, "--allow-pipes", "true", code=0) == ["data: 3 recordings, no faults"]


# ---- several microphones -------------------------------------------------------------------------------------------


def test_the_longest_microphone_is_as_long_as_the_recording(data, tmp_path):
    noise = 0.1 * np.random.default_rng(1).standard_normal(64000)
    longer = write_audio(tmp_path / "audio" / "second mic.flac", noise)
    (data / "ref.rttm").write_text(rttm("a", [(0, 3.9, "x")]))
    assert len(check(data, code=1)) == 2
    shorter = write_audio(tmp_path / "audio" / "third.flac", noise[:16000])
    (data / "reco2channels").write_text(f"a {tmp_path / 'audio' / 'a.flac'} '{longer}' {shorter}\n")
    assert check(data, code=0) == ["data: 2 recordings, no faults"]


def test_microphones_that_cannot_be_read_are_told_and_skipped_if_asked(data, tmp_path):
    (tmp_path / "bad.flac").write_bytes(b"not audio")
    (data / "reco2channels").write_text(f"a {tmp_path / 'bad.flac'}\n")
    fault, _ = check(data, code=1)
    assert fault.startswith("data/reco2channels:1: recording 'a': ") and "cannot be decoded" in fault
    assert check(data, "--skip-bad", "true", code=0)[-1] == "data: 2 recordings, 1 faults"


def test_a_pipe_may_be_a_microphone_if_pipes_may(data):
    (data / "reco2channels").write_text("a 'sox a.wav -t wav - |'\n")
    assert "data/reco2channels:1: recording 'a' is a pipe; pass --allow-pipes true" in check(data, code=1)[0]
    assert check(data, "--allow-pipes", "true", code=0) == ["data: 2 recordings, no faults"]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("c x.wav", "data/reco2channels:1: recording 'c' is not in wav.scp"),
        ("a 'x.wav", "data/reco2channels:1: found ''x.wav' (No closing quotation)"),
        ("a", "data/reco2channels:1: found 'a'; wanted '<recording> <path> <path> ...'"),
    ],
)
def test_faulty_lines_of_microphones(data, line, fault):
    (data / "reco2channels").write_text(f"{line}\n")
    assert check(data, "--skip-bad", "true", code=1)[0].startswith(fault)
