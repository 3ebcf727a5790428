"""IDX files written by hand; what is wrong with others is told in one line."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from image_files import idx

from diar.errors import DataError
from diar.io.images.idx import parse_idx, read_uncompressed

PATH = Path("f")
IMAGES = np.arange(24).reshape(2, 3, 4)


@given(arrays.arrays(np.uint8, st.one_of(st.tuples(st.integers(0, 9)), st.tuples(*[st.integers(1, 5)] * 3))))
def test_what_is_written_comes_back(array: np.ndarray) -> None:
    found = parse_idx(PATH, idx(array), array.ndim)
    assert found.dtype == np.uint8 and found.shape == array.shape and (found == array).all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "f: begins with nothing; wanted 00 00 08 03: IDX of unsigned bytes in 3 dimensions"),
        (idx(IMAGES[0]), "f: begins with 00 00 08 02; wanted 00 00 08 03: IDX of unsigned bytes in 3 dimensions"),
        (b"\0\0\x0d\x03" + idx(IMAGES)[4:], "f: begins with 00 00 0d 03; wanted 00 00 08 03: IDX of .*"),
        (idx(IMAGES)[:11], "f: is cut in its header, at byte 11; wanted 16 bytes of it"),
        (idx(IMAGES)[:-1], "f: is cut: 23 values; wanted 24 for 2 x 3 x 4; fetch it anew"),
        (idx(IMAGES) + b"x", "f: is too long: 25 values; wanted 24 for 2 x 3 x 4; fetch it anew"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "f: is cut: 0 values; wanted 79228162458924105385300197375 for .*"),
    ],
)
def test_what_is_wrong_is_told(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=f"^{message}$"):
        parse_idx(PATH, content, 3)


def test_compression_is_known_by_the_content(tmp_path: Path) -> None:
    for name, content in {"a.gz": b"plain", "b": gzip.compress(b"packed")}.items():
        (tmp_path / name).write_bytes(content)
    assert (read_uncompressed(tmp_path / "a.gz"), read_uncompressed(tmp_path / "b")) == (b"plain", b"packed")


@pytest.mark.parametrize("cut", [12, -12, -4])
def test_a_cut_or_broken_gz_is_told(tmp_path: Path, cut: int) -> None:
    packed = gzip.compress(bytes(range(256)) * 9)
    (tmp_path / "a.gz").write_bytes(packed[:cut] if cut != -4 else packed[:-8] + b"\0" * 8)
    with pytest.raises(DataError, match=r"a\.gz: cannot be unpacked \(.*\); wanted a whole \.gz file; fetch it anew$"):
        read_uncompressed(tmp_path / "a.gz")
    with pytest.raises(DataError, match="none: no such file$"):
        read_uncompressed(tmp_path / "none")
