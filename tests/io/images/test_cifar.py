"""CIFAR-10's batches written by hand: the pickles of Python 2 opcode by opcode; pickles that would run code."""

from __future__ import annotations

import os
import pickle
import pickletools
import re
from pathlib import Path

import numpy as np
import pytest
from image_files import binary_batch, pixel, planes, python_batch

from diar.errors import DataError
from diar.io.images.cifar import joined, parse_binary_batch, parse_python_batch


@pytest.mark.parametrize("module", ["numpy.core.multiarray", "numpy._core.multiarray"])
def test_both_versions_give_the_pixels_of_the_planes(module: str) -> None:
    values, labels = planes(5)
    for found in (
        parse_binary_batch("b", binary_batch(values, labels)),
        parse_python_batch("b", python_batch(values, labels, module)),
    ):
        assert found.images.shape == (5, 32, 32, 3) and found.labels.tolist() == labels.tolist()
        for n, y, x in [(0, 0, 0), (1, 0, 31), (2, 31, 0), (4, 17, 5)]:
            assert found.images[n, y, x].tolist() == pixel(values[n], y, x)


def test_a_batch_that_python_3_wrote_is_read_too() -> None:
    values, labels = planes(3)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        content = pickle.dumps({b"data": values, b"labels": labels.tolist()}, protocol)
        if protocol in (2, 5):  # built by functions that the official files do not name
            with pytest.raises(DataError, match="which the official files do not"):
                parse_python_batch("b", content)
            continue
        wanted = parse_python_batch("b", python_batch(values, labels))
        assert (parse_python_batch("b", content).images == wanted.images).all()


def test_a_batch_of_columns_is_what_it_says() -> None:
    values, labels = planes(4)
    content = python_batch(values, labels)
    by_columns = content.replace(b"\x89T", b"\x88T").replace(values.tobytes(), values.tobytes(order="F"))
    assert (parse_python_batch("b", by_columns).images == parse_python_batch("b", content).images).all()


class Evil:
    """A pickle that makes a folder when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.path),)


def evil_pickles(path: Path) -> dict[str, bytes]:
    values, labels = planes(1)
    good = {b"data": values, b"labels": labels.tolist()}
    quoted = f"'{path}'".encode()
    return {
        "an object": pickle.dumps({**good, b"more": Evil(path)}, 2),
        "a newer protocol": pickle.dumps({**good, b"more": Evil(path)}, 5),
        "instead of the array": pickle.dumps({**good, b"data": Evil(path)}, 2),
        "a global and a call": b"cos\nmkdir\n(S" + quoted + b"\ntR.",
        "a class of old": b"(S" + quoted + b"\nios\nmkdir\n.",
        "a built-in": b"cbuiltins\neval\n(S" + repr(f"__import__('os').mkdir('{path}')").encode() + b"\ntR.",
        "through a note": b"cnumpy\ndtype.__class__\n(S'x'\ntR.",
        "an object from outside": b"\x80\x02U\x01xQ.",
        "what numpy runs": b"cnumpy.core.multiarray\nfromfile\n(S" + quoted + b"\ntR.",
    }


@pytest.mark.parametrize("kind", evil_pickles(Path("x")))
def test_pickles_run_nothing(tmp_path: Path, kind: str) -> None:
    victim = tmp_path / "made"
    content = evil_pickles(victim)[kind]
    list(pickletools.genops(content))  # it is a pickle
    with pytest.raises(DataError, match=r"^b: cannot be read \(.*\); wanted a batch .*; nothing of it was run$"):
        parse_python_batch("b", content)
    assert not victim.exists()


def test_the_evil_pickles_would_work(tmp_path: Path) -> None:
    pickle.loads(evil_pickles(tmp_path / "made")["an object"])
    assert (tmp_path / "made").is_dir()


GOOD = python_batch(*planes(2))


@pytest.mark.parametrize("cut", [0, 1, 40, len(GOOD) // 2, len(GOOD) - 1])
def test_a_cut_pickle_is_told(cut: int) -> None:
    with pytest.raises(DataError, match=r"^b: cannot be read .*\n?") as caught:
        parse_python_batch("b", GOOD[:cut])
    assert "\n" not in str(caught.value)


VALUES = planes(2)[0]
NO_BYTES = r"b: cannot be read \(the data are no bytes, or the labels no numbers\); .*"
LISTS = b"\x80\x02}(U\x06labels](K\x00K\x00eU\x04data](K\x00K\x00eu."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (python_batch(VALUES, [1]), "b: found data of 2 x 3072 and 1 labels; wanted 3072 values and a label an image"),
        (python_batch(VALUES[:, 1:], [1, 2]), "b: found data of 2 x 3071 and 2 labels; wanted 3072 values and .*"),
        (python_batch(VALUES, [b"a", b"b"]), NO_BYTES),
        (python_batch(VALUES, [0, 10]), "b: image 1 has label 10; wanted 0 to 9"),
        (python_batch(VALUES, [-1, 0]), "b: image 0 has label -1; wanted 0 to 9"),
        (python_batch(VALUES, [0, 1]).replace(b"U\x02u1", b"U\x02i1"), NO_BYTES),
        (python_batch(VALUES, [0, 1]).replace(b"J\0\x0c\0\0", b"J\0\x0d\0\0"), r"b: cannot be read \(cannot resh.*"),
        (python_batch(VALUES, [0, 1]).replace(b"labels", b"fabels"), r"b: cannot be read \(b'labels'\); .*"),
        (LISTS, r"b: cannot be read \('list' object has no attribute 'state'\); .*"),
        (b"\x80\x02K\x01.", r"b: cannot be read \(.*\); .*"),
    ],
)
def test_other_content_is_told(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=f"^{message}$"):
        parse_python_batch("b", content)


@pytest.mark.parametrize("content", [b"", b"x" * 3072, b"x" * 3074])
def test_a_binary_batch_of_another_size_is_told(content: bytes) -> None:
    message = f"^b: found {len(content)} bytes; wanted records of 3073 bytes: a label and 3072 values; fetch it anew$"
    with pytest.raises(DataError, match=message):
        parse_binary_batch("b", content)


def test_a_binary_batch_with_another_label_is_told() -> None:
    with pytest.raises(DataError, match=re.escape("b: image 1 has label 255; wanted 0 to 9")):
        parse_binary_batch("b", binary_batch(planes(2)[0], np.array([9, 255])))


def test_batches_follow_each_other() -> None:
    batches = [parse_binary_batch("b", binary_batch(*planes(n))) for n in (2, 3)]
    whole = joined(batches)
    assert (whole.images[2:] == batches[1].images).all() and (whole.labels[:2] == batches[0].labels).all()
