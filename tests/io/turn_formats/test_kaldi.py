"""Kaldi's tables: what data folders hold, and what others write. See test_data_folder.py, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from diar.errors import DataError
from diar.io.data_folder import write_data_folder
from diar.io.turn_formats.kaldi import from_kaldi, kaldi_texts, parse_segments, read_kaldi, to_kaldi
from diar.segments import Turn

TURNS = {"r": [Turn(0.5, 1.75, "ann"), Turn(1.0, 3.0, "bob")], "q": [Turn(0, 1, "ann")]}


def test_the_tables() -> None:
    tables = to_kaldi({"r": [Turn(1, 3, "bob"), Turn(2, 2.004, "eve")], "q": [Turn(0.5, 2, "")]}, {"q": 1.5})
    assert tables == {
        "segments": {"r-bob-0000100-0000300": "r 1.000 3.000", "q-0000050-0000150": "q 0.500 1.500"},
        "utt2spk": {"r-bob-0000100-0000300": "r-bob", "q-0000050-0000150": "q"},
        "spk2utt": {"r-bob": "r-bob-0000100-0000300", "q": "q-0000050-0000150"},
    }


def test_the_texts_are_those_of_data_folders(tmp_path: Path) -> None:
    write_data_folder(tmp_path, {"r": "r.wav", "q": "q.wav"}, {"r": 9, "q": 9}, TURNS)
    for name, text in kaldi_texts(TURNS, {}).items():
        assert (tmp_path / name).read_text() == text
    assert read_kaldi(tmp_path) == (TURNS, {"r": 9, "q": 9})
    assert read_kaldi(tmp_path / "segments")[0] == TURNS


def test_overlapping_turns_of_one_speaker_are_one_utterance() -> None:
    text = kaldi_texts({"r": [Turn(0, 1, "a"), Turn(0.5, 2, "a"), Turn(2, 3, "a")]}, {})["segments"]
    assert text == "r-a-0000000-0000200 r 0.000 2.000\nr-a-0000200-0000300 r 2.000 3.000\n"


def test_dictionaries_are_each_others_inverse() -> None:
    tables = to_kaldi(TURNS, {})
    assert from_kaldi(tables["segments"], tables["utt2spk"]) == TURNS


def test_ends_of_recordings(tmp_path: Path) -> None:
    assert from_kaldi({"u": "r 1 -1"}, {"u": "s"}, {"r": 7.5}) == {"r": [Turn(1, 7.5, "s")]}
    with pytest.raises(DataError, match="segments: 'u': the segment ends with the recording; wanted its duration"):
        from_kaldi({"u": "r 1 -1"}, {"u": "s"})


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("u r 0", "found 3 fields; wanted 4"),
        ("u r 0 1 1 1", "found 6 fields"),
        ("u r zero 1", "found times 'zero 1'"),
        ("u r 1 1", "found a segment from 1 to 1 s"),
        ("v r 0 1", "utterance 'v' is not in utt2spk"),
    ],
)
def test_faults_are_told_with_their_place(tmp_path: Path, line: str, reason: str) -> None:
    (tmp_path / "segments").write_text(f"u r 0 1\n{line}\n")
    (tmp_path / "utt2spk").write_text("u s\n")
    with pytest.raises(DataError, match=rf"segments:2: {reason}"):
        read_kaldi(tmp_path)


def test_a_folder_without_speakers(tmp_path: Path) -> None:
    (tmp_path / "segments").write_text("u r 0 1\n")
    with pytest.raises(DataError, match="utt2spk: no such file"):
        read_kaldi(tmp_path)


def test_a_fifth_field_is_a_channel() -> None:
    assert parse_segments([("f:1", "u r 0 1 A")])[0][1:] == ("u", "r", 0.0, 1.0)
