"""Dense SIFT descriptors of images (D. Lowe, "Distinctive image features from scale-invariant keypoints", IJCV, 2004).

They are taken upright at the points of a grid, and made those of R. Arandjelovic and A. Zisserman, "Three things
everyone should know to improve object retrieval", CVPR 2012: divided by their sum, and the root of each value, so that
a descriptor has length 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError
from diar.images.sets import UInt8

N_VALUES = 128  # of a descriptor
_LEAST_SIDE = 32  # pixels; smaller images are enlarged a whole number of times first
_CELLS = 6.0  # a descriptor spans so many times its keypoint's size: 4 cells of 1.5
_OVERLAP = 1.5  # of the distance of two points of the grid, what a descriptor spans


def dense_sift(images: UInt8, n_a_side: int) -> NDArray[np.float32]:
    """(N, n x n x 128) float32, 0 to 1, of (N, H, W, C) ``images``: a descriptor a point of a grid, row by row.

    Raises:
        DataError: OpenCV is not installed.
    """
    try:
        import cv2
    except ModuleNotFoundError:
        advice = "pip install opencv-python-headless"
        raise DataError("--input", "found sift, but OpenCV is not installed", "wanted pixels", advice) from None
    times = max(1, -(-_LEAST_SIDE // min(images.shape[1:3])))
    height, width = times * images.shape[1], times * images.shape[2]
    size = _OVERLAP * max(height, width) / n_a_side / _CELLS
    places = [
        cv2.KeyPoint((x + 0.5) * width / n_a_side, (y + 0.5) * height / n_a_side, size, 0)
        for y in range(n_a_side) for x in range(n_a_side)
    ]  # fmt: skip
    cv2.setNumThreads(1)  # small images keep no second one busy
    sift = cv2.SIFT_create()
    found = np.empty((len(images), len(places) * N_VALUES), np.float32)
    for n, image in enumerate(images):
        grey = image[..., 0] if image.shape[2] == 1 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        if times > 1:
            grey = cv2.resize(np.ascontiguousarray(grey), (width, height), interpolation=cv2.INTER_CUBIC)
        descriptors = sift.compute(np.ascontiguousarray(grey), places)[1]
        sums = np.maximum(descriptors.sum(axis=1, keepdims=True), 1.0)  # of a place without edges all are 0
        found[n] = np.sqrt(descriptors / sums).ravel()
    return found
