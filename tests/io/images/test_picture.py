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
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png"), pixels)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n\0\0"])
def test_what_is_no_picture_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.png: not a picture \(.*\); make it again$"):
        read_picture(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"b\.png: not a picture \(.*\); make it again$"):
        read_picture(tmp_path / "b.png")


def test_a_picture_that_was_cut_is_told(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", np.random.default_rng(0).integers(0, 256, (50, 70, 3)).astype(np.uint8))
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"a\.png: not a picture"):
        read_picture(tmp_path / "a.png")
