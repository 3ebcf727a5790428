"""The information bottleneck that behaves like HMM/GMM: its likelihood, its objective, and where it differs."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from oracles import (
    concatenated,
    divergence,
    em_step,
    mean_posteriors,
    mixture_log_likelihoods,
    multinomial_log_likelihood,
    mutual_information,
    one_gaussian,
    planted_frames,
    standardised,
)

from diar.background import Stream
from diar.cluster.agglomerate import ANY_NUMBER
from diar.cluster.hmm_gmm import HmmGmmClusters, HmmGmmOptions
from diar.cluster.ib_hmm_gmm import IbHmmGmmOptions, log_likelihood_gains
from diar.cluster.ib_viterbi import bottleneck_gains
from diar.pipeline import frames_to_clusters
from diar.posteriors import label_counts, relevance


def best_pair(gains: np.ndarray) -> tuple[int, int]:
    pairs = itertools.combinations(range(len(gains)), 2)
    return max(pairs, key=lambda pair: gains[pair])


@pytest.mark.parametrize(("n_clusters", "n_relevance"), [(2, 1), (2, 6), (5, 3), (6, 30)])
@pytest.mark.parametrize("seed", range(3))
def test_a_merge_gains_what_the_likelihood_of_the_counts_changes_by(
    n_clusters: int, n_relevance: int, seed: int
) -> None:
    """L(ab) - L(a) - L(b), in nats of all frames, which is never above 0."""
    rng = np.random.default_rng([n_clusters, seed])
    counts = rng.gamma(0.5, 200.0, (n_clusters, n_relevance)) * (rng.random((n_clusters, n_relevance)) < 0.8)
    counts[:, 0] += 1.0
    gains = log_likelihood_gains(counts)
    assert gains.shape == (n_clusters, n_clusters) and (gains <= 0).all()
    alone = [multinomial_log_likelihood(row) for row in counts]
    for a, b in itertools.combinations(range(n_clusters), 2):
        change = multinomial_log_likelihood(counts[a] + counts[b]) - alone[a] - alone[b]
        assert gains[a, b] == pytest.approx(change, rel=1e-9, abs=1e-7)
        assert gains[a, b] == pytest.approx(-counts.sum() * divergence(*(counts[[a, b]] / counts.sum())), abs=1e-6)


def test_the_likelihood_of_everything_is_information_less_the_entropy_of_the_relevance_variables() -> None:
    counts = np.random.default_rng(0).gamma(0.5, 100.0, (4, 9))
    shares = counts.sum(axis=0) / counts.sum()
    likelihood = math.fsum(multinomial_log_likelihood(row) for row in counts)
    information, entropy = mutual_information(counts / counts.sum()), -(shares * np.log(shares)).sum()
    assert likelihood == pytest.approx(counts.sum() * (information - entropy), rel=1e-9)


def test_twice_the_frames_lose_twice_as_much() -> None:
    counts = np.random.default_rng(1).gamma(0.5, 100.0, (4, 9))
    np.testing.assert_allclose(log_likelihood_gains(2 * counts), 2 * log_likelihood_gains(counts), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("weight", [0.05, 6.0, 100.0])
def test_merging_raises_the_modified_objective_until_it_stops(weight: float) -> None:
    """F' = T I(Y;C) - w |C| sqrt(T), by definition, where no frame moves after the merges."""
    frames, _ = planted_frames([(turn % 3, 150 + 40 * (turn % 4)) for turn in range(12)], distance=1.5)
    options = IbHmmGmmOptions(
        max_segment=0.8, aib_clusters=12, first_passes=0, passes_per_merge=0, min_duration=0.8, cluster_price=weight
    )
    speech = np.ones(len(frames), dtype=bool)
    posteriors = relevance((Stream("feats", frames),), speech, options).posteriors
    result = frames_to_clusters(frames, speech, options, ANY_NUMBER)
    price = weight * math.sqrt(len(frames))
    values = []
    for partition in result.history:
        sizes = np.bincount(partition.labels) / len(frames)
        joint = mean_posteriors(posteriors, partition.labels.tolist(), partition.n_clusters) * sizes[:, np.newaxis]
        values.append(len(frames) * mutual_information(joint / joint.sum()) - price * partition.n_clusters)
    stop = 12 - len(set(result.labels.tolist()))
    assert all(after > before for before, after in itertools.pairwise(values[: stop + 1]))
    assert stop == 11 or values[stop + 1] < values[stop]


# ---- where it differs ----------------------------------------------------------------------------------------------


def sounds(*centres: tuple[float, float]) -> np.ndarray:
    """20 frames around each of ``centres``."""
    return np.repeat(np.array(centres), 20, axis=0)


def with_noise(*parts: np.ndarray) -> np.ndarray:
    frames = np.concatenate(parts)
    return (frames + 0.5 * np.random.default_rng(0).standard_normal(frames.shape)).astype(np.float32)


