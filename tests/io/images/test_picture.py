"""Pictures come back as they were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diar.errors import DataError
from diar.io.images.picture import read_picture, write_picture


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_written_comes_back(tmp_path: Path, channels: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, channels)).astype(np.uint8)
    write_picture(tmp_path / "a.png", pixels)
    with Image.open(tmp_path / "a.png") as image:
        assert (np.asarray(image).reshape(pixels.shape) == pixels).all() and image.format == "PNG"
    again = read_picture(tmp_path / "a.png")
    assert again.shape == pixels.shape and (again == pixels).all()
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("content", [None, b"", b"no picture", "cut"])
def test_what_is_no_picture_is_told(tmp_path: Path, content: bytes | str | None) -> None:
    path = tmp_path / "a.png"
    if content == "cut":
        write_picture(path, np.random.default_rng(0).integers(0, 256, (50, 60, 3)).astype(np.uint8))
        content = path.read_bytes()[:2000]
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.png: cannot be read as a picture \(.*\); remove its folder$"):
        read_picture(path)
