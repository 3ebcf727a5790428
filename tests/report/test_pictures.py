"""Pictures of experiments: sizes against Pillow's, captions, order, files that are none."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from image_results import png, write_gif
from PIL import Image

from diar.errors import DataError
from diar.report.pictures import Picture, in_order, to_picture


def named(*names: str) -> list[Picture]:
    return [to_picture(name, png(), name) for name in names]


@pytest.mark.parametrize("kind", ["png", "gif"])
def test_sizes_are_pillows(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    if kind == "png":
        Image.new("RGB", (301, 7)).save(path)
    else:
        write_gif(path, size=(301, 7))
    found = to_picture("a", path.read_bytes(), path)
    assert (found.width, found.height, found.mime) == (301, 7, f"image/{kind}")
    assert Image.open(io.BytesIO(found.content)).size == (301, 7)


@pytest.mark.parametrize("content", [b"", b"GIF", b"\xff\xd8\xff", b"<svg/>"])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(DataError, match="^a.png: found no PNG and no GIF; "):
        to_picture("a", content, "a.png")


def test_cut_pictures_are_refused(tmp_path: Path) -> None:
    write_gif(tmp_path / "a.gif")
    for content in (png()[:-9], png()[:12], (tmp_path / "a.gif").read_bytes()[:-3]):
        with pytest.raises(DataError, match="^a: the picture is cut; "):
            to_picture("a", content, "a")


@pytest.mark.parametrize(
    ("name", "caption"),
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
def test_captions_say_what_names_say(name: str, caption: str) -> None:
    assert named(name)[0].caption == caption


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
