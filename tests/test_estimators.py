"""Clusterers in scikit-learn's habit: the same labels as the chain gives, and what scikit-learn asks of estimators."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import agreement
from sklearn.base import clone

from diar.cluster.agglomerate import SpeakerRange
from diar.cluster.aib import AibOptions
from diar.cluster.hmm_gmm import HmmGmmOptions
from diar.errors import DataError
from diar.estimators import AgglomerativeIB, HmmGmm, HmmGmmLikeIB, Realigner, ViterbiIB
from diar.pipeline import CLUSTERERS, frames_to_clusters, realign_clusters
from diar.realign import RealignOptions

ESTIMATORS = {"hmm_gmm": HmmGmm, "aib": AgglomerativeIB, "aib_viterbi": ViterbiIB, "ib_hmm_gmm": HmmGmmLikeIB}
every_estimator = pytest.mark.parametrize("name", ESTIMATORS)


@pytest.fixture(scope="module")
def talk() -> tuple[np.ndarray, np.ndarray]:
    """(T, 6) frames of three speakers in turns of 4 s, and who speaks."""
    rng = np.random.default_rng(1)
    who = np.repeat([0, 1, 2, 0, 2, 1, 0, 1], 400)
    means = 3 * rng.standard_normal((3, 6))
    return (means[who] + rng.standard_normal((len(who), 6))).astype(np.float32), who


@every_estimator
def test_labels_are_those_of_the_chain(talk: tuple[np.ndarray, np.ndarray], name: str) -> None:
    frames, who = talk
    estimator = ESTIMATORS[name](n_speakers=3)
    labels = estimator.fit_predict(frames)
    wanted = frames_to_clusters(frames, np.ones(len(frames), bool), CLUSTERERS[name](), SpeakerRange(3, 3))
    np.testing.assert_array_equal(labels, wanted.labels)
    assert labels is estimator.labels_ and estimator.n_speakers_ == 3 and agreement(labels, who) > 0.8
    assert len(estimator.history_.partitions) == len(wanted.history.partitions)


def test_without_a_number_the_stop_rule_decides_and_options_matter(talk: tuple[np.ndarray, np.ndarray]) -> None:
    frames, _ = talk
    eager, never = (HmmGmm(options=HmmGmmOptions(bic_threshold=t)).fit(frames).n_speakers_ for t in (-1e9, 1e9))
    assert eager == 1 and never > 3


@every_estimator
def test_parameters_are_what_scikit_learn_expects(name: str) -> None:
    estimator = ESTIMATORS[name](n_speakers=2)
    copy = clone(estimator).set_params(n_speakers=4)
    assert copy.get_params() == {"n_speakers": 4, "options": None} and estimator.n_speakers == 2


def test_realignment_alone(talk: tuple[np.ndarray, np.ndarray]) -> None:
    frames, who = talk
    rough = np.roll(who, 60).astype(np.int32)
    options = RealignOptions(min_duration=1.0)
    moved = Realigner(options).transform(frames, rough)
    np.testing.assert_array_equal(moved, realign_clusters(frames, rough, options))
    assert agreement(moved, who) > agreement(rough, who)


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        (np.zeros((0, 3)), r"found an array of shape \(0, 3\); wanted \(T, D\) feature frames"),
        (np.zeros(5), r"found an array of shape \(5,\)"),
        (np.full((9, 2), np.nan), "found values that are not finite"),
    ],
)
def test_frames_that_are_none_are_refused(frames: np.ndarray, reason: str) -> None:
    for use in (AgglomerativeIB().fit, lambda x: Realigner().transform(x, np.zeros(len(x)))):
        with pytest.raises(DataError, match=reason):
            use(frames)


def test_what_does_not_fit_is_refused(talk: tuple[np.ndarray, np.ndarray]) -> None:
    frames, _ = talk
    with pytest.raises(DataError, match="HmmGmm: options: found AibOptions; wanted HmmGmmOptions"):
        HmmGmm(options=AibOptions()).fit(frames)
    with pytest.raises(DataError, match="n_speakers: found 0; wanted a whole number of at least 1, or None"):
        HmmGmm(n_speakers=0).fit(frames)
    with pytest.raises(DataError, match=r"labels: found shape \(5,\); wanted \(3200,\)"):
        Realigner().transform(frames, np.zeros(5))
