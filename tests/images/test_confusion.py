"""What was taken for what, counted one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from diar.images.confusion import accuracy, accuracy_by_class, confusion_matrix


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1))
def test_counts_are_those_of_a_loop(pairs: list[tuple[int, int]]) -> None:
    labels, found = np.array(pairs, dtype=np.uint8).T
    confusion = confusion_matrix(labels, found, 4)
    wanted = [[pairs.count((row, column)) for column in range(4)] for row in range(4)]
    assert confusion.tolist() == wanted
    assert accuracy(confusion) == sum(a == b for a, b in pairs) / len(pairs)
    for k, share in enumerate(accuracy_by_class(confusion)):
        of_class = [b == k for a, b in pairs if a == k]
        assert np.isnan(share) if not of_class else share == sum(of_class) / len(of_class)
