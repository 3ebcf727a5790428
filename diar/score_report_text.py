"""A report of scores as text: tables with their conditions above them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from diar.bootstrap import ENOUGH_RECORDINGS, BootstrapOptions, Comparison, ConfidenceInterval
from diar.score import SPEAKER_SECONDS, Score
from diar.score_report import ConditionScore, ScoreReport, Stamp, SystemComparison
from diar.score_text import last_word, score_rows, score_table, table


def format_report(report: ScoreReport, stamp: Stamp) -> str:
    """The text of a report; percentages have two decimals, seconds one. The last line is md-eval's own last word."""
    scores, uem = report.scores, stamp.uem or "none"
    return "\n".join(
        [
            f"# reference={stamp.reference} hypothesis={stamp.hypothesis}",
            *score_table(scores, report.options, uem, vad=""),
            *_interval_lines(report),
            "# clusters, in the evaluated time: purity, coverage and their F in percent",
            f"# count: speakers found less true ones, both with {SPEAKER_SECONDS:g} s or more",
            *table(("purity", "coverage", "F", "count"), [(name, _cluster_cells(s)) for name, s in score_rows(scores)]),
            f"# mean speaker count error: {scores.mean_count_error:.2f}",
            *_speaker_lines(report),
            *(_condition_lines(report.conditions, uem) if report.conditions is not None else ()),
            *(_comparison_lines(report, report.comparison, stamp) if report.comparison is not None else ()),
            *(_trap_lines(report) if report.traps is not None else ()),
            *(f"# {remark}" for remark in scores.remarks),
            last_word(scores),
            "",
        ]
    )


def _interval_lines(report: ScoreReport) -> Iterator[str]:
    told = "  ".join(f"{name} {_interval(interval)}" for name, interval in report.intervals.items())
    yield f"# {_draws(report.bootstrap, len(report.scores.recordings))}: {told}"
    n_recordings = len(report.scores.recordings)
    if n_recordings == 1:
        yield "# one recording: there is no interval"
    elif n_recordings < ENOUGH_RECORDINGS:
        yield f"# {n_recordings} recordings: intervals of so few are too narrow"


def _draws(options: BootstrapOptions, n_recordings: int) -> str:
    return (
        f"{options.confidence:g} % intervals over {n_recordings} recordings, "
        f"{options.resamples} draws, seed {options.bootstrap_seed}"
    )


def _interval(interval: ConfidenceInterval) -> str:
    return "none" if math.isnan(interval.low) else f"{interval.low:.2f} to {interval.high:.2f}"


def _cluster_cells(score: Score) -> str:
    rates = f"{score.purity:>8.2f}{score.coverage:>9.2f}{score.purity_coverage_f:>8.2f}"
    return f"{rates}{score.speaker_count_error:>+8d}"


def _speaker_lines(report: ScoreReport) -> list[str]:
    """A line a reference speaker, columns as wide as the names in them."""
    width = max(len("mapped to"), *(len(row.guess) for row in report.speakers)) + 2
    rows = [
        (
            f"{row.recording} {row.speaker}",
            f"{row.seconds:>8.1f}{row.guess or '-':>{width}}{row.missed:>8.1f}{row.confused:>9.1f}{row.found:>8.2f}",
        )
        for row in report.speakers
    ]
    titles = ("seconds", f"{'mapped to':>{width - 1}}", "missed", "confused", "found %")
    return [
        "# reference speakers, in scored seconds: of each, what was missed, given to others, and found",
        *table(titles, rows, first="recording speaker"),
    ]


def _condition_lines(conditions: Sequence[ConditionScore], uem: str) -> list[str]:
    rows = []
    for condition in conditions:
        options, score = condition.options, condition.score
        rates = (score.der, score.miss, score.false_alarm, score.ser, score.jer)
        overlap = "skipped" if options.skip_overlap else "scored"
        cells = f"{options.collar:>8g}{overlap:>9}" + "".join(f"{rate:>8.2f}" for rate in rates)
        rows.append((condition.name, f"{cells}{_interval(condition.interval):>20}"))
    titles = ("collar", " overlap", "DER", "miss", "FA", "SER", "JER", f"{'interval of DER':>19}")
    return [
        f"# usual conditions, pooled, uem={uem}; VBx, NeMo and VoxSRC call the last one fair",
        *table(titles, rows, first="condition"),
    ]


def _comparison_lines(report: ScoreReport, comparison: SystemComparison, stamp: Stamp) -> list[str]:
    second = dict(score_rows(comparison.scores))
    rows = [
        (name, f"{s.der:>8.2f}{second[name].der:>8.2f}{second[name].der - s.der:>+11.2f}{s.scored_speaker_time:>8.1f}")
        for name, s in score_rows(report.scores)
    ]
    return [
        f"# second system: {stamp.compared}; DER of both, difference: second less first",
        *table(("first", "second", "difference", "seconds"), rows),
        _difference("DER", comparison.der, report.bootstrap),
        _difference("SER", comparison.ser, report.bootstrap),
        *(f"# second system: {remark}" for remark in comparison.scores.remarks if remark not in report.scores.remarks),
    ]


def _difference(name: str, compared: Comparison | None, options: BootstrapOptions) -> str:
    if compared is None:
        return f"# {name}: not compared, since it does not count what is missed, and one of the two lacks recordings"
    told = f"# {name} {compared.first:.2f} -> {compared.second:.2f}: {compared.difference:+.2f}, "
    told += f"{options.confidence:g} % interval {_interval(compared.interval)}, p = {compared.p_value:.2g} "
    return told + f"(paired bootstrap over {compared.n_recordings} recordings, two-sided)"


def _trap_lines(report: ScoreReport) -> Iterator[str]:
    yield f"# traps found: {len(report.traps or ())}"
    yield from (f"#   {trap}" for trap in report.traps or ())
