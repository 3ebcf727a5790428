#!/usr/bin/env python3
"""Run a command, or numbered copies of it in parallel, on this machine (Kaldi's run.pl).

usage: run.py [--max-jobs-run N] [JOB=1:n] <log> <command> <argument>...

    run.py exp/log/train.log train.py --dim 19 \\| tee model.txt
    run.py --mem 4G JOB=1:8 exp/log/JOB.log steps/wav_to_feats.py --share JOB/8 data exp

Every JOB in the command and in the log's name becomes the job's number; the variable may have
another name (X=2:5) and a single value (X=3). At most N jobs (--max-jobs-run N, or -tc N; default:
the usable CPUs) run at once. Options meant for clusters, such as --mem 4G, are ignored.

The words are joined to one bash command. A word without blanks goes in as it is, so that '|', '>',
'2>&1' and '$[JOB-1]' mean to bash what they say; one with blanks is put in double quotes, or in
single quotes where it holds a double quote. A pipe fails where its last command fails.

Exit status: 0 where all jobs succeeded, 1 where one failed, 128 + n after signal n. With
DIAR_EXIT_WITH_PARENT=1 in the environment, the jobs are killed when the calling process dies.
"""

import os
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.1  # how soon the death of the calling process is noticed
GRACE_SECONDS = 1.0  # what jobs get between SIGTERM and SIGKILL
EXCERPT_BYTES = 1000  # how much of a log's end is searched for its last line
SIGNAL_NAMES = {int(known): known.name for known in signal.Signals}


class UsageError(Exception):
    """The command line of run.py itself is wrong; the message is one line."""


class Interrupted(Exception):
    """All jobs must stop before they are done."""

    def __init__(self, reason: str, signal_number: int, grace_seconds: float) -> None:
        super().__init__(reason)
        self.status = 128 + signal_number
        self.grace_seconds = grace_seconds


class Job:
    """One bash command and the log that receives all that it prints."""

    process: subprocess.Popen[bytes]  # from here on: set by start()
    head_size: int
    started: float

    def __init__(self, command: str, log: Path) -> None:
        self.command = command
        self.log = log
        self.status = 0
        self.last_line = ""

    def start(self) -> None:
        """Write the head of the log and start the command.

        bash replaces itself by a command without operators, whose parent is then run.py: a step
        that watches its parent sees run.py die.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        head = os.fsencode(f"# {self.command}\n# Started at {date()}\n#\n")
        self.log.write_bytes(head)
        self.head_size = len(head)
        self.started = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["bash", "-c", self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def has_ended(self) -> bool:
        """Tell whether the command has ended; if so, keep how, and write the tail of the log."""
        code = self.process.poll()
        if code is None:
            return False
        # bash gives 128 + n for a command that signal n killed; Popen gives -n where it was bash
        # itself, or what it had replaced itself by. A log tells both in the same way.
        self.status = code if code >= 0 else 128 - code
        if self.status != 0:
            self.last_line = self._find_last_line()
        seconds = round(time.monotonic() - self.started)
        with self.log.open("a") as log:
            log.write(f"# Accounting: time={seconds} threads=1\n")
            log.write(f"# Ended (code {self.status}) at {date()}, ")
            log.write(f"elapsed time {seconds} seconds\n")
        return True

    def _find_last_line(self) -> str:
        """Return the last line that the command printed, '' where it printed none."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(self.head_size, log.seek(0, os.SEEK_END) - EXCERPT_BYTES))
                lines = log.read().decode(errors="replace").split("\n")
        except OSError:  # not a plain file, or the command removed it
            return ""
        # A progress bar returns to the start of its line: only its last state counts.
        shown = [line.rstrip().rpartition("\r")[2] for line in lines]
        return next((line for line in reversed(shown) if line.strip()), "")

    def explain(self) -> str:
        """Say in one line why the job failed."""
        killer = SIGNAL_NAMES.get(self.status - 128)
        if killer is None:
            return self.last_line or f"exit code {self.status} without a word"
        hint = " (out of memory?)" if killer == "SIGKILL" else ""
        return f"killed by {killer}{hint}" + (f": {self.last_line}" if self.last_line else "")


