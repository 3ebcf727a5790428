"""Sweeps of the sequential information bottleneck against F by definition."""

from __future__ import annotations

import numpy as np
import pytest
from bottleneck_problems import PROBLEMS, joint_of, random_rows, scattered, seen
from oracles import bottleneck_objective, bottleneck_sweep

from diar.cluster.sib import sequential


@pytest.mark.parametrize("beta", [0.5, 2.0, 100.0])
@pytest.mark.parametrize("seed", range(5))
def test_a_sweep_moves_each_segment_where_f_is_largest(seed: int, beta: float) -> None:
    joint = joint_of(seen(random_rows(11, 7, seed)), "duration")
    labels = scattered(11, 2 + seed % 4, seed)
    wanted = labels.tolist()
    for n_sweeps in (1, 2, 3):
        wanted = bottleneck_sweep(joint, wanted, beta)
        moved = sequential(joint, labels, beta, n_sweeps)
        assert moved.dtype == np.int32 and moved.tolist() == wanted


@pytest.mark.parametrize("rows", PROBLEMS.values(), ids=PROBLEMS)
@pytest.mark.parametrize("beta", [0.5, 10.0])
def test_no_sweep_lets_f_fall_or_empties_a_cluster(rows: np.ndarray, beta: float) -> None:
    joint = joint_of(seen(rows), "duration")
    for n_clusters in {1, min(2, len(rows)), min(4, len(rows)), len(rows)}:
        labels = scattered(len(rows), n_clusters, seed=n_clusters)
        value = bottleneck_objective(joint, labels.tolist(), beta)
        for _ in range(20):
            before, before_value = labels, value
            labels = sequential(joint, before, beta, 1)
            value = bottleneck_objective(joint, labels.tolist(), beta)
            assert value >= before_value - 1e-10
            assert sorted(set(labels.tolist())) == list(range(n_clusters))
            if (labels == before).all():
                break
        else:
            pytest.fail("no fixed point")
        np.testing.assert_array_equal(sequential(joint, labels, beta, 7), labels)
        assert bottleneck_sweep(joint, labels.tolist(), beta) == labels.tolist()


def test_a_segment_that_is_as_well_off_elsewhere_stays() -> None:
    joint = joint_of(seen(np.repeat(random_rows(1, 6, 0), 3, axis=0), np.full(3, 100)), "duration")
    for labels in ([0, 1, 1], [1, 0, 0]):
        assert sequential(joint, np.array(labels, dtype=np.int32), 10.0, 3).tolist() == labels


def test_labels_that_are_given_are_not_changed() -> None:
    joint, labels = joint_of(seen(random_rows(12, 5, 0)), "uniform"), scattered(12, 3, seed=0)
    before = labels.copy()
    assert (sequential(joint, labels, 10.0, 3) != before).any()
    np.testing.assert_array_equal(labels, before)


def test_segments_in_wrong_clusters_move_home() -> None:
    truth = np.repeat(np.arange(4, dtype=np.int32), 5)
    joint = joint_of(seen(PROBLEMS["clustered"]), "duration")
    np.testing.assert_array_equal(sequential(joint, truth, 10.0, 3), truth)
    wrong = truth.copy()
    wrong[[0, 7, 13, 19]] = [2, 0, 1, 1]
    np.testing.assert_array_equal(sequential(joint, wrong, 10.0, 3), truth)


def test_relabelled_clusters_are_swept_alike() -> None:
    joint, labels = joint_of(seen(random_rows(20, 8, 1)), "uniform"), scattered(20, 4, seed=1)
    order = np.array([2, 0, 3, 1], dtype=np.int32)
    np.testing.assert_array_equal(sequential(joint, order[labels], 10.0, 5), order[sequential(joint, labels, 10.0, 5)])
