"""Each trap by hand, what md-eval itself says where a trap quotes it, and inputs that have none."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from fixtures.md_eval import record as md_eval
from fixtures.md_eval.record import Case, rttm

from diar.errors import DataError
from diar.io.rttm import RttmLine
from diar.score import ScoreOptions, score_set
from diar.score_material import COUNT_ERROR, DER, Trap
from diar.score_traps import find_traps
from diar.segments import Segment

STRICT = ScoreOptions(collar=0.0, skip_overlap=False)
SKIPPED = ScoreOptions(collar=0.0, skip_overlap=True)
COLLAR = ScoreOptions(collar=0.25, skip_overlap=False)

Uem = dict[str, list[Segment]]
ALL: Uem = {"r": [Segment(0, 100)]}


def lines(text: str, name: str) -> list[RttmLine]:
    return [RttmLine.parse(line, f"{name}:{number}") for number, line in enumerate(text.splitlines(), 1)]


def traps_of(
    reference: str, hypothesis: str, uem: Uem | None = None, options: ScoreOptions = STRICT
) -> dict[str, Trap]:
    sides = lines(reference, "ref"), lines(hypothesis, "hyp")
    found = find_traps(*sides, uem, options)
    score = score_set(*sides, uem, options).pooled
    assert all(trap.as_scored == score.der for trap in found if trap.measure == DER)
    return {trap.name: trap for trap in found}


class Row(NamedTuple):
    """A trap by hand: the input, the trap's name, how many, where, the error as scored, and otherwise."""

    reference: str
    hypothesis: str
    uem: Uem | None
    options: ScoreOptions
    trap: tuple[str, int, str, float, float]


