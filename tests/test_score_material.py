"""Scores made again with something changed, and traps as lines of text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fixtures.md_eval.record import rttm

from diar.io.rttm import RttmLine
from diar.score import ScoreOptions, score_set
from diar.score_material import COUNT_ERROR, DER, Material, Trap
from diar.segments import Segment

STRICT = ScoreOptions(collar=0.0, skip_overlap=False)


def lines(text: str) -> list[RttmLine]:
    return [RttmLine.parse(line, f"text:{number}") for number, line in enumerate(text.splitlines(), 1)]


MATERIAL = Material(
    lines(rttm((0, 10, "A"), (4, 5, "NON-LEX")) + rttm((0, 10, "A"), recording="q")),
    lines(rttm((0, 10, "x")) + rttm((0, 4, "x"), recording="q") + rttm((0, 4, "x"), recording="alone")),
    None,
    STRICT,
)


def test_the_score_is_that_of_the_whole() -> None:
    assert MATERIAL.der == score_set(MATERIAL.reference, MATERIAL.hypothesis, None, STRICT).pooled.der
    assert MATERIAL.der == pytest.approx(100 * 6 / 18)
    assert list(MATERIAL.truth) == ["r", "q"] and list(MATERIAL.found) == ["r", "q", "alone"]
    assert [line.place for line in MATERIAL.turns()] == ["text:1", "text:3"]


def test_a_change_is_made_to_every_recording_and_not_kept() -> None:
    before = MATERIAL.der
    assert MATERIAL.der_if(lambda given: replace(given, uem=[Segment(0, 3)])) == 0
    assert MATERIAL.der_if(lambda given: given) == before == MATERIAL.der
    assert MATERIAL.der_of(MATERIAL.inputs[:1]) == pytest.approx(60)  # sorted by name: q
    # the collar hides 0.5 s at each side of both, which were right at the start and half wrong at the end
    assert MATERIAL.der_of(MATERIAL.inputs, ScoreOptions(collar=0.5)) == pytest.approx(100 * 5.5 / 16)


def test_a_trap_as_text() -> None:
    trap = MATERIAL.trap("name", "what was found", MATERIAL.turns(), "otherwise", 12.345)
    assert trap == Trap("name", "what was found", 2, "text:1", DER, MATERIAL.der, "otherwise", 12.345)
    assert str(trap) == f"text:1: name: what was found; DER 33.33 %; otherwise {12.345:.2f} %"
    counts = replace(trap, measure=COUNT_ERROR, place="")
    assert str(counts) == f"name: what was found; mean speaker count error 33.33; otherwise {12.345:.2f}"
