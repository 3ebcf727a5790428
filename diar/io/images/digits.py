"""The handwritten digits that come with scikit-learn: 1,797 images of 8 x 8 pixels in 17 greys.

They are the test part of UCI's "Optical Recognition of Handwritten Digits" (E. Alpaydin, C. Kaynak, 1998), by 13
writers. The last 500 images are our test part; whose hand wrote which is not told, so writers may be in both.
"""

from __future__ import annotations

import numpy as np

from diar.images.sets import Dataset, ImageSet

_N_TEST = 500
_WHITE = 16


def read_digits() -> Dataset:
    """The digits, 0 to 16 as 0 to 255."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = np.rint(digits.images * (255 / _WHITE)).astype(np.uint8)[..., np.newaxis]
    whole = ImageSet(images, digits.target.astype(np.uint8))
    first, last = np.split(np.arange(len(whole)), [-_N_TEST])
    return Dataset("digits", whole[first], whole[last], sources={"scikit-learn": "sklearn.datasets.load_digits"})
