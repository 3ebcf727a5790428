"""Sequential information bottleneck: segments change clusters, one at a time, while the number of clusters stays.

N. Slonim, N. Friedman and N. Tishby, "Unsupervised Document Classification using Sequential Information Maximization",
SIGIR 2002; for speakers D. Vijayasenan, F. Valente and H. Bourlard, "Combination of Agglomerative and Sequential
Clustering for Speaker Diarization", ICASSP 2008. The objective F is that of ``diar.cluster.aib``.
"""

from __future__ import annotations

import numpy as np

from diar.cluster.agglomerate import Labels
from diar.cluster.information import phi, xlogx
from diar.gmm import Float64


def sequential(joint: Float64, labels: Labels, beta: float, n_sweeps: int) -> Labels:
    """(N,) labels after sweeps of the sequential information bottleneck; F never falls, and no cluster is emptied.

    Each segment in turn leaves its cluster for the one that it costs least to join; ends when a sweep moves nothing.
    """
    labels = labels.copy()
    n_clusters = int(labels.max()) + 1
    clusters = np.zeros((n_clusters, joint.shape[1]))
    np.add.at(clusters, labels, joint)
    sizes = np.bincount(labels, minlength=n_clusters)
    alone = phi(joint)
    for _ in range(n_sweeps):
        moved = False
        for x, row in enumerate(joint):
            home = int(labels[x])
            if sizes[home] == 1:
                continue
            clusters[home] = np.maximum(clusters[home] - row, 0.0)
            costs = _joining_costs(row, alone[x], clusters, beta)
            best = int(costs.argmin())
            if costs[best] >= costs[home] - 1e-12:  # rounding must not move a segment back and forth
                best = home
            clusters[best] += row
            if best != home:
                labels[x] = best
                sizes[home] -= 1
                sizes[best] += 1
                moved = True
        if not moved:
            break
    return labels


def _joining_costs(row: Float64, alone: float, clusters: Float64, beta: float) -> Float64:
    """(C,) what F loses when ``row`` joins each of ``clusters``."""
    mass, masses = row.sum(), clusters.sum(axis=1)
    divergence = np.maximum(alone + phi(clusters) - phi(clusters + row), 0.0)
    costs: Float64 = divergence - (xlogx(masses + mass) - xlogx(masses) - xlogx(mass)) / beta
    return costs
