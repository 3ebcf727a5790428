"""How well clusters agree with classes: accuracy, normalised mutual information, adjusted Rand index; all from 0 to 1
(the last may be less) and the same whatever the clusters are called."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer[Any]]


def best_mapping(labels: Labels, clusters: Labels, n_classes: int, n_clusters: int) -> NDArray[np.int64]:
    """(K,) the class that each cluster stands for: one to one, so that the most images are taken for what they are.

    Of more clusters than classes, those that are left have -1 (H. W. Kuhn, "The Hungarian method for the assignment
    problem", 1955).
    """
    from scipy.optimize import linear_sum_assignment

    counts = contingency(labels, clusters, n_classes, n_clusters)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    mapping = np.full(n_clusters, -1, dtype=np.int64)
    mapping[columns] = rows
    return mapping


def contingency(labels: Labels, clusters: Labels, n_classes: int, n_clusters: int) -> NDArray[np.int64]:
    """(C, K) counts: row c are the images of class c, by their cluster."""
    assert labels.shape == clusters.shape and labels.ndim == 1, (labels.shape, clusters.shape)
    cells = labels.astype(np.int64) * n_clusters + clusters.astype(np.int64)
    return np.bincount(cells, minlength=n_classes * n_clusters).reshape(n_classes, n_clusters)


def cluster_accuracy(labels: Labels, clusters: Labels) -> float:
    """The share of images whose cluster stands for their class after the best one-to-one mapping."""
    mapping = best_mapping(labels, clusters, int(labels.max()) + 1, int(clusters.max()) + 1)
    return float(np.mean(mapping[clusters] == labels))


def cluster_scores(labels: Labels, clusters: Labels) -> dict[str, float]:
    """``acc``, as ``cluster_accuracy``; ``nmi``, the mutual information over the arithmetic mean of both entropies;
    ``ari``."""
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    return {
        "acc": cluster_accuracy(labels, clusters),
        "nmi": float(normalized_mutual_info_score(labels, clusters, average_method="arithmetic")),
        "ari": float(adjusted_rand_score(labels, clusters)),
    }
