"""Deep embedded clustering against double loops in float64, its gradient against three others, its rules by example."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from net_speech import DEC, DEVICE, SAE, dec, speech_of
from oracles import agreement
from torch import Tensor

from diar.errors import DataError
from diar.nets import dec as module
from diar.nets.autoencoder import make_autoencoder, squared_error
from diar.nets.dec import (
    Dec,
    DecPhase,
    Target,
    cluster_weights,
    clustering_loss,
    encode_all,
    kmeans_centres,
    soft_assignment,
    target_distribution,
)
from diar.nets.options import DecEmbeddingOptions, DecOptions, KmeansStartOptions
from diar.nets.train import evaluate, train

INPUTS = speech_of(0).inputs(SAE, DEVICE)
N = len(INPUTS)


def codes_and_centres(n: int = 40, k: int = 4, dim: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    centres = 2.0 * rng.standard_normal((k, dim))
    return centres[rng.integers(0, k, n)] + rng.standard_normal((n, dim)), centres


# ---- oracles -------------------------------------------------------------------------------------------------------


def q_by_hand(codes: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Equation 1 of the paper, alpha = 1."""
    q = np.zeros((len(codes), len(centres)))
    for i, z in enumerate(codes):
        for j, mu in enumerate(centres):
            q[i, j] = 1.0 / (1.0 + math.fsum((a - b) ** 2 for a, b in zip(z, mu, strict=True)))
        q[i] /= math.fsum(q[i])
    return q


def p_by_hand(q: np.ndarray) -> np.ndarray:
    """Equation 3."""
    f = [math.fsum(q[:, j]) for j in range(q.shape[1])]
    p = np.zeros(q.shape)
    for i in range(len(q)):
        row = [q[i, j] ** 2 / f[j] for j in range(q.shape[1])]
        p[i] = np.array(row) / math.fsum(row)
    return p


def loss_by_hand(codes: np.ndarray, centres: np.ndarray, p: np.ndarray) -> float:
    """Equation 2, the mean over samples."""
    q = q_by_hand(codes, centres)
    terms = [p[i, j] * math.log(p[i, j] / q[i, j]) for i in range(len(q)) for j in range(q.shape[1])]
    return math.fsum(terms) / len(q)


