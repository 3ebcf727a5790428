"""utils/run.py keeps the contract of Kaldi's run.pl, and leaves no job behind."""

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

RUN = str(Path(__file__).parents[2] / "utils" / "run.py")
DATE = r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \S+ \d{4}"
# Some processes that hold the pipe of `Pulse` for five seconds at most.
PULSE = "exec 9> pulse; echo >&9; for i in $(seq 50); do (sleep 0.1; echo $i) | cat; done\n"


def run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, RUN, *words],
        cwd=folder,
        env={**os.environ, **environment},
        input="from the terminal\n",
        capture_output=True,
        text=True,
        timeout=20,
    )


def output_of(log: Path) -> str:
    """What the command itself wrote: the log without its head of three and tail of two lines."""
    return "".join(log.read_text().splitlines(keepends=True)[3:-2])


def script(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(f"#!/usr/bin/env bash\n{text}")
    path.chmod(0o755)
    return f"./{name}"


class Pulse:
    """A pipe that all processes of a job inherit: it tells when the last of them has gone."""

    def __init__(self, folder: Path) -> None:
        os.mkfifo(folder / "pulse")
        self.pipe = os.open(folder / "pulse", os.O_RDONLY | os.O_NONBLOCK)

    def wait_for_begin(self) -> None:
        assert select.select([self.pipe], [], [], 5.0)[0], "the job did not begin"
        assert os.read(self.pipe, 1) == b"\n"

    def wait_for_end(self, seconds: float) -> None:
        assert select.select([self.pipe], [], [], seconds)[0], "a process of the job lives on"
        assert os.read(self.pipe, 1) == b""  # the end of the file


@pytest.fixture
def pulse(tmp_path: Path) -> Iterator[Pulse]:
    pulse = Pulse(tmp_path)
    yield pulse
    os.close(pulse.pipe)


@pytest.fixture
def default_signals() -> Iterator[None]:
    """Undo what nohup or a shell's `&` did to the tests: ignored signals would be inherited."""
    numbers = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, signal.SIG_DFL) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


# Logs


def test_log_has_kaldis_head_and_tail(tmp_path: Path) -> None:
    result = run(tmp_path, "new/folder/x.log", "sh", "-c", "sleep 0.6; echo out; echo err >&2")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert re.fullmatch(
        r'# sh -c "sleep 0.6; echo out; echo err >&2"\n'
        rf"# Started at {DATE}\n"
        r"#\n"
        r"out\nerr\n"
        r"# Accounting: time=1 threads=1\n"
        rf"# Ended \(code 0\) at {DATE}, elapsed time 1 seconds\n",
        (tmp_path / "new/folder/x.log").read_text(),
    )


def test_log_of_an_earlier_run_is_replaced(tmp_path: Path) -> None:
    run(tmp_path, "x.log", "echo", "first")
    run(tmp_path, "x.log", "echo", "second")
    assert output_of(tmp_path / "x.log") == "second\n"


def test_job_reads_nothing_from_stdin(tmp_path: Path) -> None:
    assert run(tmp_path, "x.log", "cat").returncode == 0
    assert output_of(tmp_path / "x.log") == ""


def test_log_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run(tmp_path, "file/x.log", "true")
    assert result.returncode == 1
    assert re.fullmatch(r"run\.py: file.*: (Not a directory|File exists)\n", result.stderr)


# The command


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["printf", "%s\\\\n", "a b", "c"], "a b\nc\n", id="blank keeps one word"),
        pytest.param(["printf", "[%s]", "", "x"], "[][x]", id="empty word"),
        pytest.param(["printf", "%s", 'a "b" $FRUIT'], 'a "b" $FRUIT', id="double quotes: literal"),
        pytest.param(["printf", "%s", "it's $FRUIT"], "it's pear", id="blank: variable expanded"),
        pytest.param(["printf", "%s", """a "b" 'c'"""], """a "b" 'c'""", id="both kinds of quotes"),
        pytest.param(["printf", "%s", "a\nb\tc"], "a\nb\tc", id="newline and tab"),
        pytest.param(["printf", "%s", "$FRUIT"], "pear", id="no blank: variable expanded"),
        pytest.param(["printf", "%s", "\\$FRUIT"], "$FRUIT", id="backslash means what it does"),
        pytest.param(["printf", "%s", "'$FRUIT'"], "$FRUIT", id="no blank: quotes are bash's"),
        pytest.param(["echo", "b", "|", "tr", "b", "c"], "c\n", id="pipe"),
        pytest.param(["echo", "b", "|tr", "b", "c"], "c\n", id="pipe within a word"),
        pytest.param(["true", "&&", "echo", "a", ";", "echo", "b"], "a\nb\n", id="list"),
        pytest.param(["echo", "a", ">", "f", ";", "cat", "<", "f"], "a\n", id="redirection"),
        pytest.param(["echo", "hid", "2>&1", ">/dev/null"], "", id="order of redirections"),
        pytest.param(["false", "|", "true"], "", id="a pipe ends as its last command does"),
        pytest.param(["FRUIT=fig", "printenv", "FRUIT"], "fig\n", id="assignment"),
    ],
)
def test_words_reach_bash_as_with_run_pl(tmp_path: Path, words: list[str], expected: str) -> None:
    result = run(tmp_path, "x.log", *words, FRUIT="pear")
    assert (result.returncode, result.stderr) == (0, "")
    log = (tmp_path / "x.log").read_text()
    assert log.partition("\n#\n")[2].partition("# Accounting")[0] == expected


