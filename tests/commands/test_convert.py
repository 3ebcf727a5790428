"""diar convert: from every format to every other, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from diar.commands import convert
from diar.errors import DataError
from diar.io.turn_files import FORMATS, read_turn_files

RTTM = (
    "SPEAKER r 1 0.500 1.250 <NA> <NA> ann 0.900 <NA>\n"
    "SPEAKER r 1 1.000 2.000 <NA> <NA> bob <NA> <NA>\n"
)  # fmt: skip
PLAIN = RTTM.replace("0.900", "<NA>")


@pytest.fixture
def hyp(tmp_path: Path) -> Path:
    (tmp_path / "r.rttm").write_text(RTTM)
    return tmp_path / "r.rttm"


@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("target", FORMATS)
def test_every_format_becomes_every_other(hyp: Path, source: str, target: str) -> None:
    first = hyp.parent / "first" / f"r{FORMATS[source].suffix}"
    second = hyp.parent / "second" / f"r{FORMATS[target].suffix}"
    convert.main([str(hyp), "-o", str(first), "--to", source])
    convert.main([str(first), "-o", str(second), "--to", target])
    convert.main([str(second), "-o", str(hyp.parent / "again.rttm")])
    confident = {source, target} <= {"rttm", "json", "csv", "ctm"}
    assert (hyp.parent / "again.rttm").read_text() == (RTTM if confident else PLAIN)


def test_the_format_is_told_by_the_suffix_or_by_name(hyp: Path) -> None:
    convert.main([str(hyp), "-o", str(hyp.parent / "x.TextGrid"), "--durations", durations(hyp.parent, "r 12.5")])
    assert "xmax = 12.500" in (hyp.parent / "x.TextGrid").read_text()
    convert.main(["--to=lab", "-o", str(hyp.parent / "x.txt"), str(hyp)])
    assert (hyp.parent / "x.txt").read_text() == "0.500 1.750 ann\n1.000 3.000 bob\n"
    convert.main(["--from", "lab", str(hyp.parent / "x.txt"), "-o", str(hyp.parent / "y.ctm")])
    assert (hyp.parent / "y.ctm").read_text() == "x 1 0.500 1.250 ann\nx 1 1.000 2.000 bob\n"


def durations(folder: Path, text: str) -> str:
    (folder / "reco2dur").write_text(text + "\n")
    return str(folder / "reco2dur")


def test_several_recordings_go_into_a_folder(hyp: Path) -> None:
    hyp.write_text(RTTM + RTTM.replace(" r ", " q.1 "))
    convert.main([str(hyp), "--to", "srt", "-o", str(hyp.parent / "subtitles")])
    assert sorted(path.name for path in (hyp.parent / "subtitles").iterdir()) == ["q.1.srt", "r.srt"]
    convert.main([str(hyp.parent / "subtitles"), "-o", str(hyp.parent / "again.rttm")])
    again, _ = read_turn_files([hyp.parent / "again.rttm"])
    assert sorted(again) == ["q.1", "r"]


@pytest.mark.parametrize("output", ["new/", "new", "new.v2", "new.rttm/", "there"])
def test_an_output_that_is_not_called_as_a_file_is_a_folder(hyp: Path, output: str) -> None:
    hyp.write_text(RTTM + RTTM.replace(" r ", " q "))
    (hyp.parent / "there").mkdir()
    convert.main([str(hyp), "--to", "rttm", "-o", f"{hyp.parent}/{output}"])
    assert sorted(path.name for path in (hyp.parent / output).iterdir()) == ["q.rttm", "r.rttm"]
    assert (hyp.parent / output / "r.rttm").read_text() == RTTM


def test_standard_input_and_output(hyp: Path) -> None:
    code = "import sys; from diar.commands import convert; convert.main(sys.argv[1:])"
    words = [sys.executable, "-c", code, "--from", "rttm", "--to", "ctm", "-"]
    done = subprocess.run(words, input=RTTM, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("r 1 0.500 1.250 ann 0.900\nr 1 1.000 2.000 bob\n", "")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["r.rttm"], "--to: no format; wanted one of rttm, json"),
        (["r.rttm", "--to", "doc"], "--to: found 'doc'; wanted one of rttm"),
        (["r.rttm", "--from", "doc", "--to", "csv"], "--from: found 'doc'"),
        (["r.rttm", "-o", "x.doc"], r"x\.doc: has the suffix '\.doc'; .*--to"),
        (["-", "--to", "csv"], "--from: no format of standard input"),
        (["none.rttm", "--to", "csv"], r"none\.rttm: no such file"),
        (["r.rttm", "--from", "json", "--to", "csv"], r"r\.rttm: not JSON"),
        (["r.rttm", "r.rttm", "--to", "csv"], r"r\.rttm: recording 'r' is in r\.rttm, too"),
        (["r.rttm", "--to", "csv", "--durations", "reco2dur"], "reco2dur: 'r': found 'long'"),
        (["r.rttm", "--to", "segments"], "standard output: 3 files of segments"),
        (["r.rttm", "--too", "csv"], "--too: unknown option"),
    ],
)
def test_what_is_refused(hyp: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], reason: str) -> None:
    monkeypatch.chdir(hyp.parent)
    durations(hyp.parent, "r long")
    with pytest.raises(DataError, match=f"^{reason}"):
        convert.main(words)


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        convert.main(["--help"])
    assert capsys.readouterr().out.startswith("usage: diar convert [-h]")
