"""Embeddings by networks: determinism, trainings that stop and go on, models that fit, frames in context."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from net_speech import DEVICE, SAE, dec, pauses, sae, speech_of, talk
from oracles import agreement, same_partition

from diar.embed import EmbeddingModel, Speech, principal_axes, soft_labels, train_dec, train_sae
from diar.errors import DataError
from diar.io.checkpoint import read_checkpoint, write_checkpoint
from diar.nets import autoencoder
from diar.nets.dec import soft_assignment
from diar.nets.options import DecOptions, InputOptions, SaeOptions
from diar.training_state import Resumption, state_from_checkpoint, state_to_checkpoint

SPEECH = speech_of(0, 1)
FEATURES = {"dim": 4, "step": "wav_to_feats.py", "num_ceps": 4}


def model_of(network, options: SaeOptions = SAE, kind: str = "sae", speech: Speech = SPEECH) -> EmbeddingModel:
    inputs = InputOptions(options.context, options.summary)
    axes = principal_axes(network, speech, inputs)
    return EmbeddingModel(kind, network, axes, inputs, FEATURES, dataclasses.asdict(options), speech.digest())


@pytest.fixture(scope="module")
def trained() -> EmbeddingModel:
    return model_of(train_sae(SPEECH, SAE, DEVICE)[0])


def bits(module: torch.nn.Module) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in module.state_dict().items()}


# ---- determinism and resumption ------------------------------------------------------------------------------------

Run = Callable[[Resumption], tuple[torch.nn.Module, list]]


def sae_run(options: SaeOptions) -> Run:
    return lambda resumption: train_sae(SPEECH, options, DEVICE, resumption)


def dec_run(trained: EmbeddingModel, kind: str, options: DecOptions) -> Run:
    return lambda resumption: train_dec(trained, kind, SPEECH, 4, options, DEVICE, resumption)


class Stop(Exception):
    """What a test stops a training by."""


def assert_goes_on_from_any_epoch(run: Run, folder: Path) -> list:
    """The history; a training that stops after each of its epochs in turn ends with the same weights and history."""
    wanted, history = run(Resumption())
    n_epochs = sum(line.epoch > 0 for line in history)
    path = folder / "x.state"
    for stop in range(1, n_epochs + 1):
        n_seen = 0

        def after_epoch(state, stop=stop) -> None:
            nonlocal n_seen
            n_seen += 1
            if n_seen == stop:
                write_checkpoint(path, state_to_checkpoint(state, "abc"))
                raise Stop

        with pytest.raises(Stop):
            run(Resumption(None, after_epoch))
        state = state_from_checkpoint(read_checkpoint(path), "abc")
        assert state is not None and state.history == tuple(history[: len(state.history)])
        torch.rand(3)  # chance of others does not matter
        went_on, whole = run(Resumption(state))
        assert whole == history, stop
        assert bits(went_on) == bits(wanted), stop
    return history


def test_an_autoencoder_goes_on_from_any_epoch(tmp_path: Path) -> None:
    history = assert_goes_on_from_any_epoch(sae_run(sae(pretrain_epochs=2, finetune_epochs=3, dropout=0.3)), tmp_path)
    assert [line.phase for line in history if line.epoch == 0] == ["layer 1", "layer 2", "layer 3", "fine-tuning"]


def test_an_autoencoder_that_converges_goes_on_from_any_epoch(tmp_path: Path) -> None:
    options = sae(hidden="6", pretrain_epochs=9, finetune_epochs=9, tolerance=0.5, optimizer="sgd", decay_every=4)
    history = assert_goes_on_from_any_epoch(sae_run(options), tmp_path)
    assert [line.epoch for line in history] == [*range(7)] * 3


@pytest.mark.parametrize("kind", ["dec", "idec"])
@pytest.mark.parametrize("update_interval", [0, 3])
def test_a_clustering_goes_on_from_any_interval(
    trained: EmbeddingModel, tmp_path: Path, kind: str, update_interval: int
) -> None:
    options = dec(max_intervals=4, update_interval=update_interval)
    history = assert_goes_on_from_any_epoch(dec_run(trained, kind, options), tmp_path)
    assert len(history) > 3


def test_a_clustering_that_ends_by_its_labels_goes_on_from_any_interval(
    trained: EmbeddingModel, tmp_path: Path
) -> None:
    free = train_dec(trained, "dec", SPEECH, 4, dec(max_intervals=8), DEVICE)[1]
    changes = [line.losses["label_change"] for line in free[2:]]
    tolerance = float(np.median(changes))
    history = assert_goes_on_from_any_epoch(
        dec_run(trained, "dec", dec(max_intervals=8, label_tolerance=tolerance)), tmp_path
    )
    n_more = next(n for n, change in enumerate(changes) if change <= tolerance)
    assert [line.losses for line in history] == [line.losses for line in free[: 2 + n_more]]


def test_the_seed_and_nothing_else_decides_of_an_autoencoder() -> None:
    state, n_threads = torch.get_rng_state(), torch.get_num_threads()
    first, history = train_sae(SPEECH, SAE, DEVICE)
    assert torch.equal(torch.get_rng_state(), state) and torch.get_num_threads() == n_threads
    torch.manual_seed(99)
    again, same = train_sae(SPEECH, SAE, DEVICE)
    assert bits(again) == bits(first) and same == history
    assert bits(train_sae(SPEECH, sae(seed=2), DEVICE)[0]) != bits(first)


def test_the_seed_and_nothing_else_decides_of_a_clustering(trained: EmbeddingModel) -> None:
    before, state, n_threads = bits(trained.network), torch.get_rng_state(), torch.get_num_threads()
    runs = [train_dec(trained, "idec", SPEECH, 5, dec(seed=seed, max_intervals=2), DEVICE) for seed in (1, 1, 2)]
    assert torch.equal(torch.get_rng_state(), state) and torch.get_num_threads() == n_threads
    assert bits(runs[0][0]) == bits(runs[1][0]) != bits(runs[2][0]) and runs[0][1] == runs[1][1]
    assert bits(trained.network) == before, "the autoencoder itself stays as it was"


def test_a_digest_tells_speech_apart() -> None:
    frames, masks = SPEECH.frames, SPEECH.masks
    other_mask = masks[0].copy()
    other_mask[7] ^= True
    others = [
        Speech(frames[::-1], masks[::-1]), Speech(frames[:1], masks[:1]), Speech(frames, [other_mask, masks[1]]),
        Speech([frames[0], np.nextafter(frames[1], np.float32(np.inf))], masks),
    ]  # fmt: skip
    digests = {speech.digest() for speech in (SPEECH, *others)}
    assert len(digests) == 5 and Speech([np.asfortranarray(f) for f in frames], masks).digest() in digests


# ---- embeddings ----------------------------------------------------------------------------------------------------


def test_every_frame_gets_an_embedding_whatever_is_spoken(trained: EmbeddingModel) -> None:
    for n in (0, 1, 2, 300):
        embeddings = trained.embed(talk(5)[0][:n])
        assert embeddings.shape == (n, 3) and embeddings.dtype == np.float32 and np.isfinite(embeddings).all()


@pytest.mark.parametrize("context", [1, 4, 7])
@pytest.mark.parametrize("summary", ["none", "statistics"])
def test_an_embedding_depends_on_the_context_of_its_frame_alone(context: int, summary: str) -> None:
    options = sae(context=context, summary=summary, pretrain_epochs=0, finetune_epochs=0)
    model = model_of(train_sae(SPEECH, options, DEVICE)[0], options)
    frames = talk(3)[0]
    moved = frames.copy()
    moved[100] += 50.0
    changed = np.flatnonzero(np.abs(model.embed(moved) - model.embed(frames)).max(axis=1) > 1e-5)
    before, after = context // 2, context - 1 - context // 2
    assert changed.tolist() == list(range(100 - after, 100 + before + 1))


def test_a_stretch_has_the_embeddings_of_the_whole_but_at_its_ends(trained: EmbeddingModel) -> None:
    frames = talk(3)[0]
    np.testing.assert_allclose(trained.embed(frames[50:150])[1:-1], trained.embed(frames)[51:149], atol=1e-5)


@pytest.mark.parametrize("block", [1, 7, 299, 300])
def test_blocks_do_not_show(trained: EmbeddingModel, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    frames = talk(3)[0]
    whole = trained.embed(frames)
    monkeypatch.setattr(autoencoder.StackedAutoencoder, "at_once", block)
    np.testing.assert_allclose(trained.embed(frames), whole, atol=1e-6)


def code_by_hand(trained: EmbeddingModel, frames: np.ndarray) -> np.ndarray:
    """(T, E) codes in float64."""
    weights = {name: value.double().numpy() for name, value in trained.network.state_dict().items()}
    at = np.clip(np.arange(len(frames))[:, np.newaxis] + [-1, 0, 1], 0, len(frames) - 1)
    values = (frames[at].reshape(len(frames), -1) - weights["mean"]) / weights["scale"]
    for layer in range(3):
        values = values @ weights[f"encoder.{layer}.weight"].T + weights[f"encoder.{layer}.bias"]
        values = values if layer == 2 else np.maximum(values, 0)
    return values


def test_an_embedding_is_the_code_of_the_normalised_context_on_the_axes(trained: EmbeddingModel) -> None:
    wanted = code_by_hand(trained, talk(4)[0]) @ trained.axes
    np.testing.assert_allclose(trained.embed(talk(4)[0]), wanted, rtol=1e-4, atol=1e-4)


def test_the_axes_are_the_principal_ones_of_the_speech(trained: EmbeddingModel) -> None:
    codes = np.concatenate(
        [code_by_hand(trained, frames)[mask] for frames, mask in zip(SPEECH.frames, SPEECH.masks, strict=True)]
    )
    _, lengths, rows = np.linalg.svd(codes - codes.mean(axis=0), full_matrices=False)
    axes = trained.axes.astype(np.float64)
    assert trained.axes.dtype == np.float32 and lengths[0] > 1.1 * lengths[1] > 1.2 * lengths[2]
    np.testing.assert_allclose(np.abs(axes.T), np.abs(rows), atol=1e-3)
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-5)
    assert all(axis[np.abs(axis).argmax()] > 0 for axis in axes.T), "signs are not left to the solver"
    embedded = [trained.embed(frames)[mask] for frames, mask in zip(SPEECH.frames, SPEECH.masks, strict=True)]
    covariance = np.cov(np.concatenate(embedded).T)
    np.testing.assert_allclose(covariance, np.diag(lengths**2 / (len(codes) - 1)), atol=1e-3 * covariance.max())
    np.testing.assert_array_equal(principal_axes(trained.network, SPEECH, trained.inputs), trained.axes)


def test_without_speech_axes_are_those_that_there_are(trained: EmbeddingModel) -> None:
    axes = principal_axes(trained.network, SILENCE, trained.inputs)
    assert sorted(axes.ravel().tolist()) == [0.0] * 6 + [1.0] * 3 and (axes.sum(axis=0) == 1).all()


# ---- models --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("summary", ["none", "statistics"])
def test_a_model_comes_back_from_its_file_as_it_was(tmp_path: Path, summary: str) -> None:
    options = sae(summary=summary, context=4, hidden="")
    model = model_of(train_sae(SPEECH, options, DEVICE)[0], options)
    write_checkpoint(tmp_path / "a.pt", model.to_checkpoint())
    again = EmbeddingModel.from_checkpoint(read_checkpoint(tmp_path / "a.pt"), "a.pt")
    assert (again.kind, again.inputs, again.features, again.options, again.digest) == (
        "sae", InputOptions(4, summary), FEATURES, dataclasses.asdict(options), SPEECH.digest(),
    )  # fmt: skip
    np.testing.assert_array_equal(again.axes, model.axes)
    np.testing.assert_array_equal(again.embed(talk(7)[0]), model.embed(talk(7)[0]))
    write_checkpoint(tmp_path / "b.pt", again.to_checkpoint())
    assert (tmp_path / "b.pt").read_bytes() == (tmp_path / "a.pt").read_bytes()


@pytest.mark.parametrize(
    ("change", "found"),
    [({"format": 2}, "found format 2; wanted 1; train it again"), ({"weights": {}}, "Missing key"),
     ({"widths": []}, "not a model of embeddings"), ({"widths": [12, 8, 3]}, "not a model of embeddings"),
     ({"widths": ["a"]}, "not a model of embeddings"), ({"inputs": []}, "not a model of embeddings"),
     ({"inputs": {"window": 3}}, "not a model of embeddings"), ({"weights": 3}, "not a model of embeddings")],
    ids=str,
)  # fmt: skip
def test_what_is_no_model_is_refused_in_one_line(
    trained: EmbeddingModel, change: dict[str, object], found: str
) -> None:
    with pytest.raises(DataError, match=f"^a.pt: .*{found}") as caught:
        EmbeddingModel.from_checkpoint(trained.to_checkpoint() | change, "a.pt")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "name", ["format", "kind", "widths", "weights", "inputs", "features", "options", "digest", "axes"]
)
def test_a_model_without_a_part_is_refused(trained: EmbeddingModel, name: str) -> None:
    content = {key: value for key, value in trained.to_checkpoint().items() if key != name}
    with pytest.raises(DataError, match=rf"^a.pt: not a model of embeddings \('{name}'\); train it again$"):
        EmbeddingModel.from_checkpoint(content, "a.pt")


def test_features_of_another_description_are_refused_with_both(trained: EmbeddingModel) -> None:
    trained.check_fits(dict(reversed(FEATURES.items())), "exp/feats")
    wanted = (
        "^exp/feats: found features with denoise wiener, num_ceps 5; the model wants denoise None, num_ceps 4; "
        "train it on these$"
    )
    with pytest.raises(DataError, match=wanted):
        trained.check_fits(FEATURES | {"num_ceps": 5, "denoise": "wiener"}, "exp/feats")
    with pytest.raises(DataError, match="found features with num_ceps None, step None; the model wants num_ceps 4, st"):
        trained.check_fits({"dim": 4}, "exp/feats")


# ---- little speech, or none ----------------------------------------------------------------------------------------

SILENCE = Speech([talk(0)[0]], [np.zeros(300, dtype=bool)])


def test_without_speech_networks_stay_untrained() -> None:
    network, history = train_sae(SILENCE, SAE, DEVICE)
    assert history == [] and network.mean.tolist() == [0.0] * 12 and network.scale.tolist() == [1.0] * 12
    model = model_of(network)
    clustered, history = train_dec(model, "idec", SILENCE, 4, dec(), DEVICE)
    assert history == [] and clustered.centres.shape == (1, 3)
    assert bits(clustered.network) == bits(network)
    assert soft_labels(clustered, SILENCE.frames[0], SILENCE.masks[0], model.inputs).shape == (0, 1)
    assert np.isfinite(model.embed(SILENCE.frames[0])).all()


@pytest.mark.parametrize(("n_frames", "k"), [(1, 1), (9, 1), (19, 1), (20, 2), (49, 4), (50, 5), (300, 5)])
def test_of_little_speech_there_is_a_cluster_for_ten_frames(trained: EmbeddingModel, n_frames: int, k: int) -> None:
    speech = Speech([talk(0)[0]], [np.arange(300) < n_frames])
    model, history = train_dec(trained, "dec", speech, 5, dec(max_intervals=1), DEVICE)
    assert model.centres.shape == (k, 3) and len(history) == 2


@pytest.mark.parametrize("n_frames", [1, 2, 11])
def test_an_autoencoder_learns_from_very_little(n_frames: int) -> None:
    """The learning rate is not to blame that there is next to nothing to learn."""
    for seed in range(3):
        speech = Speech([talk(seed)[0]], [np.arange(300) < n_frames])
        assert len(train_sae(speech, SaeOptions(hidden="8-6", bottleneck=3, seed=seed), DEVICE)[1]) > 4


def test_divergence_is_told_in_one_line() -> None:
    with pytest.raises(DataError, match=r"^--learning-rate: found 1000: the loss of 'layer 1' went from \S+ to \S+; "):
        train_sae(SPEECH, sae(learning_rate=1000.0), DEVICE)


# ---- clusters ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clustered() -> tuple[EmbeddingModel, torch.nn.Module, Speech, np.ndarray]:
    """A recording of three speakers far apart, clustered alone."""
    frames, speakers = talk(2, dim=6, distance=10.0)
    speech = Speech([frames], [pauses(300)])
    options = sae(hidden="24", bottleneck=4, finetune_epochs=10)
    model = model_of(train_sae(speech, options, DEVICE)[0], options, speech=speech)
    return model, train_dec(model, "idec", speech, 3, dec(), DEVICE)[0], speech, speakers


def test_soft_labels_are_the_assignments_of_speech_in_the_order_of_first_wins(clustered) -> None:
    sae_model, model, speech, _ = clustered
    frames, mask = speech.frames[0], speech.masks[0]
    soft = soft_labels(model, frames, mask, sae_model.inputs)
    unturned = np.eye(4, dtype=np.float32)
    codes = EmbeddingModel("idec", model.network, unturned, sae_model.inputs, {}, {}, "").embed(frames)[mask]
    q = soft_assignment(torch.from_numpy(codes), model.centres.detach()).numpy()
    assert soft.shape == (mask.sum(), 3) and soft.dtype == np.float32 and soft.flags.c_contiguous
    assert same_partition(soft.argmax(axis=1).tolist(), q.argmax(axis=1).tolist())
    np.testing.assert_allclose(np.sort(soft, axis=1), np.sort(q, axis=1), atol=1e-5)
    labels = soft.argmax(axis=1).tolist()
    assert [k for n, k in enumerate(labels) if k not in labels[:n]] == list(range(len(set(labels))))


def test_clusters_that_win_nothing_come_last(clustered) -> None:
    sae_model, model, speech, _ = clustered
    with torch.no_grad():
        centres = model.centres.clone()
        model.centres[0] = 1e3
        soft = soft_labels(model, speech.frames[0], speech.masks[0], sae_model.inputs)
        model.centres.copy_(centres)
    assert soft.shape[1] == 3 and set(soft.argmax(axis=1)) == {0, 1} and soft[:, 2].max() < 0.1


def test_speakers_far_apart_are_told_apart(clustered) -> None:
    sae_model, model, speech, speakers = clustered
    soft = soft_labels(model, speech.frames[0], speech.masks[0], sae_model.inputs)
    assert agreement(soft.argmax(axis=1), speakers[speech.masks[0]]) > 0.95