def test_simple_command_is_a_child_of_run_py(tmp_path: Path) -> None:
    parent = script(tmp_path, "parent", "echo $PPID\n")
    with subprocess.Popen([sys.executable, RUN, "x.log", parent], cwd=tmp_path) as process:
        assert process.wait(timeout=10) == 0
    assert output_of(tmp_path / "x.log") == f"{process.pid}\n"


# Numbered jobs


@pytest.mark.parametrize(
    ("number_range", "name", "numbers"),
    [("JOB=1:3", "JOB", [1, 2, 3]), ("X=2:4", "X", [2, 3, 4]), ("k_1=7", "k_1", [7])],
)
def test_number_is_put_into_command_and_log(
    tmp_path: Path, number_range: str, name: str, numbers: list[int]
) -> None:
    words = ["echo", f"{name}/3", f"x{name}y {name}", f"$[{name}*10]"]
    assert run(tmp_path, number_range, f"{name}/x.{name}.log", *words).returncode == 0
    logs = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.log"))
    assert logs == [f"{i}/x.{i}.log" for i in numbers]
    for i in numbers:
        log = tmp_path / f"{i}/x.{i}.log"
        assert output_of(log) == f"{i}/3 x{i}y {i} {i * 10}\n"
        assert log.read_text().startswith(f'# echo {i}/3 "x{i}y {i}" $[{i}*10]\n')


def test_single_job_may_have_a_log_without_its_number(tmp_path: Path) -> None:
    assert run(tmp_path, "JOB=1:1", "x.log", "echo", "JOB").returncode == 0
    assert output_of(tmp_path / "x.log") == "1\n"


@pytest.mark.parametrize(
    "options",
    [
        "--mem 4G --gpu 1 --num-threads 2 --time 1:00 JOB=1:2",
        "JOB=1:2 --mem=4G --config conf/queue.conf",
        "-l ram_free=4G,mem_free=4G -q all.q -sync y -V -pe smp 4 JOB=1:2",
        "--max-jobs-run 1 -tc 2 --unheard-of option JOB=1:2",
    ],
)
def test_cluster_options_are_ignored(tmp_path: Path, options: str) -> None:
    result = run(tmp_path, *options.split(), "JOB.log", "echo", "--mem", "JOB")
    assert (result.returncode, result.stderr) == (0, "")
    assert [output_of(tmp_path / f"{i}.log") for i in (1, 2)] == ["--mem 1\n", "--mem 2\n"]


def most_at_once(folder: Path, n_jobs: int) -> int:
    """The largest number of jobs that ran at one time, from the two times in each job's log."""
    events: list[tuple[float, int]] = []
    for i in range(1, n_jobs + 1):
        began, ended = output_of(folder / f"{i}.log").split()
        events += [(float(began), 1), (float(ended), -1)]
    counts = [sum(change for time_, change in events if time_ <= now) for now, _ in events]
    return max(counts)


NAP = ["date", "+%s.%N", ";", "sleep", "0.3", ";", "date", "+%s.%N"]


@pytest.mark.parametrize(
    ("options", "limit"),
    [
        (["--max-jobs-run", "1"], 1),
        (["-tc", "3", "--max-jobs-run", "2"], 2),
        (["--max-jobs-run=3"], 3),
    ],
)
def test_no_more_jobs_at_once_than_allowed(tmp_path: Path, options: list[str], limit: int) -> None:
    assert run(tmp_path, *options, "JOB=1:3", "JOB.log", *NAP).returncode == 0
    assert most_at_once(tmp_path, 3) == limit


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="CPUs cannot be taken away here")
def test_as_many_jobs_at_once_as_usable_cpus_by_default(tmp_path: Path) -> None:
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cpus)})
    try:
        assert run(tmp_path, "JOB=1:2", "JOB.log", *NAP).returncode == 0
    finally:
        os.sched_setaffinity(0, cpus)
    assert most_at_once(tmp_path, 2) == 1


