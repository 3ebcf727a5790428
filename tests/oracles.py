"""Slow and obvious answers that tests compare with; nothing here imports the code under test.

Legend: t frame, T frames; k state or speaker, K of them; m component, M components; d dimension; D minimum duration.
"""

from __future__ import annotations

import importlib.util
import itertools
import math
from collections.abc import Iterable, Sequence
from types import ModuleType

import numba
import numpy as np
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm

# ---- time ----------------------------------------------------------------------------------------------------------


def covered(segments: Iterable[Sequence[float]], n_cells: int) -> set[int]:
    """Cells [i, i + 1) of a grid covered by segments whose ends are integers."""
    return {cell for segment in segments for cell in range(n_cells) if segment[0] <= cell and cell + 1 <= segment[1]}


def total(segments: Iterable[Sequence[float]]) -> float:
    """Seconds covered by segments, whose ends are whole milliseconds; what overlaps counts once."""
    ends = [(round(1000 * segment[0]), round(1000 * segment[1])) for segment in segments]
    return len({cell for start, end in ends for cell in range(start, end)}) / 1000


def turns_to_labels(turns: Iterable[Sequence], n_frames: int) -> list[int]:
    """The speaker of each 10 ms frame, numbered by name, of turns (start, end, speaker) that do not overlap."""
    turns = list(turns)
    names = sorted({turn[2] for turn in turns})
    labels = [-1] * n_frames
    for start, end, speaker, *_ in turns:
        for t in range(round(100 * start), round(100 * end)):
            assert labels[t] == -1, "turns overlap"
            labels[t] = names.index(speaker)
    return labels


def closed_and_opened(speech: Sequence[int], shortest_gap: int, shortest_run: int) -> list[int]:
    """Inner gaps shorter than ``shortest_gap`` frames filled, then runs shorter than ``shortest_run`` dropped."""
    filled = list(speech)
    for value, shortest in ((0, shortest_gap), (1, shortest_run)):
        before = list(filled)
        for t in range(len(before)):
            if before[t] != value:
                continue
            first, last = t, t
            while first > 0 and before[first - 1] == value:
                first -= 1
            while last + 1 < len(before) and before[last + 1] == value:
                last += 1
            inner = first > 0 and last + 1 < len(before)
            if last - first + 1 < shortest and (inner or value == 1):
                filled[t] = 1 - value
    return filled


# ---- Gaussian mixtures ---------------------------------------------------------------------------------------------

Mixture = tuple[np.ndarray, np.ndarray, np.ndarray]  # weights (M,), means (M, d), variances (M, d)


def standardised(frames: np.ndarray) -> np.ndarray:
    """(T, d) float64 frames with zero mean and unit variance."""
    frames = frames.astype(np.float64)
    return (frames - frames.mean(axis=0)) / frames.std(axis=0)


def log_joint(frames: np.ndarray, mixture: Mixture) -> np.ndarray:
    """(T, M): log w_m + log N(x_t; mu_m, s_m)."""
    weights, means, variances = mixture
    deviations = np.sqrt(variances)
    densities = norm.logpdf(frames[:, np.newaxis, :].astype(np.float64), means, deviations).sum(axis=2)
    return np.log(weights) + densities


def mixture_log_likelihoods(frames: np.ndarray, mixture: Mixture) -> np.ndarray:
    """(T,) log p(x_t)."""
    return logsumexp(log_joint(frames, mixture), axis=1)


def em_step(frames: np.ndarray, mixture: Mixture, variance_floor: float) -> Mixture:
    """One textbook step of expectation maximisation; every component must keep some frames."""
    joint = log_joint(frames, mixture)
    posteriors = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
    counts = posteriors.sum(axis=0)
    means = posteriors.T @ frames / counts[:, np.newaxis]
    variances = np.stack(
        [(posteriors[:, [m]] * (frames - means[m]) ** 2).sum(axis=0) / counts[m] for m in range(len(counts))]
    )
    return counts / counts.sum(), means, np.maximum(variances, variance_floor)


def one_gaussian(frames: np.ndarray, variance_floor: float) -> Mixture:
    """The Gaussian of maximum likelihood."""
    return np.ones(1), frames.mean(axis=0)[np.newaxis], np.maximum(frames.var(axis=0), variance_floor)[np.newaxis]


def seeded(frames: np.ndarray, n_components: int, n_iterations: int, variance_floor: float) -> Mixture:
    """One Gaussian, or two grown from it: half a standard deviation to either side, then ``n_iterations`` of EM."""
    weights, means, variances = one_gaussian(frames, variance_floor)
    if n_components == 1:
        return weights, means, variances
    assert n_components == 2
    step = 0.5 * np.sqrt(variances)
    mixture = (np.array([0.5, 0.5]), np.concatenate([means - step, means + step]), np.concatenate([variances] * 2))
    for _ in range(n_iterations):
        mixture = em_step(frames, mixture, variance_floor)
    return mixture


