"""What autoencoders of images see of them: pixels and vectors, as large as the range says, moved while they learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from image_sets import blots

from diar.nets.autoencoder import sae_phases
from diar.nets.cluster_inputs import PixelInputs, VectorInputs
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
