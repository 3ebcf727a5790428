#!/usr/bin/env python3
"""One of the report's two tables, with the speaker errors of a system of ours beside its own, in its order.

Its figures are of embeddings by DEC or IDEC; ours are of what --system says.

The report is an internship report of the IIT Madras Speech and Vision Lab (2018); its figures are speaker errors (SER)
in percent on RT-04S development meetings. Meetings that it has not stand below. Our overall line pools seconds; the
report's seems to be a plain mean (of its eight figures: 24.6), so ours is told, too.

e.g.: local/report_table.py --table 1 data/dev_sdm exp/dev_sdm/reference_none_hmm_gmm_none
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from diar import cli
from diar.errors import DataError
from diar.io.data_folder import DataFolder
from diar.io.files import write_text
from diar.io.rttm import read_rttm_lines
from diar.score import ScoreOptions, SetScore, score_set
from diar.score_text import condition_text


@dataclass(frozen=True)
class ReportTable:
    """A table of the report: its section, its system, and the SER in percent of each meeting and overall."""

    section: str
    system: str
    figures: Mapping[str, float]
    overall: float | None


_MEETINGS = (
    "CMU_20020319-1400", "CMU_20020320-1500", "ICSI_20010208-1430", "ICSI_20010322-1450",
    "LDC_20011116-1400", "LDC_20011116-1500", "NIST_20020214-1148", "NIST_20020305-1007",
)  # fmt: skip
TABLES = {
    "1": ReportTable(
        "6.1.7",
        "HMM/GMM with polling, on DEC or IDEC embeddings",
        dict(zip(_MEETINGS, (36, 9, 14.2, 31, 9.8, 24, 33, 40), strict=True)),
        25,
    ),
    "2": ReportTable(
        "7.3.2",
        "IB made to behave like HMM/GMM with integrated Viterbi, on DEC or IDEC embeddings",
        dict(zip(_MEETINGS, (28, 8.68, 13.3, 27, 8.2, 22, 29, 37.9), strict=True)),
        None,
    ),
}


def format_table(table: ReportTable, scores: SetScore, system: str, condition: str) -> str:
    """The table in Markdown; ``system`` and ``condition`` are those of ours."""
    ours = {score.recording: score.ser for score in scores.recordings if score.scored_speaker_time}
    order = [name for name in table.figures if name in ours] + [name for name in ours if name not in table.figures]
    rows = [(name, _percent(table.figures.get(name)), _percent(ours[name])) for name in order]
    mean = _mean(list(table.figures.values()))
    rows += [
        ("overall", _percent(table.overall), f"**{_percent(scores.pooled.ser)}**"),
        ("mean of meetings", _percent(mean), _percent(_mean([ours[name] for name in order]))),
    ]
    lines = [
        f"SER in percent: the report's {table.section} ({table.system}) and ours ({system}); {condition}",
        "",
        "| meeting | the report | ours |",
        "|---|---|---|",
        *(f"| {name} | {theirs} | {found} |" for name, theirs, found in rows),
    ]
    if missing := [name for name in table.figures if name not in ours]:
        lines += ["", f"Not in this set: {', '.join(missing)}."]
    return "\n".join(lines) + "\n"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def main() -> None:
    parser = cli.Parser(__doc__, (ScoreOptions,))
    parser.add_flag("--table", f"which of the report's: {' or '.join(TABLES)}", default="1")
    parser.add_flag("--vad", "name of the speech detector, for the stamp on the figures", default="unknown")
    parser.add_argument("data", metavar="<data>", help="data folder with ref.rttm")
    parser.add_argument("system", metavar="<system>", help="folder with hyp.rttm; report_table.md is written into it")
    arguments = parser.parse_words(cli.command_words())
    options = parser.options(arguments, ScoreOptions)
    if arguments.table not in TABLES:
        raise DataError("--table", f"found '{arguments.table}'", f"wanted one of {', '.join(TABLES)}")
    data, system = DataFolder(Path(arguments.data)), Path(arguments.system)
    reference = data.reference_lines()
    if reference is None:
        print(f"{data.path / 'ref.rttm'}: none, so there is nothing to set beside the report's table")
        return
    scores = score_set(reference, read_rttm_lines(system / "hyp.rttm"), data.uem(), options)
    uem = "none" if data.uem() is None else "all.uem"
    condition = condition_text(options, uem, arguments.vad)
    text = format_table(TABLES[arguments.table], scores, system.name, condition)
    write_text(system / "report_table.md", text)
    print(text, end="")


if __name__ == "__main__":
    cli.run(main)
