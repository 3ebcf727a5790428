"""diar check: all faults of files and of data folders at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from diar.commands import check
from diar.errors import DataError

GOOD = "SPEAKER r 1 0.5 1.25 <NA> <NA> ann <NA> <NA>\n"


def faults(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[list[str], str]:
    """The faults, and the one line at the end."""
    with pytest.raises(DataError) as raised:
        check.main([str(word) for word in words])
    return capsys.readouterr().err.splitlines(), str(raised.value)


def test_good_files_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.rttm").write_text(GOOD)
    (tmp_path / "a.uem").write_text("r 1 0 5\n")
    (tmp_path / "a.ctm").write_text("r 1 0 5 ann\n")
    check.main([str(tmp_path / name) for name in ("a.rttm", "a.uem", "a.ctm")])
    done = capsys.readouterr()
    assert done.out.splitlines() == [f"{tmp_path}/a.{suffix}: no faults" for suffix in ("rttm", "uem", "ctm")]
    assert done.err == ""


def test_all_faults_of_all_files_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.rttm").write_text(GOOD + "SPEAKER r\n\nSPEAKER r 1 0 one <NA> <NA> ann <NA>\n")
    (tmp_path / "a.uem").write_text("r 1 5 0\nr 1 0\n")
    (tmp_path / "a.csv").write_text("recording,start,end,speaker\nr,0,one,ann\n")
    (tmp_path / "b.rttm").write_text(GOOD)
    names = ["a.rttm", "a.uem", "b.rttm", "a.csv", "none.rttm"]
    lines, last = faults(capsys, *(tmp_path / name for name in names))
    assert [line.removeprefix(f"{tmp_path}/").partition(": ")[0] for line in lines] == [
        "a.rttm:2", "a.rttm:4", "a.uem:1", "a.uem:2", "a.csv:2", "none.rttm",
    ]  # fmt: skip
    counted = ("a.rttm (2)", "a.uem (2)", "a.csv (1)", "none.rttm (1)")
    assert last == ", ".join(f"{tmp_path}/{name}" for name in counted) + ": has faults; mend them, and check again"


def test_lines_of_no_type_and_doubtful_turns_are_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blank = GOOD.replace("ann", "Ann van Dam")
    (tmp_path / "a.rttm").write_text("SPEKER" + GOOD[7:] + GOOD.lower() + GOOD + blank + GOOD)
    assert [line.removeprefix(f"{tmp_path}/") for line in faults(capsys, tmp_path / "a.rttm")[0]] == [
        "a.rttm:1: found the type 'SPEKER'; wanted SPEAKER or another of RTTM's types",
        "a.rttm:2: found the type 'speaker'; wanted SPEAKER or another of RTTM's types; write it in capitals",
        "a.rttm:4: found 12 fields; wanted at most 10 (RTTM); names have no blanks",
        "a.rttm:5: the same turn as in line 3; remove one of the lines",
    ]


def test_data_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "wav.scp").write_text("r cat r.wav |\nq none.wav\n")
    lines, last = faults(capsys, tmp_path)
    assert [line.partition("; ")[0] for line in lines] == [
        f"{tmp_path}/wav.scp:2: 'q' comes after 'r'",
        f"{tmp_path}/wav.scp:1: recording 'r' is a pipe",
        f"{tmp_path}/wav.scp:2: recording 'q': none.wav: no such file",
    ]
    assert last.startswith(f"{tmp_path} (3): has faults")
    (tmp_path / "wav.scp").write_text("q none.wav\nr cat r.wav |\n")
    assert len(faults(capsys, tmp_path, "--allow-pipes", "true")[0]) == 1
    check.main([str(tmp_path), "--allow-pipes", "true", "--skip-bad", "true"])
    assert capsys.readouterr().out == f"{tmp_path}: 1 faults\n"


def test_the_files_of_a_folder_of_turns_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.rttm").write_text(GOOD)
    check.main([str(tmp_path)])
    assert capsys.readouterr().out == f"{tmp_path}: no faults\n"
    (tmp_path / "b.rttm").write_text("SPEAKER r\n")
    (tmp_path / "c.uem").write_text("r 1 0\n")
    assert [line.partition(": ")[0] for line in faults(capsys, tmp_path)[0]] == [
        f"{tmp_path}/b.rttm:1", f"{tmp_path}/c.uem:1",
    ]  # fmt: skip
    grids = tmp_path / "labels"
    grids.mkdir()
    (grids / "a.srt").write_text("1\n00:00:00,000 --> 00:00:01,x\n[Ann]\n")
    assert [line.partition(": ")[0] for line in faults(capsys, grids)[0]] == [f"{grids}/a.srt:2"]
    assert faults(capsys, tmp_path / "none")[0] == [f"{tmp_path}/none: no such file"]


def test_a_folder_without_wav_scp_is_a_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert faults(capsys, tmp_path)[0] == [
        f"{tmp_path}/wav.scp: no such file; wanted '<recording> <path>' a line; run stage 0"
    ]


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        check.main(["-h"])
    assert capsys.readouterr().out.startswith("usage: diar check [-h]")
