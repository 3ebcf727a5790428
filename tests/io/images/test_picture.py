"""Pictures come back as they were; files as they are: sizes against Pillow's, files that are none."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from image_results import png, write_gif
from PIL import Image

from diar.errors import DataError
from diar.io.images.picture import read_picture, to_picture, write_picture


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
