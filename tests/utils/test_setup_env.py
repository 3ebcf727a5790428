"""utils/setup_env.sh finds, checks and makes environments; what goes wrong is one clear line.

No real environment is made: programs that play Python stand first on PATH, or behind DIAR_PYTHON.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from recipe_tree import CHECKOUT, clean_environment

# A Python that works as the real one but for making environments ($FAKE_VENV), running pip ($FAKE_PIP) and compiling
# kernels ($FAKE_KERNELS), which fail with the text given, or play success: then .venv/bin/python is this program too.
# What is asked of it goes to `calls`.
FAKE_PYTHON = r"""#!/usr/bin/env bash
echo "$*" >>"@root@/calls"
case $1-$2 in
  *diar.kernels*)
    [ -z "$FAKE_KERNELS" ] || { printf '%b\n' "$FAKE_KERNELS" >&2; exit 1; } ;;
  -m-venv)
    [ -z "$FAKE_VENV" ] || { printf '%b\n' "$FAKE_VENV"; exit 1; }
    mkdir -p "$3/bin" && cp "${BASH_SOURCE[0]}" "$3/bin/python" ;;
  -m-pip)
    [ -z "$FAKE_PIP" ] || { printf '%b\n' "$FAKE_PIP" >&2; exit 1; } ;;
  *) exec "@python@" "$@" ;;
esac
"""
OLD_PYTHON = """#!/bin/sh
case $1 in
  --version) echo Python 3.8.1 ;;
  *) exit 1 ;;
