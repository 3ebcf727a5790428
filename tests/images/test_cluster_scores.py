"""Agreement of clusters with classes against all mappings, the definitions, and what must not matter."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest

from diar.images.cluster_scores import best_mapping, cluster_scores, contingency


def drawn(n_classes: int, n_clusters: int, seed: int, n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_classes, n)
    return labels.astype(np.uint8), np.where(rng.random(n) < 0.4, labels % n_clusters, rng.integers(0, n_clusters, n))


def by_all_mappings(labels: np.ndarray, clusters: np.ndarray, k: int) -> float:
    return max(float(np.mean(np.array(order)[clusters] == labels)) for order in permutations(range(k)))


def entropy(counts: np.ndarray) -> float:
    shares = counts[counts > 0] / counts.sum()
    return -math.fsum(share * math.log(share) for share in shares)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 6])
def test_accuracy_is_that_of_the_best_of_all_mappings(k: int, seed: int) -> None:
    labels, clusters = drawn(k, k, seed)
    assert cluster_scores(labels, clusters)["acc"] == pytest.approx(by_all_mappings(labels, clusters, k))


@pytest.mark.parametrize(("n_classes", "n_clusters"), [(3, 5), (5, 3)])
def test_of_other_numbers_of_clusters_the_best_are_taken_one_to_one(n_classes: int, n_clusters: int) -> None:
    labels, clusters = drawn(n_classes, n_clusters, 1)
    assert cluster_scores(labels, clusters)["acc"] == pytest.approx(by_all_mappings(labels, clusters, 5))
    mapping = best_mapping(labels, clusters, n_classes, n_clusters)
    assert sorted(k for k in mapping if k >= 0) == sorted(set(mapping) - {-1}) and len(mapping) == n_clusters
    assert (mapping < 0).sum() == max(0, n_clusters - n_classes)


@pytest.mark.parametrize("seed", range(3))
def test_mutual_information_is_over_the_mean_of_both_entropies(seed: int) -> None:
    labels, clusters = drawn(3, 6, seed)
    counts = contingency(labels, clusters, 3, 6)
    assert counts.sum() == len(labels) and counts[labels[0], clusters[0]] > 0
    both, rows, columns = entropy(counts), entropy(counts.sum(1)), entropy(counts.sum(0))
    wanted = (rows + columns - both) / (0.5 * (rows + columns))
    assert cluster_scores(labels, clusters)["nmi"] == pytest.approx(wanted)
    assert cluster_scores(labels, clusters)["nmi"] != pytest.approx((rows + columns - both) / math.sqrt(rows * columns))


def test_the_rand_index_is_that_of_pairs() -> None:
    labels, clusters = drawn(3, 4, 2, 30)
    pairs = [(labels[i] == labels[j], clusters[i] == clusters[j]) for i in range(30) for j in range(i)]
    n, both = len(pairs), sum(a and b for a, b in pairs)
    same_class, same_cluster = (sum(pair[side] for pair in pairs) for side in (0, 1))
    chance = same_class * same_cluster / n
    wanted = (both - chance) / (0.5 * (same_class + same_cluster) - chance)
    assert cluster_scores(labels, clusters)["ari"] == pytest.approx(wanted)


def test_names_of_clusters_do_not_matter_and_perfect_ones_are_one() -> None:
    labels, clusters = drawn(4, 4, 3)
    order = np.array([2, 0, 3, 1])
    assert cluster_scores(labels, order[clusters]) == pytest.approx(cluster_scores(labels, clusters))
    assert cluster_scores(labels, order[labels]) == pytest.approx({"acc": 1.0, "nmi": 1.0, "ari": 1.0})
