"""Prepared data sets: what is written comes back, whole or not at all."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest

from diar.errors import DataError
from diar.images.sets import Dataset, ImageSet
from diar.io.images.folder import read_prepared, read_table, write_dataset

RNG = np.random.default_rng(0)


def images(n: int) -> ImageSet:
    return ImageSet(RNG.integers(0, 256, (n, 5, 4, 3)).astype(np.uint8), RNG.integers(0, 10, n).astype(np.uint8))


SET = Dataset("cifar10", images(7), images(3), "JPEG pixels", {"a.npz": "00"})


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def zipped() -> bytes:
    file = io.BytesIO()
    np.savez(file, np.zeros(3))
    return file.getvalue()


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    write_dataset(tmp_path / "d", SET)
    found = read_prepared(tmp_path / "d")
    for part, wanted in ((found.train, SET.train), (found.test, SET.test)):
        assert (part.images == wanted.images).all() and (part.labels == wanted.labels).all()
        assert isinstance(part.images, np.memmap)
    assert (found.name, found.pixels, found.sources, found.title) == (SET.name, SET.pixels, SET.sources, SET.title)


def test_the_same_set_gives_the_same_bytes_and_nothing_is_left(tmp_path: Path) -> None:
    write_dataset(tmp_path / "a", SET)
    (tmp_path / "a" / ".train_images.npy.7.tmp").write_text("of a killed run")
    write_dataset(tmp_path / "a", SET)
    write_dataset(tmp_path / "b", SET)
    files = [{path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in "ab"]
    assert files[0] == files[1] and len(files[0]) == 5


def test_the_table_knows_other_images(tmp_path: Path) -> None:
    write_dataset(tmp_path / "a", SET)
    write_dataset(tmp_path / "b", Dataset("cifar10", SET.train, images(3), "JPEG pixels"))
    sums = [read_table(tmp_path / name)["crc32"] for name in "ab"]
    assert sums[0]["train_images"] == sums[1]["train_images"] and sums[0]["test_images"] != sums[1]["test_images"]


def test_what_is_not_complete_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"d: no such folder; wanted a prepared data set; stage 0 makes it: ./run.sh"):
        read_prepared(tmp_path / "d")
    write_dataset(tmp_path / "d", SET)
    cases: list[tuple[str, bytes, str]] = [
        ("train_images.npy", b"no array", r"train_images.npy: cannot be read \(.*\); stage 0 makes it"),
        ("test_labels.npy", (tmp_path / "d" / "train_labels.npy").read_bytes(),
         "test_labels.npy: found 7 labels; wanted 3, one an image; stage 0"),
        ("test_labels.npy", npy(np.array([0, 10, 1], np.uint8)), "test_labels.npy: found label 10; wanted 0 to 9"),
        ("test_labels.npy", npy(np.zeros(3)), "test_labels.npy: found float64 of 1 dimensions; wanted uint8 of 1"),
        ("test_images.npy", npy(np.zeros((3, 5, 4), np.uint8)), "found uint8 of 3 dimensions; wanted uint8 of 4"),
        ("test_images.npy", npy(np.zeros((3, 4, 5, 3), np.uint8)), r"d: found training images of \(5, 4, 3\) and test"),
        ("test_images.npy", npy(SET.test.images[::-1].copy()), "test_images.npy: has other content than stage 0 wrote"),
        ("test_images.npy", b"PK no zip", r"test_images.npy: cannot be read \("),
        ("test_images.npy", zipped(), "test_images.npy: found no array; wanted uint8 of 4"),
        ("dataset.json", json.dumps({"name": "cifar10"}).encode(), "dataset.json: is no table of a data set"),
        ("dataset.json", json.dumps({**read_table(tmp_path / "d"), "name": []}).encode(), "is no table of a data set"),
        ("dataset.json", b"[]", "dataset.json: is no table of a data set"),
    ]  # fmt: skip
    for name, content, message in cases:
        whole = (tmp_path / "d" / name).read_bytes()
        (tmp_path / "d" / name).write_bytes(content)
        with pytest.raises(DataError, match=message):
            read_prepared(tmp_path / "d")
        (tmp_path / "d" / name).write_bytes(whole)
    (tmp_path / "d" / "dataset.json").unlink()
    with pytest.raises(DataError, match=r"d: is not complete \(no dataset.json\); wanted a prepared data set; stage 0"):
        read_prepared(tmp_path / "d")


def test_an_array_of_objects_is_not_unpickled(tmp_path: Path) -> None:
    write_dataset(tmp_path / "d", SET)
    np.save(tmp_path / "d" / "test_labels.npy", np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match=r"test_labels.npy: cannot be read \("):
        read_prepared(tmp_path / "d")
