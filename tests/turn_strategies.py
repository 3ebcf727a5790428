"""Turns at random, for properties of what writes and reads them."""

from __future__ import annotations

import math

from hypothesis import strategies as st

from diar.segments import Turn

TWO_HUNDRED_HOURS = 720_000_000  # ms

# letters of many alphabets, quotation marks, brackets and markup: whatever a name without blanks may hold
names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8).filter("<NA>".__ne__)
confidences = st.one_of(st.just(math.nan), st.integers(0, 1000).map(lambda thousandths: thousandths / 1000))


@st.composite
def turn_lists(draw: st.DrawFn, speakers: st.SearchStrategy[str] = names, shortest: int = 1) -> list[Turn]:
    """Turns of a few speakers, in any order, that may overlap; times are whole milliseconds."""
    known = draw(st.lists(speakers, min_size=1, max_size=3, unique=True))
    turns = []
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, draw(st.sampled_from([3000, TWO_HUNDRED_HOURS]))))
        end = start + draw(st.integers(shortest, 5000))
        turns.append(Turn(start / 1000, end / 1000, draw(st.sampled_from(known)), draw(confidences)))
    return turns
