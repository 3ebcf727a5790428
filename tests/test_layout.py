"""The contract between the parts of the tree, as far as a program can check it."""

from __future__ import annotations

import ast
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = sorted((ROOT / "diar").rglob("*.py"))
STEPS = sorted((ROOT / "steps").glob("*.py"))
COMMANDS = sorted((ROOT / "diar" / "commands").glob("[!_]*.py"))  # the steps of the command diar
# what programs are made of, each above those before
PROGRAMS = ["diar/cli.py", "diar/job.py", "diar/training_job.py", "diar/turns_command.py",
            "diar/image_job.py", "diar/generative_job.py", "diar/cluster_job.py"]

FILE_METHODS = {"open", "read_text", "write_text", "read_bytes", "write_bytes", "tofile", "fromfile", "fdopen"}
NUMPY_FILES = {"load", "save", "savez", "savez_compressed", "loadtxt", "savetxt", "genfromtxt", "memmap", "fromfile"}
FILE_MODULES = {"soundfile", "kaldiio", "tempfile", "shutil", "gzip", "zipfile", "tarfile", "wave", "csv", "io"}


def called(node: ast.AST) -> str:
    """The dotted name of what a call calls, as far as it has one."""
    if isinstance(node, ast.Attribute):
        return f"{called(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return f"{called(node.func)}()"
    return node.id if isinstance(node, ast.Name) else ""


