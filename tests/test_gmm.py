"""Diagonal mixtures against float64 formulas (scipy's normal densities, a textbook EM) and scikit-learn."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from oracles import Mixture, concatenated, em_step, mixture_log_likelihoods, one_gaussian, standardised
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from diar import gmm
from diar.gmm import Gmm

FLOOR = 1e-3


def frames_of(seed: int, n_frames: int = 400, dim: int = 3) -> np.ndarray:
    """(T, D) standardised frames of three overlapping clouds."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 2, size=(3, dim))
    drawn = centres[rng.integers(0, 3, n_frames)] + rng.normal(0, rng.uniform(0.5, 1.5, dim), size=(n_frames, dim))
    return standardised(drawn).astype(np.float32)


def mixture_of(seed: int, n_components: int, dim: int = 3) -> Mixture:
    rng = np.random.default_rng([seed, n_components])
    weights = rng.dirichlet(np.full(n_components, 5.0))
    return weights, rng.normal(0, 1, (n_components, dim)), rng.uniform(0.3, 2.0, (n_components, dim))


def assert_same(found: Gmm, expected: Mixture, tolerance: float = 1e-4) -> None:
    for name, ours, theirs in zip(
        ("weights", "means", "variances"), (found.weights, found.means, found.variances), expected, strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance, err_msg=name)


def total(mixture: Gmm, frames: np.ndarray) -> float:
    return float(mixture_log_likelihoods(frames, (mixture.weights, mixture.means, mixture.variances)).sum())


# ---- densities -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("sizes", [(1,), (4,), (1, 3, 2), (5, 5)])
def test_log_likelihoods_are_those_of_scipy(seed: int, sizes: tuple[int, ...]) -> None:
    frames = frames_of(seed)
    mixtures = [mixture_of(seed + 10 * k, size) for k, size in enumerate(sizes)]
    scores = gmm.log_likelihoods(gmm.expand(frames), [Gmm(*mixture) for mixture in mixtures])
    assert scores.dtype == np.float32 and scores.shape == (400, len(sizes))
    expected = np.stack([mixture_log_likelihoods(frames, mixture) for mixture in mixtures], axis=1)
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-4)
    for mixture, column in zip(mixtures, expected.T, strict=True):
        assert gmm.total_log_likelihood(Gmm(*mixture), [gmm.expand(frames)]) == pytest.approx(column.sum(), rel=1e-5)


def test_a_frame_far_from_every_component_has_its_log_likelihood_and_not_minus_infinity() -> None:
    mixture = (np.array([0.5, 0.5]), np.array([[0.0], [1.0]]), np.full((2, 1), 0.01))
    frames = np.array([[30.0], [-30.0], [0.5]], dtype=np.float32)
    scores = gmm.log_likelihoods(gmm.expand(frames), [Gmm(*mixture)])
    np.testing.assert_allclose(scores[:, 0], mixture_log_likelihoods(frames, mixture), rtol=1e-5)


def test_a_component_order_does_not_matter() -> None:
    frames, (weights, means, variances) = frames_of(0), mixture_of(0, 4)
    order = [2, 0, 3, 1]
    phi = gmm.expand(frames)
    first = gmm.log_likelihoods(phi, [Gmm(weights, means, variances)])
    second = gmm.log_likelihoods(phi, [Gmm(weights[order], means[order], variances[order])])
    np.testing.assert_allclose(first, second, rtol=0, atol=1e-5)


def test_expand_is_squares_frames_and_one() -> None:
    frames = np.array([[1, -2], [0.5, 3]], dtype=np.float32)
    phi = gmm.expand(frames)
    assert phi.dtype == np.float32 and phi.flags.c_contiguous
    assert phi.tolist() == [[1, 4, 1, -2, 1], [0.25, 9, 0.5, 3, 1]]


def test_projection_times_phi_is_the_joint_log_density() -> None:
    frames, mixture = frames_of(1), mixture_of(1, 1)
    joint = gmm.expand(frames).astype(np.float64) @ Gmm(*mixture).projection().T
    np.testing.assert_allclose(joint[:, 0], mixture_log_likelihoods(frames, mixture), rtol=1e-4, atol=1e-4)


def test_standardise_is_exact_where_frames_lie_far_from_zero() -> None:
    rng = np.random.default_rng(0)
    frames = (rng.normal(0, [1, 5, 0.1], size=(5000, 3)) + [1000, -50, 3]).astype(np.float32)
    scaled = gmm.standardise(frames)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled, standardised(frames), rtol=0, atol=1e-4)


def test_standardise_makes_a_constant_dimension_zero() -> None:
    frames = np.column_stack([np.full(50, 7.25), np.arange(50)]).astype(np.float32)
    scaled = gmm.standardise(frames)
    assert not scaled[:, 0].any() and np.isfinite(scaled).all()
    assert gmm.standardise(frames[:1]).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("block", [1, 3, 100, 401])
