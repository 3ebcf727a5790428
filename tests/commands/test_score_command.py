"""The command `diar score`: what it prints and writes, and how it refuses bad input."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fixtures.md_eval import record as md_eval
from fixtures.md_eval.record import rttm

from diar import cli
from diar.commands.score import main
from diar.errors import DataError

CASE = md_eval.cases()["random, uem"]
FAST = ("--resamples", "200")

Call = Callable[..., tuple[str, str, int]]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Calls the command in a folder with a case's files; what it prints, its errors, and its exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["diar"])
    Path("ref.rttm").write_text(CASE.reference)
    Path("hyp.rttm").write_text(CASE.hypothesis)
    Path("all.uem").write_text(CASE.uem)

    def called(*words: str) -> tuple[str, str, int]:
        with pytest.raises(SystemExit) as end:
            cli.run(lambda: main(words))
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return printed.out, printed.err, int(end.value.code or 0)

    return called


def error_of(text: str) -> str:
    return re.findall("DIARIZATION ERROR = (.*) percent", text)[0]


@pytest.mark.parametrize(("collar", "skip_overlap"), md_eval.CONDITIONS)
def test_the_last_word_is_md_evals(call: Call, collar: float, skip_overlap: bool) -> None:
    words = ("--collar", str(collar), "--skip-overlap", str(skip_overlap).lower(), "--uem", "all.uem")
    text, errors, code = call(*FAST, *words, "ref.rttm", "hyp.rttm")
    assert (errors, code) == ("", 0)
    assert text.split("\n")[-2] == md_eval.recorded("random, uem", collar, skip_overlap).line
    overlap = "skipped" if skip_overlap else "scored"
    assert text.split("\n")[1] == f"# collar={collar:g} overlap={overlap} uem=all.uem speakers counted from 5 s"


def test_only_what_is_asked_for_is_printed(call: Call) -> None:
    plain = call(*FAST, "ref.rttm", "hyp.rttm")[0]
    assert not [word for word in ("forgiving", "# traps", "second system") if word in plain]
    words = ("--all-conditions", "true", "--explain", "true", "--compare", "hyp.rttm")
    text = call(*FAST, *words, "ref.rttm", "hyp.rttm")[0]
    assert "\nforgiving " in text and "# traps found: " in text and "second system: hyp.rttm" in text
    assert "ref.rttm:" in text  # where the first of a trap is
    assert "p = 1 (paired" in text


def test_json_says_what_the_text_says(call: Call) -> None:
    text = call(*FAST, "ref.rttm", "hyp.rttm")[0]
    content = json.loads(call(*FAST, "--format", "json", "--explain", "true", "ref.rttm", "hyp.rttm")[0])
    assert f"{content['pooled']['der']:.2f}" == error_of(text)
    assert content["condition"]["reference"] == "ref.rttm" and content["traps"]


def test_output_goes_to_a_file(call: Call) -> None:
    printed = call(*FAST, "ref.rttm", "hyp.rttm")[0]
    assert call(*FAST, "--output", "score.txt", "ref.rttm", "hyp.rttm") == ("", "", 0)
    assert Path("score.txt").read_text() == printed
    call(*FAST, "--output", "missing/score.txt", "ref.rttm", "hyp.rttm")


def test_all_faults_are_told_with_their_places(call: Call) -> None:
    Path("ref.rttm").write_text(CASE.reference + "SPEAKER r 1 0\nSPEAKER r 1 -1 2 <NA> <NA> A <NA>\n")
    Path("hyp.rttm").write_text("")
    Path("all.uem").write_text("r 1 5 4\n")
    number = CASE.reference.count("\n")
    printed, errors, code = call("--uem", "all.uem", "--compare", "no.rttm", "ref.rttm", "hyp.rttm")
    assert (printed, code) == ("", 1)
    assert errors.split("\n") == [
        f"diar: ref.rttm:{number + 1}: found 4 fields; wanted at least 9 (RTTM)",
        f"diar: ref.rttm:{number + 2}: found start -1 and duration 2; wanted numbers of at least 0",
        "diar: no.rttm: no such file",
        "diar: all.uem:1: found a region from 5.0 to 4.0 s; wanted 0 <= start < end",
        "",
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "arguments: the following arguments are required: <ref.rttm>, <hyp.rttm>"),
        (("ref.rttm", "hyp.rttm", "third.rttm"), "third.rttm: unknown option or too many arguments"),
        (("--format", "xml", "ref.rttm", "hyp.rttm"), "--format: found 'xml'; wanted one of text, json"),
        (("--collar", "-1", "ref.rttm", "hyp.rttm"), "--collar: found -1.0; wanted at least 0 seconds"),
        (("--resamples", "1", "ref.rttm", "hyp.rttm"), "--resamples: found 1; wanted at least 100"),
        (("empty", "hyp.rttm"), "empty: is a folder without .rttm files; wanted an RTTM file, or a folder of some"),
        (("--uem", "far.uem", "ref.rttm", "hyp.rttm"), "ref.rttm: no reference speech lies in the regions to score"),
        (("--uem", "empty.uem", "ref.rttm", "hyp.rttm"), "empty.uem: covers nothing"),
        (("--output", "none/x", "ref.rttm", "hyp.rttm"), "none"),
    ],
)
def test_bad_input_is_told_in_one_line(call: Call, words: tuple[str, ...], message: str) -> None:
    Path("far.uem").write_text("".join(f"rec{number:02d} 1 1000 1001\n" for number in range(20)))
    Path("empty.uem").write_text("; nothing\n")
    Path("empty").mkdir()
    printed, errors, code = call(*words)
    assert (printed, code) == ("", 1)
    assert errors.startswith(f"diar: {message}") and errors.count("\n") == 1


def test_help_tells_every_option(call: Call) -> None:
    printed, _, code = call("--help")
    assert code == 0 and printed.startswith("usage: diar score [-h]")
    for name in ("--uem", "--compare", "--output", "--format", "--explain", "--all-conditions", "--collar", "--seed"):
        assert name.replace("--seed", "--bootstrap-seed") in printed


def test_errors_are_raised_where_the_dispatcher_catches_them(call: Call) -> None:
    with pytest.raises(DataError, match="--collar"):
        main(["--collar", "-1", "ref.rttm", "hyp.rttm"])


@pytest.mark.parametrize("content", ["", "; nobody speaks\n"])
def test_a_system_that_finds_nobody_at_all_has_missed_all(call: Call, content: str) -> None:
    Path("hyp.rttm").write_text(content)
    text, errors, code = call(*FAST, "ref.rttm", "hyp.rttm", "--compare", "hyp.rttm", "--explain", "true")
    assert (errors, code) == ("", 0) and error_of(text) == "100.00"
    printed, errors, code = call(*FAST, "hyp.rttm", "ref.rttm")
    found = "diar: hyp.rttm: no SPEAKER line; wanted the turns of at least one recording\n"
    assert (printed, errors, code) == ("", found, 1)


def test_folders_of_rttm_files_are_read(call: Call) -> None:
    for side in ("ref", "hyp"):
        Path(side).mkdir()
        lines = Path(f"{side}.rttm").read_text().splitlines(keepends=True)
        for name in {line.split()[1] for line in lines}:
            Path(side, f"{name}.rttm").write_text("".join(line for line in lines if line.split()[1] == name))
    text, errors, code = call(*FAST, "ref", "hyp")
    assert (errors, code) == ("", 0) and error_of(text) == error_of(call(*FAST, "ref.rttm", "hyp.rttm")[0])
    first = min(Path("hyp").iterdir())
    Path("hyp", "zz.rttm").write_text(first.read_text())
    assert f"hyp/zz.rttm: recording '{first.stem}' is in {first}, too" in call(*FAST, "ref", "hyp")[1]


def test_one_mistake_is_not_a_flood(call: Call) -> None:
    wanted = "found 9 fields; wanted 4: <recording> <channel> <start> <end>; this looks like RTTM"
    assert call("ref.rttm", "hyp.rttm", "--uem", "ref.rttm")[1] == f"diar: ref.rttm:1: {wanted}\n"
    told = "diar: all.uem:1: found 4 fields; wanted at least 9 (RTTM); this looks like UEM\n"
    assert call("ref.rttm", "all.uem")[1] == told
    Path("hyp.csv").write_text("recording,start,end,speaker\nr,0,1,a\n")
    assert call("ref.rttm", "hyp.csv")[1].endswith("this looks like CSV\n")
    Path("all.uem").write_text("r 1 5 4\n" * 30)
    lines = call("ref.rttm", "hyp.rttm", "--uem", "all.uem")[1].splitlines()
    assert len(lines) == 11 and lines[-1] == "diar: and 20 more"


def test_names_that_do_not_match_are_told(call: Call) -> None:
    Path("ref.rttm").write_text(rttm((0, 10, "A")))
    Path("hyp.rttm").write_text(rttm((0, 10, "A"), recording="R"))
    told = "no recording in common with the reference: found {}; wanted r"
    text, errors, code = call(*FAST, "ref.rttm", "hyp.rttm")
    foreign = f"hyp.rttm: {told.format('R')}; names differ only in case\n"
    assert (errors, code, error_of(text)) == (f"diar: warning: {foreign}", 0, "100.00")
    assert "# names that differ from the reference's only in case: R\n" in text
    Path("all.uem").write_text("a 1 0 5\nb 1 0 5\nc 1 0 5\nd 1 0 5\n")
    text, errors, code = call(*FAST, "ref.rttm", "ref.rttm", "--uem", "all.uem")
    assert (errors, error_of(text)) == (f"diar: warning: all.uem: {told.format('a b c ...')}\n", "0.00")
    for words in (("ref.rttm", "hyp.rttm"), ("hyp.rttm", "ref.rttm")):
        assert call(*FAST, "ref.rttm", words[0], "--compare", words[1]) == ("", f"diar: {foreign}", 1)


def test_ser_is_not_compared_with_a_system_that_finds_nobody(call: Call) -> None:
    Path("hyp.rttm").write_text(CASE.hypothesis)
    Path("nobody.rttm").write_text("")
    words = (*FAST, "ref.rttm", "hyp.rttm", "--compare", "nobody.rttm")
    text = call(*words)[0]
    assert "\n# DER " in text and "\n# SER: not compared" in text
    assert json.loads(call(*words, "--format", "json")[0])["comparison"]["ser"] is None


def test_help_says_which_speakers_count(call: Call) -> None:
    assert "true and found ones alike, count from 5 s" in call("--help")[0]


def test_a_system_that_finds_nobody_in_one_recording_is_scored(call: Call) -> None:
    Path("ref.rttm").write_text(rttm((0, 10, "A")) + rttm((0, 30, "A"), recording="q"))
    Path("hyp.rttm").write_text(rttm((0, 10, "x")))
    text = call(*FAST, "--explain", "true", "ref.rttm", "hyp.rttm")[0]
    assert "# no hypothesis, counted as all missed: q" in text
    assert re.search(r"#   ref.rttm:2: no hypothesis: .* without these recordings 0.00 %", text)


def test_a_file_is_written_again_but_nothing_that_is_read_is_written_over(call: Call) -> None:
    for _ in range(2):
        assert call(*FAST, "--output", "score.txt", "ref.rttm", "hyp.rttm") == ("", "", 0)
    assert error_of(Path("score.txt").read_text())
    words = ("--uem", "all.uem", "--compare", "hyp.rttm", "ref.rttm", "hyp.rttm")
    for name in ("ref.rttm", "hyp.rttm", "all.uem"):
        before = Path(name).read_bytes()
        told = f"diar: {name}: is what is read; wanted another output\n"
        assert call(*FAST, "--output", name, *words) == ("", told, 1) and Path(name).read_bytes() == before
