"""diar: audio in, turns out; where files go, what is told, and what another cut makes of saved merges."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

import numpy as np
import pytest
import soundfile
from recipe_tree import CHECKOUT, take_turns, talk, write_audio
from terminal import read_until

import diar
from diar.commands.recut import ADVICE
from diar.io.rttm import read_rttm_lines, speaker_turns
from diar.io.turn_files import read_turn_files

TURNS = take_turns(["ann", "bob", "ann", "cat"])


@pytest.fixture(scope="module")
def meetings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recordings, and a file that is no audio."""
    folder = tmp_path_factory.mktemp("audio") / "my meetings"
    write_audio(folder / "one.wav", talk(TURNS))
    write_audio(folder / "two.flac", talk(TURNS[:2], seed=1, rate=8000), 8000)
    (folder / "notes.txt").write_text("not audio")
    return folder


def run(folder: Path, *words: object, code: int = 0, shell: str = '"$@"') -> tuple[str, str]:
    """What the command writes to standard output and to stderr, neither of them a terminal."""
    done = subprocess.run(
        ["sh", "-c", shell, "sh", sys.executable, "-m", "diar", *map(str, words)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code and "Traceback" not in done.stderr, done.stderr
    return done.stdout, done.stderr


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def speakers(text_or_path: str | Path) -> set[str]:
    text = text_or_path.read_text() if isinstance(text_or_path, Path) else text_or_path
    return {line.split()[7] for line in text.splitlines()}


def test_a_recording_becomes_rttm_here_and_nothing_is_said_in_a_pipe(tmp_path: Path, meetings: Path) -> None:
    assert run(tmp_path, meetings / "one.wav") == ("", "")
    assert names(tmp_path) == ["one.rttm"]
    (found,) = speaker_turns(read_rttm_lines(tmp_path / "one.rttm")).values()
    wanted = diar.diarize_file(meetings / "one.wav").turns
    assert [turn.speaker for turn in found] == [turn.speaker for turn in wanted] and len(found) >= 3
    assert [round(turn.start, 3) for turn in found] == [round(turn.start, 3) for turn in wanted]
    np.testing.assert_allclose([t.confidence for t in found], [t.confidence for t in wanted], atol=5e-4)
    signal, rate = soundfile.read(meetings / "one.wav", dtype="float32")
    assert [turn[:3] for turn in diar.diarize(signal, rate).turns] == [turn[:3] for turn in wanted]


def test_a_folder_gives_a_file_a_recording_in_every_format(tmp_path: Path, meetings: Path) -> None:
    run(tmp_path, meetings, "-o", "out", "--format", "rttm,srt,segments")
    tables = ["segments", "spk2utt", "utt2spk"]
    assert names(tmp_path / "out") == sorted([*tables, "one.rttm", "one.srt", "two.rttm", "two.srt"])
    utterances = [line.split() for line in (tmp_path / "out" / "segments").read_text().splitlines()]
    assert {fields[1] for fields in utterances} == {"one", "two"} and utterances == sorted(utterances)
    turns, _ = read_turn_files([tmp_path / "out"])  # one folder for Kaldi, as it reads one
    for name, found in turns.items():
        alone = speaker_turns(read_rttm_lines(tmp_path / "out" / f"{name}.rttm"))[name]
        assert [turn.speaker for turn in found] == [turn.speaker for turn in alone]
        assert [turn.start for turn in found] == pytest.approx([turn.start for turn in alone])


def test_a_recording_that_fails_is_not_in_the_tables_of_all(tmp_path: Path, meetings: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    run(tmp_path, meetings / "one.wav", "bad.wav", "--format", "segments", "-o", "kaldi", code=1)
    assert {line.split()[1] for line in (tmp_path / "kaldi" / "segments").read_text().splitlines()} == {"one"}


def test_blanks_in_a_files_name_are_the_same_everywhere(tmp_path: Path) -> None:
    write_audio(tmp_path / "my  meet.wav", talk(TURNS[:2]))
    run(tmp_path, "my  meet.wav", "--format", "rttm,csv,srt", "--report", "--save-merges", "-o", "out")
    stems = [f"my_meet.{suffix}" for suffix in ("csv", "html", "merges.json", "rttm", "srt")]
    assert names(tmp_path / "out") == stems
    assert (tmp_path / "out" / "my_meet.rttm").read_text().startswith("SPEAKER my_meet 1 ")
    assert "\nmy_meet," in (tmp_path / "out" / "my_meet.csv").read_text()
    assert diar.diarize_file(tmp_path / "my  meet.wav").recording == "my_meet"
    write_audio(tmp_path / "my_meet.flac", talk(TURNS[:2]))
    _, told = run(tmp_path, tmp_path, code=1)
    assert "is recording 'my_meet', and so is" in told and len(told.splitlines()) == 1
    run(tmp_path, "view", "out/my_meet.rttm", "--audio", ".", "-o", "page.html")
    assert "data:audio/" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize("output", ["turns.v2", "turns/", "turns.rttm/"])
def test_an_output_without_the_suffix_of_a_format_is_a_folder(tmp_path: Path, meetings: Path, output: str) -> None:
    run(tmp_path, meetings / "one.wav", "-o", output)
    assert names(tmp_path / output) == ["one.rttm"]


def test_an_output_that_is_there_stays_what_it_is(tmp_path: Path, meetings: Path) -> None:
    (tmp_path / "x.rttm").mkdir()
    (tmp_path / "old.v2").touch()
    run(tmp_path, meetings / "one.wav", "-o", "x.rttm")
    run(tmp_path, meetings / "one.wav", "-o", "old.v2", "--format", "rttm")
    assert (tmp_path / "x.rttm" / "one.rttm").read_text() == (tmp_path / "old.v2").read_text() != ""


def test_standard_output_and_one_file_hold_all_recordings(tmp_path: Path, meetings: Path) -> None:
    printed, told = run(tmp_path, meetings, "-o", "-", "--format", "csv")
    assert told == "" and {line.split(",")[0] for line in printed.splitlines()[1:]} == {"one", "two"}
    run(tmp_path, meetings, "-o", "all.json")
    assert names(tmp_path) == ["all.json"] and [r["recording"] for r in json.loads((tmp_path / "all.json").read_text())]


@pytest.mark.parametrize("clusterer", ["hmm_gmm", "aib", "aib_viterbi", "ib_hmm_gmm"])
def test_the_number_of_speakers_is_what_was_asked_for(tmp_path: Path, meetings: Path, clusterer: str) -> None:
    for wanted in (1, 2, 4):
        printed, _ = run(tmp_path, meetings / "one.wav", "--num-spk", wanted, "--clusterer", clusterer, "-o", "-")
        assert len(speakers(printed)) == wanted


def test_saved_merges_are_cut_anew_as_a_new_run_would(tmp_path: Path, meetings: Path) -> None:
    run(tmp_path, meetings / "one.wav", "--clusterer", "ib_hmm_gmm", "--save-merges")
    assert names(tmp_path) == ["one.merges.json", "one.rttm"]
    cut, _ = run(tmp_path, "recut", "--num-spk", 4, "one.merges.json", "-o", "-")
    fresh, _ = run(tmp_path, meetings / "one.wav", "--clusterer", "ib_hmm_gmm", "--num-spk", 4, "-o", "-")
    assert cut == fresh and len(speakers(cut)) == 4
    content = json.loads((tmp_path / "one.merges.json").read_text())
    moved = content | {"diar": content["diar"] | {"audio": "/gone.wav"}}
    (tmp_path / "moved.merges.json").write_text(json.dumps(moved))
    _, told = run(tmp_path, "recut", "moved.merges.json", code=1)
    assert told == "diar: /gone.wav: no such file; wanted the audio of moved.merges.json; name it: --audio FILE\n"
    again, _ = run(tmp_path, "recut", "--num-spk", 4, "--audio", meetings / "one.wav", "moved.merges.json", "-o", "-")
    assert again == cut
    _, told = run(tmp_path, "recut", "one.rttm", code=1)
    assert told.startswith("diar: one.rttm: not JSON")


def test_merges_as_diartks_are_cut_anew(tmp_path: Path, meetings: Path) -> None:
    """DiarTK's speech is a frame longer than what was detected."""
    words = ("--clusterer", "aib", "--clusters-opts", "--compat diartk")
    first, _ = run(tmp_path, meetings / "one.wav", *words, "--save-merges", "-o", "-")
    again, _ = run(tmp_path, "recut", "one.merges.json", "-o", "-")
    assert again == first
    three, _ = run(tmp_path, "recut", "--num-spk", 3, "one.merges.json", "-o", "-")
    fresh, _ = run(tmp_path, meetings / "one.wav", *words, "--num-spk", 3, "-o", "-")
    assert three == fresh and len(speakers(three)) == 3


def test_merges_that_cannot_be_cut_are_told_in_words_of_the_command(tmp_path: Path, meetings: Path) -> None:
    words = ("--clusterer", "ib_hmm_gmm", "--clusters-opts", "--aib-clusters 3")
    run(tmp_path, meetings / "one.wav", *words, "--save-merges")
    _, told = run(tmp_path, "recut", "--num-spk", 5, "one.merges.json", code=1)
    assert told == f"diar: one.merges.json: passes 1 to 3 speakers; wanted 5; {ADVICE}\n"
    content = json.loads((tmp_path / "one.merges.json").read_text())
    (tmp_path / "odd.merges.json").write_text(json.dumps(content | {"steps": [1]}))
    _, told = run(tmp_path, "recut", "odd.merges.json", code=1)
    assert told == f"diar: odd.merges.json: not a merge history of this version; {ADVICE}\n"
    del content["diar"]["speech"]
    (tmp_path / "old.merges.json").write_text(json.dumps(content))
    _, told = run(tmp_path, "recut", "old.merges.json", code=1)
    assert told.startswith("diar: old.merges.json: tells no speech; ") and len(told.splitlines()) == 1


def test_a_report_is_a_page_beside_the_turns(tmp_path: Path, meetings: Path) -> None:
    run(tmp_path, meetings / "one.wav", "--report", "-o", "out/")
    assert names(tmp_path / "out") == ["one.html", "one.rttm"]
    page = (tmp_path / "out" / "one.html").read_text()
    assert "spk1" in page and "data:audio/wav;base64," in page and "http" not in page.split("<body")[0]


def test_reports_of_several_recordings_have_an_index(tmp_path: Path, meetings: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    run(tmp_path, meetings, "bad.wav", "--report", "--figures", "-o", "out", code=1)
    figures = [f"{name}.{kind}.png" for name in ("one", "two") for kind in ("merges", "timeline")]
    assert names(tmp_path / "out") == sorted(["index.html", "one.html", "one.rttm", "two.html", "two.rttm", *figures])
    index = (tmp_path / "out" / "index.html").read_text()
    assert "<h1>out</h1>" in index and 'href="./one.html"' in index and 'href="./two.html"' in index
    assert "speech_range" in index and 'href="./index.html"' in (tmp_path / "out" / "two.html").read_text()


def test_figures_need_no_report_and_lie_beside_the_turns(tmp_path: Path, meetings: Path) -> None:
    run(tmp_path, meetings / "one.wav", "--figures", "-o", "x/one.srt")
    assert names(tmp_path / "x") == ["one.merges.png", "one.srt", "one.timeline.png"]
    assert (tmp_path / "x" / "one.timeline.png").read_bytes().startswith(b"\x89PNG")


def test_a_page_tells_what_was_found_and_how(tmp_path: Path, meetings: Path) -> None:
    run(tmp_path, meetings / "one.wav", "--num-spk", 3, "--report")
    page = (tmp_path / "one.html").read_text()
    assert "calibrated on simulated meetings, and on nothing else" in page
    for told in ("share of the recording", "median segment", "delta-BIC", '"cut":3', "20.0 dB", "25.0 ms", "num_spk",
                 "scipy", ">time<"):  # fmt: skip
        assert told in page, told
    run(tmp_path, meetings / "one.wav", "--num-spk", 1, "--report")
    assert "No confidence: there is no second speaker" in (tmp_path / "one.html").read_text()


def test_another_s_index_is_refused_before_there_is_work_to_lose(tmp_path: Path, meetings: Path) -> None:
    (tmp_path / "index.html").write_text("my site")
    _, told = run(tmp_path, meetings, "--report", code=1)
    assert told.startswith("diar: index.html: is there and is not a page of diar") and names(tmp_path) == ["index.html"]
    run(tmp_path, meetings / "one.wav", "--report")  # a page alone has no index
    assert (tmp_path / "index.html").read_text() == "my site"


def test_the_second_speaker_is_added_where_overlap_is_likely(tmp_path: Path, meetings: Path) -> None:
    alone, _ = run(tmp_path, meetings / "one.wav", "--num-spk", 2, "-o", "-")
    both, _ = run(
        tmp_path, meetings / "one.wav", "--num-spk", 2, "--overlap", "second", "--overlap-margin", 1000, "-o", "-"
    )
    seconds = [sum(float(line.split()[4]) for line in printed.splitlines()) for printed in (alone, both)]
    assert seconds[1] > 1.9 * seconds[0]  # everywhere, with such a margin


def test_one_that_fails_does_not_stop_the_others(tmp_path: Path, meetings: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    _, told = run(tmp_path, "bad.wav", meetings / "two.flac", "-o", "out", code=1)
    assert names(tmp_path / "out") == ["two.rttm"]
    lines = told.splitlines()
    assert lines[0].startswith("diar: bad.wav: cannot be decoded") and len(lines) == 2
    assert lines[1] == "diar: failed: 1 of 2 recordings, as told above"
    _, told = run(tmp_path, "bad.wav", code=1)
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nope.wav"], "diar: nope.wav: no such file or folder"),
        (["empty"], "diar: empty: holds no audio; wanted *.wav"),
        (["MEETINGS/one.wav", "--vad", "ear"], "diar: --vad: found 'ear'; wanted one of energy, webrtc"),
        (["MEETINGS/one.wav", "--overlap", "all"], "diar: --overlap: found 'all'; wanted one of none, second"),
        (["MEETINGS/one.wav", "--format", "doc"], "diar: --format: "),
        (["MEETINGS/one.wav", "--format", "rttm,rttm"], "diar: --format: found a format twice in 'rttm,rttm'; wanted"),
        (["MEETINGS", "-o", "x.srt"], "diar: --output: found 'x.srt' for several files of srt; wanted a folder"),
        (["MEETINGS", "-o", "-", "--format", "rttm,csv"], "diar: --output: found '-' for 2 formats; wanted a folder"),
        (["MEETINGS/one.wav", "--clusters-opts", "--nope 3"], "diar: --nope: unknown option"),
        (["MEETINGS/one.wav", "other/one.wav"], "is recording 'one', and so is"),
        (["MEETINGS/one.wav", "--clusters-opts", "--beta '1"], "diar: --beta '1: No closing quotation; wanted flags"),
        ([""], "diar: arguments: found an empty word"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(tmp_path: Path, meetings: Path, words: list[str], told: str) -> None:
    (tmp_path / "empty").mkdir()
    write_audio(tmp_path / "other" / "one.wav", talk(TURNS))
    words = [word.replace("MEETINGS", str(meetings)) for word in words]
    printed, errors = run(tmp_path, *words, code=1)
    assert printed == "" and len(errors.splitlines()) == 1 and told in errors
    assert names(tmp_path) == ["empty", "other"]


def test_nothing_that_is_read_is_overwritten(tmp_path: Path) -> None:
    audio = write_audio(tmp_path / "in.wav", talk(TURNS))
    before = audio.read_bytes()
    (tmp_path / "segments").symlink_to(audio)
    assert "is what is read" in run(tmp_path, "in.wav", "--format", "segments", code=1)[1]
    _, told = run(tmp_path, "in.wav", "-o", "in.wav", "--format", "rttm", code=1)
    assert told == "diar: in.wav: is what is read; wanted another output\n" and audio.read_bytes() == before
    audio.rename(tmp_path / "in.txt")
    assert "in.txt: is what is read" in run(tmp_path, "in.txt", "--format", "audacity", code=1)[1]
    (tmp_path / "r.rttm").write_text("SPEAKER in 1 0 5 <NA> <NA> a <NA> <NA>\n")
    assert "is what is read" in run(tmp_path, "score", "r.rttm", "r.rttm", "--output", "r.rttm", code=1)[1]
    assert "is what is read" in run(tmp_path, "view", "r.rttm", "-o", "r.rttm", code=1)[1]


def test_a_folder_in_the_way_fails_its_recording_alone(tmp_path: Path, meetings: Path) -> None:
    (tmp_path / "one.rttm").mkdir()
    _, told = run(tmp_path, meetings, code=1)
    assert len(told.splitlines()) == 2 and (tmp_path / "two.rttm").stat().st_size


def test_the_same_recording_twice_is_one(tmp_path: Path, meetings: Path) -> None:
    run(tmp_path, meetings / "one.wav", meetings)
    assert names(tmp_path) == ["one.rttm", "two.rttm"]


def test_another_cut_is_made_with_what_the_first_run_was_told(tmp_path: Path, meetings: Path) -> None:
    words = ("--clusterer", "aib", "--clusters-opts", "--nmi-threshold 0.95", "--min-gap", 0.6)
    first, _ = run(tmp_path, meetings / "one.wav", *words, "--save-merges", "-o", "-")
    again, _ = run(tmp_path, "recut", "one.merges.json", "-o", "-")
    assert again == first and len(speakers(first)) == 3
    other, _ = run(tmp_path, "recut", "one.merges.json", "--clusters-opts", "--nmi-threshold 0.1", "-o", "-")
    assert len(speakers(other)) < len(speakers(first))


@pytest.mark.parametrize(
    "content", ["[]", "{}", '{"diar": 1}', '{"diar": {"audio": 5, "clusterer": "aib", "words": ""}}',
                '{"diar": {"audio": "a", "clusterer": "x", "words": ""}}'],
)  # fmt: skip
def test_other_json_is_no_merges(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content)
    _, told = run(tmp_path, "recut", "x.json", code=1)
    assert told.startswith("diar: x.json: ") and len(told.splitlines()) == 1


def test_help_names_every_command() -> None:
    _, told = run(CHECKOUT, code=1)
    printed, _ = run(CHECKOUT, "--help")
    assert all(f"  {name} " in told for name in ("score", "view", "recut", "convert", "check"))
    assert printed.startswith("usage: diar [-h]") and run(CHECKOUT, "--version")[0] == f"diar {diar.__version__}\n"


@pytest.mark.parametrize("command", ["", "recut", "view"])
def test_help_says_what_confidences_are_calibrated_on(command: str) -> None:
    printed, _ = run(CHECKOUT, *filter(None, [command]), "--help")
    assert "calibrated on simulated meetings, and on nothing else" in printed


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("diar sc", {"score"}),
        ("diar ", {"score", "view", "recut", "convert", "check", "one.wav", "--num-spk"}),
        ("diar score", {"score"}),
        ("diar score --col", {"--collar"}),
        ("diar score --format ", {"text", "json"}),
        ("diar --save", {"--save-merges"}),
        ("diar one.wav --clusterer ib", {"ib_hmm_gmm"}),
        ("diar recut on", {"one.wav"}),
        ("diar 'one.wa", {"one.wav"}),
    ],
)
def test_a_shell_completes_the_line(tmp_path: Path, line: str, offered: set[str]) -> None:
    pytest.importorskip("argcomplete")
    (tmp_path / "one.wav").touch()
    asked = {
        "_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\n", "_ARGCOMPLETE_SHELL": "bash", "COMP_LINE": line,
        "COMP_TYPE": "9", "COMP_POINT": str(len(line)), "_ARGCOMPLETE_STDOUT_FILENAME": str(tmp_path / "answer"),
        "PYTHONPATH": f"{CHECKOUT}:{os.environ.get('PYTHONPATH', '')}",
    }  # fmt: skip
    words = [sys.executable, "-m", "diar"]
    done = subprocess.run(words, cwd=tmp_path, env=os.environ | asked, capture_output=True, text=True, check=False)
    answer = {word.strip() for word in (tmp_path / "answer").read_text().split("\n")} - {""}
    assert done.returncode == 0 and (offered <= answer if line == "diar " else answer == offered)


def test_a_terminal_shows_the_stage_and_the_speed(tmp_path: Path, meetings: Path) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (25, 120))
    done = subprocess.Popen(
        [sys.executable, "-m", "diar", str(meetings / "one.wav")],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = read_until(ours)
    os.close(ours)
    assert done.wait() == 0
    drawn = re.findall(r"one: (\w+) +(\d+)%\|[^|]*\| \d\d:\d\d<\S+, (\d+) x real time", shown)
    assert drawn and drawn[0][0] == "loading" and {stage for stage, *_ in drawn} & {"feats", "vad", "clusters"}
    shares = [int(share) for _, share, _ in drawn]
    assert shares == sorted(shares) and shares[0] == 0 < shares[-1] <= 100
    assert all(int(speed) > 0 for _, share, speed in drawn if int(share) > 20)
    assert " turns; 20 s in " in shown and " x real time\r\n" in shown


def test_a_conf_file_may_choose_clusterer_and_detector(tmp_path: Path, meetings: Path) -> None:
    (tmp_path / "my.conf").write_text("--clusterer=aib\n--vad=webrtc\n")
    run(tmp_path, meetings / "one.wav", "--config", "my.conf", "--save-merges", "-o", "conf/")
    run(tmp_path, meetings / "one.wav", "--clusterer=aib", "--vad=webrtc", "--save-merges", "-o", "line/")
    for name in ("one.merges.json", "one.rttm"):
        assert (tmp_path / "conf" / name).read_bytes() == (tmp_path / "line" / name).read_bytes()
    assert json.loads((tmp_path / "conf" / "one.merges.json").read_text())["diar"]["clusterer"] == "aib"
    for line in ("--clusterer=nonsense", "--vad=nonsense"):
        (tmp_path / "my.conf").write_text(line)
        _, told = run(tmp_path, meetings / "one.wav", "--config", "my.conf", code=1)
        assert told.startswith(f"diar: {line.partition('=')[0]}: found 'nonsense'; wanted one of ")


def test_flags_of_a_conf_file_win_over_those_of_the_first_run(tmp_path: Path, meetings: Path) -> None:
    run(tmp_path, meetings / "one.wav", "--save-merges", "--min-turn", 0, "-o", "-")
    (tmp_path / "my.conf").write_text("--min-turn=99\n")
    words = ("recut", "one.merges.json", "-o", "-")
    all_turns, of_conf, of_line = (run(tmp_path, *words, *more)[0] for more in (
        (), ("--config", "my.conf"), ("--config", "my.conf", "--min-turn", 0),
    ))  # fmt: skip
    assert all_turns == of_line and len(of_conf) < len(all_turns)


def test_merges_are_not_overwritten(tmp_path: Path, meetings: Path) -> None:
    run(tmp_path, meetings / "one.wav", "--save-merges", "-o", "-")
    before = (tmp_path / "one.merges.json").read_bytes()
    _, told = run(tmp_path, "recut", "one.merges.json", "-o", "one.merges.json", code=1)
    assert told == "diar: one.merges.json: is what is read; wanted another output\n"
    assert (tmp_path / "one.merges.json").read_bytes() == before
    _, told = run(tmp_path, meetings / "one.wav", "--save-merges", "-o", "one.merges.json", code=1)
    assert told == "diar: one.merges.json: would be written twice; wanted another output\n"
    (tmp_path / "one.html").write_text("mine")
    _, told = run(tmp_path, meetings / "one.wav", "--report", "--format", "rttm", "-o", "one.html", code=1)
    assert told == "diar: one.html: would be written twice; wanted another output\n"
    write_audio(tmp_path / "in.wav", talk(TURNS[:2])).rename(tmp_path / "in.html")
    assert "in.html: is what is read" in run(tmp_path, "in.html", "--report", code=1)[1]


@pytest.mark.parametrize("words", ["\"", "--min-gap", "x", "--help", "--config=x", "--num-spk=a"])
def test_flags_in_merges_that_are_none_are_told_in_a_line(tmp_path: Path, meetings: Path, words: str) -> None:
    known = {"audio": str(meetings / "one.wav"), "clusterer": "aib", "words": words, "speech": []}
    (tmp_path / "x.json").write_text(json.dumps({"diar": known, "steps": []}))
    printed, told = run(tmp_path, "recut", "x.json", code=1)
    assert printed == "" and len(told.splitlines()) == 1
    assert told.startswith("diar: --num-spk: " if "=a" in words else "diar: x.json: ")


def test_merges_of_other_audio_are_told(tmp_path: Path, meetings: Path) -> None:
    run(tmp_path, meetings / "one.wav", "--save-merges", "-o", "-")
    _, told = run(tmp_path, "recut", "one.merges.json", "--audio", meetings / "two.flac", code=1)
    assert told.startswith("diar: two: ") and told.endswith("; name the audio that the speech is of\n")


def test_figures_of_names_that_differ_in_case_alone_are_two(tmp_path: Path) -> None:
    for name in ("one", "ONE"):
        write_audio(tmp_path / "audio" / f"{name}.wav", talk(TURNS[:2]))
    run(tmp_path, "audio", "--figures", "-o", "out")
    assert len({name.lower() for name in names(tmp_path / "out") if name.endswith(".timeline.png")}) == 2


def test_a_recording_called_index_spares_the_index_that_is_there(tmp_path: Path) -> None:
    audio = write_audio(tmp_path / "site" / "index.wav", talk(TURNS[:2]))
    (tmp_path / "site" / "index.html").write_text("my site")
    run(tmp_path, audio, "-o", "site", "--report")
    assert names(tmp_path / "site") == ["_index.html", "index.html", "index.rttm", "index.wav"]
    assert (tmp_path / "site" / "index.html").read_text() == "my site"
    (tmp_path / "site" / "_index.html").write_text("my page")
    _, told = run(tmp_path, audio, "-o", "site", "--report", code=1)
    assert "_index.html: is there and is not a page of diar" in told


def test_where_nothing_can_be_written_its_own_name_is_told(tmp_path: Path, meetings: Path) -> None:
    _, told = run(tmp_path, meetings / "one.wav", "-o", "/proc/x.rttm", code=1)
    assert told == "diar: /proc/x.rttm: No such file or directory\n"


def test_without_stderr_or_standard_output_the_work_is_done_or_refused(tmp_path: Path, meetings: Path) -> None:
    run(tmp_path, meetings / "one.wav", "-o", "quiet/", shell='"$@" 2>&-')
    run(tmp_path, meetings / "one.wav", "-o", "mute/", shell='"$@" <&- >&- 2>&-')
    assert (tmp_path / "quiet" / "one.rttm").read_text() == (tmp_path / "mute" / "one.rttm").read_text() != ""
    closed = "diar: standard output: is closed; wanted it open, or a file to write\n"
    assert run(tmp_path, meetings / "one.wav", "-o", "-", shell='"$@" >&-', code=1)[1] == closed
    words = (tmp_path / "mute" / "one.rttm",)
    assert run(tmp_path, "convert", *words, "--to", "csv", shell='"$@" >&-', code=1)[1] == closed
    assert run(tmp_path, "score", *words, *words, shell='"$@" >&-', code=1)[1] == closed
    assert run(tmp_path, "view", *words, shell='"$@" >&-') == ("", "")
    run(tmp_path, "nope.wav", shell='"$@" 2>&-', code=1)


def test_a_terminal_that_goes_away_loses_nothing(tmp_path: Path, meetings: Path) -> None:
    write_audio(tmp_path / "a.wav", talk(TURNS))
    (tmp_path / "b.wav").write_bytes(b"RIFF")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (25, 120))
    words = [sys.executable, "-m", "diar", "a.wav", "b.wav", str(meetings), "--report", "--save-merges", "-o", "out"]
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT)}
    done = subprocess.Popen(words, cwd=tmp_path, env=environment, stdout=theirs, stderr=theirs)
    os.close(theirs)
    assert "a (1 of 4)" in read_until(ours, "a (1 of 4)")
    os.close(ours)
    assert done.wait() == 1  # of b.wav
    suffixes = ("html", "merges.json", "rttm")
    wanted = [f"{name}.{suffix}" for name in ("a", "one", "two") for suffix in suffixes]
    assert names(tmp_path / "out") == sorted([*wanted, "index.html"])
    ours, theirs = pty.openpty()
    os.close(ours)
    done = subprocess.run([*words[:3], "a.wav"], cwd=tmp_path, env=environment, stderr=theirs, check=False)
    os.close(theirs)
    assert done.returncode == 0 and (tmp_path / "a.rttm").exists()


def test_a_terminal_without_a_size_has_its_bar(tmp_path: Path, meetings: Path) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (0, 0))
    words = [sys.executable, "-m", "diar", str(meetings / "one.wav")]
    with subprocess.Popen(words, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(CHECKOUT)}, stderr=theirs) as done:
        os.close(theirs)
        shown = read_until(ours, "one: loading")
        done.kill()
    os.close(ours)
    assert "one: loading" in shown


def test_half_a_question_of_a_shell_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_ARGCOMPLETE", "1")
    monkeypatch.delenv("COMP_LINE", raising=False)
    assert run(tmp_path, "--version")[0] == f"diar {diar.__version__}\n"


def test_help_alone_lists_the_commands_and_a_mistyped_one_is_recognized(tmp_path: Path) -> None:
    assert all(f"  {name} " in run(tmp_path, "help")[0] for name in ("score", "view", "recut", "convert", "check"))
    _, told = run(tmp_path, "scroe", "ref.rttm", "hyp.rttm", code=1)
    assert told == "diar: scroe: no such command or file; is 'score' meant?\n"
