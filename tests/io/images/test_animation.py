"""Animations as Pillow reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from diar.io.images.animation import write_animation

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("n_frames", [1, 2, 9])
def test_frames_of_grey_come_back_in_32_levels(tmp_path: Path, n_frames: int) -> None:
    frames = [RNG.integers(0, 256, (20, 30, 1)).astype(np.uint8) for _ in range(n_frames)]
    write_animation(tmp_path / "a.gif", frames, 150)
    with Image.open(tmp_path / "a.gif") as image:
        assert image.format == "GIF" and image.n_frames == n_frames and image.size == (30, 20)
        read = [(np.asarray(frame.convert("L")), frame.info.get("duration")) for frame in ImageSequence.Iterator(image)]
        assert n_frames == 1 or image.info["loop"] == 0
    for frame, (pixels, _) in zip(frames, read, strict=True):
        assert abs(pixels.astype(int) - frame[..., 0]).max() <= 5 and len(np.unique(pixels)) <= 32
        assert (pixels[frame[..., 0] == 0] == 0).all() and (pixels[frame[..., 0] == 255] == 255).all()
    if n_frames > 1:
        assert [duration for _, duration in read] == [150] * (n_frames - 1) + [2000]
    assert [path.name for path in tmp_path.iterdir()] == ["a.gif"]


def test_the_same_frames_give_the_same_bytes_in_colour(tmp_path: Path) -> None:
    frames = [np.full((8, 8, 3), colour, np.uint8) for colour in ((255, 0, 0), (0, 200, 0), (0, 0, 255))]
    for name in ("a.gif", "b.gif"):
        write_animation(tmp_path / name, frames)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    with Image.open(tmp_path / "a.gif") as image:
        read = [np.asarray(frame.convert("RGB"))[0, 0].tolist() for frame in ImageSequence.Iterator(image)]
    assert read == [[255, 0, 0], [0, 200, 0], [0, 0, 255]]
