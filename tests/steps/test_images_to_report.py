"""The step that makes the report of experiments on images."""

from __future__ import annotations

from pathlib import Path

import pytest
from image_results import write_experiments, write_run
from step_runner import run_step


def step(folder: Path, *words: object, code: int = 0) -> str:
    return run_step(folder, "images_to_report.py", *words, code=code, job=False)


@pytest.fixture
def exp(tmp_path: Path) -> Path:
    return write_experiments(tmp_path / "exp")


def test_the_tables_are_printed_and_written_with_a_page(exp: Path) -> None:
    printed = step(exp.parent, "exp")
    text = (exp / "report" / "results.md").read_text()
    assert printed == f"{text}\nexp/report/results.md\nexp/report/index.html\n"
    assert "| 61 % | 62.50 | 1.50 | 61.00 | 64.00 | 1 2 3 | 50000 | 10000 test | 102 | cpu, 1 thread |" in text
    assert "## Unfinished: in no table\n\n- classifier_resnet_fast/seed2\n" in text
    titles = [line for line in text.splitlines() if line.startswith("## ")]
    assert titles == [
        "## All experiments", "## Unfinished: in no table", "## classifier: figures side by side",
        "## classifier_basic_fast, CIFAR-10 (JPEG pixels)", "## classifier_resnet_fast, CIFAR-10 (JPEG pixels)",
        "## sae: figures side by side", "## sae_64_latent_fast, CIFAR-10 (JPEG pixels)",
        "## sae_512_latent_fast, CIFAR-10 (JPEG pixels)", "## gan_fast, CIFAR-10 (JPEG pixels)", "## Settings",
    ]  # fmt: skip
    for line in text.splitlines():
        if line.startswith("| classifier") or line.startswith("| sae"):
            assert "CIFAR-10 (JPEG pixels)" in line


def test_the_same_folders_give_the_same_bytes(exp: Path) -> None:
    step(exp.parent, "exp")
    before = {path.name: path.read_bytes() for path in (exp / "report").iterdir()}
    assert set(before) == {"results.md", "index.html"}
    step(exp.parent, "exp")  # its own folder is no experiment
    assert {path.name: path.read_bytes() for path in (exp / "report").iterdir()} == before


def test_pictures_of_other_seeds_may_stay_out(exp: Path) -> None:
    step(exp.parent, "exp", "--all-seeds=false")
    page = (exp / "report" / "index.html").read_text()
    assert "classifier_basic_fast, CIFAR-10 (JPEG pixels), seed 1" in page and "seed 2" in page
    assert "classifier_basic_fast, CIFAR-10 (JPEG pixels), seed 2" not in page


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("result.json", b"{", "not JSON"),
        ("result.json", b"{}", "found no 'figures'; wanted the result of a training"),
        ("loss.png", b"PNG", "found no PNG and no GIF"),
    ],
)
def test_what_is_broken_is_told_in_a_line_and_the_last_report_stays(
    exp: Path, file: str, content: bytes, message: str
) -> None:
    step(exp.parent, "exp")
    before = (exp / "report" / "index.html").read_bytes()
    (exp / "gan_fast" / "seed1" / file).write_bytes(content)
    printed = step(exp.parent, "exp", code=1)
    assert len(printed.splitlines()) == 1 and message in printed
    assert f"exp/gan_fast/seed1/{file}: " in printed
    assert (exp / "report" / "index.html").read_bytes() == before


def test_nothing_to_report_is_told_in_a_line(tmp_path: Path) -> None:
    assert "exp: found no folder; wanted that of a data set's experiments" in step(tmp_path, "exp", code=1)
    (write_run(tmp_path / "exp", "vae_fast") / "result.json").unlink()
    printed = step(tmp_path, "exp", code=1)
    assert "exp: found no result.json in vae_fast/seed1; wanted a run that is complete; run a stage" in printed
    assert not (tmp_path / "exp" / "report").exists()
