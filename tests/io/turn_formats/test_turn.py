"""What a file says of a turn is checked in one place."""

from __future__ import annotations

import math

import pytest

from diar.errors import DataError
from diar.io.turn_formats.turn import checked_name, checked_turn, confidence_text
from diar.segments import Turn


def test_numbers_and_their_text_are_the_same() -> None:
    assert checked_turn("f:1", "0.5", "1.5", " Ann ", "0.25") == checked_turn("f:1", 0.5, 1.5, "Ann", 0.25)
    assert checked_turn("f:1", 0, 0, "Ann") == Turn(0, 0, "Ann")


@pytest.mark.parametrize("unknown", [None, "", "NA", "<NA>", "nan", math.inf])
def test_an_unknown_confidence(unknown: object) -> None:
    assert math.isnan(checked_turn("f:1", 0, 1, "A", unknown).confidence)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (("zero", 1, "A"), "found times 'zero 1'; wanted seconds"),
        ((0, None, "A"), "found times '0 None'"),
        ((0, [], "A"), "found times"),
        ((2, 1, "A"), "found a turn from 2 to 1 s; wanted 0 <= start <= end"),
        ((-1, 1, "A"), "from -1 to 1"),
        (("nan", 1, "A"), "from nan to 1"),
        ((0, math.inf, "A"), "to inf"),
        ((0, 1, " "), "the speaker's name is blank"),
        ((0, 1, 7), "the speaker's name is blank"),
        ((0, 1, "a\x07"), r"found the speaker 'a\\x07'; wanted a name without control characters"),
        ((0, 1, "\udc00"), r"found the speaker '\\udc00'"),
        ((0, 1, "A", "high"), "found the confidence 'high'; wanted a number"),
        ((0, 1, "A", []), "found the confidence"),
    ],
)
def test_faults_are_told_with_their_place(fields: tuple[object, ...], reason: str) -> None:
    with pytest.raises(DataError, match=f"^f:1: .*{reason}"):
        checked_turn("f:1", *fields)  # type: ignore[arg-type]


def test_names_and_confidences() -> None:
    assert checked_name("f", "\tÜnal (2) ", "speaker") == "Ünal (2)"
    assert confidence_text(Turn(0, 1, "A")) == "" and confidence_text(Turn(0, 1, "A", 0.9996)) == "1.000"
