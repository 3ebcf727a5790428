"""Labels: the text of both kinds, HTK's units, silence, and what is refused. See test_speech_file.py, too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from diar.errors import DataError
from diar.io.turn_formats.labels import NON_SPEECH, audacity_text, lab_text, parse_labels, read_audacity, read_lab
from diar.segments import Turn

TURNS = [Turn(0.5, 2, "Ann"), Turn(1, 3.25, "Bob", 0.5)]


def test_the_texts_written() -> None:
    assert audacity_text(TURNS, 9.0) == "0.500000\t2.000000\tAnn\n1.000000\t3.250000\tBob\n"
    assert lab_text(TURNS, 9.0) == "0.500 2.000 Ann\n1.000 3.250 Bob\n"


@pytest.mark.parametrize("name", [*NON_SPEECH, "Pau", "MUSIC", "[sil]", "non_speech", "<Noise>"])
def test_names_that_mean_no_speech_are_not_written(name: str) -> None:
    for form, text in (("audacity", audacity_text), ("lab", lab_text)):
        found = f"^{form}: found a speaker called '{re.escape(name)}', a label of no speech"
        with pytest.raises(DataError, match=found):
            text([*TURNS, Turn(4, 5, name)], 9.0)


@pytest.mark.parametrize("name", ["Paul", "Silvia", "musician", "noise1", "[Ann]", "12"])
def test_names_that_are_like_those_are_read_again(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.txt").write_text(audacity_text([Turn(4, 5, name)], 9.0))
    (tmp_path / "a.lab").write_text(lab_text([Turn(4, 5, name)], 9.0))
    assert read_audacity(tmp_path / "a.txt")[0] == read_lab(tmp_path / "a.lab")[0] == [Turn(4, 5, name)]


def test_label_tracks_with_frequencies_and_blanks_in_names(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("0.5\t1.5\tAnn Lee \n\\\t100.0\t2000.0\n2\t3\tBob\n3\t4\tsilence\n")
    assert read_audacity(tmp_path / "a.txt")[0] == [Turn(0.5, 1.5, "Ann Lee"), Turn(2, 3, "Bob")]


def test_lab_files_of_seconds_and_of_units(tmp_path: Path) -> None:
    (tmp_path / "a.lab").write_text("0 5000000 sil -12.5\n5000000 15000000 Ann -7.25\n")
    assert read_lab(tmp_path / "a.lab")[0] == [Turn(0.5, 1.5, "Ann")]
    (tmp_path / "a.lab").write_text("; a comment\n-0.25 1.5 Ann\n")
    assert read_lab(tmp_path / "a.lab")[0] == [Turn(0, 1.5, "Ann")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1.0", "found '1.0'; wanted '<start> <end> <label>'"),
        ("1 two A", "found times '1 two'"),
        ("2 1 A", "found a label from 2 to 1"),
        ("-1 1 A", "found a label from -1 to 1"),
        ("1 2", "the speaker's name is blank"),
    ],
)
def test_faults_are_told_with_their_place(tmp_path: Path, line: str, reason: str) -> None:
    (tmp_path / "a.lab").write_text(f"0 1 A\n{line}\n")
    for read in (read_audacity, read_lab):
        with pytest.raises(DataError, match=rf"a\.lab:2: {reason}"):
            read(tmp_path / "a.lab")


def test_labels_keep_their_place_and_text() -> None:
    (label,) = parse_labels([("f:3", "1 2 some words")])
    assert label == ("f:3", 1.0, 2.0, "some words") and not label.means_no_speech


def test_late_times_with_decimals_are_seconds() -> None:
    labels = parse_labels([("f:1", "0 1 A"), ("f:2", "100000.5 100001 B")])
    assert [(label.start, label.end) for label in labels] == [(0, 1), (100000.5, 100001)]
