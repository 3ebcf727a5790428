"""Official files of images written by hand, byte by byte, from their descriptions."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

RNG = np.random.default_rng(7)


def idx(array: np.ndarray) -> bytes:
    """An IDX file of unsigned bytes."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(struct.pack(">i", size) for size in array.shape)
    return header + bytes(int(value) for value in array.ravel())


def write_idx_set(folder: Path, n_train: int = 6, n_test: int = 4, packed: bool = False) -> dict[str, np.ndarray]:
    """The four files of a small MNIST; their arrays."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        "train-images-idx3-ubyte": RNG.integers(0, 256, (n_train, 28, 28)),
        "train-labels-idx1-ubyte": RNG.integers(0, 10, n_train),
        "t10k-images-idx3-ubyte": RNG.integers(0, 256, (n_test, 28, 28)),
        "t10k-labels-idx1-ubyte": RNG.integers(0, 10, n_test),
    }
    for name, array in arrays.items():
        content = idx(array)
        (folder / f"{name}{'.gz' * packed}").write_bytes(gzip.compress(content) if packed else content)
    return arrays


def planes(n: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, 3072) values, red, green and blue planes, row by row; (n,) labels."""
    return RNG.integers(0, 256, (n, 3072)).astype(np.uint8), RNG.integers(0, 10, n).astype(np.uint8)


def pixel(row: np.ndarray, y: int, x: int) -> list[int]:
    """Red, green and blue of a pixel of 3072 values."""
    return [int(row[channel * 1024 + y * 32 + x]) for channel in range(3)]


def binary_batch(values: np.ndarray, labels: np.ndarray) -> bytes:
    return b"".join(bytes([int(label)]) + row.tobytes() for row, label in zip(values, labels, strict=True))


def python_batch(values: np.ndarray, labels: Sequence, module: str = "numpy.core.multiarray") -> bytes:
    """The pickle of Python 2 and protocol 2 that the official batches are, opcode by opcode."""

    def text(content: bytes) -> bytes:
        short = len(content) < 256
        return (b"U" + bytes([len(content)]) if short else b"T" + struct.pack("<i", len(content))) + content

    def number(value: int) -> bytes:
        return b"J" + struct.pack("<i", value)

    def call(where: str, name: str, words: bytes) -> bytes:
        return f"c{where}\n{name}\n".encode() + b"(" + words + b"tR"

    kind = call("numpy", "dtype", text(b"u1") + number(0) + number(1))
    kind += b"(" + number(3) + text(b"|") + b"NNN" + number(-1) + number(-1) + number(0) + b"tb"
    shape = b"(" + b"".join(number(size) for size in values.shape) + b"t"
    array = call(module, "_reconstruct", b"cnumpy\nndarray\n(" + number(0) + b"t" + text(b"b"))
    array += b"(" + number(1) + shape + kind + b"\x89" + text(values.tobytes()) + b"tb"
    listed = b"](" + b"".join(text(x) if isinstance(x, bytes) else number(int(x)) for x in labels) + b"e"
    entries = text(b"batch_label") + text(b"training batch 1 of 5") + text(b"labels") + listed + text(b"data") + array
    return b"\x80\x02}(" + entries + b"u."


def archive(members: Mapping[str, bytes]) -> bytes:
    """A tar.gz of these files in a folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as file:
        for name, content in members.items():
            entry = tarfile.TarInfo(f"cifar-10-batches/{name}")
            entry.size = len(content)
            file.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def jpeg_archive(images: np.ndarray, labels: np.ndarray, **others: np.ndarray) -> bytes:
    """The bytes of an archive of JPEG files."""
    from PIL import Image

    files = []
    for image in images:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, format="JPEG", quality=95, subsampling=0)
        files.append(buffer.getvalue())
    arrays = {
        "jpeg": np.frombuffer(b"".join(files), np.uint8),
        "offset": np.cumsum([0, *map(len, files)]),
        "label": labels.astype(np.uint8),
    }
    buffer = io.BytesIO()
    np.savez(buffer, **(arrays | others))
    return buffer.getvalue()
