"""Faults as lists; tests/utils/test_check_data.py has every kind of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from recipe_tree import rttm, write_audio

from diar.errors import DataError
from diar.io.data_check import file_faults, folder_faults
from diar.io.data_folder import write_data_folder
from diar.segments import Segment, Turn


def test_what_stage_0_writes_has_no_fault(tmp_path: Path) -> None:
    wav = write_audio(tmp_path / "r.flac", [0.0] * 16000)
    turns = {"r": [Turn(0.2, 0.9, "ann"), Turn(0.5, 0.7, "bob")]}
    write_data_folder(tmp_path / "data", {"r": str(wav)}, {"r": 1.0}, turns, {"r": [Segment(0, 1)]})
    assert folder_faults(tmp_path / "data") == ([], [], 1)


def test_faults_of_tables_and_of_audio_are_apart(tmp_path: Path) -> None:
    (tmp_path / "wav.scp").write_text("r none.flac\n")
    (tmp_path / "ref.rttm").write_text(rttm("q", [(0, 1, "x")]))
    tables, audio, n_recordings = folder_faults(tmp_path)
    assert tables == [f"{tmp_path}/ref.rttm:1: recording 'q' is not in wav.scp"]
    assert [fault.partition("; ")[0] for fault in audio] == [
        f"{tmp_path}/wav.scp:1: recording 'r': none.flac: no such file"
    ]
    assert n_recordings == 1


def test_faults_of_files(tmp_path: Path) -> None:
    (tmp_path / "a.rttm").write_text("SPEAKER r\n" * 2)
    assert len(file_faults(tmp_path / "a.rttm")) == 2
    (tmp_path / "a.uem").write_text("\n")
    assert len(file_faults(tmp_path / "a.uem")) == 1
    (tmp_path / "a.lab").write_text("1 0 x\n")
    (fault,) = file_faults(tmp_path / "a.lab")
    assert fault.startswith(f"{tmp_path}/a.lab:1: found a label from 1 to 0")
    with pytest.raises(DataError, match="no such file"):
        file_faults(tmp_path / "b.uem")