def differences(function, at: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """The gradient by central differences."""
    gradient = np.zeros(at.shape)
    for index in np.ndindex(*at.shape):
        values = []
        for sign in (1, -1):
            moved = at.copy()
            moved[index] += sign * step
            values.append(function(moved))
        gradient[index] = (values[0] - values[1]) / (2 * step)
    return gradient


# ---- distributions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2, 7])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_soft_assignment_and_target_are_the_double_loops(k: int, dtype: torch.dtype) -> None:
    codes, centres = codes_and_centres(k=k)
    tolerance = {"atol": 1e-6 if dtype == torch.float32 else 1e-12, "rtol": 1e-5}
    q = soft_assignment(torch.tensor(codes, dtype=dtype), torch.tensor(centres, dtype=dtype))
    np.testing.assert_allclose(q.numpy(), q_by_hand(codes, centres), **tolerance)
    p = target_distribution(q, q.sum(dim=0))
    np.testing.assert_allclose(p.numpy(), p_by_hand(q_by_hand(codes, centres)), **tolerance)
    for rows in (q, p):
        np.testing.assert_allclose(rows.sum(dim=1).numpy(), 1.0, rtol=1e-6)


def test_codes_at_their_centres_far_from_zero_are_theirs() -> None:
    """There the rounding of |z|^2 - 2 z mu + |mu|^2 is of the size of other distances, or below zero."""
    centres = 1e4 + torch.from_numpy(np.random.default_rng(0).standard_normal((50, 5)).astype(np.float32))
    q = soft_assignment(centres.clone(), centres)
    assert torch.isfinite(q).all() and ((q >= 0) & (q <= 1)).all()


def test_clusters_in_another_order_give_the_same_in_that_order_and_shifts_nothing() -> None:
    codes, centres = (torch.tensor(x) for x in codes_and_centres())
    order = torch.tensor([2, 0, 3, 1])
    q = soft_assignment(codes, centres)
    torch.testing.assert_close(soft_assignment(codes, centres[order]), q[:, order])
    torch.testing.assert_close(soft_assignment(codes + 5.0, centres + 5.0), q)


@pytest.mark.parametrize("block", [1, 7, 40, 100])
def test_a_target_has_the_frequencies_of_all_samples_whichever_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    codes, centres = codes_and_centres()
    q = q_by_hand(codes, centres)
    monkeypatch.setattr(module, "_BLOCK_SAMPLES", block)
    target, labels = Target.of(torch.tensor(codes).float(), torch.tensor(centres).float())
    batch = [31, 2, 2, 17]
    np.testing.assert_allclose(target[torch.tensor(batch)].numpy(), p_by_hand(q)[batch], atol=1e-5)
    np.testing.assert_array_equal(labels.numpy(), q.argmax(axis=1))
    assert np.abs(p_by_hand(q[batch]) - p_by_hand(q)[batch]).max() > 0.01, "a batch's own would be others"


# ---- the loss and its gradient -------------------------------------------------------------------------------------


def test_the_loss_is_the_divergence_and_zero_at_the_target() -> None:
    codes, centres = codes_and_centres()
    p = p_by_hand(q_by_hand(codes, centres))
    found = clustering_loss(torch.tensor(p), soft_assignment(torch.tensor(codes), torch.tensor(centres)))
    assert float(found) == pytest.approx(loss_by_hand(codes, centres, p), rel=1e-9) and float(found) > 0
    assert float(clustering_loss(torch.tensor(p), torch.tensor(p))) == pytest.approx(0.0, abs=1e-12)


def test_its_gradient_is_the_papers_that_of_another_formula_and_that_of_differences() -> None:
    codes, centres = codes_and_centres(n=12, k=3)
    q = q_by_hand(codes, centres)
    p = p_by_hand(q)

    def by_autograd(loss) -> tuple[np.ndarray, np.ndarray]:
        z, mu = (torch.tensor(x, requires_grad=True) for x in (codes, centres))
        loss(z, mu).backward()
        return z.grad.numpy(), mu.grad.numpy()

    def independent(z: Tensor, mu: Tensor) -> Tensor:
        logits = -torch.log1p(torch.cdist(z, mu, compute_mode="donot_use_mm_for_euclid_dist").square())
        return -(torch.tensor(p) * torch.log_softmax(logits, dim=1)).sum() / len(z)

    found = by_autograd(lambda z, mu: clustering_loss(torch.tensor(p), soft_assignment(z, mu)))
    for ours, theirs in zip(found, by_autograd(independent), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)
    np.testing.assert_allclose(found[0], differences(lambda z: loss_by_hand(z, centres, p), codes), atol=1e-7)
    np.testing.assert_allclose(found[1], differences(lambda mu: loss_by_hand(codes, mu, p), centres), atol=1e-7)

    apart = codes[:, np.newaxis] - centres  # equations 4 and 5, over the number of samples, which the mean divides by
    pull = (2.0 / (1.0 + np.square(apart).sum(axis=2)) * (p - q))[:, :, np.newaxis] * apart
    np.testing.assert_allclose(found[0], pull.sum(axis=1) / len(codes), atol=1e-10)
    np.testing.assert_allclose(found[1], -pull.sum(axis=0) / len(codes), atol=1e-10)


# ---- the phase -----------------------------------------------------------------------------------------------------


def model_of(k: int = 4, seed: int = 1) -> Dec:
    network = make_autoencoder(INPUTS, SAE)
    codes = encode_all(network, INPUTS)
    rng = np.random.default_rng(seed)
    return Dec(network, codes[np.sort(rng.permutation(N)[:k])].clone())


def tensors(model: Dec) -> dict[str, np.ndarray]:
    return {name: value.detach().numpy().copy() for name, value in model.named_parameters()}


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_idec_without_reconstruction_makes_the_steps_of_dec(optimizer: str) -> None:
    """The decoder and the reconstruction are there, but their weight is lost in rounding."""
    options = dec(optimizer=optimizer, max_intervals=2)
    models = [model_of() for _ in range(2)]
    for model, weight in zip(models, (0.0, 1e-30), strict=True):
        train(model, [DecPhase(model, INPUTS, options, weight, 1.0)], options)
    one, other = map(tensors, models)
    before = tensors(model_of())
    for name in before:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
        assert (one[name] != before[name]).any() == ("decoder" not in name), name


@pytest.mark.parametrize("batch", [list(range(N)), [5, 200, 17]])
def test_losses_are_the_reconstruction_and_the_divergence_weighted(batch: list[int]) -> None:
    model = model_of()
    samples = torch.tensor(batch)
    codes = encode_all(model.network, INPUTS).double().numpy()
    centres = model.centres.detach().double().numpy()
    p = p_by_hand(q_by_hand(codes, centres))
    clustering = loss_by_hand(codes[batch], centres, p[batch])
    with torch.no_grad():
        normal = model.network.normalise(INPUTS[samples])
        reconstruction = float(squared_error(model.network.decode(model.network.encode(normal)), normal, "half_sum"))
        found = DecPhase(model, INPUTS, dec(squares="half_sum"), 0.7, 50.0).losses(samples)
        alone = DecPhase(model, INPUTS, DEC, 0.0, 1.0).losses(samples)
    parts = {"clustering": clustering, "reconstruction": reconstruction}
    assert {name: float(value) for name, value in found.items()} == pytest.approx(
        {"loss": 0.7 * reconstruction + 50.0 * clustering} | parts, rel=1e-3
    )
    assert {name: float(value) for name, value in alone.items()} == pytest.approx(
        {"loss": clustering, "clustering": clustering}, rel=1e-3
    )


def test_the_target_stays_for_an_interval() -> None:
    """A step by hand: P of the first codes for all updates of the first interval, of all samples for each batch."""
    options = dec(optimizer="sgd", momentum=0.0, learning_rate=0.5, max_intervals=1, update_interval=3, batch_size=40)
    model, batches = model_of(), []

    class Recorded(DecPhase):
        def losses(self, samples: Tensor) -> dict[str, Tensor]:
            if model.training:
                batches.append(samples)
            return super().losses(samples)

    train(model, [Recorded(model, INPUTS, options, 0.0, 1.0)], options)
    wanted = copy.deepcopy(model_of())
    with torch.no_grad():
        q = soft_assignment(encode_all(wanted.network, INPUTS), wanted.centres)
        p = q**2 / q.sum(dim=0)
        p /= p.sum(dim=1, keepdim=True)
    parameters = [*wanted.network.encoder.parameters(), wanted.centres]
    assert len(batches) == 3
    for batch in batches:
        q = soft_assignment(wanted.network.encode(wanted.network.normalise(INPUTS[batch])), wanted.centres)
        loss = (p[batch] * (p[batch].log() - q.log())).sum() / len(batch)
        for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            parameter.data -= 0.5 * gradient
    for name, value in tensors(wanted).items():
        np.testing.assert_allclose(tensors(model)[name], value, atol=2e-5, err_msg=name)


def test_the_target_of_the_next_interval_is_a_new_one() -> None:
    model = model_of()
    phase = DecPhase(model, INPUTS, DEC, 0.0, 1.0)
    first = evaluate(model, phase)
    with torch.no_grad():
        model.centres += 0.5
    moved = evaluate(model, phase)
    phase.begin_epoch()
    codes, centres = encode_all(model.network, INPUTS).double().numpy(), model.centres.detach().double().numpy()
    wanted = loss_by_hand(codes, centres, p_by_hand(q_by_hand(codes, centres)))
    assert evaluate(model, phase) == pytest.approx(wanted, rel=1e-3) != pytest.approx(moved, rel=1e-3)
    assert first != pytest.approx(moved, rel=1e-3)


def test_the_target_of_the_next_interval_lies_where_the_last_one_did() -> None:
    # updates that a GPU replays read that memory
    phase = DecPhase(model_of(), INPUTS, DEC, 0.0, 1.0)
    places = []
    for _ in range(2):
        phase.begin_epoch()
        assert phase._target is not None
        places.append([tensor.data_ptr() for tensor in vars(phase._target).values()])
    assert len(places[0]) == 3 and places[0] == places[1]


@pytest.mark.parametrize(("n_changed", "ends"), [(0, True), (3, True), (4, False), (50, False)])
def test_the_clustering_ends_when_few_labels_change(n_changed: int, ends: bool) -> None:
    model = model_of()
    phase = DecPhase(model, INPUTS, dec(label_tolerance=3.5 / N), 0.0, 1.0)
    evaluate(model, phase)
    assert phase.begin_epoch() == {} and phase.state()["labels"].shape == (N,), "the first has nothing to compare with"
    labels = phase.state()["labels"]
    wrong = labels.clone()
    wrong[:n_changed] = (wrong[:n_changed] + 1) % 4
    phase.restore({"labels": wrong})
    figures = phase.begin_epoch()
    assert figures == (None if ends else {"label_change": pytest.approx(n_changed / N)})
    assert torch.equal(phase.state()["labels"], labels)


def test_the_share_at_the_tolerance_itself_ends() -> None:
    model = model_of()
    phase = DecPhase(model, INPUTS, dec(label_tolerance=0.0), 0.0, 1.0)
    phase.begin_epoch()
    assert phase.begin_epoch() is None


def test_an_interval_sees_each_sample_once_unless_told_otherwise() -> None:
    assert DecPhase(model_of(), INPUTS, dec(update_interval=0), 0.0, 1.0).updates is None
    assert DecPhase(model_of(), INPUTS, dec(update_interval=9), 0.0, 1.0).updates == 9


def test_clustering_makes_assignments_harder_and_the_history_tells_of_changes() -> None:
    model = model_of()
    options = dec(max_intervals=6)
    before = soft_assignment(encode_all(model.network, INPUTS), model.centres.detach()).max(dim=1).values.mean()
    history = train(model, [DecPhase(model, INPUTS, options, 0.0, 1.0)], options)
    after = soft_assignment(encode_all(model.network, INPUTS), model.centres.detach()).max(dim=1).values.mean()
    assert after > before + 0.05
    assert ["label_change" in epoch.losses for epoch in history] == [False, False, *[True] * (len(history) - 2)]
    assert {epoch.phase for epoch in history} == {"clustering"} and len(history) > 3


def test_idec_keeps_the_reconstruction_where_dec_loses_it() -> None:
    lost = {}
    for name in ("dec", "idec"):
        model, options = model_of(), dec(max_intervals=6)
        train(model, [DecPhase(model, INPUTS, options, *cluster_weights(name, options))], options)
        with torch.no_grad():
            normal = model.network.normalise(INPUTS[torch.arange(N)])
            lost[name] = float(squared_error(model.network.decode(model.network.encode(normal)), normal, "mean"))
    assert lost["idec"] < 0.8 * lost["dec"]


def test_the_weights_are_those_of_the_papers() -> None:
    assert cluster_weights("dec", dec(gamma=0.3)) == (0.0, 1.0)
    assert cluster_weights("idec", dec(gamma=0.3)) == (1.0, 0.3)
    assert DecOptions().gamma == 0.01  # IDEC's 0.1 bends speech's code as DEC does


# ---- centres -------------------------------------------------------------------------------------------------------


def blobs(n: int = 300) -> tuple[Tensor, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, n)
    centres = np.array([[0, 0], [8, 0], [0, 8.0]])
    return torch.tensor(centres[labels] + rng.standard_normal((n, 2)), dtype=torch.float32), labels


def starts(kmeans_samples: int, kmeans_starts: int = 2) -> KmeansStartOptions:
    return KmeansStartOptions(kmeans_starts, kmeans_samples)


@pytest.mark.parametrize("kmeans_samples", [60, 300, 20000])
def test_centres_are_the_means_of_their_codes_whatever_the_sample(kmeans_samples: int) -> None:
    codes, labels = blobs()
    centres = kmeans_centres(codes, 3, starts(kmeans_samples), 1)
    assert centres.dtype == torch.float32 and centres.shape == (3, 2)
    found = torch.cdist(codes, centres).argmin(dim=1).numpy()
    assert agreement(found, labels) > 0.99
    means = np.stack([codes.numpy()[found == k].mean(axis=0) for k in range(3)])
    np.testing.assert_allclose(centres.numpy(), means, atol=1e-3)


@pytest.mark.parametrize("kmeans_samples", [60, 20000])
def test_centres_are_the_same_each_time_for_a_seed(kmeans_samples: int) -> None:
    codes = torch.from_numpy(np.random.default_rng(0).standard_normal((300, 3)).astype(np.float32))
    state = np.random.get_state()[1].copy()
    first, again, other = (kmeans_centres(codes, 8, starts(kmeans_samples), seed) for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_the_sample_is_of_the_size_asked_for_and_has_a_code_a_cluster_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.cluster import KMeans

    fitted, samples, fit = [], [], KMeans.fit

    def recorded(self: KMeans, values: np.ndarray) -> KMeans:
        fitted.append((self.n_init, len(values)))
        samples.append(values)
        return fit(self, values)

    monkeypatch.setattr(KMeans, "fit", recorded)
    codes, _ = blobs()
    kmeans_centres(codes, 3, starts(70, 5), 1)
    kmeans_centres(codes, 9, starts(1), 1)
    kmeans_centres(codes, 3, starts(300), 1)
    assert fitted == [(5, 70), (1, 300), (2, 9), (1, 300), (2, 300)]
    assert len(np.unique(samples[0], axis=0)) == 70, "no code is taken twice"
    for seed in (1, 2):
        kmeans_centres(codes, 3, starts(70), seed)
    np.testing.assert_array_equal(samples[-4], samples[0])
    assert (samples[-2] != samples[0]).any(), "another seed, another sample"


@pytest.mark.parametrize(
    "values", [{"gamma": -1.0}, {"update_interval": -1}, {"max_intervals": 0}, {"label_tolerance": 1.1},
               {"kmeans_starts": 0}, {"kmeans_samples": 0}, {"dec_clusters": 0}], ids=str,
)  # fmt: skip
def test_bad_options_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(DataError, match=f"^--{next(iter(values)).replace('_', '-')}: found"):
        DecEmbeddingOptions(**values)


def test_more_clusters_than_samples_are_told() -> None:
    with pytest.raises(DataError, match=r"^clusters: found 5 samples; wanted 6 or more, one a cluster$"):
        kmeans_centres(torch.rand(5, 2), 6, KmeansStartOptions(), 1)
    assert len(kmeans_centres(torch.rand(6, 2), 6, KmeansStartOptions(), 1)) == 6
