"""Autoencoders of images: learned, judged beside PCA, kept and read again, gone on with."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
from image_sets import blots

from diar.errors import DataError
from diar.images.pca import as_numbers
from diar.images.reconstruct import (
    from_checkpoint,
    judge,
    judge_pca,
    pairs_picture,
    reconstructions,
    to_checkpoint,
    train_conv_autoencoder,
)
from diar.io.checkpoint import read_checkpoint, write_checkpoint
from diar.nets.image_options import ConvAutoencoderOptions
from diar.nets.options import DeviceOptions
from diar.training_state import Resumption

TRAIN, TEST = blots(200, 1), blots(50, 2)
DEVICE = DeviceOptions(num_threads=1)


def options(**values: object) -> ConvAutoencoderOptions:
    return ConvAutoencoderOptions(**({"code_size": 8, "epochs": 3, "batch_size": 32} | values))


@pytest.mark.parametrize("latent", [True, False])
def test_what_was_learned_is_kept(tmp_path: Path, latent: bool) -> None:
    network, history = train_conv_autoencoder(TRAIN, options(latent=latent), DEVICE)
    found = reconstructions(network, TEST.images, DEVICE)
    assert found.shape == (50, 3, 10, 10) and found.dtype == np.float32 and 0 <= found.min() <= found.max() <= 1
    assert len(history) == 4 and history[-1].losses["loss"] < history[0].losses["loss"]
    write_checkpoint(tmp_path / "m.pt", to_checkpoint(network, TRAIN.shape, options(latent=latent)))
    again = from_checkpoint(read_checkpoint(tmp_path / "m.pt"), "m.pt")
    np.testing.assert_array_equal(reconstructions(again, TEST.images, DEVICE), found)


def test_figures_are_means_over_images_beside_those_of_pca() -> None:
    flat = np.full((50, 3, 10, 10), 0.4, np.float32)
    numbers = TEST.images.transpose(0, 3, 1, 2) / 255
    errors = ((numbers - np.float64(np.float32(0.4))) ** 2).mean(axis=(1, 2, 3))
    figures = judge(TEST.images, flat)
    assert set(figures) == {"mse", "psnr", "ssim"}
    assert figures["mse"] == pytest.approx(errors.mean(), rel=1e-6)
    assert figures["psnr"] == pytest.approx(np.mean(-10 * np.log10(errors)), rel=1e-6)
    assert judge(TEST.images, as_numbers(TEST.images)) == pytest.approx({"mse": 0, "psnr": 100, "ssim": 1})
    values, judged = (images.transpose(0, 3, 1, 2).reshape(len(images), -1) / 255
                      for images in (TRAIN.images, TEST.images))  # fmt: skip
    axes = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)[2][:6]
    rest = np.clip((judged - values.mean(axis=0)) @ axes.T @ axes + values.mean(axis=0), 0, 1) - judged
    pca = judge_pca(TRAIN.images, TEST.images, 6)
    assert pca["pca_components"] == 6 and pca["pca_mse"] == pytest.approx((rest**2).mean(), rel=1e-4)
    assert judge_pca(TRAIN.images, TEST.images, 999)["pca_components"] == 300


@pytest.mark.parametrize("latent", [True, False])
def test_a_training_goes_on_as_if_it_had_not_stopped(latent: bool) -> None:
    states = []
    resumption = Resumption(None, lambda state: states.append(copy.deepcopy(state)))
    whole, history = train_conv_autoencoder(TRAIN, options(latent=latent), DEVICE, resumption)
    for state in states[:-1]:
        rest, told = train_conv_autoencoder(TRAIN, options(latent=latent), DEVICE, Resumption(state))
        assert told == history
        for name, value in whole.state_dict().items():
            assert value.numpy().tobytes() == rest.state_dict()[name].numpy().tobytes(), name


def test_pictures_have_originals_above_reconstructions() -> None:
    found = as_numbers(255 - TEST.images)
    pixels = pairs_picture(TEST.images, found)
    assert pixels.shape == (3 * (2 * 11 + 1), 3 * (12 * 11 + 1), 3)
    small = pixels[1::3, 1::3]
    for n in range(12):
        x = 1 + 11 * n
        np.testing.assert_array_equal(small[1:11, x : x + 10], TEST.images[n])
        np.testing.assert_array_equal(small[12:22, x : x + 10], 255 - TEST.images[n])
    assert pairs_picture(TEST.images[:5], found[:5]).shape == (69, 3 * 56, 3)


def test_other_models_are_told() -> None:
    network, _ = train_conv_autoencoder(TRAIN, options(epochs=1), DEVICE)
    content = to_checkpoint(network, TRAIN.shape, options())
    for change in ({"shape": [28, 28, 3]}, {"weights": {}}, {"options": {"x": 1}}, {"shape": None}):
        with pytest.raises(DataError, match=r"^m\.pt: not a convolutional autoencoder \(.*\); train it again$"):
            from_checkpoint(content | change, "m.pt")
    with pytest.raises(DataError, match=r"^m\.pt: found format 2; wanted 1; train it again$"):
        from_checkpoint(content | {"format": 2}, "m.pt")


def test_a_rate_that_is_too_high_is_told() -> None:
    with pytest.raises(DataError, match=r"^--learning-rate: found 1e\+20: the loss of 'training' went from "):
        train_conv_autoencoder(TRAIN, options(learning_rate=1e20, linear_rate=1.0), DEVICE)
