"""What the documentation's commands are run in: a tree of the toolkit with small stand-ins for all files they name."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ami_tree import FakeAmi
from fork_server import ForkServer
from nist_release import DEV, EVAL, FakeRelease
from recipe_tree import CHECKOUT, Recipe, Tree, Turns, clean_environment, rttm, take_turns, talk, write_audio

FENCE = re.compile(
    r"(?:^<!-- not run: (?P<mark>.*?) -->\n+)?^```(?P<language>\S*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)
SECONDS = 120  # the most that a block may take
COPIED = ("diar", "steps", "tests", "pyproject.toml")  # beside what recipes want, where a page changes the toolkit
# so that networks learn in seconds; the defaults of everything else are the toolkit's
SHORT_TRAININGS = {
    "sae": "--pretrain-epochs=1\n--finetune-epochs=1\n--hidden=32\n",
    "dec": "--max-intervals=1\n--kmeans-starts=2\n",
}


@dataclass(frozen=True)
class Block:
    """A fenced block of a page. ``mark`` says why it, or the commands that it quotes, are not run; or is empty."""

    page: Path
    number: int
    language: str
    code: str
    mark: str

    @property
    def reason(self) -> str:
        """The mark without the quoted commands."""
        return re.sub(r"`[^`]*`,?", "", self.mark).strip(" :")

    def is_run(self, command: str) -> bool:
        quoted = re.findall(r"`([^`]*)`", self.mark)
        return not (command.startswith(tuple(quoted)) if quoted else self.mark)

    @property
    def commands(self) -> list[str]:
        """The commands of a shell's block, one for each line that does not go on a line before."""
        lines = self.code.replace("\\\n", " ").splitlines()
        return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]

    @property
    def script(self) -> str:
        """The commands that are run, line for line as they are printed."""
        printed = re.split(r"(?<!\\)\n", self.code)
        return "\n".join(line for line in printed if self.is_run(line.strip()))

    @property
    def target(self) -> str:
        """The file that a block of code stands for: what its first line, a comment, names."""
        found = re.match(r"# (\S+/\S+\.(?:py|sh|conf))$", self.code.partition("\n")[0])
        return found[1] if found else ""


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page."""
    found = FENCE.finditer(page.read_text(encoding="utf-8"))
    return [Block(page, k, m["language"], m["code"], m["mark"] or "") for k, m in enumerate(found, 1)]


class DocsTree:
    """A tree, its stand-ins, and a ``diar`` and a ``python`` on the PATH. Blocks begin in its root."""

    def __init__(self, root: Path, server: ForkServer) -> None:
        self.root, self.bin = root, root / "bin"
        self.own = Tree(root).recipe("own")
        self.environment = clean_environment(DIAR_PYTHON=str(server.python), LC_ALL="C")
        self.environment["PATH"] = f"{self.bin}{os.pathsep}{self.environment['PATH']}"
        self._programs(server.python)
        for name, flags in SHORT_TRAININGS.items():
            with (root / "egs" / "rt04" / "conf" / f"{name}.conf").open("a") as conf:
                conf.write(flags)
        recordings(root)
        corpora(root / "egs")
        self.run(f"cd {self.own.folder}; ./run.sh --corpus my_meetings --stop-stage 6")

    def _programs(self, python: Path) -> None:
        self.bin.mkdir()
        for name in ("python", "python3"):
            (self.bin / name).symlink_to(python)
        for name in ("run.pl", "slurm.pl", "queue.pl"):  # Kaldi's, whose contract run.py keeps
            (self.bin / name).symlink_to(CHECKOUT / "utils" / "run.py")
        (self.bin / "diar").write_text(f'#!/bin/sh\nPYTHONPATH={self.root} exec "{python}" -m diar "$@"\n')
        (self.bin / "diar").chmod(0o755)

    def copy(self, root: Path) -> DocsTree:
        """A tree of its own, without links to the checkout, and with the plain Python, which knows what is changed."""
        copy = DocsTree.__new__(DocsTree)
        shutil.copytree(self.root, root, symlinks=True, ignore=shutil.ignore_patterns("bin", "LibriSpeech", ".python"))
        for name in COPIED:
            (root / name).unlink(missing_ok=True)
            if (CHECKOUT / name).is_dir():
                shutil.copytree(CHECKOUT / name, root / name)  # with the compiled kernels
            else:
                shutil.copy2(CHECKOUT / name, root / name)
        copy.root, copy.bin, copy.own = root, root / "bin", Recipe(root / "egs" / "own")
        copy.environment = Recipe.environment()
        return copy

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run commands in bash from the root of the tree; the first that fails ends them."""
        return subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )


