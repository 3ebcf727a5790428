"""Two passes: classes of the first, statistics, embeddings that tell speakers apart, and which pass is kept."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from net_speech import DEVICE, talk

from diar.cluster.agglomerate import History, Merge, Partition
from diar.nets.options import SpeakerNetOptions
from diar.nets.speaker_net import SpeakerPhase, make_speaker_net
from diar.nets.train import train
from diar.two_pass import (
    ChoiceOptions,
    first_pass_labels,
    log_likelihood_gain,
    speaker_embeddings,
    speaker_statistics,
)

OPTIONS = SpeakerNetOptions(
    speaker_context=11, speaker_stride=2, speaker_hidden=16, speaker_bottleneck=4, batch_size=32, speaker_epochs=12,
    learning_rate=0.01,
)  # fmt: skip


def changed(**values: object) -> SpeakerNetOptions:
    return dataclasses.replace(OPTIONS, **values)


# ---- classes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wanted", "n_clusters"), [(1, 1), (2, 2), (3, 3), (4, 4), (20, 4)])
def test_the_classes_are_the_clusters_when_they_were_as_many_as_wanted_or_nearly(wanted: int, n_clusters: int) -> None:
    lengths = np.array([3, 2, 2, 1])
    labels = [[0, 1, 2, 3], [0, 1, 2, 1], [0, 0, 1, 0], [0, 0, 0, 0]]
    history = History(
        [Partition(np.array(row, dtype=np.int32), max(row) + 1, Merge(0, 1, 0.0) if n else None, {})
         for n, row in enumerate(labels)],
        lengths,
    )  # fmt: skip
    assert first_pass_labels(history, wanted).tolist() == np.repeat(labels[4 - n_clusters], lengths).tolist()


# ---- statistics ----------------------------------------------------------------------------------------------------


def test_statistics_are_means_and_log_deviations_of_frames_and_slopes_normalised() -> None:
    frames = talk(0)[0]
    normal = (frames - frames.mean(axis=0)) / frames.std(axis=0)
    padded = np.pad(normal, ((2, 2), (0, 0)), mode="edge")
    slopes = sum(j * padded[2 + j : 302 + j] for j in (-2, -1, 1, 2)) / 10
    rows = []
    for t in range(300):
        window = slice(max(t - 5, 0), t + 6)
        rows.append([*normal[window].mean(0), *np.log(normal[window].std(0)), *np.log(slopes[window].std(0))])
    wanted = np.array(rows)
    wanted = (wanted - wanted.mean(axis=0)) / wanted.std(axis=0)
    np.testing.assert_allclose(speaker_statistics(frames, 11), wanted, atol=2e-3)


def test_statistics_do_not_depend_on_level_or_scale_of_the_features() -> None:
    frames = talk(0)[0]
    moved = frames * np.float32(4) + np.float32(64)
    np.testing.assert_allclose(speaker_statistics(moved, 11), speaker_statistics(frames, 11), atol=1e-3)


def test_constant_features_have_statistics_that_are_numbers() -> None:
    assert np.isfinite(speaker_statistics(np.ones((50, 4), dtype=np.float32), 11)).all()


# ---- embeddings ----------------------------------------------------------------------------------------------------


def cosines(codes: np.ndarray, speakers: np.ndarray) -> tuple[float, float]:
    """The mean cosine of pairs of frames of one speaker, and of two."""
    products = codes @ codes.T
    same = speakers[:, np.newaxis] == speakers
    return float(products[same].mean()), float(products[~same].mean())


def test_embeddings_are_directions_that_tell_the_classes_apart() -> None:
    made = [talk(seed, dim=6) for seed in (0, 1)]
    codes = speaker_embeddings([frames for frames, _ in made], [labels for _, labels in made], OPTIONS, DEVICE)
    for own, (frames, speakers) in zip(codes, made, strict=True):
        assert own.shape == (len(frames), 4) and own.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(own, axis=1), 1.0, atol=1e-5)
        same, different = cosines(own, speakers)
        assert same > 0.7 and different < 0.1


def test_names_of_classes_do_not_matter_and_recordings_share_none() -> None:
    frames, labels = talk(0)
    named = speaker_embeddings([frames, frames], [labels, labels], OPTIONS, DEVICE)
    renamed = speaker_embeddings([frames, frames], [labels * 10 + 3, labels + 1], OPTIONS, DEVICE)
    for a, b in zip(named, renamed, strict=True):
        np.testing.assert_array_equal(a, b)
    seen: list[int] = []

    def count(n_inputs: int, n_classes: int, options: SpeakerNetOptions):
        seen.append(n_classes)
        return make_speaker_net(n_inputs, n_classes, options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("diar.nets.speaker_net.make_speaker_net", count)
        speaker_embeddings([frames, frames], [labels, labels], OPTIONS, DEVICE)
    assert seen == [2 * len(set(labels.tolist()))]


def test_the_same_seed_gives_the_same_bytes_and_another_other_ones() -> None:
    frames, labels = talk(0)
    one, same, other = (
        speaker_embeddings([frames], [labels], changed(seed=seed), DEVICE)[0] for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0.1


@pytest.mark.parametrize("n_frames", [1, 2, 3, 65, 67])
def test_little_speech_is_no_trouble(n_frames: int) -> None:
    frames, labels = talk(0)
    (codes,) = speaker_embeddings([frames[:n_frames]], [labels[:n_frames]], OPTIONS, DEVICE)
    assert codes.shape == (n_frames, 4) and np.isfinite(codes).all()


def test_no_speech_has_no_embeddings() -> None:
    assert speaker_embeddings([], [], OPTIONS, DEVICE) == []


def test_the_network_learns_from_one_frame_in_so_many() -> None:
    frames, labels = talk(0)
    spoilt = labels.copy()
    spoilt[1::2] = (spoilt[1::2] + 1) % 3  # frames that a stride of 2 leaves out
    for stride, alike in ((2, True), (1, False)):
        one, other = (
            speaker_embeddings([frames], [own], changed(speaker_stride=stride), DEVICE)[0] for own in (labels, spoilt)
        )
        assert np.array_equal(one, other) == alike


def test_the_loss_of_the_network_is_the_cross_entropy() -> None:
    inputs, classes = torch.randn(40, 5, generator=torch.Generator().manual_seed(0)), torch.arange(40) % 3
    network = make_speaker_net(5, 3, OPTIONS)
    phase = SpeakerPhase(network, inputs, classes, OPTIONS)
    network.eval()
    with torch.no_grad():
        scores = network.classes(network.encode(inputs)).double().numpy()
        found = float(phase.losses(torch.arange(40))["loss"])
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert found == pytest.approx(-np.log(probabilities[np.arange(40), classes.numpy()]).mean(), rel=1e-5)
    history = train(network, [phase], OPTIONS)
    assert history[-1].losses["loss"] < history[0].losses["loss"]


# ---- which pass is kept --------------------------------------------------------------------------------------------


def test_labels_that_tell_speakers_apart_explain_the_frames_better() -> None:
    frames, speakers = talk(0)
    mixed = np.random.default_rng(0).permutation(speakers)
    options = ChoiceOptions(seconds_per_gaussian=0.5)
    assert log_likelihood_gain(frames, mixed, speakers, options) > 0.3
    assert log_likelihood_gain(frames, speakers, mixed, options) < -0.3
    assert log_likelihood_gain(frames, speakers, speakers + 5, options) == 0.0


def test_many_speakers_have_no_more_gaussians_than_few() -> None:
    frames, _ = talk(0, distance=0.0)
    one, many = np.zeros(300, dtype=np.int32), (np.arange(300) // 50).astype(np.int32)
    gain = log_likelihood_gain(frames, one, many, ChoiceOptions(seconds_per_gaussian=0.5))
    assert gain < 0.1  # 6 Gaussians either way
