"""Class coverage of scores whose histogram is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy

from diar.images.coverage import coverage

RNG = np.random.default_rng(3)


def certain(counts: list[int]) -> np.ndarray:
    """Scores of images that are taken for their class without any doubt."""
    return 1000.0 * np.eye(len(counts))[np.repeat(np.arange(len(counts)), counts)]


def test_a_known_histogram() -> None:
    found = coverage(certain([50, 0, 30, 20]))
    assert found["class_shares"] == [0.5, 0.0, 0.3, 0.2]
    assert (found["least_class_share"], found["classes_found"], found["confidence"]) == (0, 3, 1)
    wanted = entropy([0.5, 0.3, 0.2])
    assert found["class_entropy"] == pytest.approx(wanted)
    assert found["classifier_score"] == pytest.approx(np.exp(wanted))


def test_all_classes_alike_are_the_best_and_one_the_worst() -> None:
    best, worst = coverage(certain([5] * 10)), coverage(certain([9, 0, 0]))
    assert best["classifier_score"] == pytest.approx(10) and best["class_entropy"] == pytest.approx(np.log(10))
    assert (worst["classifier_score"], worst["class_entropy"], worst["classes_found"]) == (1, 0, 1)
    doubtful = coverage(np.zeros((7, 4)))
    assert doubtful["classifier_score"] == pytest.approx(1) and doubtful["confidence"] == 0.25


def test_doubts_count_as_their_definitions_say() -> None:
    scores = RNG.normal(size=(60, 5)).astype(np.float32) * 3
    p = softmax(scores.astype(float), axis=1)
    found = coverage(scores)
    assert found["classifier_score"] == pytest.approx(np.exp(np.mean([entropy(row, p.mean(axis=0)) for row in p])))
    assert found["confidence"] == pytest.approx(p.max(axis=1).mean())
    assert sum(found["class_shares"]) == pytest.approx(1) and found["least_class_share"] == min(found["class_shares"])
    moved = coverage(scores + 700.0 * RNG.normal(size=(60, 1)))  # a constant an image
    assert moved["classifier_score"] == pytest.approx(found["classifier_score"], rel=1e-3)