@dataclass(frozen=True)
class Request:
    """What the command line asks for; `name` is the job variable, '' for a job without number."""

    max_jobs_run: int
    name: str
    numbers: range
    log: str
    words: Sequence[str]

    def jobs(self) -> list[Job]:
        """Return the jobs, each with its number put in."""
        command = " ".join(quote(word) for word in self.words)
        if not self.name:
            return [Job(command, Path(self.log))]
        return [
            Job(command.replace(self.name, str(i)), Path(self.log.replace(self.name, str(i))))
            for i in self.numbers
        ]


def quote(word: str) -> str:
    """Quote a word of the command as run.pl does: see the top of this file.

    The one difference: a word that holds blanks and both kinds of quotes stays one word too.
    """
    if re.fullmatch(r"\S+", word):
        return word
    return shlex.quote(word) if '"' in word else f'"{word}"'


def parse(words: Sequence[str]) -> Request:
    """Read run.py's own command line; UsageError where it is wrong."""
    rest = deque(words)
    limits: list[int] = []
    name, numbers = "", range(1, 2)
    while rest and (rest[0].startswith("-") or re.fullmatch(r"\w+=[^/]*", rest[0])):
        if rest[0].startswith("-"):
            option, value = take_option(rest)
            if option in ("--max-jobs-run", "-tc"):
                limits.append(parse_limit(option, value))
        elif name:
            raise UsageError(f"{rest[0]}: the jobs are already numbered by {name}")
        else:
            name, numbers = parse_job_range(rest.popleft())
    if len(rest) < 2:
        raise UsageError("usage: run.py [options] [JOB=1:n] <log> <command> <argument>...")
    log = rest.popleft()
    if len(numbers) > 1 and name not in log:
        raise UsageError(f"{log}: {len(numbers)} jobs cannot share one log; put {name} in its name")
    return Request(min(limits, default=usable_cpus()), name, numbers, log, tuple(rest))


def take_option(rest: deque[str]) -> tuple[str, str]:
    """Take an option and its value off the front of the words."""
    option = rest.popleft()
    if option == "-V":  # Grid Engine's: the only option without a value
        return option, ""
    if option.startswith("--") and "=" in option:
        option, _, value = option.partition("=")
        return option, value
    for _ in range(2 if option == "-pe" else 1):  # as in "-pe smp 4"
        if not rest or rest[0].startswith("--"):
            raise UsageError(f"option {option} lacks its value")
        value = rest.popleft()
    return option, value


def parse_limit(option: str, value: str) -> int:
    """Read the value of --max-jobs-run."""
    if not re.fullmatch(r"0*[1-9][0-9]*", value):
        raise UsageError(f"{option} {value}: wanted a number of jobs, 1 or more")
    return int(value)


def parse_job_range(word: str) -> tuple[str, range]:
    """Split JOB=1:4, or JOB=3, into the variable's name and the job numbers."""
    match = re.fullmatch(r"([A-Za-z_]\w*)=([0-9]+)(?::([0-9]+))?", word)
    if match:
        first, last = int(match[2]), int(match[3] or match[2])
        if 1 <= first <= last:
            return match[1], range(first, last + 1)
    raise UsageError(f"{word}: wanted a range of jobs such as JOB=1:4, from 1 or more upwards")


def usable_cpus() -> int:
    """Count the CPUs that this process may use; macOS can only tell how many there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def date() -> str:
    """Return the time as the program `date` prints it."""
    return time.strftime("%a %b %e %H:%M:%S %Z %Y")


def run_all(jobs: Iterable[Job], max_jobs_run: int, parent: int | None) -> None:
    """Run the jobs, at most `max_jobs_run` at once; all of them, even where one fails.

    `parent` is the process whose death ends the run, None for no such process. Raises Interrupted
    for that and for a signal. However this function is left, no job is left running.
    """
    wake = listen()
    waiting = deque(jobs)
    running: list[Job] = []
    grace_seconds = 0.0
    try:
        while waiting or running:
            while waiting and len(running) < max_jobs_run:
                waiting[0].start()
                running.append(waiting.popleft())
            wait_for_news(wake, parent)
            running = [job for job in running if not job.has_ended()]
    except Interrupted as interruption:
        grace_seconds = interruption.grace_seconds
        raise
    finally:
        alive = {job.process.pid for job in running if job.process.returncode is None}
        stop(alive, grace_seconds)


def listen() -> int:
    """Let SIGCHLD and the signals that end a run be read from a pipe; return its reading end.

    A signal that is ignored stays ignored: nohup does so with SIGHUP, a shell's `&` with SIGINT.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return reading