# Failures


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        pytest.param(["echo", "no input", ";", "exit", "3"], 3, "no input", id="last line"),
        pytest.param(["exit", "3"], 3, "exit code 3 without a word", id="no output"),
        pytest.param(
            ["printf", r"'1%%\r100%%\nbad\rworse\r\n\n'", ";", "false"], 1, "worse", id="progress"
        ),
        pytest.param(
            ["no-such-program", "x"],
            127,
            "bash: line 1: no-such-program: command not found",
            id="no such program",
        ),
        pytest.param(["kill", "-9", "$$"], 137, "killed by SIGKILL (out of memory?)", id="SIGKILL"),
        pytest.param(
            ["echo", "half", ";", "kill", "-SEGV", "$$"],
            139,
            "killed by SIGSEGV: half",
            id="SIGSEGV",
        ),
        pytest.param(["true", "|", "exit", "143"], 143, "killed by SIGTERM", id="told by bash"),
    ],
)
def test_failure_is_told_with_its_reason(
    tmp_path: Path, words: list[str], code: int, reason: str
) -> None:
    result = run(tmp_path, "a/x.log", *words)
    assert result.returncode == 1
    assert result.stderr == f"run.py: job failed, log is in a/x.log: {reason}\n"
    ending = (tmp_path / "a/x.log").read_text().splitlines()[-1]
    assert re.fullmatch(rf"# Ended \(code {code}\) at {DATE}, elapsed time \d seconds", ending)


def test_failures_of_numbered_jobs_are_counted_and_the_others_run(tmp_path: Path) -> None:
    words = ["echo", "job", "JOB", ";", "test", "JOB", "-le", "2", "-o", "JOB", "-eq", "4"]
    result = run(tmp_path, "--max-jobs-run", "2", "JOB=1:5", "x.JOB.log", *words)
    assert result.returncode == 1
    assert result.stderr == "run.py: 2 / 5 failed, first log is x.3.log: job 3\n"
    codes = [(tmp_path / f"x.{i}.log").read_text().rpartition("(code ")[2][0] for i in range(1, 6)]
    assert codes == ["0", "0", "1", "0", "1"]


