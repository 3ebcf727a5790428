"""Images made numbers, moved and mirrored: against indexing pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from diar.errors import DataError
from diar.nets.image_inputs import Augmenter, ImageInputs, reflected
from diar.nets.image_options import AugmentOptions
from diar.nets.train import seeded

RNG = np.random.default_rng(3)
N, H, W = 40, 6, 5
IMAGES = RNG.integers(0, 256, (N, H, W, 3)).astype(np.uint8)
INPUTS = ImageInputs(IMAGES)
ALL = torch.arange(N)


def moved(options: AugmentOptions, epoch: int, seed: int = 1) -> np.ndarray:
    """All images as bytes, (N, H, W, C)."""
    augmenter = Augmenter(INPUTS, options, seed)
    with seeded(epoch):
        images = INPUTS.at(ALL, *augmenter.places(ALL, epoch))
    return (images * 255).round().byte().permute(0, 2, 3, 1).numpy()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_batch_is_planes_of_numbers_from_0_to_1(channels: int) -> None:
    inputs = ImageInputs(IMAGES[..., :channels])
    samples = torch.tensor([7, 2, 7])
    found = inputs[samples]
    assert found.dtype == torch.float32 and inputs.shape == (H, W, channels) and len(inputs) == N
    wanted = IMAGES[[7, 2, 7], ..., :channels].transpose(0, 3, 1, 2) / 255
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-6)
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_inputs_do_not_hang_on_the_array_and_mapped_ones_are_taken(recwarn: pytest.WarningsRecorder) -> None:
    images = IMAGES.copy()
    inputs = ImageInputs(images)
    images[:] = 0
    assert torch.equal(inputs[ALL], INPUTS[ALL])
    images.setflags(write=False)
    ImageInputs(images)
    assert not list(recwarn)


@pytest.mark.parametrize("constant", [False, True])
def test_moments_are_those_of_all_pixels(constant: bool) -> None:
    images = IMAGES.copy()
    images[..., 1] = 77 if constant else images[..., 1]
    mean, deviation = ImageInputs(images).moments()
    numbers = images.reshape(-1, 3).astype(np.float64) / 255
    wanted = numbers.std(axis=0)
    np.testing.assert_allclose(mean, numbers.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(deviation, np.where([False, constant, False], 1.0, wanted), rtol=1e-5)


@given(st.integers(2, 9), st.integers(-20, 20))
def test_reflection_is_numpys(size: int, place: int) -> None:
    if abs(place) < size:  # as far as one reflection goes
        padded = np.pad(np.arange(size), size - 1, mode="reflect")
        assert int(reflected(torch.tensor(place), size)) == padded[size - 1 + place]


def test_shifts_are_crops_of_the_padded_image() -> None:
    found = moved(AugmentOptions(shift=2), epoch=0)
    padded = np.pad(IMAGES, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    seen = set()
    for image, wide in zip(found, padded, strict=True):
        places = [
            (y, x) for y in range(5) for x in range(5) if (image == wide[y : y + H, x : x + W]).all()
        ]
        assert len(places) == 1
        seen.add(places[0])
    assert len(seen) > 12, "all shifts occur"
    assert (moved(AugmentOptions(), 0) == IMAGES).all()


def flips(flip: str, epoch: int, seed: int = 1) -> np.ndarray:
    """(N,) which images are mirrored."""
    found = moved(AugmentOptions(flip=flip), epoch, seed)
    mirrored = (found == IMAGES[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (mirrored ^ (found == IMAGES).all(axis=(1, 2, 3))).all()
    return mirrored


def test_alternating_flips_mirror_the_others_in_every_other_epoch() -> None:
    first = flips("alternating", 0)
    assert N / 5 < first.sum() < 4 * N / 5
    for epoch in range(1, 5):
        assert (flips("alternating", epoch) == first ^ (epoch % 2 == 1)).all()
    assert (flips("alternating", 0, seed=2) != first).any()


def test_random_flips_are_new_in_every_epoch() -> None:
    epochs = [flips("random", epoch) for epoch in range(3)]
    assert all(N / 5 < mirrored.sum() < 4 * N / 5 for mirrored in epochs)
    assert (epochs[0] != epochs[1]).any() and (epochs[0] != ~epochs[1]).any() and (epochs[1] != epochs[2]).any()


def test_samples_of_a_batch_are_flipped_as_in_the_whole() -> None:
    augmenter = Augmenter(INPUTS, AugmentOptions(flip="alternating"), 1)
    some = torch.tensor([5, 0, 39])
    assert torch.equal(augmenter.flipped(some, 1), augmenter.flipped(ALL, 1)[some])


def test_shifts_that_reflection_cannot_fill_are_refused() -> None:
    size = min(INPUTS.shape[:2])
    message = rf"^--shift: found {size}; wanted less than {size}, the images' size$"
    with pytest.raises(DataError, match=message):
        Augmenter(INPUTS, AugmentOptions(shift=size), 1)
    rows, columns = Augmenter(INPUTS, AugmentOptions(shift=size - 1), 1).places(ALL.repeat(50), 0)
    assert (rows.min(), rows.max()) == (0, INPUTS.shape[0] - 1) and columns.max() < INPUTS.shape[1]