# ---- stand-ins -----------------------------------------------------------------------------------------------------


def recordings(root: Path) -> None:
    """What is not a corpus: a meeting, its turns in several formats, a few meetings with references."""
    turns = take_turns(["ann", "bob", "ann", "bob"], 2.4, 0.5)
    write_audio(root / "meeting.wav", talk(turns))
    for name in ("ref", "hyp", "other"):
        (root / f"{name}.rttm").write_text(rttm("meeting", turns))
    (root / "all.uem").write_text("meeting 1 0.0 11.5\n")
    (root / "my_rttms").mkdir()
    (root / "my_rttms" / "talk.rttm").write_text(rttm("talk", take_turns(["ann", "bob", "cat", "bob"] * 5)))
    (root / "labels").mkdir()
    (root / "labels" / "meeting.lab").write_text("0.5 2.9 ann\n3.4 5.8 bob\n")
    utterances = root / "LibriSpeech" / "test-clean"
    for number, speaker in enumerate(("ann", "bob", "cat")):
        for chapter in range(2):
            signal = talk(take_turns([speaker] * 2, 3.0, 0.1), seed=10 * number + chapter)
            write_audio(utterances / f"{number}" / f"{chapter}" / f"{number}-{chapter}.flac", signal)
    folder(root / "meetings", {"monday": turns, "tuesday": turns})
    meetings = folder(root / "egs" / "own" / "my_meetings", {"monday": turns}, "rttm")
    two_microphones = np.stack([talk(turns), np.roll(talk(turns), 8)], axis=1)
    write_audio(meetings.parent / "array_meetings" / "monday.wav", two_microphones)
    (meetings.parent / "my_segments").write_text(
        "monday-a monday 0.5 2.9\nmonday-b monday 3.4 11.6\n"
    )


def folder(root: Path, meetings: dict[str, Turns], references: str = "", audio: str = "", uem: str = "") -> Path:
    """Recordings, in ``audio`` below ``root``, with their RTTM and UEM where these have a folder."""
    for number, (name, turns) in enumerate(meetings.items()):
        write_audio(root / audio / f"{name}.wav", talk(turns, number))
        if references:
            (root / references).mkdir(exist_ok=True)
            (root / references / f"{name}.rttm").write_text(rttm(name, turns))
        if uem:
            (root / uem).parent.mkdir(parents=True, exist_ok=True)
            with (root / uem).open("a") as stream:
                stream.write(f"{name} 1 0.0 {max(end for _, end, _ in turns)}\n")
    return root


def corpora(egs: Path) -> None:
    """The corpora, where their recipes' pages have them."""
    turns = take_turns(["ann", "bob", "ann"], 2.2, 0.4)
    for name, part, meetings in (("LDC2007S11", "dev", DEV), ("LDC2007S12", "eval", EVAL)):
        FakeRelease(egs / "rt04" / name, part).add_small(meetings, ("d01", "d02", "d05", "d06"))
    ami = FakeAmi(egs / "ami")
    for meeting in ("ES2004a", "ES2004b"):
        ami.add(meeting, {"Mix-Headset": talk(turns)[::2]}, turns, part="test")
    vox = egs / "voxconverse"
    folder(vox / "voxconverse_test_wav", {"aepyx": turns, "aggyz": turns})
    for name in ("aepyx", "aggyz"):
        (vox / "voxconverse" / "test").mkdir(parents=True, exist_ok=True)
        (vox / "voxconverse" / "test" / f"{name}.rttm").write_text(rttm(name, turns))
    dihard = egs / "own" / "third_dihard_challenge_dev" / "data"
    folder(dihard, {"DH_DEV_0001": turns}, "rttm", "flac", "uem_scoring/core/all.uem")
