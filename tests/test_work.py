"""How much is done is told to who listens, and to nobody else."""

from __future__ import annotations

import numpy as np
import pytest

from diar.cluster.agglomerate import Merge, agglomerate
from diar.work import listening, part, tell_done


def test_who_listens_hears_what_is_told_inside() -> None:
    heard: list[float] = []
    tell_done(0.1)
    with listening(heard.append):
        tell_done(0.2)
        with listening(None):
            tell_done(0.3)
        with part(0.5, 0.7):
            for share in (0.0, 0.5, 1.0):
                tell_done(share)
        tell_done(1.0)
    tell_done(0.4)
    assert heard == pytest.approx([0.2, 0.5, 0.6, 0.7, 1.0])


def test_parts_of_parts_and_of_what_nobody_hears() -> None:
    heard: list[float] = []
    with part(0.5, 0.7):
        tell_done(0.5)
    with listening(heard.append), part(0.5, 1.0), part(0.0, 0.5):
        tell_done(1.0)
    assert heard == [0.75]


def test_nobody_listens_after_an_error() -> None:
    heard: list[float] = []
    with pytest.raises(ZeroDivisionError), listening(heard.append):
        raise ZeroDivisionError
    tell_done(0.5)
    assert heard == []


class Chain:
    """Clusters of which the last two are merged."""

    def __init__(self, n_clusters: int) -> None:
        self.labels, self.measures = np.arange(n_clusters, dtype=np.int32), {}

    @property
    def n_clusters(self) -> int:
        return int(self.labels.max()) + 1

    def best_merge(self) -> Merge:
        return Merge(self.n_clusters - 2, self.n_clusters - 1, 1.0)

    def merge(self, pair: Merge) -> None:
        self.labels = np.minimum(self.labels, pair.first)


def test_merges_tell_how_much_of_them_is_done() -> None:
    """A merge of k clusters takes as long as k; of four, merges take 4, 3 and 2 of about 8 ... 15/16 at the last."""
    heard: list[float] = []
    with listening(heard.append):
        agglomerate(Chain(4), np.ones(4, dtype=np.int64))
    assert heard == pytest.approx([0, 1 - 9 / 16, 1 - 4 / 16, 1 - 1 / 16])
    assert len(agglomerate(Chain(1), np.ones(1, dtype=np.int64))) == 1
