"""Segments for the information bottleneck, as they come and as they should not: ties, empty columns, a single one."""

from __future__ import annotations

import numpy as np

from diar.background import Background
from diar.posteriors import Relevance


def random_rows(n: int, n_relevance: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(n_relevance, 0.4), n)


def tied_rows() -> np.ndarray:
    """Pairs of relevance variables, all pairs alike: the costs of many merges are equal."""
    return np.kron(np.eye(4), [[0.75, 0.25], [0.25, 0.75], [0.75, 0.25]])


def rows_with_empty_columns() -> np.ndarray:
    rows = np.zeros((9, 14))
    rows[:, [1, 2, 5, 8, 13]] = random_rows(9, 5, seed=3)
    return rows


def rows_of_one_variable_each() -> np.ndarray:
    return np.eye(5)[np.random.default_rng(2).integers(0, 5, 13)]


PROBLEMS = {
    **{f"random {seed}": random_rows(10 + seed, 4 + 9 * (seed % 5), seed) for seed in range(8)},
    "clustered": np.repeat(random_rows(4, 20, 1), 5, axis=0) * 0.9 + 0.1 * random_rows(20, 20, 2),
    "ties": tied_rows(),
    "identical": np.repeat(random_rows(1, 6, 0), 7, axis=0),
    "identical pairs": np.repeat(random_rows(5, 6, 0), 2, axis=0),
    "one variable": np.ones((5, 1)),
    "empty columns": rows_with_empty_columns(),
    "disjoint": rows_of_one_variable_each(),
    "one segment": random_rows(1, 5, 0),
    "two segments": random_rows(2, 5, 0),
    "two alike": np.repeat(random_rows(1, 5, 0), 2, axis=0),
}
ODD_LENGTHS = (250, 3, 40, 250, 1, 77)


def seen(rows: np.ndarray, lengths: np.ndarray | None = None) -> Relevance:
    if lengths is None:
        lengths = np.resize(ODD_LENGTHS, len(rows))
    nothing = np.zeros((rows.shape[1], 0), dtype=np.float32)
    return Relevance(np.asarray(lengths, dtype=np.int64), nothing, rows, Background(np.ones(1), ()))


def joint_of(relevance: Relevance, prior: str) -> np.ndarray:
    n, total = len(relevance.lengths), relevance.lengths.sum()
    p_x = [length / total if prior == "duration" else 1 / n for length in relevance.lengths.tolist()]
    return np.array(p_x)[:, np.newaxis] * relevance.segments


def scattered(n: int, n_clusters: int, seed: int) -> np.ndarray:
    """Labels without any sense, of which every one is used."""
    labels = np.resize(np.arange(n_clusters, dtype=np.int32), n)
    return np.random.default_rng(seed).permutation(labels)


def random_joint(n_clusters: int, n_relevance: int, seed: int) -> np.ndarray:
    """(C, Y) p(c, y) with zeros, clusters of very unequal size, and two that tell the same."""
    rng = np.random.default_rng([n_clusters, n_relevance, seed])
    joint = (
        rng.dirichlet(np.full(n_relevance, 0.5), n_clusters) * rng.dirichlet(np.full(n_clusters, 0.5))[:, np.newaxis]
    )
    joint[rng.random(joint.shape) < 0.2] = 0.0
    joint[:, 0] += 1e-3
    joint[-1] = 3 * joint[0]
    return joint / joint.sum()
