"""Score a diarization: error rates with intervals, clusters and speakers; --explain tells what the figures hang on.

Speakers, true and found ones alike, count from 5 s of evaluated time on. A hypothesis may be empty: all is missed.

e.g.: diar score --uem all.uem --all-conditions true --explain true ref.rttm hyp.rttm
      diar score --format json --output score.json --compare other.rttm ref.rttm hyp.rttm
"""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from diar import cli
from diar.bootstrap import BootstrapOptions
from diar.errors import DataError
from diar.io.files import refuse_overwriting, standard_output, write_text
from diar.io.rttm import read_rttm_lines, reference_faults, rttm_faults
from diar.io.uem import read_uem, uem_faults
from diar.score_input import ScoreOptions, by_recording, foreign_names
from diar.score_report import ReportOptions, Stamp, make_report, report_content
from diar.score_report_text import format_report

_MOST_FAULTS = 10


def main(words: Sequence[str]) -> None:
    classes = (ScoreOptions, ReportOptions, BootstrapOptions)
    parser = cli.Parser(__doc__, classes)
    parser.prog = "diar score"
    parser.add_flag("--uem", "file with the regions to evaluate")
    parser.add_flag("--compare", "another hypothesis.rttm, to compare with the first")
    parser.add_flag("--output", "file to write instead of the screen")
    parser.add_argument("reference", metavar="<ref.rttm>", help="the true turns, or a folder of .rttm files")
    parser.add_argument("hypothesis", metavar="<hyp.rttm>", help="the turns to judge, likewise")
    given = parser.parse_words(words)
    options = [parser.options(given, cls) for cls in classes]
    if given.output.endswith("/"):
        raise DataError("--output", f"found '{given.output}'", "wanted a file")
    sides = [Path(name) for name in (given.reference, given.hypothesis, given.compare) if name]
    read = [*sides, Path(given.uem)] if given.uem else sides
    refuse_overwriting([Path(given.output)] if given.output else [], read)
    faults = _faults(sides[0], reference_faults) + [fault for path in sides[1:] for fault in _faults(path, rttm_faults)]
    faults += _faults(Path(given.uem), uem_faults) if given.uem else []
    if faults:
        more = [f"and {len(faults) - _MOST_FAULTS} more"] if len(faults) > _MOST_FAULTS else []
        for told in faults[:_MOST_FAULTS] + more:
            cli.complain(told)
        sys.exit(1)
    reference, hypothesis, *other = map(read_rttm_lines, sides)
    uem = read_uem(Path(given.uem)) if given.uem else None
    named = {str(path): set(by_recording(lines)) for path, lines in zip(sides[1:], (hypothesis, *other), strict=True)}
    for name, recordings in (named | ({given.uem: set(uem)} if uem else {})).items():
        if foreign := foreign_names(by_recording(reference), recordings):
            if given.compare and name in named:
                raise DataError(name, foreign)
            cli.warn(f"{name}: {foreign}")
    try:
        report = make_report(reference, hypothesis, uem, options, other[0] if other else None)
    except DataError as error:
        raise DataError(given.reference, error.reason) from None
    stamp = Stamp(given.reference, given.hypothesis, given.uem, given.compare)
    if given.format == "json":
        text = json.dumps(report_content(report, stamp), indent=1, sort_keys=True) + "\n"
    else:
        text = format_report(report, stamp)
    if given.output:
        write_text(Path(given.output), text)
    else:
        standard_output().write(text)


def _faults(path: Path, find: Callable[[Path], list[str]]) -> list[str]:
    try:
        return find(path)
    except DataError as error:  # no such file, a folder, no text
        return [str(error)]
