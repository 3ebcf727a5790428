"""The images that clusters are most certain of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from diar.images.sets import UInt8

_GREY = 128


def most_certain(images: UInt8, shares: NDArray[np.float32], n_each: int) -> UInt8:
    """(K x n_each, H, W, C): of each cluster the images with most of its share, among those that it wins, the most
    certain first; grey where it wins fewer. ``shares`` are (N, K)."""
    n_clusters, labels = shares.shape[1], shares.argmax(axis=1)
    found = np.full((n_clusters, n_each, *images.shape[1:]), _GREY, np.uint8)
    for cluster in range(n_clusters):
        members = np.flatnonzero(labels == cluster)
        order = np.argsort(-shares[members, cluster], kind="stable")[:n_each]
        found[cluster, : len(order)] = images[members[order]]
    return found.reshape(-1, *images.shape[1:])