def delta_bic(frames: np.ndarray, labels: np.ndarray, n_iterations: int) -> np.ndarray:
    """(C, C), above the diagonal: delta-BIC of clusters of one Gaussian each, in float64."""
    standard = standardised(frames)
    parts = [standard[labels == k] for k in range(labels.max() + 1)]
    mixtures = [one_gaussian(part, 0.01) for part in parts]
    own = [mixture_log_likelihoods(part, mixture).sum() for part, mixture in zip(parts, mixtures, strict=True)]
    gains = np.zeros((len(parts), len(parts)))
    for a, b in itertools.combinations(range(len(parts)), 2):
        both = np.concatenate([parts[a], parts[b]])
        mixture = concatenated(mixtures[a], mixtures[b], len(parts[a]) / len(both))
        for _ in range(n_iterations):
            mixture = em_step(both, mixture, 0.01)
        gains[a, b] = mixture_log_likelihoods(both, mixture).sum() - own[a] - own[b]
    return gains


def counts_of(frames: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(C, Y) n_k(y) by segments of 0.2 s."""
    seen = relevance((Stream("feats", frames),), np.ones(len(frames), dtype=bool), IbHmmGmmOptions(max_segment=0.2))
    return label_counts(seen.posteriors, labels, labels.max() + 1)


def test_delta_bic_rewards_a_better_fit_where_the_likelihood_of_relevance_variables_cannot_rise() -> None:
    """Four clusters of 2 s: two with the same two sounds in other shares, and two that are one and the same sound.

    One Gaussian fits two sounds badly. Merged, the first two have two Gaussians, one a sound: their delta-BIC is
    large and positive however much they differ in the shares. All clusters share the Gaussians of the bottleneck,
    which fit every sound before the merge as well; no merge gains, the other shares cost, and the pair that is alike
    merges first, which to delta-BIC is worth nothing.
    """
    a, b, c = (-2.0, 0.0), (2.0, 0.0), (0.0, 6.0)
    first, second = sounds(*[a] * 8, *[b] * 2), sounds(*[a] * 2, *[b] * 8)
    frames = with_noise(first, second, sounds(*[c] * 10), sounds(*[c] * 10))
    labels = np.repeat(np.arange(4, dtype=np.int32), 200)
    options = HmmGmmOptions(initial_clusters=4, num_gaussians=1, merge_candidates=0, min_duration=0.5)
    by_hmm_gmm = HmmGmmClusters(frames, options)
    np.testing.assert_array_equal(by_hmm_gmm.labels, labels)
    expected = delta_bic(frames, labels, options.em_iterations)
    best = by_hmm_gmm.best_merge()
    assert (best.first, best.second) == best_pair(expected) == (0, 1)
    assert best.gain == pytest.approx(expected[0, 1], abs=0.05) and best.gain > 100
    assert abs(expected[2, 3]) < 5
    gains = log_likelihood_gains(counts_of(frames, labels))
    assert best_pair(gains) == (2, 3)
    assert gains[0, 1] < -50 < -1 < gains[2, 3] <= 0


def test_of_clusters_far_apart_both_lose_the_entropy_of_their_sizes() -> None:
    """(n_a + n_b) H(pi): which of two frames' clusters a frame is of is all that either forgets, so small ones go."""
    centres = [(-9.0, 0.0), (9.0, 0.0), (0.0, 9.0), (0.0, -9.0)]
    sizes = [200, 200, 60, 100]
    frames = with_noise(*(sounds(*[centre] * (n // 20)) for centre, n in zip(centres, sizes, strict=True)))
    labels = np.repeat(np.arange(4, dtype=np.int32), sizes)
    gains, of_gaussians = log_likelihood_gains(counts_of(frames, labels)), delta_bic(frames, labels, 3)
    for a, b in itertools.combinations(range(4), 2):
        total = sizes[a] + sizes[b]
        entropy = -sum(n * math.log(n / total) for n in (sizes[a], sizes[b]))
        assert gains[a, b] == pytest.approx(-entropy, rel=0.02)
        assert of_gaussians[a, b] == pytest.approx(-entropy, rel=0.02)
    assert best_pair(gains) == best_pair(of_gaussians) == (2, 3)


def test_the_trade_off_of_the_aib_merges_large_clusters_first_and_the_likelihood_those_that_lose_least() -> None:
    """Two large clusters that differ somewhat and two small ones alike: H(pi) / beta pays by size."""
    counts = np.array([[400.0, 600.0, 0.0], [600.0, 400.0, 0.0], [0.0, 1.0, 50.0], [0.0, 2.0, 50.0]])
    by_trade_off, by_likelihood = bottleneck_gains(10.0)(counts), log_likelihood_gains(counts)
    assert best_pair(by_trade_off) == (0, 1) and best_pair(by_likelihood) == (2, 3)
    without_a_trade_off = bottleneck_gains(1e9)(counts)
    assert best_pair(without_a_trade_off) == (2, 3)
    np.testing.assert_allclose(np.triu(without_a_trade_off, 1) * counts.sum(), np.triu(by_likelihood, 1), atol=1e-4)
