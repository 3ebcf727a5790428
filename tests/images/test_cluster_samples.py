"""Images that clusters are most certain of, by hand."""

from __future__ import annotations

import numpy as np

from diar.images.cluster_samples import most_certain


def test_a_row_has_the_winners_of_its_cluster_the_most_certain_first() -> None:
    images = np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1)
    first = np.array([0.6, 0.9, 0.2, 0.7, 0.9, 0.45])
    shares = np.stack([first, 1 - first, np.zeros(6)], axis=1).astype(np.float32)
    found = most_certain(images, shares, 3).reshape(3, 3)
    np.testing.assert_array_equal(found, [[1, 4, 3], [2, 5, 128], [128, 128, 128]])