TEN = rttm((0, 10, "A"))
ROWS = {
    "channel": Row(
        TEN + rttm((0, 30, "A"), recording="q"),
        rttm((0, 10, "x"), channel="0") + rttm((0, 30, "x"), recording="q"),
        None, STRICT, ("channels", 1, "ref:1", 0, 25),
    ),
    "a channel each": Row(
        TEN + rttm((10, 20, "B"), channel="2"), rttm((0, 20, "x")), None, STRICT,
        # as one: half goes to the wrong speaker; apart: A's x has the extent of A, B has none
        ("channels", 1, "ref:1", 50, 50),
    ),
    "a dot": Row(
        rttm((5, 10, "A"), recording="EN1.Mix"), rttm((0, 15, "x"), recording="EN1.Mix"), {"EN1.Mix": [Segment(0, 15)]},
        STRICT, ("dotted names", 1, "ref:1", 200, 0),
    ),
    "no UEM": Row(rttm((5, 10, "A")), rttm((0, 15, "x")), None, STRICT, ("no UEM", 1, "ref:1", 0, 200)),
    "not in the UEM": Row(
        TEN + rttm((5, 10, "A"), recording="q"), rttm((0, 10, "x")) + rttm((0, 15, "x"), recording="q"),
        {"r": [Segment(0, 10)]}, STRICT, ("no UEM", 1, "ref:2", 0, 100 * 10 / 15),
    ),
    "no hypothesis": Row(
        TEN + rttm((0, 30, "A"), recording="q"), TEN, None, STRICT, ("no hypothesis", 1, "ref:2", 75, 0)
    ),
    "no reference": Row(TEN, TEN + rttm((0, 5, "A"), recording="q"), None, STRICT, ("no reference", 1, "hyp:2", 0, 50)),
    "UEM alone": Row(TEN, TEN, ALL | {"q": [Segment(0, 5)]}, STRICT, ("UEM alone", 1, "", 0, 0)),
    "non-lex": Row(
        rttm((0, 20, "A"), (4, 5, "NON-LEX")), rttm((0, 10, "x")), None, STRICT,
        ("NON-LEX", 1, "ref:2", 100 * 10 / 18, 50),
    ),
    "noscore": Row(
        rttm((0, 20, "A"), (4, 8, "NOSCORE")), rttm((0, 10, "x")), None, STRICT,
        ("NOSCORE", 1, "ref:2", 100 * 10 / 16, 50),
    ),
    "self-overlap, skipped": Row(
        rttm((0, 10, "A"), (8, 18, "A")), rttm((0, 9, "x")), ALL, SKIPPED,
        ("self-overlap, reference", 1, "ref:2", 50, 50),
    ),
    "self-overlap, collars": Row(
        rttm((0, 10, "A"), (8, 18, "A")), rttm((0, 12, "x")), ALL, COLLAR,
        ("self-overlap, reference", 1, "ref:2", 100 * 5.75 / 16.5, 100 * 5.75 / 17.5),
    ),
    "the hypothesis' self-overlap": Row(
        TEN, rttm((0, 8, "x"), (5, 10, "x")), ALL, STRICT, ("self-overlap, hypothesis", 1, "hyp:2", 0, 30)
    ),
    "three at once": Row(
        TEN, rttm((0, 8, "x"), (2, 4, "x"), (2, 4, "x"), (8, 10, "x")), ALL, STRICT,
        ("self-overlap, hypothesis", 2, "hyp:2", 0, 40),
    ),
    "collars": Row(
        rttm((0, 10, "A"), (11, 11.4, "B"), (12, 22, "A")), rttm((0, 10, "x"), (12, 22, "x")), ALL, COLLAR,
        ("turns within collars", 1, "ref:2", 0, 100 * 0.4 / 19.4),
    ),
    "outside the UEM": Row(
        rttm((0, 10, "A"), (20, 30, "A")), rttm((0, 10, "x"), (12, 14, "x")), {"r": [Segment(0, 22)]}, STRICT,
        ("turns outside the UEM", 1, "ref:2", 100 * 4 / 12, 60),
    ),
    "stars": Row(
        rttm((0, 10, "A"), (10, 20, "A")).replace("10.000 10", "10.000* 10"), rttm((0, 10, "x")), ALL, STRICT,
        ("estimated times", 1, "ref:2", 50, 0),
    ),
    "no length": Row(
        rttm((0, 10, "A"), (5, 5, "B")), rttm((0, 6, "x")), ALL, COLLAR,
        ("turns without length", 1, "ref:2", 100 * 3.75 / 9, 100 * 3.75 / 9.5),
    ),
    "half the collar": Row(
        TEN, rttm((0, 6, "x")), ALL, COLLAR, ("width of the collar", 1, "", 100 * 3.75 / 9.5, 100 * 3.875 / 9.75)
    ),
    "short speakers": Row(
        rttm((0, 10, "A"), (10, 14, "B")), rttm((0, 14, "x")), ALL, STRICT, ("short speakers", 1, "", 0, 1)
    ),
    "short found speakers": Row(
        TEN, rttm((0, 5, "x"), (5, 9, "y"), (9, 10, "z")), ALL, STRICT, ("short speakers", 2, "", 0, 2)
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_trap_is_found_and_measured(row: Row) -> None:
    name, count, place, as_scored, otherwise = row.trap
    trap = traps_of(row.reference, row.hypothesis, row.uem, row.options)[name]
    assert (trap.count, trap.place) == (count, place)
    assert (trap.as_scored, trap.otherwise) == pytest.approx((as_scored, otherwise))


def test_every_trap_has_a_row() -> None:
    names = {row.trap[0] for row in ROWS.values()}
    everything = [trap for row in ROWS.values() for trap in traps_of(*row[:4])]
    assert set(everything) == names


@pytest.mark.parametrize("options", [STRICT, SKIPPED])
def test_a_clean_input_has_no_traps(options: ScoreOptions) -> None:
    reference = rttm((0, 10, "A"), (10, 20, "B"), (15, 25, "A"))
    assert traps_of(reference, rttm((0, 12, "x"), (12, 20, "y")), ALL, options) == {}
    assert list(traps_of(reference, reference, ALL, ScoreOptions())) == ["width of the collar"]


def test_traps_are_one_line_each() -> None:
    trap = traps_of(TEN, rttm((0, 10, "x"), channel="0"), ALL)["channels"]
    assert str(trap) == (
        "ref:1: channels: 1 in the reference and 0 in the hypothesis of 1 recording (r); scored as one; "
        "DER 0.00 %; md-eval, which scores each apart, would say 100.00 %"
    )
    assert all("\n" not in str(trap) for row in ROWS.values() for trap in traps_of(*row[:4]).values())


def test_the_time_outside_is_told_though_it_changes_nothing() -> None:
    row = ROWS["no UEM"]
    assert "10.00 s of hypothesis in 1 recording lie outside" in traps_of(*row[:4])["no UEM"].found
    within = traps_of(TEN, rttm((2, 8, "x")))["no UEM"]
    assert "0.00 s of hypothesis in 0 recordings" in within.found and within.otherwise == within.as_scored == 40


def test_the_measure_of_speaker_counts_is_no_percentage() -> None:
    row = ROWS["short speakers"]
    trap = traps_of(*row[:4])["short speakers"]
    assert trap.measure == COUNT_ERROR
    assert str(trap).endswith("mean speaker count error 0.00; with all of them counted 1.00")


def test_what_only_touches_is_no_self_overlap() -> None:
    touching = rttm((0, 0.1 + 0.2, "A"), (0.3, 10, "A"))
    assert not {"self-overlap, reference", "self-overlap, hypothesis"} & set(traps_of(touching, touching, ALL))


def test_same_names_of_other_recordings_are_no_self_overlap() -> None:
    both = TEN + rttm((5, 15, "A"), recording="q")
    assert not [name for name in traps_of(both, both, ALL | {"q": [Segment(0, 100)]}) if "overlap" in name]


def test_without_speaker_lines_there_is_nothing_to_score() -> None:
    with pytest.raises(DataError, match="no SPEAKER line"):
        find_traps([], lines(TEN, "hyp"))


# what md-eval itself says


needs_md_eval = pytest.mark.skipif(md_eval.find_md_eval() is None, reason="no md-eval.pl: set MD_EVAL to its path")


def md_eval_error(row: Row) -> float:
    uem = "".join(
        f"{name} 1 {region.start} {region.end}\n" for name, regions in (row.uem or {}).items() for region in regions
    )
    case = Case(row.reference, row.hypothesis, uem)
    printed = md_eval.run_md_eval(case, row.options.collar, row.options.skip_overlap)
    return float(printed.line.split("=")[1].split()[0])


@needs_md_eval
@pytest.mark.parametrize("name", ["channel", "a channel each", "a dot"])
def test_md_eval_says_what_the_trap_says_it_would(name: str) -> None:
    assert md_eval_error(ROWS[name]) == pytest.approx(ROWS[name].trap[4], abs=0.006)


@needs_md_eval
@pytest.mark.parametrize("name", [name for name in ROWS if name not in ("channel", "a channel each", "a dot")])
def test_md_eval_agrees_with_the_figure_as_scored(name: str) -> None:
    row = ROWS[name]
    if row.trap[0] != "short speakers":
        assert md_eval_error(row) == pytest.approx(row.trap[3], abs=0.006)


def test_the_recorded_channel_is_what_the_trap_says() -> None:
    case = md_eval.cases()["other channel"]
    recorded = md_eval.recorded("other channel", 0.0, False).line
    otherwise = traps_of(case.reference, case.hypothesis)["channels"].otherwise
    assert f"= {otherwise:.2f} percent" in recorded
