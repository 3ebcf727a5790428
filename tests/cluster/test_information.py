"""Information that clusters keep, and lose by merging, against definitions from the joint distribution."""

from __future__ import annotations

import numpy as np
import pytest
from bottleneck_problems import PROBLEMS, joint_of, random_joint, seen
from oracles import bottleneck_objective, divergence, mutual_information

from diar.cluster.information import information, information_losses, measures, relative_information


@pytest.mark.parametrize("rows", PROBLEMS.values(), ids=PROBLEMS)
def test_information_is_that_of_the_definition(rows: np.ndarray) -> None:
    joint = joint_of(seen(rows), "duration")
    assert information(joint) == pytest.approx(mutual_information(joint), abs=1e-12) and information(joint) >= 0


@pytest.mark.parametrize(("n_clusters", "n_relevance"), [(2, 1), (2, 5), (5, 3), (6, 20)])
@pytest.mark.parametrize("seed", range(3))
def test_a_merge_loses_the_information_of_the_definition(n_clusters: int, n_relevance: int, seed: int) -> None:
    joint = random_joint(n_clusters, n_relevance, seed)
    losses = information_losses(joint)
    assert losses.shape == (n_clusters, n_clusters) and (losses >= 0).all()
    for i in range(n_clusters):
        for j in range(i + 1, n_clusters):
            after = np.vstack([np.delete(joint, [i, j], axis=0), joint[i] + joint[j]])
            assert losses[i, j] == pytest.approx(mutual_information(joint) - mutual_information(after), abs=1e-12)
            assert losses[i, j] == pytest.approx(divergence(joint[i], joint[j]), abs=1e-12)
    assert losses[0, -1] == pytest.approx(0.0, abs=1e-12), "two clusters that tell the same lose nothing"


@pytest.mark.parametrize("beta", [0.5, 10.0])
def test_measures_are_those_of_the_definitions(beta: float) -> None:
    joint = random_joint(5, 8, 1)
    everything = 2.0 * mutual_information(joint)
    found = measures(joint, everything, beta)
    assert found["nmi"] == pytest.approx(0.5)
    assert found["f"] == pytest.approx(bottleneck_objective(joint, list(range(5)), beta), abs=1e-12)


@pytest.mark.parametrize(
    ("kept", "everything", "expected"), [(0.0, 0.0, 1.0), (1e-17, 1e-16, 1.0), (0.2, 0.1, 1.0), (0.1, 0.4, 0.25)]
)
def test_the_share_is_one_at_most_and_all_of_nothing(kept: float, everything: float, expected: float) -> None:
    assert relative_information(kept, everything) == expected