def test_blocks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    frames, start = frames_of(2), Gmm(*mixture_of(2, 3))
    phi = gmm.expand(frames)

    def answers() -> tuple[np.ndarray, Gmm, float]:
        trained = gmm.train(start, [phi[:150], phi[150:]], 3, FLOOR)
        return gmm.log_likelihoods(phi, [start, start]), trained, gmm.total_log_likelihood(start, [phi])

    scores, trained, likelihood = answers()
    monkeypatch.setattr("diar.gmm._BLOCK_FRAMES", block)
    in_blocks, trained_in_blocks, likelihood_in_blocks = answers()
    np.testing.assert_allclose(in_blocks, scores, rtol=0, atol=1e-5)
    assert_same(trained_in_blocks, (trained.weights, trained.means, trained.variances), 1e-5)
    assert likelihood_in_blocks == pytest.approx(likelihood, rel=1e-6)


# ---- training ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n_components", [1, 2, 5])
def test_each_step_of_em_is_the_textbooks(seed: int, n_components: int) -> None:
    frames, expected = frames_of(seed), mixture_of(seed, n_components)
    found = Gmm(*expected)
    for _ in range(4):
        found = gmm.train(found, [gmm.expand(frames)], 1, FLOOR)
        expected = em_step(frames.astype(np.float64), expected, FLOOR)
        assert_same(found, expected)