def imports(tree: ast.AST) -> set[str]:
    """The modules that a file imports anywhere, by the full name."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def file_accesses(tree: ast.AST) -> list[str]:
    """What in a file opens, reads or writes files."""
    found = [f"imports {name}" for name in imports(tree) if name.partition(".")[0] in FILE_MODULES]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = called(node.func)
            owner, _, method = name.rpartition(".")
            to_null = name == "os.open" and called(node.args[0]) == "os.devnull"
            if name == "open" or (owner and method in FILE_METHODS and not to_null):
                found.append(f"line {node.lineno}: {name}()")
            if owner in ("np", "numpy") and method in NUMPY_FILES:
                found.append(f"line {node.lineno}: {name}()")
    return found


def command_line_uses(tree: ast.AST) -> list[str]:
    found = [
        f"imports {name}" for name in imports(tree) if name.partition(".")[0] in {"argparse", "optparse", "getopt"}
    ]
    own_name = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and node.slice.value == 0
    }
    found += [
        f"line {node.lineno}: sys.argv{'[0]' if node in own_name else ''}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and called(node) == "sys.argv"
    ]
    return found + [f"imports {name}" for name in imports(tree) if name == "sys.argv"]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def in_io(path: Path) -> bool:
    return path.is_relative_to(ROOT / "diar" / "io")


@pytest.mark.parametrize(
    ("code", "finds"),
    [
        ("open('a')", True),
        ("Path('a').read_text()", True),
        ("folder.joinpath(x).open('rb')", True),
        ("np.load('a.npy')", True),
        ("def f():\n    import soundfile", True),
        ("from kaldiio import load_ark", True),
        ("os.open(name, os.O_RDONLY)", True),
        ("os.open(os.devnull, os.O_WRONLY)", False),
        ("reopened(x)", False),
        ("from diar.io.files import write_text\nwrite_text(path, text)", False),
    ],
)
def test_the_scan_for_files_finds_them(code: str, finds: bool) -> None:
    assert bool(file_accesses(ast.parse(code))) == finds


@pytest.mark.parametrize("path", [path for path in LIBRARY if not in_io(path)], ids=relative)
def test_only_diar_io_opens_files(path: Path) -> None:
    assert file_accesses(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", [path for path in LIBRARY if relative(path) != "diar/cli.py"], ids=relative)
def test_only_diar_cli_knows_flags(path: Path) -> None:
    uses = command_line_uses(ast.parse(path.read_text(encoding="utf-8")))
    if relative(path) in PROGRAMS:  # may tell its own name, but not read flags
        uses = [use for use in uses if not use.endswith(": sys.argv[0]")]
    assert uses == []


def test_the_scan_for_flags_finds_them() -> None:
    assert command_line_uses(ast.parse("import sys\nprint(sys.argv[0], sys.argv[1:])")) == [
        "line 2: sys.argv[0]", "line 2: sys.argv",
    ]  # fmt: skip
    assert command_line_uses(ast.parse((ROOT / "diar" / "cli.py").read_text(encoding="utf-8")))
    assert command_line_uses(ast.parse("import sys\nprint(sys.argv[1])"))


@pytest.mark.parametrize("path", LIBRARY, ids=relative)
def test_the_library_does_not_import_what_stands_above_it(path: Path) -> None:
    names = imports(ast.parse(path.read_text(encoding="utf-8")))
    below = PROGRAMS[: PROGRAMS.index(relative(path))] if relative(path) in PROGRAMS else []
    if relative(path).startswith("diar/commands/"):  # programs, as steps are
        below = PROGRAMS
    programs = [program.removesuffix(".py").replace("/", ".") for program in PROGRAMS if program not in below]
    above = {*programs, "steps", "utils", "local", "tests"}
    if relative(path) != "diar/__main__.py" and path not in COMMANDS:
        assert not {name for name in names if any(name == top or name.startswith(f"{top}.") for top in above)}


# ---- what imports cost ---------------------------------------------------------------------------------------------

HEAVY = {
    "numba", "scipy", "torch", "pyannote", "matplotlib", "pandas", "soundfile", "sklearn", "kaldiio", "webrtcvad",
    "tqdm", "PIL", "cv2",
}  # fmt: skip


@pytest.mark.parametrize(
    "module",
    ["diar.cli", "diar.job", "diar.audio", "diar.io.wav", "diar.feats", "diar.cluster.hmm_gmm", "diar.realign",
     "diar.vad", "diar.score", "diar.pipeline", "diar.posteriors", "diar.background", "diar.cluster.sib",
     "diar.cluster.information", "diar.cluster.aib", "diar.cluster.ib_viterbi",
     "diar.cluster.ib_hmm_gmm", "diar.transforms", "diar.frame_grid", "diar.io.feature_table", "diar.io.speech_file",
     "diar.beamform", "diar.denoise", "diar.energy_vad", "diar.front_end", "diar.score_text",
     "diar.nets.options", "diar.embed", "diar.progress", "diar.report.loss_curves", "diar.training_job",
     "diar.report.page", "diar.report.assemble", "diar.report.stages", "diar.report.timeline_figure",
     "diar.report.merge_curve", "diar.io.pages", "diar.io.page_audio", "diar.commands.view",
     "diar.io.checkpoint", "diar.io.figure", "diar.annotation", "diar.io.turn_files", "diar.io.turn_output",
     "diar.io.data_check",
     "diar.commands.convert", "diar.commands.check", "diar.score_traps", "diar.speaker_table", "diar.bootstrap",
     "diar.image_job", "diar.images.classify", "diar.images.sets", "diar.images.confusion", "diar.nets.image_options",
     "diar.generative_job", "diar.images.generate", "diar.images.sample_judge", "diar.images.frechet",
     "diar.images.coverage", "diar.images.nearest", "diar.images.latents", "diar.io.images.animation",
     "diar.report.coverage_figure",
     "diar.io.images.official", "diar.io.images.folder", "diar.io.images.picture", "diar.report.confusion_figure",
     "diar.images.experiments", "diar.images.tables", "diar.io.images.runs", "diar.report.images_page",
     "diar.images.reconstruct", "diar.images.size_table", "diar.images.fidelity", "diar.images.pca",
     "diar.report.reconstruction_figure", "diar.cluster_job", "diar.images.cluster", "diar.images.cluster_scores",
     "diar.images.cluster_samples", "diar.images.cluster_table", "diar.images.sift", "diar.nets.cluster_options",
     "diar.report.code_map", "diar.training_state",
     "diar.commands.score", "diar.diarization", "diar.confidence", "diar.commands.diarize", "diar.commands.recut"],
)  # fmt: skip
def test_options_are_read_without_heavy_imports(module: str) -> None:
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "diar" in loaded and not loaded & HEAVY


# ---- steps ---------------------------------------------------------------------------------------------------------


def test_there_are_steps() -> None:
    assert len(STEPS) >= 8


@pytest.mark.parametrize("step", STEPS, ids=relative)
def test_steps_answer_help_within_a_second(step: Path) -> None:
    def children_seconds() -> float:
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime

    before = children_seconds()
    done = subprocess.run(
        [sys.executable, str(step), "--help"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: {step.name} [-h]")
    assert children_seconds() - before < 1.0


@pytest.mark.parametrize("step", STEPS, ids=relative)
def test_steps_are_short_and_named_after_what_they_turn_into_what(step: Path) -> None:
    assert len(step.read_text(encoding="utf-8").splitlines()) <= 80
    assert re.fullmatch(r"(\w+_to_\w+|train_\w+)\.py", step.name)


@pytest.mark.parametrize("command", COMMANDS, ids=relative)
def test_commands_are_as_short_as_steps(command: Path) -> None:
    text = command.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80
    name = "" if command.stem == "diarize" else f"{command.stem} "
    assert f"e.g.: diar {name}" in (ast.get_docstring(ast.parse(text)) or "")


@pytest.mark.parametrize("step", STEPS, ids=relative)
def test_a_steps_text_says_what_it_does_with_an_example(step: Path) -> None:
    text = ast.get_docstring(ast.parse(step.read_text(encoding="utf-8"))) or ""
    source, _, target = step.stem.partition("_to_")
    assert f"{target}:" in text.splitlines()[0] and source.split("_")[0] in text.splitlines()[0]
    assert f"e.g.: steps/{step.name} " in text


# ---- requirements --------------------------------------------------------------------------------------------------


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted_packages() -> set[str]:
    """Names in install_requires and extras_require of setup.py, read without running it."""
    tree = ast.parse((ROOT / "setup.py").read_text(encoding="utf-8"))
    arguments = {
        keyword.arg: ast.literal_eval(keyword.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called(node.func) == "setup"
        for keyword in node.keywords
        if keyword.arg in ("install_requires", "extras_require")
    }
    extras = [requirement for group in arguments["extras_require"].values() for requirement in group]
    return {normal(re.match(r"[\w.-]+", text).group()) for text in arguments["install_requires"] + extras}


def test_every_requirement_is_locked_to_one_version() -> None:
    lines = (ROOT / "requirements" / "lock.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.partition("#")[0].strip() for line in lines]
    pinned = [re.fullmatch(r"([\w.-]+)==[\w.+!]+", pin) for pin in pins if pin]
    assert all(pinned), "every line is name==version"
    names = [normal(pin.group(1)) for pin in pinned]
    assert len(names) == len(set(names))
    assert wanted_packages() <= set(names)
    assert {"numpy", "numba", "pytest", "torch"} <= wanted_packages()
