"""What autoencoders of images see of them: pixels and vectors, as large as the range says, moved while they learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from image_sets import blots

from diar.nets.autoencoder import sae_phases
from diar.nets.cluster_inputs import PixelInputs, VectorInputs, contrast_normalized
from diar.nets.cluster_options import ConvSaeOptions, FcSaeOptions
from diar.nets.image_sae import make_image_sae
from diar.nets.train import evaluate, seeded

IMAGES = blots(90, 1).images
FC = FcSaeOptions(hidden="12-8", bottleneck=3)
CONV = ConvSaeOptions(filters="4-6-8", bottleneck=3)
ALL = torch.arange(len(IMAGES))


def inputs(flat: bool = False, moved: bool = False, input_range: float = 1.0) -> PixelInputs:
    return PixelInputs(IMAGES, flat, moved, input_range)


@pytest.mark.parametrize("flat", [True, False])
def test_pixels_are_from_0_to_1_channels_first_in_the_order_asked_for(flat: bool) -> None:
    samples, some = torch.tensor([5, 2, 5]), inputs(flat)
    wanted = IMAGES[[5, 2, 5]].transpose(0, 3, 1, 2).astype(np.float32) / 255
    assert len(some) == 90 and some.shape == ((300,) if flat else (3, 10, 10))
    np.testing.assert_allclose(some[samples].numpy(), wanted.reshape(3, *some.shape), rtol=1e-6)


def test_the_network_sees_pixels_as_large_as_the_range_says() -> None:
    for options, flat in ((FC, True), (CONV, False)):
        seen = inputs(flat, input_range=5.1)
        network = make_image_sae(seen, options)
        wanted = IMAGES.transpose(0, 3, 1, 2).reshape(90, *seen.shape) * (5.1 / 255)
        found = network.normalise(seen[ALL]).numpy()
        np.testing.assert_allclose(found.reshape(wanted.shape), wanted, rtol=1e-5)


@pytest.mark.parametrize("flat", [True, False])
@pytest.mark.parametrize("moved", [True, False])
def test_images_are_normalized_after_they_were_moved(flat: bool, moved: bool) -> None:
    seen = PixelInputs(IMAGES, flat, moved, 3.0, normalized=True)
    network = make_image_sae(seen, FC if flat else CONV)
    for images in (seen[ALL], seen.varied(ALL)):
        found = network.normalise(images).flatten(1).double()
        np.testing.assert_allclose(found.mean(dim=1), 0, atol=1e-4)
        np.testing.assert_allclose(found.var(dim=1, correction=0).sqrt(), 3, rtol=0.01)  # these have much contrast


def test_normalized_images_have_neither_brightness_nor_contrast() -> None:
    image = torch.from_numpy(IMAGES[:1]).permute(0, 3, 1, 2).double() / 255
    values = image.numpy()
    wanted = (values - values.mean()) / np.sqrt(values.var() + 10 / 255**2)
    np.testing.assert_allclose(contrast_normalized(image).numpy(), wanted, rtol=1e-9)
    two = contrast_normalized(torch.cat([image, 0.2 + 0.5 * image]))
    np.testing.assert_allclose(two[0], two[1], rtol=0.01)
    assert torch.equal(contrast_normalized(torch.full((1, 3, 4, 4), 0.25)), torch.zeros(1, 3, 4, 4)), "no 0 / 0"


def test_vectors_are_themselves_as_large_as_the_range_says() -> None:
    vectors = np.random.default_rng(0).random((5, 7)).astype(np.float32)
    given, samples = VectorInputs(vectors, 2.0), torch.tensor([3, 1])
    assert len(given) == 5 and given.shape == (7,)
    np.testing.assert_array_equal(given[samples].numpy(), vectors[[3, 1]])
    assert torch.equal(given.varied(samples), given[samples]), "chance changes no vector"
    network = make_image_sae(given, FC)
    np.testing.assert_allclose(network.normalise(given[samples]).numpy(), 2 * vectors[[3, 1]])


def test_chance_moves_what_is_learned_from_and_nothing_else() -> None:
    plain, moved = inputs(), inputs(moved=True)
    assert torch.equal(plain[ALL], moved[ALL]) and torch.equal(plain.varied(ALL), plain[ALL])
    assert not torch.equal(moved.varied(ALL), moved[ALL])
    network = make_image_sae(moved, CONV)
    phase = sae_phases(network, moved, CONV)[-1]
    assert evaluate(network, phase) == evaluate(network, phase) == pytest.approx(
        evaluate(network, sae_phases(network, plain, CONV)[-1])
    )
    network.train()
    with torch.no_grad(), seeded(1):
        first = float(phase.losses(ALL)["loss"])
        assert float(phase.losses(ALL)["loss"]) != first
