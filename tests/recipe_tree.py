"""A tree in which recipes may write, and small recordings to run them on.

A recipe writes into ``egs/<x>/data`` and ``egs/<x>/exp``; tests must not touch those of the checkout. ``Tree`` is a
folder with links to the checkout's programs and copies of its ``egs``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

CHECKOUT = Path(__file__).parents[1]
LINKED = ("diar", "local", "path.sh", "requirements", "setup.py", "steps", "utils")
OURS = ("DIAR_", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "LC_ALL")
RESULTS = (".ark", ".scp", ".rttm", ".json", ".txt")
RATE = 16000


def clean_environment(**settings: str) -> dict[str, str]:
    """The environment of a user who has set up nothing, and ``settings``."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)} | settings


# ---- trees and recipes ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """How a program ended, and what it printed: stdout and stderr as the console shows them."""

    code: int
    console: str

    @property
    def lines(self) -> list[str]:
        return self.console.splitlines()

    def naming(self, *parts: str) -> list[str]:
        """The lines that hold all ``parts``."""
        return [line for line in self.lines if all(part in line for part in parts)]


@dataclass(frozen=True)
class Recipe:
    """A folder ``egs/<x>`` of a tree."""

    folder: Path

    def run(
        self,
        *options: object,
        code: int = 0,
        cwd: Path | None = None,
        before: Sequence[str] = (),
        program: str = "run.sh",
        **environment: str,
    ) -> Run:
        """Run ``run.sh``, or another program of the folder, to its end.

        It must exit with ``code`` and print no traceback, there or in its logs.

        ``before`` are words in front of the command: a program that runs it in some special way.
        """
        done = subprocess.run(
            [*before, str(self.folder / program), *map(str, options)],
            cwd=cwd or self.folder,
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        assert done.returncode == code, done.stdout
        for text in (done.stdout, *(log.read_text() for log in self.folder.glob("exp/*/*/log/*.log"))):
            assert "Traceback" not in text, text
        assert "unbound variable" not in done.stdout and "command not found" not in done.stdout, done.stdout
        return Run(done.returncode, done.stdout)

    @staticmethod
    def environment(**settings: str) -> dict[str, str]:
        """The environment that ``run`` runs in."""
        return clean_environment(**({"DIAR_PYTHON": sys.executable} | settings))

    def copy(self, name: str) -> Recipe:
        """Another recipe folder with the same content, data and results included."""
        return Recipe(shutil.copytree(self.folder, self.folder.parent / name, symlinks=True))

    def exp(self, *parts: str, set: str = "eval") -> Path:
        return self.folder.joinpath("exp", set, *parts)

    def results(self, *suffixes: str) -> dict[str, bytes]:
        """The bytes of every archive, table, RTTM, JSON and score file of stages 1 to 8, by path."""
        files = sorted(path for path in self.folder.glob("exp/**/*") if path.suffix in (suffixes or RESULTS))
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in files if not path.is_symlink()}

    def files(self) -> dict[str, bytes]:
        """The bytes of every file of data and exp but logs, by path."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for top in ("data", "exp")
            for path in self.folder.glob(f"{top}/**/*")
            if path.is_file() and path.suffix != ".log"
        }

    def leftovers(self) -> list[Path]:
        """Temporary files."""
        return [path for path in self.folder.glob("**/.*") if path.is_file() or path.is_symlink()]


class Tree:
    """The toolkit under ``root``, as links; the recipe ``own`` is there, others are made on demand."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True)
        for name in LINKED:
            (root / name).symlink_to(CHECKOUT / name)
        (CHECKOUT / ".python").mkdir(exist_ok=True)  # remembers that the kernels are compiled
        (root / ".python").symlink_to(CHECKOUT / ".python")
        shutil.copytree(
            CHECKOUT / "egs", root / "egs", symlinks=True, ignore=shutil.ignore_patterns("data", "exp", "RESULTS.md")
        )

    def set_up(self) -> Tree:
        """Check the environment and compile the kernels, so that no run of a recipe says so."""
        command = [str(self.root / "utils" / "setup_env.sh")]
        subprocess.run(command, env=Recipe.environment(), check=True, capture_output=True, timeout=120)
        return self

    def recipe(self, name: str, like: str = "own") -> Recipe:
        """The recipe ``name``, made as a copy of ``like`` if it is not there."""
        folder = self.root / "egs" / name
        return Recipe(folder) if folder.exists() else Recipe(self.root / "egs" / like).copy(name)


# ---- recordings ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Voice:
    """Pitch and mean formants in Hz."""

    f0: float
    formants: tuple[float, float, float]


VOICES = {
    "ann": Voice(210.0, (850.0, 1900.0, 3100.0)),
    "bob": Voice(105.0, (480.0, 1100.0, 2300.0)),
    "cat": Voice(155.0, (650.0, 2500.0, 3600.0)),
}
Turns = Sequence[tuple[float, float, str]]  # start, end, speaker


def take_turns(speakers: Iterable[str], seconds: float = 4.0, pause: float = 0.8) -> list[tuple[float, float, str]]:
    """A turn for each of ``speakers``, one after the other, with pauses between, before and behind them."""
    step = seconds + pause
    return [(pause + k * step, (k + 1) * step, speaker) for k, speaker in enumerate(speakers)]


def talk(turns: Turns, seed: int = 0, rate: int = RATE) -> NDArray[np.float64]:
    """A signal in which each turn is voiced: harmonics below moving formants, syllables four times a second."""
    rng = np.random.default_rng(seed)
    length = round(rate * (max(end for _, end, _ in turns) + 0.5))
    signal = 1e-4 * rng.standard_normal(length)
    for start, end, speaker in turns:
        voice = VOICES[speaker]
        time = np.arange(round(rate * (end - start))) / rate
        wobble = [np.sin(2 * np.pi * rate_hz * time + rng.uniform(0, 6)) for rate_hz in (0.7, 1.9, 2.7, 1.3)]
        f0 = voice.f0 * (1 + 0.08 * wobble[0])
        phase = 2 * np.pi * np.cumsum(f0) / rate
        formants = [mean * (1 + 0.2 * move) for mean, move in zip(voice.formants, wobble[1:], strict=True)]
        voiced = np.zeros(len(time))
        for harmonic in range(1, int(0.45 * rate / voice.f0)):
            gain = sum(1 / (1 + ((harmonic * f0 - formant) / 90) ** 2) for formant in formants)
            voiced += gain * np.cos(harmonic * phase)
        syllables = np.clip(0.55 - 0.55 * np.cos(2 * np.pi * 4.1 * time), 0.05, 1)
        at = round(rate * start)
        signal[at : at + len(time)] += 0.08 * syllables * voiced
    return np.clip(signal, -0.99, 0.99)


def rttm(recording: str, turns: Turns) -> str:
    """The turns as RTTM lines."""
    return "".join(
        f"SPEAKER {recording} 1 {start:.3f} {end - start:.3f} <NA> <NA> {speaker} <NA> <NA>\n"
        for start, end, speaker in turns
    )


def write_audio(path: Path, signal: NDArray[np.float64], rate: int = RATE, **settings: str) -> Path:
    """Write audio in the format of the suffix, with the folders it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    settings = {"subtype": "PCM_16"} | settings
    if path.suffix == ".sph":
        settings = {"format": "NIST"} | settings
    soundfile.write(path, signal, rate, **settings)
    return path