def concatenated(a: Mixture, b: Mixture, share_of_a: float) -> Mixture:
    """Both mixtures in one, weighted by share."""
    return (
        np.concatenate([share_of_a * a[0], (1 - share_of_a) * b[0]]),
        np.concatenate([a[1], b[1]]),
        np.concatenate([a[2], b[2]]),
    )


# ---- hidden Markov models ------------------------------------------------------------------------------------------


def chain_viterbi_score(scores: np.ndarray, min_duration: int, self_loop: float, jump: float) -> float:
    """The score of the best path through K chains of D sub-states: the T x (K D) dynamic programme."""
    n_frames, n_states = scores.shape
    n_sub = n_states * min_duration
    moves = np.full((n_sub, n_sub), -np.inf)  # moves[i, j] = log weight of going from sub-state i to j
    for k in range(n_states):
        first, last = k * min_duration, (k + 1) * min_duration - 1
        for sub in range(first, last):
            moves[sub, sub + 1] = 0.0
        for other in range(n_states):
            moves[last, other * min_duration] = math.log(jump)
        moves[last, last] = max(moves[last, last], math.log(self_loop))
    density = np.repeat(scores.astype(np.float64), min_duration, axis=1)
    reached = np.full(n_sub, -np.inf)
    reached[::min_duration] = density[0, ::min_duration]
    for t in range(1, n_frames):
        reached = (reached[:, np.newaxis] + moves).max(axis=0) + density[t]
    return float(reached[min_duration - 1 :: min_duration].max())


