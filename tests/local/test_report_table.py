"""The report's tables beside ours: its order, its figures, ours by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from step_runner import call_step

THREE = ("LDC_20011116-1400", "CMU_20020319-1400", "AAA_x")
# hypothesis: one speaker for all; reference: 'long' for 10 s, 'short' for so many
SHORT = {"LDC_20011116-1400": 2.5, "CMU_20020319-1400": 10.0, "AAA_x": 0.0}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (data := tmp_path / "data").mkdir()
    (system := tmp_path / "system").mkdir()
    (data / "wav.scp").write_text("".join(f"{name} x.wav\n" for name in sorted(THREE)))
    reference, hypothesis = "", ""
    for name, short in SHORT.items():
        reference += f"SPEAKER {name} 1 0 10 <NA> <NA> long <NA> <NA>\n"
        if short:
            reference += f"SPEAKER {name} 1 10 {short} <NA> <NA> short <NA> <NA>\n"
        hypothesis += f"SPEAKER {name} 1 0 {10 + short} <NA> <NA> x <NA> <NA>\n"
    (data / "ref.rttm").write_text(reference)
    (system / "hyp.rttm").write_text(hypothesis)
    return tmp_path


def table(folder: Path, *options: object, code: int = 0) -> list[str]:
    words = (*options, "data", "system")
    return call_step(folder, "../local/rt04/report_table.py", *words, code=code, job=False).splitlines()


def test_the_first_table(folder: Path) -> None:
    printed = table(folder, "--table", 1, "--collar", 0, "--vad", "reference")
    theirs = "HMM/GMM with polling, on DEC or IDEC embeddings"
    stamp = "collar=0 overlap=skipped uem=none vad=reference"
    assert printed[0] == f"SER in percent: the report's 6.1.7 ({theirs}) and ours (system); {stamp}"
    assert printed[2:9] == [
        "| meeting | the report | ours |",
        "|---|---|---|",
        "| CMU_20020319-1400 | 36.00 | 50.00 |",
        "| LDC_20011116-1400 | 9.80 | 20.00 |",
        "| AAA_x |  | 0.00 |",
        "| overall | 25.00 | **29.41** |",  # 12.5 of 42.5 s
        "| mean of meetings | 24.62 | 23.33 |",
    ]
    assert printed[10].startswith("Not in this set: CMU_20020320-1500, ICSI_20010208-1430, ") and len(printed) == 11
    assert (folder / "system" / "report_table.md").read_text().splitlines() == printed


def test_the_second_table_and_the_condition(folder: Path) -> None:
    printed = table(folder, "--table", 2, "--skip-overlap", "false")
    assert "the report's 7.3.2" in printed[0] and "collar=0.25 overlap=scored" in printed[0]
    rows = {line.split(" | ")[0]: line.split(" | ")[1] for line in printed[4:9]}
    assert rows["| CMU_20020319-1400"] == "28.00" and rows["| LDC_20011116-1400"] == "8.20"
    assert rows["| overall"] == "" and rows["| mean of meetings"] == "21.76"


def test_without_a_reference_there_is_no_table(folder: Path) -> None:
    (folder / "data" / "ref.rttm").unlink()
    assert table(folder) == ["data/ref.rttm: none, so there is nothing to set beside the report's table"]


def test_a_third_table_is_refused(folder: Path) -> None:
    assert table(folder, "--table", 3, code=1) == ["report_table.py: --table: found '3'; wanted one of 1, 2"]
