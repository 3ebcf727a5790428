"""RTTM: what is read, what is refused and where, and that what is written is read again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diar.errors import DataError
from diar.io.rttm import RttmLine, read_rttm_lines, renamed_rttm, rttm_faults, speaker_turns, write_rttm
from diar.segments import Turn


def read(folder: Path, text: str) -> list[RttmLine]:
    path = folder / "ref.rttm"
    path.write_text(text, encoding="utf-8")
    return read_rttm_lines(path)


def test_a_line_is_an_object(tmp_path: Path) -> None:
    text = (
        ";; a comment\n"
        "  # md-eval knows these too\n"
        "\n"
        "SPKR-INFO m.1-a 1 <NA> <NA> <NA> adult_male Ann <NA>\n"
        "SPEAKER m.1-a 1 1.5 2 <NA> <NA> Ann <NA> <NA>\r\n"
        "\tNON-LEX\tm.1-a\t1\t0.25\t0.5\t<NA>\tlaugh\tAnn\t<NA>\n"
        "IP m.1-a 1 7.5 <NA> <NA> edit Ann <NA>"
    )
    assert read(tmp_path, text) == [
        RttmLine("SPKR-INFO", "m.1-a", "1", 0.0, 0.0, "adult_male", "Ann"),
        RttmLine("SPEAKER", "m.1-a", "1", 1.5, 2.0, "<NA>", "Ann"),
        RttmLine("NON-LEX", "m.1-a", "1", 0.25, 0.5, "laugh", "Ann"),
        RttmLine("IP", "m.1-a", "1", 7.5, 0.0, "edit", "Ann"),
    ]


def test_stars_of_estimated_times_are_ignored(tmp_path: Path) -> None:
    (line,) = read(tmp_path, "SPEAKER r 1 *1.5* 2.25* <NA> <NA> A <NA>\n")
    assert (line.start, line.duration, line.end) == (1.5, 2.25, 3.75)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("SPEAKER r 1 0 1 <NA> <NA> A", "8 fields"),
        ("SPEKER r 1 0 1 <NA> <NA> A <NA>", "type 'SPEKER'"),
        ("speaker r 1 0 1 <NA> <NA> A <NA>", "type 'speaker'.*capitals"),
        ("SPEAKER r 1 zero 1 <NA> <NA> A <NA>", "times 'zero 1'"),
        ("SPEAKER r 1 0 1,5 <NA> <NA> A <NA>", "times '0 1,5'"),
        ("SPEAKER r 1 0 -1 <NA> <NA> A <NA>", "duration -1"),
        ("SPEAKER r 1 -2 1 <NA> <NA> A <NA>", "start -2"),
        ("SPEAKER r 1 nan 1 <NA> <NA> A <NA>", "start nan"),
        ("SPEAKER r 1 0 inf <NA> <NA> A <NA>", "duration inf"),
        ("SPEAKER r 1 <NA> <NA> <NA> <NA> A <NA>", "no times"),
        ("SPEAKER r 1 3 <NA> <NA> <NA> A <NA>", "no times"),
        ("SPEAKER r 1 0 1 <NA> <NA> <NA> <NA>", "name is blank"),
    ],
)
def test_bad_lines_are_refused_with_their_place(tmp_path: Path, line: str, reason: str) -> None:
    with pytest.raises(DataError, match=rf"ref\.rttm:2: .*{reason}"):
        read(tmp_path, f"SPEAKER r 1 0 1 <NA> <NA> A <NA>\n{line}\n")


def test_every_fault_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "ref.rttm"
    good = "SPEAKER r 1 0 1 <NA> <NA> A <NA>\n"
    path.write_text(f";; a comment\n{good}SPEAKER r\n\n{good}SPEAKER r 1 0 -1 <NA> <NA> A <NA>\n")
    assert [fault.partition(" found")[0] for fault in rttm_faults(path)] == [f"{path}:3:", f"{path}:6:"]
    assert "duration -1" in rttm_faults(path)[1]
    path.write_text(good)
    assert rttm_faults(path) == []


def test_recordings_are_renamed_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "ref.rttm"
    path.write_text(
        ";; about a.1\nSPEAKER a.1 1 *0.5  1 <NA>\t<NA> a.1 0.9 <NA>\r\nNOSCORE b 1 0 1 <NA> <NA> <NA> <NA>\n"
    )
    assert renamed_rttm(path, lambda name: name.replace(".", "_")) == (
        "SPEAKER a_1 1 *0.5 1 <NA> <NA> a.1 0.9 <NA>\nNOSCORE b 1 0 1 <NA> <NA> <NA> <NA>\n"
    )
    path.write_text("SPEAKER a.1 1 0.5 1 <NA> <NA> A <NA>\nSPEAKER a.1 1 x 1 <NA> <NA> A <NA>\n")
    with pytest.raises(DataError, match=r"ref\.rttm:2: found times"):
        renamed_rttm(path, str.upper)


def test_files_that_are_not_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.rttm: no such file"):
        read_rttm_lines(tmp_path / "none.rttm")
    with pytest.raises(DataError, match="is a folder without"):
        read_rttm_lines(tmp_path)
    (tmp_path / "ref.rttm").write_bytes(b"SPEAKER \xff")
    with pytest.raises(DataError, match=r"ref\.rttm: not UTF-8 text"):
        read_rttm_lines(tmp_path / "ref.rttm")


def test_turns_are_the_speaker_lines_of_each_recording_in_time(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "SPEAKER b 1 5 1 <NA> <NA> A <NA>\n"
        "NON-LEX a 1 0 1 <NA> laugh A <NA>\n"
        "SPEAKER a 1 0 1 <NA> <NA> B <NA>\n"
        "SPEAKER b 1 2 1 <NA> <NA> A <NA>\n",
    )
    turns = speaker_turns(found)
    assert turns == {"b": [Turn(2, 3, "A"), Turn(5, 6, "A")], "a": [Turn(0, 1, "B")]}
    assert list(turns) == ["b", "a"]


milliseconds = st.tuples(st.integers(0, 10**8), st.integers(0, 10**6), st.sampled_from(["A", "b.c", "Ünal"]))
spoken = st.lists(milliseconds.map(lambda t: Turn(t[0] / 1000, (t[0] + t[1]) / 1000, t[2])), min_size=1)


@given(st.dictionaries(st.sampled_from(["r", "R", "m.1-a"]), spoken))
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, turns: dict[str, list[Turn]]) -> None:
    path = tmp_path_factory.getbasetemp() / "turns.rttm"
    write_rttm(path, turns)
    again = speaker_turns(read_rttm_lines(path))
    assert list(again) == sorted(turns, key=str.encode)
    for recording, expected in turns.items():
        for turn, wanted in zip(again[recording], sorted(expected), strict=True):
            assert turn.speaker == wanted.speaker
            assert (turn.start, turn.end) == pytest.approx((wanted.start, wanted.end), abs=1e-6)


def test_the_text_written(tmp_path: Path) -> None:
    write_rttm(tmp_path / "hyp.rttm", {"b": [Turn(0, 1, "s")], "B": [Turn(2.5, 3.75, "s"), Turn(0.0004, 2, "t")]})
    assert (tmp_path / "hyp.rttm").read_text() == (
        "SPEAKER B 1 0.000 2.000 <NA> <NA> t <NA> <NA>\n"
        "SPEAKER B 1 2.500 1.250 <NA> <NA> s <NA> <NA>\n"
        "SPEAKER b 1 0.000 1.000 <NA> <NA> s <NA> <NA>\n"
    )


def test_confidences_are_field_9(tmp_path: Path) -> None:
    write_rttm(tmp_path / "hyp.rttm", {"r": [Turn(0, 1, "s", 0.9996), Turn(1, 2, "t", 0.25), Turn(2, 3, "s")]})
    text = (tmp_path / "hyp.rttm").read_text()
    assert [line.split()[8] for line in text.splitlines()] == ["1.000", "0.250", "<NA>"]
    assert all(len(line.split()) == 10 for line in text.splitlines())
    (turns,) = speaker_turns(read_rttm_lines(tmp_path / "hyp.rttm")).values()
    assert turns == [Turn(0, 1, "s", 1.0), Turn(1, 2, "t", 0.25), Turn(2, 3, "s")]


@pytest.mark.parametrize("field", ["<NA>", "high", "nan", "inf"])
def test_what_is_no_number_is_no_confidence(tmp_path: Path, field: str) -> None:
    wanted = RttmLine("SPEAKER", "r", "1", 0, 1, "<NA>", "A")
    assert read(tmp_path, f"SPEAKER r 1 0 1 <NA> <NA> A {field}\n") == [wanted]
