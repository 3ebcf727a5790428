"""What a classifier takes for what."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]


def confusion_matrix(labels: NDArray[np.integer[Any]], found: NDArray[np.integer[Any]], n_classes: int) -> Counts:
    """(K, K) counts: row k are the images of class k, by the class they were taken for."""
    assert labels.shape == found.shape and labels.ndim == 1, (labels.shape, found.shape)
    cells = labels.astype(np.int64) * n_classes + found.astype(np.int64)
    return np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes)


def accuracy(confusion: Counts) -> float:
    """The share of images that were taken for what they are."""
    return float(np.trace(confusion) / confusion.sum())


def accuracy_by_class(confusion: Counts) -> NDArray[np.float64]:
    """(K,) the same of the images of each class; NaN of a class without images."""
    counts = confusion.sum(axis=1)
    shares: NDArray[np.float64] = np.diag(confusion) / np.where(counts, counts, np.nan)
    return shares
