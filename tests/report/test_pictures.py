"""Pictures of experiments: captions, order."""

from __future__ import annotations

import pytest
from image_results import png

from diar.io.images.picture import Picture, to_picture
from diar.report.pictures import caption, in_order


def named(*names: str) -> list[Picture]:
    return [to_picture(name, png(), name) for name in names]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("loss", "Losses, phase by phase, over the epochs"),
        ("reconstructions", "Originals above their reconstructions"),
        ("epoch_001", "Epoch 1"),
        ("epoch50", "Epoch 50"),
        ("size128", "Size 128: originals above reconstructions, with the latent layer above without"),
        ("size_128_latent", "Size 128 latent"),
        ("latent-traversal", "Latent traversal"),
        ("epochs_01_100", "Epochs 1 100"),
    ],
)
def test_captions_say_what_names_say(name: str, wanted: str) -> None:
    assert caption(named(name)[0]) == wanted


def test_losses_come_last_and_numbers_count_as_numbers() -> None:
    shown = in_order(named("loss", "size_128", "size_32", "samples", "confusion"))
    assert [[one.name for one in block] for block in shown] == [
        ["confusion"], ["samples"], ["size_32"], ["size_128"], ["loss"],
    ]  # fmt: skip


def test_pictures_of_many_epochs_are_a_series() -> None:
    epochs = [f"epoch_{number}" for number in range(1, 12)]
    shown = in_order(named("samples", *reversed(epochs), "loss"))
    assert [[one.name for one in block] for block in shown] == [epochs, ["samples"], ["loss"]]
    assert [len(block) for block in in_order(named("epoch_1", "epoch_50"))] == [1, 1]  # side by side
    assert [len(block) for block in in_order(named(*(f"step_{number}" for number in range(13))))] == [13]
    assert len(in_order(named(*(f"step_{number}" for number in range(12))))) == 12