@pytest.mark.parametrize("n_iterations", [1, 2, 6])
def test_training_is_that_of_scikit_learn(n_iterations: int) -> None:
    frames, (weights, means, variances) = frames_of(5, n_frames=900), mixture_of(5, 4)
    peer = GaussianMixture(
        4,
        covariance_type="diag",
        tol=0.0,
        reg_covar=0.0,
        max_iter=n_iterations,
        weights_init=weights,
        means_init=means,
        precisions_init=1.0 / variances,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        peer.fit(frames.astype(np.float64))
    found = gmm.train(Gmm(weights, means, variances), [gmm.expand(frames)], n_iterations, 1e-9)
    assert_same(found, (peer.weights_, peer.means_, peer.covariances_))
    likelihood = gmm.total_log_likelihood(found, [gmm.expand(frames)])
    assert likelihood == pytest.approx(peer.score_samples(frames).sum(), rel=1e-5)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("floor", [1e-3, 0.3])
def test_no_step_of_em_lowers_the_likelihood(seed: int, floor: float) -> None:
    """With a variance floor too, as long as no variance begins below it."""
    frames, found = frames_of(seed), Gmm(*mixture_of(seed, 6))
    likelihoods = [total(found, frames)]
    for _ in range(25):
        found = gmm.train(found, [gmm.expand(frames)], 1, floor)
        likelihoods.append(total(found, frames))
    assert all(after >= before - 1e-6 * abs(before) for before, after in itertools.pairwise(likelihoods))
    assert likelihoods[-1] > likelihoods[0] + 1.0


def test_iterations_add_up() -> None:
    phi, start = gmm.expand(frames_of(0)), Gmm(*mixture_of(0, 3))
    assert_same(gmm.train(start, [phi], 0, FLOOR), mixture_of(0, 3), 0)
    once_more = gmm.train(gmm.train(start, [phi], 2, FLOOR), [phi], 1, FLOOR)
    at_once = gmm.train(start, [phi], 3, FLOOR)
    assert_same(once_more, (at_once.weights, at_once.means, at_once.variances), 0)


def test_parts_are_as_good_as_the_whole() -> None:
    phi, start = gmm.expand(frames_of(3)), Gmm(*mixture_of(3, 3))
    whole = gmm.train(start, [phi], 2, FLOOR)
    parts = gmm.train(start, [phi[300:], phi[:100], phi[100:300]], 2, FLOOR)
    assert_same(parts, (whole.weights, whole.means, whole.variances), 1e-5)


def test_variances_are_floored() -> None:
    frames = np.zeros((100, 2), dtype=np.float32)
    frames[:, 1] = np.linspace(-1, 1, 100)
    trained = gmm.train(Gmm(np.ones(1), np.zeros((1, 2)), np.ones((1, 2))), [gmm.expand(frames)], 1, 0.05)
    assert trained.variances[0].tolist() == pytest.approx([0.05, frames[:, 1].var()], rel=1e-5)


def test_a_component_without_frames_keeps_its_place_and_shape() -> None:
    frames = frames_of(4)
    far = (np.array([0.7, 0.3]), np.array([[0.0] * 3, [500.0] * 3]), np.full((2, 3), [[1.0], [0.5]]))
    trained = gmm.train(Gmm(*far), [gmm.expand(frames)], 3, FLOOR)
    assert trained.means[1].tolist() == [500.0] * 3 and trained.variances[1].tolist() == [0.5] * 3
    assert 1e-8 < trained.weights[1] < 1e-4, "it can win frames back"
    assert trained.weights.sum() == pytest.approx(1.0)
    alone = one_gaussian(frames.astype(np.float64), FLOOR)
    np.testing.assert_allclose(trained.means[0], alone[1][0], atol=1e-4)
    np.testing.assert_allclose(trained.variances[0], alone[2][0], rtol=1e-4)


# ---- merging -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.25, 0.9])
def test_a_merged_density_is_the_weighted_sum_of_both(share: float) -> None:
    frames, a, b = frames_of(0), mixture_of(0, 2), mixture_of(1, 3)
    merged = gmm.merge(Gmm(*a), Gmm(*b), share)
    assert_same(merged, concatenated(a, b, share), 1e-12)
    density = np.exp(gmm.log_likelihoods(gmm.expand(frames), [merged])[:, 0])
    first, second = (np.exp(mixture_log_likelihoods(frames, mixture)) for mixture in (a, b))
    np.testing.assert_allclose(density, share * first + (1 - share) * second, rtol=1e-4)


def test_merging_a_mixture_with_itself_changes_no_density() -> None:
    phi, a = gmm.expand(frames_of(0)), Gmm(*mixture_of(0, 3))
    np.testing.assert_allclose(
        gmm.log_likelihoods(phi, [gmm.merge(a, a, 0.3)]), gmm.log_likelihoods(phi, [a]), rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("seed", range(3))
def test_mixed_log_likelihoods_are_those_of_merged_mixtures(seed: int) -> None:
    frames = frames_of(seed)
    rng = np.random.default_rng(seed)
    labels = rng.choice(4, size=len(frames), p=[0.4, 0.3, 0.2, 0.1]).astype(np.int32)
    mixtures = [mixture_of(seed + k, 1 + k) for k in range(4)]
    phi = gmm.expand(frames)
    found = gmm.mixed_log_likelihoods(gmm.log_likelihoods(phi, [Gmm(*m) for m in mixtures]), labels)
    for a, b in itertools.combinations(range(4), 2):
        pair = (labels == a) | (labels == b)
        share = (labels == a).sum() / pair.sum()
        expected = mixture_log_likelihoods(frames[pair], concatenated(mixtures[a], mixtures[b], share)).sum()
        assert found[a, b] == pytest.approx(expected, rel=1e-5)
        merged = gmm.merge(Gmm(*mixtures[a]), Gmm(*mixtures[b]), share)
        assert found[a, b] == pytest.approx(gmm.total_log_likelihood(merged, [phi[pair]]), rel=1e-5)


# ---- seeding -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_components", [1, 2, 3, 5, 8])
def test_a_seed_has_the_components_asked_for_and_is_the_same_each_time(n_components: int) -> None:
    phi = gmm.expand(frames_of(0))
    found, again = (gmm.seed(phi, n_components, 3, FLOOR) for _ in range(2))
    assert found.n_components == n_components == len(found.means) == len(found.variances)
    assert found.weights.sum() == pytest.approx(1.0) and (found.weights > 0).all()
    assert_same(again, (found.weights, found.means, found.variances), 0)


def test_a_seed_of_one_is_the_gaussian_of_maximum_likelihood() -> None:
    frames = frames_of(1)
    assert_same(gmm.seed(gmm.expand(frames), 1, 3, FLOOR), one_gaussian(frames.astype(np.float64), FLOOR))


def test_a_seed_of_three_splits_all_and_then_the_heaviest() -> None:
    frames = frames_of(2, n_frames=600).astype(np.float64)
    weights, means, variances = one_gaussian(frames, FLOOR)
    for n_splits in (1, 1):
        heavy = np.argsort(-weights)[:n_splits]
        step = 0.5 * np.sqrt(variances[heavy])
        weights[heavy] /= 2
        weights = np.concatenate([weights, weights[heavy]])
        means, raised = means.copy(), means[heavy] + step
        means[heavy] -= step
        means, variances = np.concatenate([means, raised]), np.concatenate([variances, variances[heavy]])
        for _ in range(4):
            weights, means, variances = em_step(frames, (weights, means, variances), FLOOR)
    found = gmm.seed(gmm.expand(frames.astype(np.float32)), 3, 4, FLOOR)
    assert_same(found, (weights, means, variances), 1e-3)


def test_more_components_fit_better() -> None:
    frames = frames_of(3)
    likelihoods = [total(gmm.seed(gmm.expand(frames), m, 10, FLOOR), frames) for m in (1, 2, 4)]
    assert likelihoods[0] < likelihoods[1] < likelihoods[2]


@pytest.mark.parametrize("n_frames", [1, 2, 5])
def test_a_seed_of_few_or_equal_frames_is_finite(n_frames: int) -> None:
    for frames in (
        np.zeros((n_frames, 2), dtype=np.float32),
        np.arange(2.0 * n_frames, dtype=np.float32).reshape(-1, 2),
    ):
        found = gmm.seed(gmm.expand(frames), 4, 3, 0.01)
        assert found.n_components == 4 and (found.variances >= 0.01).all()
        assert np.isfinite(gmm.log_likelihoods(gmm.expand(frames), [found])).all()


def test_dimensions_in_another_order_give_the_same_mixture_in_that_order() -> None:
    frames, order = frames_of(0), [2, 0, 1]
    found = gmm.seed(gmm.expand(frames), 4, 3, FLOOR)
    turned = gmm.seed(gmm.expand(np.ascontiguousarray(frames[:, order])), 4, 3, FLOOR)
    assert_same(turned, (found.weights, found.means[:, order], found.variances[:, order]), 1e-3)