esac
"""


@dataclass(frozen=True)
class Root:
    """The root of a toolkit without an environment, and a folder of programs that comes first on PATH."""

    folder: Path
    programs: Path

    def program(self, name: str, text: str) -> Path:
        path = self.programs / name
        path.write_text(text.replace("@root@", str(self.folder)).replace("@python@", sys.executable))
        path.chmod(0o755)
        return path

    def setup(self, *extras: str, code: int = 0, **environment: str) -> tuple[str, list[str]]:
        """Run it: stdout without its newline, and the lines of stderr."""
        done = subprocess.run(
            [str(self.folder / "utils" / "setup_env.sh"), *extras],
            env=clean_environment(PATH=f"{self.programs}:{os.environ['PATH']}") | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == code, done.stdout + done.stderr
        if code:
            assert done.stdout == ""
        assert "Traceback" not in done.stderr
        return done.stdout.removesuffix("\n"), done.stderr.splitlines()

    def calls(self, word: str) -> int:
        """How often the fake Python was asked for something with this word."""
        calls = self.folder / "calls"
        return sum(word in line for line in calls.read_text().splitlines()) if calls.exists() else 0


@pytest.fixture
def root(tmp_path) -> Root:
    folder, programs = tmp_path / "the root", tmp_path / "programs"
    folder.mkdir()
    programs.mkdir()
    shutil.copytree(CHECKOUT / "utils", folder / "utils")
    shutil.copytree(CHECKOUT / "requirements", folder / "requirements")
    shutil.copy(CHECKOUT / "setup.py", folder)
    for name in ("diar", "local"):
        (folder / name).symlink_to(CHECKOUT / name)
    return Root(folder, programs)


# ---- environments of the user --------------------------------------------------------------------------------------


def test_diar_python_is_used_and_checked_once(root):
    python = root.program("mypython", FAKE_PYTHON)
    programs, lines = root.setup(DIAR_PYTHON=str(python))
    assert lines == ["setup: compiling kernels (once)"] and root.calls("diar.kernels") == 1
    for name in ("python", "python3"):
        shown = subprocess.run([f"{programs}/{name}", "-c", "print('a b', 7)"], capture_output=True, text=True)
        assert shown.stdout == "a b 7\n"
    assert root.calls("print('a b', 7)") == 2  # these are that Python
    assert not (root.folder / ".venv").exists() and root.calls("venv") == 0

    started = time.monotonic()
    assert root.setup(DIAR_PYTHON=str(python)) == (programs, [])
    assert time.monotonic() - started < 1
    assert root.calls("diar.kernels") == 1


def test_diar_python_may_be_a_name_on_path(root):
    root.program("mypython", FAKE_PYTHON)
    programs, _ = root.setup(DIAR_PYTHON="mypython")
    assert Path(programs, "python").exists() and root.calls("diar.kernels") == 1


def test_diar_python_that_is_no_program(root):
    _, (line,) = root.setup(DIAR_PYTHON="/nowhere/python", code=1)
    assert line == "setup: DIAR_PYTHON: found '/nowhere/python', no such program; wanted a Python 3.11 or newer"


def test_diar_python_that_is_too_old(root):
    _, (line,) = root.setup(DIAR_PYTHON=str(root.program("old", OLD_PYTHON)), code=1)
    assert line == "setup: DIAR_PYTHON: Python 3.8.1 is too old; wanted Python 3.11 or newer"
    assert not (root.folder / ".python").exists()


def test_diar_python_that_lacks_modules(root):
    bare = root.program("bare", f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n')  # without site-packages
    _, (line,) = root.setup("tests", DIAR_PYTHON=str(bare), code=1)
    assert line.startswith("setup: DIAR_PYTHON lacks numpy scipy numba kaldiio ") and " pytest " in line
    assert "-m pip install -c " in line and "[tests]" in line and "unset DIAR_PYTHON" in line


def test_kernels_that_do_not_compile(root):
    python = str(root.program("mypython", FAKE_PYTHON))
    for _ in range(2):  # the second run tries again
        _, lines = root.setup(DIAR_PYTHON=python, FAKE_KERNELS="no compiler", code=1)
        assert lines[1] == "no compiler" and lines[2].startswith("setup: the kernels do not compile with ")
    root.setup(DIAR_PYTHON=python)


def test_an_active_environment_is_respected(root, tmp_path):
    active = tmp_path / "active"
    (active / "bin").mkdir(parents=True)
    shutil.move(root.program("python", FAKE_PYTHON), active / "bin" / "python")
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        programs, _ = root.setup(**{variable: str(active)})
        shown = subprocess.run([f"{programs}/python", "-c", "pass"], capture_output=True, check=True)
        assert shown.stdout == b""
    assert root.calls("venv") == 0 and root.calls("pip") == 0 and root.calls("diar.kernels") == 1
    assert not (root.folder / ".venv").exists()


def test_an_active_environment_that_is_gone(root, tmp_path):
    _, (line,) = root.setup(VIRTUAL_ENV=str(tmp_path / "gone"), code=1)
    assert f"the active environment {tmp_path}/gone: {tmp_path}/gone/bin/python is not a program" in line


def test_an_unknown_extra(root):
    _, lines = root.setup("music", code=1)
    assert lines[0] == "setup: unknown extra 'music'; wanted tests, lint, nets, figures, sift, browser or completion"


# ---- .venv ---------------------------------------------------------------------------------------------------------


def test_venv_is_made_once(root):
    root.program("python3", FAKE_PYTHON)
    programs, lines = root.setup()
    assert programs == str(root.folder / ".venv" / "bin")
    assert lines[0].startswith("setup: making .venv with Python 3.") and lines[1] == "setup: compiling kernels (once)"
    calls = (root.folder / "calls").read_text()
    assert f"-c {root.folder}/requirements/lock.txt -e {root.folder}\n" in calls

    started = time.monotonic()
    assert root.setup() == (programs, [])
    assert time.monotonic() - started < 1
    assert (root.calls("-m venv"), root.calls("-m pip"), root.calls("diar.kernels")) == (1, 1, 1)


@pytest.mark.parametrize("broken", ["no stamp", "no python", "python without modules"])
def test_a_broken_venv_is_made_again(root, broken):
    root.program("python3", FAKE_PYTHON)
    root.setup()
    venv = root.folder / ".venv"
    (venv / "rubbish").touch()
    if broken == "no stamp":  # as a run that was stopped leaves it
        (venv / "complete").unlink()
    elif broken == "no python":
        (venv / "bin" / "python").unlink()
    else:
        (venv / "bin" / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n')
    _, lines = root.setup()
    assert lines[0].startswith("setup: making .venv")
    assert root.calls("-m venv") == 2 and not (venv / "rubbish").exists()
    assert root.setup()[1] == []


def test_other_requirements_are_installed(root):
    root.program("python3", FAKE_PYTHON)
    root.setup()
    with (root.folder / "requirements" / "lock.txt").open("a") as lock:
        lock.write("another==1.0\n")
    root.setup()
    assert root.calls("-m pip") == 2
    root.setup()
    assert root.calls("-m pip") == 2


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        (
            {"FAKE_VENV": "The virtual environment was not created: ensurepip is not available."},
            "-m venv' failed: The virtual environment was not created: ensurepip is not available.; "
            "if the venv module is missing, install it (Debian and Ubuntu: apt-get install python3-venv)",
        ),
        ({"FAKE_VENV": "/usr/bin/python3: No module named venv"}, "apt-get install python3-venv"),
        (
            {"FAKE_VENV": "Error: [Errno 28] No space left on device: '/x/.venv'"},
            "setup: no space left on the device; free some",
        ),
        (
            {
                "FAKE_PIP": "Collecting numpy\\nERROR: Could not install packages due to an OSError: "
                "[Errno 28] No space left on device"
            },
            "setup: no space left on the device; free some",
        ),
        (
            {
                "FAKE_PIP": "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError: "
                "Failed to establish a new connection: [Errno 101] Network is unreachable'\\n"
                "ERROR: Could not find a version that satisfies the requirement numpy (from versions: none)\\n"
                "ERROR: No matching distribution found for numpy"
            },
            "setup: packages cannot be fetched: is there a network? ERROR: No matching distribution found for numpy",
        ),
        (
            {
                "FAKE_PIP": "WARNING: Retrying after connection broken by 'NameResolutionError: Failed to resolve "
                "packages.example'"
            },
            "setup: packages cannot be fetched: is there a network?",
        ),
        ({"FAKE_PIP": "ERROR: Failed building wheel for numba"}, "pip failed: ERROR: Failed building wheel for numba"),
        ({"FAKE_PIP": "killed"}, "setup: pip failed: killed; all of it: "),
    ],
)
def test_an_environment_that_cannot_be_made(root, environment, message):
    root.program("python3", FAKE_PYTHON)
    _, (first, line) = root.setup(**environment, code=1)
    assert first.startswith("setup: making .venv with Python 3.")
    assert line.startswith("setup: ") and message in line
    programs, lines = root.setup()  # the cause is gone
    assert lines[0].startswith("setup: making .venv") and Path(programs, "python").exists()


def test_no_python_that_is_new_enough(root):
    for name in ("python3", "python3.14", "python3.13", "python3.12", "python3.11", "python"):
        root.program(name, OLD_PYTHON)
    _, (line,) = root.setup(code=1)
    assert line == "setup: found Python 3.8.1; wanted Python 3.11 or newer; install one, or set DIAR_PYTHON to one"


def test_a_newer_python_under_another_name_is_found(root):
    root.program("python3", OLD_PYTHON)
    root.program("python3.14", FAKE_PYTHON)
    root.setup()
    assert root.calls("-m venv") == 1


def test_two_at_once_make_one_venv(root):
    if not shutil.which("flock"):
        pytest.skip("without flock nothing makes the second wait")
    slow = FAKE_PYTHON.replace("  -m-pip)\n", "  -m-pip)\n    sleep 0.5\n")
    root.program("python3", slow)
    command = [str(root.folder / "utils" / "setup_env.sh")]
    environment = clean_environment(PATH=f"{root.programs}:{os.environ['PATH']}")
    both = [
        subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert [process.wait(60) for process in both] == [0, 0]
    assert root.calls("-m venv") == 1 and root.calls("-m pip") == 1
