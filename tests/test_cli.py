"""Programs and flags: how a command line becomes options, and how a program ends."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from diar import cli
from diar.energy_vad import EnergyOptions
from diar.errors import DataError
from diar.options import Options, option

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Example(Options):
    """What the tests set."""

    num_spk: int = option(3, "how many speakers", low=0, high=99)
    bic_threshold: float = option(0.5, "more than 100% of it", unit="nats", high=1e6)
    window_type: str = option("povey", "shape", choices=("povey", "hann_ing"))
    use_energy: bool = option(False, "whether")


def parser() -> cli.Parser:
    made = cli.Parser("A program.\n\ne.g.: x", (Example,))
    made.add_argument("data", metavar="<data>")
    made.add_flag("--skip-bad", "go on", default=False, kind=cli.boolean)
    made.add_flag("--class-conf", "a prefix")
    return made


def parsed(words: Sequence[str], conf: Path | None = None) -> Namespace:
    return parser().parse_words([*words, "data/x"], conf)


def options(*words: str, conf: Path | None = None) -> Example:
    made = parser()
    return made.options(made.parse_words([*words, "data/x"], conf), Example)


# ---- flags ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], Example()),
        (["--num-spk", "7"], Example(num_spk=7)),
        (["--num-spk=7"], Example(num_spk=7)),
        (["--num_spk", "7"], Example(num_spk=7)),
        (["--num_spk=7"], Example(num_spk=7)),
        (["--num-spk=7", "--num-spk=8"], Example(num_spk=8)),
        (["--bic-threshold", "2"], Example(bic_threshold=2.0)),
        (["--window-type", "hann_ing"], Example(window_type="hann_ing")),  # only names are hyphenated
        (["--window_type=hann_ing"], Example(window_type="hann_ing")),
        (["--use-energy", "true"], Example(use_energy=True)),
        (["--use_energy=true"], Example(use_energy=True)),
        (["--use-energy=true", "--use-energy", "false"], Example(use_energy=False)),
    ],
    ids=str,
)
def test_flags_are_read_with_hyphens_or_underscores_and_with_or_without_an_equals_sign(
    words: list[str], expected: Example
) -> None:
    assert options(*words) == expected
    after = parser()
    assert after.options(after.parse_words(["data/x", *words]), Example) == expected


@pytest.mark.parametrize("text", ["-1", "-1e3", "-.5", "-2.", "-0", "-1.5E+2", "-3e-4", "1e-3", "-1_000"])
def test_numbers_below_zero_are_values(text: str) -> None:
    if "_" in text:
        with pytest.raises(DataError, match="^--bic-threshold: expected one argument"):
            options("--bic-threshold", text)
        return
    for words in (["--bic-threshold", text], [f"--bic-threshold={text}"], ["--bic_threshold", text]):
        assert options(*words).bic_threshold == float(text)
        assert parsed([*words, "--num-spk", "1"]).data == "data/x"


def test_flags_of_the_program_itself_stand_beside_those_of_options() -> None:
    found = parsed(["--skip_bad=true", "--class-conf", "conf/a_b"])
    assert (found.skip_bad, found.class_conf, found.data) == (True, "conf/a_b", "data/x")
    assert (parsed([]).skip_bad, parsed([]).class_conf) == (False, "")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--num-spk", "-1"], "--num-spk: found -1; wanted at least 0"),
        (["--num-spk=100"], "--num-spk: found 100; wanted at most 99"),
        (["--bic-threshold=1e7"], "--bic-threshold: found 10000000.0; wanted at most 1e+06 nats"),
        (["--bic-threshold=nan"], "--bic-threshold: found nan; wanted a finite number"),
        (["--bic-threshold", "-inf"], "--bic-threshold: expected one argument"),
        (["--window-type=round"], "--window-type: found 'round'; wanted one of povey, hann_ing"),
        (["--num-spk", "2.5"], "--num-spk: invalid int value: '2.5'"),
        (["--bic-threshold", "low"], "--bic-threshold: invalid float value: 'low'"),
        (["--use-energy", "yes"], "--use-energy: found 'yes', wanted true or false"),
        (["--use-energy", "True"], "--use-energy: found 'True', wanted true or false"),
        (["--skip-bad", "1"], "--skip-bad: found '1', wanted true or false"),
        (["--num-spk"], "--num-spk: invalid int value: 'data/x'"),
        (["--config"], "data/x: no such file"),
        (["--config="], "--config: found no file name; wanted --config FILE"),
    ],
    ids=str,
)
def test_bad_values_are_refused_in_one_line(words: list[str], reason: str) -> None:
    with pytest.raises(DataError) as refused:
        options(*words)
    assert str(refused.value).startswith(reason) and "\n" not in str(refused.value)


@pytest.mark.parametrize("word", ["--nope", "--nope=1", "--num", "--num-spk-most=2", "-n", "--usage"])
def test_an_unknown_option_lists_the_valid_ones(word: str) -> None:
    """An abbreviation is unknown as well: another option may come that begins so."""
    with pytest.raises(DataError) as refused:
        parsed([word])
    name = word.partition("=")[0]
    valid = "--bic-threshold --class-conf --help --num-spk --skip-bad --use-energy --window-type --config"
    assert str(refused.value) == f"{name}: unknown option or too many arguments; valid options are {valid}"


def test_too_many_arguments_and_too_few_are_refused() -> None:
    with pytest.raises(DataError, match="^data/x: unknown option or too many arguments"):
        parsed(["data/y"])
    with pytest.raises(DataError, match="^arguments: the following arguments are required: <data>; usage: ") as refused:
        parser().parse_words([])
    assert "\n" not in str(refused.value) and "  " not in str(refused.value)


# ---- conf files ----------------------------------------------------------------------------------------------------


def conf_file(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_conf_file_has_a_flag_a_line_and_comments(tmp_path: Path) -> None:
    path = conf_file(
        tmp_path, "a.conf", "# Kaldi's", "", "--num_spk=7 # as known", "  --bic-threshold=-1e3", "--use-energy=true\r"
    )
    expected = Example(num_spk=7, bic_threshold=-1000.0, use_energy=True)
    assert options("--config", str(path)) == options(f"--config={path}") == options(conf=path) == expected


def test_the_command_line_wins_over_the_conf_file_and_that_over_config(tmp_path: Path) -> None:
    first = conf_file(tmp_path, "1.conf", "--num-spk=1", "--bic-threshold=1", "--window-type=hann_ing")
    second = conf_file(tmp_path, "2.conf", "--num-spk=2", "--bic-threshold=2")
    third = conf_file(tmp_path, "3.conf", "--num-spk=3")
    assert options("--config", str(first), "--config", str(second)) == Example(2, 2.0, "hann_ing")
    assert options("--config", str(second), "--config", str(first)) == Example(1, 1.0, "hann_ing"), "the later wins"
    for words in (["--config", str(first)], [f"--config={first}", "--config", str(second)]):
        assert options(*words, conf=third).num_spk == 3
        assert options("--num-spk=9", *words, conf=third).num_spk == 9
        assert options(*words, "--num-spk", "9", conf=third).num_spk == 9, "wherever --config stands"
    assert options("--config", str(first), conf=third) == Example(3, 1.0, "hann_ing")


@pytest.mark.parametrize("line", ["--nope=1", "--num-spk", "--num-spk 4", "num-spk=4", "--num=4", "--config=x", "data"])
def test_a_line_that_is_no_flag_is_refused_with_its_place(tmp_path: Path, line: str) -> None:
    path = conf_file(tmp_path, "a.conf", "# first", "--num-spk=4", line)
    reason = rf"^{re.escape(str(path))}:3: found '{line}'; wanted --name=value with a name of: valid options are --bic"
    for words, conf in ((["--config", str(path)], None), ([], path)):
        with pytest.raises(DataError, match=reason):
            parsed(words, conf)


def test_a_conf_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.conf: no such file"):
        parsed(["--config", str(tmp_path / "gone.conf")])


@dataclass(frozen=True)
class Other(Options):
    """What another program sets."""

    num_spk: int = option(5, "how many speakers")
    beta: float = option(10.0, "trade-off")


def test_flags_of_others_wait_in_conf_files(tmp_path: Path) -> None:
    path = conf_file(tmp_path, "a.conf", "--num-spk=7", "--beta=1 # for another", "--beta=a lot")
    made = cli.Parser("A program.", (Example,), others=(Example, Other))
    assert made.options(made.parse_words(["--config", str(path)]), Example) == Example(num_spk=7)
    assert made.options(made.parse_words([], path), Example) == Example(num_spk=7)
    with pytest.raises(DataError, match="^--beta: unknown option or too many arguments; valid options are "):
        made.parse_words(["--beta=1"])
    assert "--beta" not in made.format_help()


@pytest.mark.parametrize("line", ["--nope=1", "--beta", "--beta 3", "beta=1"])
def test_what_is_no_flag_of_others_either_is_refused(tmp_path: Path, line: str) -> None:
    path = conf_file(tmp_path, "a.conf", "--beta=1", line)
    made = cli.Parser("A program.", (Example,), others=(Other,))
    with pytest.raises(DataError, match=rf"a\.conf:2: found '{line}'; wanted --name=value with a name of: valid"):
        made.parse_words(["--config", str(path)])


def test_flags_that_others_hang_on_are_for_the_command_line(tmp_path: Path) -> None:
    made = parser()
    made.command_line_only.add("--class-conf")
    path = conf_file(tmp_path, "a.conf", "--num-spk=1", "--class_conf=x")
    with pytest.raises(DataError, match=r"a\.conf:2: found '--class-conf=x'; wanted it on the command line"):
        made.parse_words(["data/x", "--config", str(path)])
    assert made.parse_words(["data/x", "--class_conf=x"]).class_conf == "x"


# ---- the flag that says which others there are ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "hmm_gmm"),
        (["--clusterer", "aib"], "aib"),
        (["--clusterer=aib"], "aib"),
        (["--clusterer=aib", "--clusterer", "hmm_gmm"], "hmm_gmm"),
        (["data", "--num-spk", "3", "--clusterer", "aib", "--nope=-1", "exp"], "aib"),
        (["--help", "--clusterer", "aib", "-h"], "aib"),
        (["--clusterer-opts", "aib", "--cluster=aib"], "hmm_gmm"),
    ],
    ids=str,
)
def test_a_choice_is_read_among_flags_that_are_not_known_yet(
    monkeypatch: pytest.MonkeyPatch, words: list[str], expected: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["steps/x.py", *words])
    assert cli.chosen("--clusterer", ("hmm_gmm", "aib")) == expected


def test_a_choice_may_be_written_with_underscores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["steps/x.py", "--which_one=b_c"])
    assert cli.chosen("--which-one", ("a", "b_c")) == "b_c"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--clusterer", "ahc"], "--clusterer: found 'ahc'; wanted one of hmm_gmm, aib"),
        (["--clusterer="], "--clusterer: found ''; wanted one of hmm_gmm, aib"),
        (["--clusterer"], "--clusterer: expected one argument"),
    ],
    ids=str,
)
def test_a_choice_that_there_is_not_lists_those_there_are(
    monkeypatch: pytest.MonkeyPatch, words: list[str], reason: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["steps/x.py", *words])
    with pytest.raises(DataError) as refused:
        cli.chosen("--clusterer", ("hmm_gmm", "aib"))
    assert str(refused.value).startswith(reason)


# ---- help ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["--num-spk", "3", "data", "--help"]], ids=str)
def test_help_tells_every_option_with_its_default(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_words(words)
    assert ended.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for part in (
        "A program. e.g.: x",
        "--num-spk N how many speakers (default 3)",
        "--bic-threshold X more than 100% of it (default 0.5 nats)",
        "--window-type TEXT shape (one of povey, hann_ing; default povey)",
        "--use-energy true|false whether (default false)",
        "--skip-bad true|false go on",
        "--class-conf CLASS_CONF a prefix",
        "What the tests set.",
    ):
        assert part in text


# ---- programs ------------------------------------------------------------------------------------------------------


def ended(main, capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    """Exit code and stderr of a program."""
    with pytest.raises(SystemExit) as left:
        cli.run(main)
    return left.value.code, capsys.readouterr().err


def raiser(error: BaseException):
    def main() -> None:
        raise error

    return main


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["steps/some_step.py", "--num-spk", "3"])
    monkeypatch.delenv("DIAR_EXIT_WITH_PARENT", raising=False)


@pytest.mark.usefixtures("program")
@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (DataError("a.wav", "is empty", "wanted audio"), 1, "some_step.py: a.wav: is empty; wanted audio\n"),
        (OSError(28, "No space left on device", "exp/a.ark"), 1, "some_step.py: exp/a.ark: No space left on device\n"),
        (OSError("disk on fire"), 1, "some_step.py: steps/some_step.py: disk on fire\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
    ids=repr,
)
def test_what_goes_wrong_is_told_in_one_line(
    error: BaseException, code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(raiser(error), capsys) == (code, text)


@pytest.mark.usefixtures("program")
def test_a_program_that_ends_well_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(lambda: None, capsys) == (0, "")


@pytest.mark.usefixtures("program")
def test_a_bug_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        cli.run(raiser(ZeroDivisionError()))


@pytest.mark.usefixtures("program")
def test_warnings_have_the_programs_name_and_words_do_not(capsys: pytest.CaptureFixture[str]) -> None:
    cli.warn("r1: no speech")
    assert capsys.readouterr().err == "some_step.py: warning: r1: no speech\n"
    assert cli.command_words() == ["--num-spk", "3"]


def test_nobody_who_reads_stderr_is_no_error() -> None:
    code = "from diar import cli\ncli.run(lambda: cli.warn('a') or cli.complain('b') and print('done'))"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=writer, check=False)
    os.close(writer)
    assert (done.returncode, done.stdout) == (0, b"done\n")


def test_a_reader_that_leaves_is_no_error() -> None:
    code = "from diar import cli\ncli.run(lambda: print('x' * 100 + '\\n', flush=True) or print('y' * 1000000))"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


# ---- processes -----------------------------------------------------------------------------------------------------


def test_a_process_runs_until_it_has_ended_even_if_nobody_has_asked_how() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert child.stdin is not None
    assert cli.is_running(child.pid) and cli.is_running(os.getpid())
    child.stdin.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, but stays as a zombie
    os.kill(child.pid, 0)
    assert not cli.is_running(child.pid)
    child.wait()
    assert not cli.is_running(child.pid)


def test_a_process_of_another_user_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert cli.is_running(1)


@pytest.mark.parametrize("name", ["a b", "x) Z (y"])
def test_a_process_with_blanks_and_brackets_in_its_name_runs(tmp_path: Path, name: str) -> None:
    program = tmp_path / name
    program.symlink_to("/bin/sleep")
    child = subprocess.Popen([program, "30"])
    try:
        assert cli.is_running(child.pid)
    finally:
        child.kill()
        child.wait()


@pytest.mark.parametrize("text", ["--speech-range=15", "--speech-range 15", "--speech_range=15"])
def test_the_value_of_opts_may_begin_as_a_flag_does(text: str) -> None:
    parser = cli.Parser(None)
    parser.add_flag("--vad-opts", "")
    parser.add_switch("--report", "")
    parsed = parser.parse_words(["--vad-opts", text, "--report"])
    assert cli.parsed_options(parsed.vad_opts, EnergyOptions).speech_range == 15 and parsed.report
    with pytest.raises(DataError, match="--vad-opts: expected one argument"):
        parser.parse_words(["--report", "--vad-opts"])


def test_help_in_opts_is_that_of_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.parsed_options("--help", EnergyOptions)
    assert ended.value.code == 0 and "--speech-range X" in capsys.readouterr().out


def test_ctrl_c_ends_a_program_even_while_a_library_calls_python_back() -> None:
    """Such a callback cannot pass the exception on."""
    program = """
import ctypes, signal, time
from diar import cli

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background

@ctypes.CFUNCTYPE(None)
def interrupted():
    raise KeyboardInterrupt

def main():
    interrupted()
    for _ in range(2000):  # a signal just before a long sleep would wait for its end
        time.sleep(0.01)

cli.run(main, "program")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=15, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
