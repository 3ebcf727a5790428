"""Samples judged by a classifier: real ones are as good as real ones, noise is not, copies are told."""

from __future__ import annotations

import numpy as np
import pytest
from image_sets import blots

from diar.images.classify import NETS, features, scores, train_classifier
from diar.images.frechet import frechet_distance
from diar.images.sample_judge import SampleJudge, SampleOptions
from diar.nets.image_options import AugmentOptions
from diar.nets.options import DeviceOptions

TRAINED, JUDGED, OTHERS = blots(300, 1), blots(200, 2), blots(250, 3)
DEVICE = DeviceOptions(num_threads=1)


@pytest.fixture(scope="module")
def judge() -> SampleJudge:
    options = NETS["basic"](epochs=6, batch_size=16, learning_rate=5e-3)
    classifier, _ = train_classifier(TRAINED, 4, options, AugmentOptions(), DEVICE)
    return SampleJudge(classifier, TRAINED.images, JUDGED.images, SampleOptions(compared_samples=80), DEVICE)


def test_real_images_are_as_good_as_real_images(judge: SampleJudge) -> None:
    found = judge.judge(OTHERS.images)
    assert (found["n_samples"], found["real"]["n_frechet"]) == (250, 250)
    assert found["frechet"] < 5 * found["real"]["frechet"] and found["classes_found"] == 4
    assert found["classifier_score"] == pytest.approx(found["real"]["classifier_score"], rel=0.1)
    assert found["near_share"] < 0.1 and found["real"]["near_share"] < 0.1


def test_figures_are_what_they_say(judge: SampleJudge) -> None:
    found = judge.judge(OTHERS.images)
    of_judged = features(judge.classifier, JUDGED.images, DEVICE)
    wanted = frechet_distance(features(judge.classifier, OTHERS.images, DEVICE), of_judged)
    assert found["frechet"] == pytest.approx(wanted)
    taken_for = scores(judge.classifier, JUDGED.images, DEVICE).argmax(axis=1)
    assert found["real"]["class_shares"] == [float(np.mean(taken_for == k)) for k in range(4)]
    whole = SampleJudge(judge.classifier, TRAINED.images, JUDGED.images, SampleOptions(), DEVICE).judge(TRAINED.images)
    assert whole["frechet"] == pytest.approx(whole["real"]["frechet"])  # all training images are both
    differences = JUDGED.images[:, None] / 255 - TRAINED.images[None] / 255
    every = np.sqrt(np.square(differences).sum(axis=(2, 3, 4))).min(axis=1)
    order = np.random.default_rng(20180501).permutation(200)
    those = every[order[100:]]
    assert whole["real"]["median_distance"] == pytest.approx(np.median(those))
    assert whole["real"]["least_distance"] == pytest.approx(those.min())


def test_real_images_are_compared_with_other_real_ones() -> None:
    """In the half that is judged, copies of training images: nearer than any of the other half."""
    judged = OTHERS.images[:100]
    order = np.random.default_rng(20180501).permutation(200)
    both = np.concatenate([judged, TRAINED.images[:100]])
    images = np.empty_like(both)
    images[order] = both
    options = NETS["basic"](epochs=1, batch_size=16)
    classifier, _ = train_classifier(TRAINED, 4, options, AugmentOptions(), DEVICE)
    found = SampleJudge(classifier, TRAINED.images, images, SampleOptions(), DEVICE).judge(judged)
    assert found["real"]["near_share"] == 1 and found["near_share"] == pytest.approx(0.01)
    assert (found["real"]["least_distance"], found["real"]["median_distance"]) == (0, 0)


def test_one_class_alone_noise_and_copies_are_told(judge: SampleJudge) -> None:
    one = judge.judge(OTHERS.images[OTHERS.labels == 2])
    noise = judge.judge(np.random.default_rng(1).integers(0, 256, OTHERS.images.shape).astype(np.uint8))
    copies = judge.judge(TRAINED.images[::-1])
    assert one["class_shares"][2] > 0.9 and one["classifier_score"] < 1.5
    assert one["frechet"] > 5 * one["real"]["frechet"] < noise["frechet"]
    assert (copies["near_share"], copies["least_distance"], copies["median_distance"]) == (1, 0, 0)


def test_there_may_be_more_samples_than_training_images(judge: SampleJudge) -> None:
    samples = np.concatenate([OTHERS.images, OTHERS.images])
    assert judge.judge(samples)["real"]["n_frechet"] == 300
