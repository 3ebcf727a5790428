"""HTK's parameter files, written byte by byte as The HTK Book (section 5.10) has them."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from diar.errors import DataError
from diar.io.htk import read_htk

MFCC, FBANK, USER = 6, 7, 9
ENERGY, COMPRESSED, CHECKSUM, NULL_C = 0o100, 0o2000, 0o10000, 0o20000
FRAMES = np.array([[1.5, -2.0, 0.25], [1e-3, 40.0, -7.0], [0.0, 3.0, 11.0], [2.0, 2.5, 0.5]])


def htk_file(frames: np.ndarray, kind: int = MFCC, period: int = 100_000) -> bytes:
    """A file of HTK, its numbers one after the other."""
    dim = frames.shape[1]
    body = b""
    if kind & COMPRESSED:
        low, high = frames.min(axis=0), frames.max(axis=0)
        a = [2 * 32767 / (top - bottom) for bottom, top in zip(low, high, strict=True)]
        b = [(top + bottom) * 32767 / (top - bottom) for bottom, top in zip(low, high, strict=True)]
        body += b"".join(struct.pack(">f", value) for value in [*a, *b])
        for row in frames:
            body += b"".join(struct.pack(">h", round(x * a[d] - b[d])) for d, x in enumerate(row))
        header = struct.pack(">iihH", len(frames) + 4, period, 2 * dim, kind)
    else:
        body += b"".join(struct.pack(">f", x) for row in frames for x in row)
        header = struct.pack(">iihH", len(frames), period, 4 * dim, kind)
    return header + body + (b"\x12\x34" if kind & CHECKSUM else b"")


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("kind", [MFCC, FBANK, USER, MFCC | ENERGY, MFCC | CHECKSUM, MFCC | NULL_C | CHECKSUM])
@pytest.mark.parametrize(("period", "shift"), [(100_000, 0.01), (125_000, 0.0125), (62_500, 0.00625)])
def test_floats_come_back(tmp_path: Path, kind: int, period: int, shift: float) -> None:
    frames, frame_shift = read_htk(written(tmp_path / "a.fea", htk_file(FRAMES, kind, period)))
    assert frames.dtype == np.float32 and frame_shift == shift
    np.testing.assert_array_equal(frames, FRAMES.astype(np.float32))


@pytest.mark.parametrize("kind", [MFCC | COMPRESSED, MFCC | COMPRESSED | CHECKSUM])
def test_compressed_files_come_back_to_a_65535th_of_the_range(tmp_path: Path, kind: int) -> None:
    frames, frame_shift = read_htk(written(tmp_path / "a.mfc", htk_file(FRAMES, kind)))
    assert frames.shape == FRAMES.shape and frames.dtype == np.float32 and frame_shift == 0.01
    steps = (FRAMES.max(axis=0) - FRAMES.min(axis=0)) / 65534
    assert np.all(np.abs(frames - FRAMES) <= 0.51 * steps + 1e-5)
    assert np.any(frames != FRAMES.astype(np.float32))


def test_a_file_without_frames_has_none(tmp_path: Path) -> None:
    assert read_htk(written(tmp_path / "a.fea", htk_file(np.zeros((0, 3)))))[0].shape == (0, 3)


@pytest.mark.parametrize("kind", [MFCC, MFCC | COMPRESSED, MFCC | CHECKSUM])
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, kind: int) -> None:
    whole = htk_file(FRAMES, kind)
    for kept in range(len(whole)):
        with pytest.raises(DataError, match=r"a\.fea: is \d+ bytes long.*; wanted an HTK parameter file$"):
            read_htk(written(tmp_path / "a.fea", whole[:kept]))
    with pytest.raises(DataError, match="bytes long"):
        read_htk(written(tmp_path / "a.fea", whole + b"x"))


def header(n_samples: int, period: int, sample_size: int, kind: int, order: str = ">") -> bytes:
    return struct.pack(f"{order}iihH", n_samples, period, sample_size, kind)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"notes, for instance, of a meeting", "bytes long"),
        (header(1, 100_000, 2, 0) + b"\0\0", "holds WAVEFORM; wanted vectors of floats"),
        (header(1, 100_000, 4, 5) + bytes(4), "holds IREFC"),
        (header(1, 100_000, 4, 10) + bytes(4), "holds DISCRETE"),
        (header(1, 100_000, 6, MFCC) + bytes(6), "6 bytes a frame; wanted a multiple of 4"),
        (header(0, 0, 4, MFCC), "no header of HTK"),
        (header(0, 100_000, 0, MFCC), "no header of HTK"),
        (header(3, 100_000, 2, MFCC | COMPRESSED) + bytes(6), "no header of HTK"),
        (header(-1, 100_000, 4, MFCC), "no header of HTK"),
        (header(1, 100_000, 4, MFCC, "<") + bytes(4), "no header of HTK|bytes long"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        read_htk(written(tmp_path / "a.fea", content))
    assert "\n" not in str(error.value) and str(tmp_path / "a.fea") in str(error.value)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.fea: no such file"):
        read_htk(tmp_path / "gone.fea")
    with pytest.raises(DataError, match="is a folder"):
        read_htk(tmp_path)
