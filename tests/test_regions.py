"""The time that turns share with regions, against their intersection; the rest of regions is tested with scores."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diar.regions import shared_seconds
from diar.segments import Segment, Turn, intersection, union

spans = st.lists(st.tuples(st.floats(0, 50), st.floats(0, 10)).map(lambda s: (s[0], s[0] + s[1])), max_size=8)


@given(spans, spans)
def test_shared_time_is_that_of_the_intersection(times: list[tuple[float, float]], bounds: list) -> None:
    turns, regions = [Turn(*span, "A") for span in times], union(Segment(*span) for span in bounds)
    wanted = [sum(segment.duration for segment in intersection([turn], regions)) for turn in turns]
    assert shared_seconds(turns, regions) == pytest.approx(wanted, abs=1e-9)


def test_without_regions_nothing_is_shared() -> None:
    assert shared_seconds([Turn(0, 1, "A"), Turn(2, 3, "B")], []) == [0, 0]
    assert shared_seconds([], [Segment(0, 1)]) == []