def test_job_that_removes_its_log_is_no_harm_to_the_others(tmp_path: Path) -> None:
    words = ["test", "JOB", "=", "2", "||", "rm", "JOB.log", "x"]
    result = run(tmp_path, "--max-jobs-run", "1", "JOB=1:2", "JOB.log", *words)
    assert result.stderr == "run.py: 1 / 2 failed, first log is 1.log: exit code 1 without a word\n"
    assert output_of(tmp_path / "2.log") == ""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "usage: "),
        ("x.log", "usage: "),
        ("JOB=1:2 JOB.log", "usage: "),
        ("JOB=1:2 x.log true", "x.log: 2 jobs cannot share one log; put JOB in its name"),
        ("X=1:2 JOB.log true", "JOB.log: 2 jobs cannot share one log; put X in its name"),
        ("JOB=0:2 JOB.log true", "JOB=0:2: wanted a range of jobs"),
        ("JOB=0 JOB.log true", "JOB=0: wanted a range of jobs"),
        ("JOB=3:2 JOB.log true", "JOB=3:2: wanted a range of jobs"),
        ("JOB=1:-2 JOB.log true", "JOB=1:-2: wanted a range of jobs"),
        ("JOB=1: JOB.log true", "JOB=1:: wanted a range of jobs"),
        ("JOB= JOB.log true", "JOB=: wanted a range of jobs"),
        ("JOB=1:2 X=1:2 JOB.X.log true", "X=1:2: the jobs are already numbered by JOB"),
        ("--max-jobs-run 0 x.log true", "--max-jobs-run 0: wanted a number of jobs, 1 or more"),
        ("-tc many x.log true", "-tc many: wanted a number of jobs, 1 or more"),
        ("--max-jobs-run= x.log true", "--max-jobs-run : wanted a number of jobs, 1 or more"),
        ("--mem --gpu 1 x.log true", "option --mem lacks its value"),
        ("--mem", "option --mem lacks its value"),
        ("-pe smp", "option -pe lacks its value"),
    ],
)
def test_wrong_usage_is_one_line(tmp_path: Path, line: str, message: str) -> None:
    result = run(tmp_path, *line.split())
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"run.py: {message}")
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_help_explains_the_usage(tmp_path: Path) -> None:
    result = run(tmp_path, "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert "usage: run.py" in result.stdout


# Being stopped


@pytest.mark.usefixtures("default_signals")
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_jobs_and_their_descendants(
    tmp_path: Path, pulse: Pulse, number: signal.Signals
) -> None:
    job = script(tmp_path, "job.sh", PULSE)
    words = ["--max-jobs-run", "1", "JOB=1:2", "JOB.log", job, "|", "cat"]
    with subprocess.Popen(
        [sys.executable, RUN, *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as process:
        pulse.wait_for_begin()
        sent = time.monotonic()
        process.send_signal(number)
        assert process.wait(timeout=5) == 128 + number
        assert time.monotonic() - sent < 0.9, "there was nothing left to wait for"
        assert process.stderr is not None
        assert process.stderr.read() == f"run.py: stopped by {number.name}\n"
    pulse.wait_for_end(0.2)
    assert not (tmp_path / "2.log").exists()


@pytest.mark.parametrize(
    ("trap", "left_behind"),
    [
        pytest.param("trap 'touch tidied; exit' TERM\n", ["tidied"], id="time to tidy up"),
        pytest.param("trap '' TERM\n", [], id="deaf to SIGTERM"),
    ],
)
@pytest.mark.usefixtures("default_signals")
def test_jobs_get_sigterm_then_sigkill(
    tmp_path: Path, pulse: Pulse, trap: str, left_behind: list[str]
) -> None:
    job = script(tmp_path, "job.sh", trap + PULSE)
    command = [sys.executable, RUN, "x.log", job, "|", "cat"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        pulse.wait_for_begin()
        process.terminate()
        assert process.wait(timeout=5) == 128 + signal.SIGTERM
    pulse.wait_for_end(0.2)
    assert [path.name for path in tmp_path.glob("tidied")] == left_behind


@pytest.mark.usefixtures("default_signals")
def test_process_started_while_its_parent_is_killed_is_found(tmp_path: Path, pulse: Pulse) -> None:
    grow = 'if [ "$1" -lt 300 ]; then ./grow.sh $(($1 + 1)); else sleep 3; fi; :\n'
    script(tmp_path, "grow.sh", grow)
    first = script(tmp_path, "first.sh", "exec 9> pulse; echo >&9; ./grow.sh 1; :\n")
    command = [sys.executable, RUN, "x.log", first]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        pulse.wait_for_begin()
        process.terminate()
        assert process.wait(timeout=5) == 128 + signal.SIGTERM
    pulse.wait_for_end(0.2)


@pytest.mark.usefixtures("default_signals")
def test_signal_that_was_ignored_stays_ignored(tmp_path: Path, pulse: Pulse) -> None:
    job = script(tmp_path, "job.sh", "exec 9> pulse; echo >&9; sleep 0.3\n")
    command = ["bash", "-c", f"trap '' HUP; exec {sys.executable} {RUN} x.log {job}"]
    with subprocess.Popen(command, cwd=tmp_path) as process:
        pulse.wait_for_begin()
        process.send_signal(signal.SIGHUP)
        assert process.wait(timeout=5) == 0


def start_recipe(folder: Path, job: str, **environment: str) -> subprocess.Popen[str]:
    """Start a shell, in a process group of its own, that calls run.py and goes on after it."""
    script(folder, "job.sh", job)
    recipe = script(folder, "recipe.sh", f"{sys.executable} {RUN} x.log ./job.sh \\| cat\n:\n")
    return subprocess.Popen(
        recipe,
        cwd=folder,
        env={**os.environ, **environment},
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_nothing_outlives_the_process_group(tmp_path: Path, pulse: Pulse) -> None:
    with start_recipe(tmp_path, PULSE) as recipe:
        pulse.wait_for_begin()
        os.killpg(recipe.pid, signal.SIGKILL)
    pulse.wait_for_end(0.2)


def test_jobs_die_with_the_calling_shell_where_asked_to(tmp_path: Path, pulse: Pulse) -> None:
    with start_recipe(tmp_path, PULSE, DIAR_EXIT_WITH_PARENT="1") as recipe:
        pulse.wait_for_begin()
        recipe.kill()
        pulse.wait_for_end(1.0)
        assert recipe.stderr is not None
        # The end of the file comes when run.py, the last holder of the pipe, has exited.
        assert recipe.stderr.read() == "run.py: stopped: the calling process is gone\n"


def test_jobs_outlive_the_calling_shell_otherwise(tmp_path: Path, pulse: Pulse) -> None:
    job = "exec 9> pulse; echo >&9; sleep 0.4; touch finished\n"
    with start_recipe(tmp_path, job, DIAR_EXIT_WITH_PARENT="") as recipe:
        pulse.wait_for_begin()
        recipe.kill()
        assert recipe.stderr is not None
        assert recipe.stderr.read() == ""
    assert (tmp_path / "finished").exists()
    assert "# Ended (code 0)" in (tmp_path / "x.log").read_text()
