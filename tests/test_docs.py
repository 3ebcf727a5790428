"""The documentation's commands and Python run as they are printed, its flags exist, its links lead somewhere.

Blocks of sh run line for line, each from the root of a tree with stand-ins for the files they name (docs_tree.py);
those of diff are applied, and code below a line with a path is written there. What cannot run has a mark above its
block, ``<!-- not run: reason -->``, or for some of its commands ``<!-- not run: `git clone`, `unzip`: reason -->``: of
these the flags are checked.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from docs_tree import Block, DocsTree, blocks_of
from fork_server import ForkServer
from recipe_tree import CHECKOUT, rttm, take_turns, talk, write_audio

from diar.__main__ import COMMANDS
from diar.front_end import DETECTORS
from diar.pipeline import CLUSTERERS, REALIGNERS


def name_of(page: Path) -> str:
    return page.relative_to(CHECKOUT).as_posix()


PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md"))]
BLOCKS = {name_of(page): blocks_of(page) for page in PAGES}
LANGUAGES = {"sh", "python", "diff", "text"}
EXAMPLES = [
    pytest.param(block.code, id=f"{name}-{block.number}")
    for name, blocks in BLOCKS.items()
    for block in blocks
    if block.language == "python" and not block.target
]
SHELL_PAGES = [name for name, blocks in BLOCKS.items() if any(block.language == "sh" for block in blocks)]
MOST_MARKS = 12
OTHERS_FLAGS = {"--index-url", "--mem", "--gpu", "--pick", "--foo-bar", "--foo"}  # of pip, launchers, no program
ADDED_FLAGS = {"--vote", "--voted-opts", "--vote-window"}  # on a page that adds them
PROGRAMS = (
    "egs/*/run.sh", "egs/own/two_pass.sh", "steps/*.py", "utils/run.py", "utils/check_data.py", "utils/finish_stage.py",
    "local/ami/download.py", "local/sim/prepare_data.py", "local/sim/fit_turns.py",
)  # fmt: skip
PROGRAM = re.compile(r"(?:\./|egs/|steps/|local/|utils/|tests/)\S+\.(?:sh|py)|diar")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")


# ---- Python and links ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    turns = take_turns(["ann", "bob", "cat", "ann", "bob"])
    write_audio(folder / "meeting.wav", talk(turns))
    (folder / "hyp.rttm").write_text(rttm("r", turns))
    return folder


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 6
    assert len(SHELL_PAGES) >= 9


@pytest.mark.parametrize("code", EXAMPLES)
def test_examples_run(folder: Path, code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder,
        env={"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_map_names_every_page() -> None:
    map_of_pages = (CHECKOUT / "docs" / "README.md").read_text()
    pages = [page.name for page in PAGES[1:] if page.name != "README.md"]
    assert [name for name in pages if f"({name})" not in map_of_pages] == []


# ---- commands ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DocsTree]:
    folder = tmp_path_factory.mktemp("docs_tree")
    with ForkServer(folder / "server") as server:
        yield DocsTree(folder / "diar", server)


@pytest.mark.parametrize("page", SHELL_PAGES)
def test_commands_run(tree: DocsTree, page: str, tmp_path: Path) -> None:
    blocks = BLOCKS[page]
    if any(block.language == "diff" for block in blocks):  # it changes the toolkit
        tree = tree.copy(tmp_path / "diar")
    for block in blocks:
        run_block(tree, block)


def run_block(tree: DocsTree, block: Block) -> None:
    where = f"{name_of(block.page)}, block {block.number}"
    if block.target:
        (tree.root / block.target).write_text(block.code.partition("\n")[2])
        (tree.root / block.target).chmod(0o755)
    elif block.language == "diff":
        applying = ["git", "apply", "-"]
        done = subprocess.run(applying, cwd=tree.root, input=block.code, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{where}: {done.stderr}"
    elif block.language == "sh" and block.script.strip():
        run = tree.run(block.script)
        assert run.returncode == 0, f"{where}: exit code {run.returncode}\n{run.stdout}"
        assert "Traceback" not in run.stdout, f"{where}: {run.stdout}"


def test_a_command_that_fails_is_noticed(tree: DocsTree) -> None:
    for command in ("cd egs/own; ./run.sh --stage 8 --min-gab 1", "diar lost.wav", "false | true", "false\ntrue"):
        with pytest.raises(AssertionError, match="exit code 1"):
            run_block(tree, Block(PAGES[0], 1, "sh", command, ""))


def test_every_block_has_a_language_that_is_dealt_with() -> None:
    odd = [f"{name}: {block.language or block.code}" for name, blocks in BLOCKS.items() for block in blocks
           if block.language not in LANGUAGES]  # fmt: skip
    assert odd == []


# ---- what cannot be run --------------------------------------------------------------------------------------------


def not_run() -> list[tuple[Block, str]]:
    return [
        (block, command)
        for blocks in BLOCKS.values()
        for block in blocks
        for command in block.commands
        if block.language == "sh" and not block.is_run(command)
    ]


def test_marks_are_few_and_give_reasons() -> None:
    marked = [block for blocks in BLOCKS.values() for block in blocks if block.mark]
    assert len(marked) <= MOST_MARKS
    for block in marked:
        assert len(block.reason.split()) >= 3, f"{name_of(block.page)}: {block.mark}"
        for quoted in re.findall(r"`([^`]*)`", block.mark):
            assert any(command.startswith(quoted) for command in block.commands), f"{name_of(block.page)}: {block.mark}"
    written = sum(page.read_text().count("not run:") for page in PAGES)
    assert written == len(marked), "a mark stands elsewhere than above a block"


@pytest.mark.parametrize(("block", "command"), not_run(), ids=lambda value: value if isinstance(value, str) else "")
def test_commands_that_are_not_run_have_their_flags(tree: DocsTree, block: Block, command: str) -> None:
    words = shlex.split(command, comments=True)
    flags = [flag for word in words[1:] if word.startswith("--") and " " not in word for flag in FLAG.findall(word)]
    if not flags or not PROGRAM.fullmatch(words[0]):
        return  # another's program
    folder = next((line.split()[1] for line in block.commands if line.startswith("cd ")), ".")
    known = flags_of(tree, f"cd {folder}; {words[0]}")
    assert sorted(set(flags) - known) == [], f"{name_of(block.page)}: {command}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_flags_that_pages_name_exist(all_flags: set[str], page: Path) -> None:
    text = re.sub(r"<!--.*?-->|^\|[-| ]+\|$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^```(?:python|diff).*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    added = {flag for flag in ADDED_FLAGS if any(block.language == "diff" for block in BLOCKS[name_of(page)])}
    assert sorted(set(FLAG.findall(text)) - all_flags - OTHERS_FLAGS - added) == []


def flags_of(tree: DocsTree, *programs: str) -> set[str]:
    """The flags that the --help of any of the programs names; each has the words that come before --help."""
    run = tree.run("\n".join(f"COLUMNS=200 {program} --help" for program in programs))
    assert run.returncode == 0, run.stdout
    return set(FLAG.findall(run.stdout))


@pytest.fixture(scope="module")
def all_flags(tree: DocsTree) -> set[str]:
    """The flags of all programs."""
    programs = sorted(str(path.relative_to(CHECKOUT)) for parts in PROGRAMS for path in CHECKOUT.glob(parts))
    programs += ["diar", *(f"diar {name}" for name in COMMANDS)]
    programs += [f"steps/embed_to_clusters.py --clusterer {name}" for name in CLUSTERERS]
    programs += [f"steps/clusters_to_realigned.py --realigner {name}" for name in REALIGNERS]
    programs += [f"steps/wav_to_vad.py --vad {name}" for name in DETECTORS]
    programs += ["steps/wav_to_feats.py --denoise wiener"]
    return flags_of(tree, *programs)
