"""Archives of JPEG files made here, whole and broken."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from image_files import jpeg_archive

from diar.errors import DataError
from diar.io.images.cifar_jpeg import parse_cifar_jpeg

PATH = Path("j")
N = 3
COLOURS = np.array([(255, 0, 0), (0, 255, 0), (20, 40, 250)], np.uint8)
IMAGES = np.broadcast_to(COLOURS[:, None, None], (N, 32, 32, 3)).copy()
IMAGES[:, 16:] //= 2
LABELS = np.array([3, 0, 9])


def test_pixels_are_those_that_were_compressed_but_for_a_few_grey_levels() -> None:
    found = parse_cifar_jpeg(PATH, jpeg_archive(IMAGES, LABELS))
    assert found.labels.tolist() == LABELS.tolist() and found.images.shape == (N, 32, 32, 3)
    assert np.abs(found.images.astype(int) - IMAGES).max() <= 8


def offsets(*values: int) -> dict[str, np.ndarray]:
    return {"offset": np.array(values)}


WHOLE = jpeg_archive(IMAGES, LABELS)
SIZES = np.diff(np.load(io.BytesIO(WHOLE))["offset"])


def grey() -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(IMAGES[0, :, :, 0]).save(buffer, format="JPEG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"j: cannot be read \(.*\); wanted a numpy archive; fetch it anew"),
        (WHOLE[:-30], r"j: cannot be read \(.*\); wanted a numpy archive; fetch it anew"),
        (WHOLE[:60] + bytes(40) + WHOLE[100:], r"j: cannot be read \(.*\); wanted a numpy archive; .*"),
        (jpeg_archive(IMAGES, LABELS, offset=np.arange(4.0)), r"j: 'offset': found float64 \(4,\); wanted int64 of .*"),
        (jpeg_archive(IMAGES, LABELS, label=np.array([1, 2], np.uint8)), "j: found 4 offsets up to .*; wanted 3 .*"),
        (jpeg_archive(IMAGES, LABELS, offset=np.zeros(0, np.int64)), "j: found 0 offsets up to none; .*"),
        (jpeg_archive(IMAGES, LABELS, offset=np.array([0, 9, 5, SIZES.sum()])), "j: found 4 offsets up to .*"),
        (jpeg_archive(IMAGES, np.array([1, 2, 10])), "j: image 2 has label 10; wanted 0 to 9"),
        (jpeg_archive(IMAGES, LABELS, offset=np.cumsum([0, SIZES[0], SIZES[1] - 40, SIZES[2] + 40])),
         r"j: image 1 is no whole JPEG file \(.*\); fetch it anew"),
        (jpeg_archive(IMAGES[:, :31], LABELS), "j: image 0 is 31 x 32 x 3; wanted 32 x 32 x 3"),
        (jpeg_archive(IMAGES[:1], LABELS[:1], jpeg=np.frombuffer(grey(), np.uint8), offset=np.array([0, len(grey())])),
         "j: image 0 is 32 x 32; wanted 32 x 32 x 3"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=f"^{message}$") as caught:
        parse_cifar_jpeg(PATH, content)
    assert "\n" not in str(caught.value)


def test_an_archive_of_objects_is_not_unpickled() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, jpeg=np.array([print], dtype=object), offset=np.zeros(1, np.int64), label=np.zeros(0, np.uint8))
    with pytest.raises(DataError, match=r"^j: cannot be read \(Object arrays cannot be loaded.*"):
        parse_cifar_jpeg(PATH, buffer.getvalue())


def test_one_array_is_no_archive() -> None:
    buffer = io.BytesIO()
    np.save(buffer, LABELS)
    with pytest.raises(DataError, match=r"^j: cannot be read \(.*\); wanted a numpy archive"):
        parse_cifar_jpeg(PATH, buffer.getvalue())
