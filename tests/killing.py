"""Recipes in sessions of their own, to be killed, and what still lives of them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from recipe_tree import Recipe

MARK = "DIAR_TEST_RUN"


def processes(mark: str) -> list[str]:
    """The command lines of living processes with this mark in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
            if state != "Z" and f"{MARK}={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_text(errors="replace").replace("\0", " "))
    return found


def wait_for_end(session: int, mark: str) -> list[str]:
    """Wait until no process with this mark lives; those that still do after two seconds, which are killed then."""
    deadline = time.monotonic() + 2
    while (alive := processes(mark)) and time.monotonic() < deadline:
        time.sleep(0.05)
    if alive:  # let no test disturb the next
        with suppress(ProcessLookupError):
            os.killpg(session, signal.SIGKILL)
    return alive


def start(recipe: Recipe, mark: str, *options: str) -> subprocess.Popen[bytes]:
    """Start the recipe in a session of its own."""
    return subprocess.Popen(
        [str(recipe.folder / "run.sh"), *options],
        cwd=recipe.folder,
        env=recipe.environment(**{MARK: mark}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