def path_score(scores: np.ndarray, path: Sequence[int], min_duration: int, self_loop: float, jump: float) -> float:
    """The score of a path; a run of one state may hold several stays, each ``min_duration`` long or longer."""
    score = float(sum(np.float64(scores[t, k]) for t, k in enumerate(path)))
    lengths = [len(list(run)) for _, run in itertools.groupby(path)]
    for length in lengths:
        stays = range(1, length // min_duration + 1)
        score += max(
            ((n - 1) * math.log(jump) + (length - n * min_duration) * math.log(self_loop) for n in stays),
            default=-math.inf,
        )
    return score + (len(lengths) - 1) * math.log(jump)


def stays(path: Sequence[int]) -> list[int]:
    """The lengths of the runs of equal states."""
    return [len(list(run)) for _, run in itertools.groupby(path)]


def majority(scores: np.ndarray, window: int) -> list[int]:
    """For each frame the state that wins most frames of its window; the lowest where several do."""
    path: list[int] = []
    for start in range(0, len(scores), window):
        winners = [
            max(range(scores.shape[1]), key=lambda k, t=t: (scores[t, k], -k))
            for t in range(start, min(start + window, len(scores)))
        ]
        votes = {k: winners.count(k) for k in range(scores.shape[1])}
        path += [max(votes, key=lambda k, votes=votes: (votes[k], -k))] * len(winners)
    return path


# ---- clusters ------------------------------------------------------------------------------------------------------


def same_partition(a: Sequence[int], b: Sequence[int]) -> bool:
    """Whether two labellings differ by the names of the labels only."""
    return len(a) == len(b) and len(set(zip(a, b, strict=True))) == len(set(a)) == len(set(b))


def agreement(a: np.ndarray, b: np.ndarray) -> float:
    """The share of frames on which ``a`` agrees with ``b`` under the best one-to-one map of their few labels."""
    names_a, names_b = sorted(set(a.tolist())), sorted(set(b.tolist()))
    if len(names_a) > len(names_b):
        return agreement(b, a)
    return max(
        sum(int(((a == x) & (b == y)).sum()) for x, y in zip(names_a, chosen, strict=True)) / len(a)
        for chosen in itertools.permutations(names_b, len(names_a))
    )


def planted_frames(
    turns: Sequence[tuple[int, int]], dim: int = 6, distance: float = 5.0, seed: int = 0, n_sounds: int = 12
) -> tuple[np.ndarray, np.ndarray]:
    """(T, dim) float32 frames and (T,) speakers of ``turns`` (speaker, frames).

    Every speaker makes the same sounds of five frames each, drawn at random, around a centre of the speaker's own: a
    cluster of speech has more modes than Gaussians, so that the merge of a speaker's clusters fits better.
    """
    rng = np.random.default_rng(seed)
    speakers = np.concatenate([np.full(length, speaker) for speaker, length in turns]).astype(np.int32)
    centres = distance * np.eye(1 + speakers.max(), dim)
    sounds = rng.standard_normal((n_sounds, dim)) * (n_sounds > 1)
    sound = np.repeat(rng.integers(0, n_sounds, len(speakers) // 5 + 1), 5)[: len(speakers)]
    noise = 0.4 * rng.standard_normal((len(speakers), dim))
    return (centres[speakers] + sounds[sound] + noise).astype(np.float32), speakers


# ---- kernels -------------------------------------------------------------------------------------------------------


def plain_python(module: str) -> ModuleType:
    """A second copy of a module of kernels in which nothing is compiled, so that wrong indices are seen."""
    spec = importlib.util.find_spec(module)
    assert spec is not None and spec.loader is not None
    copy = importlib.util.module_from_spec(spec)
    before, numba.config.DISABLE_JIT = numba.config.DISABLE_JIT, 1
    try:
        spec.loader.exec_module(copy)
    finally:
        numba.config.DISABLE_JIT = before
    return copy


# ---- information bottleneck ----------------------------------------------------------------------------------------
# x segment, N segments; y relevance variable, Y of them; c cluster; a joint distribution p(x, y) is a table (N, Y)


def mutual_information(table: np.ndarray) -> float:
    """I(A;B) of the table p(a, b), in nats, term by term."""
    p_a, p_b = table.sum(axis=1), table.sum(axis=0)
    cells = [(p, p_a[a] * p_b[b]) for (a, b), p in np.ndenumerate(table) if p > 0]
    return math.fsum(p * math.log(p / apart) for p, apart in cells)


def of_clusters(joint: np.ndarray, labels: Sequence[int]) -> np.ndarray:
    """(C, Y) p(c, y), clusters in the order of their labels."""
    return np.stack([joint[np.asarray(labels) == c].sum(axis=0) for c in sorted(set(labels))])


def bottleneck_objective(joint: np.ndarray, labels: Sequence[int], beta: float) -> float:
    """F = I(Y;C) - I(C;X) / beta, each from its own table; p(c|x) is 0 or 1."""
    clusters_and_segments = of_clusters(np.diag(joint.sum(axis=1)), labels)
    return mutual_information(of_clusters(joint, labels)) - mutual_information(clusters_and_segments) / beta


def divergence(a: np.ndarray, b: np.ndarray) -> float:
    """(p_a + p_b) JS of the rows p(a, y) and p(b, y), from the two Kullback-Leibler divergences."""
    total, p_a, p_b = a.sum() + b.sum(), a.sum(), b.sum()
    middle = (a + b) / total
    pairs = [(p_a, x / p_a, m) for x, m in zip(a, middle, strict=True) if x > 0]
    pairs += [(p_b, x / p_b, m) for x, m in zip(b, middle, strict=True) if x > 0]
    return math.fsum(p * x * math.log(x / m) for p, x, m in pairs)


def merge_cost(a: np.ndarray, b: np.ndarray, trade_off: float) -> float:
    """(p_a + p_b) (JS - trade_off H) of two rows, H the entropy of their shares."""
    shares = np.array([a.sum(), b.sum()]) / (a.sum() + b.sum())
    entropy = -math.fsum(share * math.log(share) for share in shares)
    return divergence(a, b) - (a.sum() + b.sum()) * trade_off * entropy


def bottleneck_sweep(joint: np.ndarray, labels: Sequence[int], beta: float) -> list[int]:
    """Each segment in turn goes where F is largest; it stays where it is alone, or nothing is gained."""
    labels = list(labels)
    for x, home in enumerate(labels):
        if labels.count(home) == 1:
            continue
        moved = [[*labels[:x], c, *labels[x + 1 :]] for c in sorted(set(labels))]
        values = [bottleneck_objective(joint, candidate, beta) for candidate in moved]
        if max(values) > bottleneck_objective(joint, labels, beta) + 1e-10:
            labels = moved[values.index(max(values))]
    return labels


def gaussian_posteriors(
    frames: np.ndarray, weights: np.ndarray, means: np.ndarray, variances: np.ndarray
) -> np.ndarray:
    """(Y, T) p(y|x_t) of Gaussians with one diagonal covariance, in float64."""
    frames = frames.astype(np.float64)
    joint = np.stack(
        [
            math.log(weight) + multivariate_normal.logpdf(frames, mean, np.diag(variances)).reshape(len(frames))
            for weight, mean in zip(weights, means, strict=True)
        ]
    )
    return np.exp(joint - logsumexp(joint, axis=0))


# ---- realignment by relevance variables ----------------------------------------------------------------------------


def floored(distribution: np.ndarray, smallest: float) -> np.ndarray:
    """The distribution with every probability ``smallest`` at least, before it is made to sum to one again."""
    raised = np.array([max(float(p), smallest) for p in distribution])
    return raised / math.fsum(raised)


def kl_divergence(p: np.ndarray, q: np.ndarray) -> float:
    """KL(p || q) in nats; q > 0."""
    return math.fsum(float(x) * math.log(float(x) / float(y)) for x, y in zip(p, q, strict=True) if x > 0)


def mean_posteriors(posteriors: np.ndarray, labels: Sequence[int], n_labels: int) -> np.ndarray:
    """(K, Y) the mean of p(y|x_t) over the frames of each label."""
    return np.stack([posteriors.astype(np.float64)[:, np.asarray(labels) == k].mean(axis=1) for k in range(n_labels)])


def multinomial_log_likelihood(counts: np.ndarray) -> float:
    """sum_y n_y log p_y of one cluster's counts, p by maximum likelihood."""
    return math.fsum(float(n) * math.log(float(n) / float(counts.sum())) for n in counts if n > 0)
