"""Processor seconds and memory of a program as a whole process."""

import statistics
import subprocess
import sys
from pathlib import Path

STEPS = Path(__file__).resolve().parent.parent / "steps"

# a small process in between, since a child's memory counts from that of its parent on
_MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
unit = 1 if sys.platform == "darwin" else 1024
print(used.ru_utime + used.ru_stime, used.ru_maxrss * unit / 2**20)
"""


def measured(command: list[object], runs: int, folder: Path | None = None) -> tuple[float, float]:
    """Median processor seconds of a command in ``folder``, after a run that is not counted, and its most memory in MB.

    With a single run, that is the one.
    """
    words = [sys.executable, "-c", _MEASURED, sys.executable, *map(str, command)]
    figures = []
    for _ in range(runs + (runs > 1)):
        done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, cwd=folder)
        figures.append([float(figure) for figure in done.stdout.split()])
    seconds, memory = zip(*figures[int(runs > 1) :], strict=True)
    return statistics.median(seconds), max(memory)
