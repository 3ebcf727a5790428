"""A turn as a file tells it: checked when it is read, and what its numbers look like when it is written."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from diar.errors import DataError
from diar.segments import Turn

Turns = Mapping[str, Sequence[Turn]]  # by recording
Durations = Mapping[str, float]  # of recordings, in seconds, where they are known
Content = tuple[dict[str, list[Turn]], dict[str, float]]  # what a file says: turns and durations of recordings

_UNKNOWN = (None, "", "NA", "<NA>")


def checked_turn(place: str, start: Any, end: Any, speaker: Any, confidence: Any = None) -> Turn:
    """A turn from numbers or their text; ``place`` is told when it is wrong.

    Raises:
        DataError: times that are no seconds or in no order, a confidence that is no number, a blank name.
    """
    try:
        first, last = float(start), float(end)
    except (TypeError, ValueError):
        raise DataError(place, f"found times '{start} {end}'", "wanted seconds") from None
    if not 0 <= first <= last < math.inf:
        raise DataError(place, f"found a turn from {start} to {end} s", "wanted 0 <= start <= end")
    return Turn(first, last, checked_name(place, speaker, "speaker"), _confidence(place, confidence))


def checked_name(place: str, name: Any, noun: str) -> str:
    """The name of a speaker or recording, without blanks around it.

    Raises:
        DataError: a name that is blank, no text, or holds what no text file can.
    """
    if not isinstance(name, str) or not name.strip():
        raise DataError(place, f"the {noun}'s name is blank", "wanted a name")
    if any(unicodedata.category(letter) in ("Cc", "Cs") and not letter.isspace() for letter in name):
        raise DataError(place, f"found the {noun} {ascii(name)}", "wanted a name without control characters")
    return name.strip()


def _confidence(place: str, value: Any) -> float:
    if value in _UNKNOWN:
        return math.nan
    try:
        confidence = float(value)
    except (TypeError, ValueError):
        raise DataError(place, f"found the confidence '{value}'", "wanted a number, or nothing") from None
    return confidence if math.isfinite(confidence) else math.nan


def confidence_text(turn: Turn) -> str:
    """Three decimals; empty where no confidence is known."""
    return "" if math.isnan(turn.confidence) else f"{turn.confidence:.3f}"