def wait_for_news(wake: int, parent: int | None) -> None:
    """Sleep until a job ends, a short while at most; raise Interrupted where the run must end."""
    if select.select([wake], [], [], POLL_SECONDS)[0]:
        for number in os.read(wake, select.PIPE_BUF):
            if number != signal.SIGCHLD:
                raise Interrupted(f"stopped by {SIGNAL_NAMES[number]}", number, GRACE_SECONDS)
    if parent is not None and os.getppid() != parent:
        raise Interrupted("stopped: the calling process is gone", signal.SIGHUP, 0.0)


def stop(roots: set[int], grace_seconds: float) -> None:
    """End the processes and all their descendants: SIGTERM first, SIGKILL after the grace."""
    left = freeze(roots)
    if grace_seconds > 0:
        send(signal.SIGTERM, left)
        send(signal.SIGCONT, left)
        deadline = time.monotonic() + grace_seconds
        while left and time.monotonic() < deadline:
            time.sleep(0.02)
            left = {pid for pid in send(0, left) if look_up(pid)[0] != "Z"}
        left = freeze(left)
    send(signal.SIGKILL, left)


def freeze(roots: set[int]) -> set[int]:
    """Hold the processes and all their descendants with SIGSTOP; return them all.

    One that is held starts no further process. Without that, one started between the look at the
    descendants and the signal to its parent would be missed, and could not be found any more.
    """
    frozen: set[int] = set()
    while fresh := family(roots | frozen) - frozen:
        send(signal.SIGSTOP, fresh)
        frozen |= fresh
    return frozen


def family(roots: set[int]) -> set[int]:
    """Return the processes and all their descendants; without /proc, only the processes."""
    pids = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    parents = {pid: look_up(pid)[1] for pid in pids}
    members = set(roots)
    while children := {pid for pid, parent in parents.items() if parent in members} - members:
        members |= children
    return members


def look_up(pid: int) -> tuple[str, int]:
    """Return a process's state ('Z': a zombie) and its parent; ('', 0) where nothing is known."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return "", 0
    # "pid (name) state parent ...", where the name may hold blanks and brackets
    state, parent = stat.rpartition(")")[2].split()[:2]
    return state, int(parent)


def send(number: int, pids: Iterable[int]) -> set[int]:
    """Send a signal (0 sends none) to the processes; return those that were there to get it."""
    reached = set()
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue
        reached.add(pid)
    return reached


def report(jobs: Sequence[Job]) -> int:
    """Say on stderr how many jobs failed, and why the first of them did; return the exit status."""
    failed = [job for job in jobs if job.status != 0]
    if not failed:
        return 0
    what = "job failed, log is in"
    if len(jobs) > 1:
        what = f"{len(failed)} / {len(jobs)} failed, first log is"
    print(f"run.py: {what} {failed[0].log}: {failed[0].explain()}", file=sys.stderr)
    return 1


def main(words: list[str]) -> int:
    """Do what the command line asks for; return the exit status."""
    parent = os.getppid() if os.environ.get("DIAR_EXIT_WITH_PARENT") == "1" else None
    host, _, recipe = os.environ.get("DIAR_RECIPE", "").rpartition(":")
    if parent == 1 and recipe.isdecimal() and host == os.uname().nodename:
        return 1  # the recipe that called was killed before we came here
    if words in (["--help"], ["-h"]):
        print(__doc__, end="")
        return 0
    try:
        request = parse(words)
        jobs = request.jobs()
        run_all(jobs, request.max_jobs_run, parent)
    except (UsageError, Interrupted) as error:
        print(f"run.py: {error}", file=sys.stderr)
        return error.status if isinstance(error, Interrupted) else 1
    except OSError as error:  # such as a log that cannot be written, or (nameless) a full disk
        print(f"run.py: {error.filename or 'a log'}: {error.strerror}", file=sys.stderr)
        return 1
    return report(jobs)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
