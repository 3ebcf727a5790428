"""Whether a classifier finds all classes among images, and how sure it is of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def coverage(scores: NDArray[np.floating[Any]]) -> dict[str, Any]:
    """What (N, K) scores, logarithms of probabilities up to a constant, tell of N images; plain values.

    ``class_shares`` (K,) are the shares of images that were taken for each class, ``least_class_share`` the least of
    them, ``classes_found`` how many are not 0, and ``class_entropy`` their entropy in nats, log K at most.
    ``classifier_score`` is the exponential of the mean KL divergence of an image's class probabilities from those of
    all images, 1 to K (of the Inception network: T. Salimans et al., "Improved Techniques for Training GANs", 2016).
    ``confidence`` is the mean of the greatest probability of each image.
    """
    log_probabilities = _log_softmax(np.asarray(scores, dtype=np.float64))
    probabilities = np.exp(log_probabilities)
    n_classes = probabilities.shape[1]
    shares = np.bincount(probabilities.argmax(axis=1), minlength=n_classes) / len(probabilities)
    conditional = (probabilities * log_probabilities).sum(axis=1).mean()
    return {
        "class_shares": shares.tolist(),
        "least_class_share": float(shares.min()),
        "classes_found": int(np.count_nonzero(shares)),
        "class_entropy": _entropy(shares),
        "classifier_score": float(np.exp(conditional + _entropy(probabilities.mean(axis=0)))),
        "confidence": float(probabilities.max(axis=1).mean()),
    }


def _log_softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    scores = scores - scores.max(axis=1, keepdims=True)
    found: NDArray[np.float64] = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return found


def _entropy(shares: NDArray[np.float64]) -> float:
    positive = shares[shares > 0]
    return float(abs((positive * np.log(positive)).sum()))  # not -0
