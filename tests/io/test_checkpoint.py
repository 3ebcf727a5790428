"""Files of tensors and plain values: the same bytes for the same content, and nothing that runs."""

from __future__ import annotations

import os
import pickle
import warnings
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from diar.errors import DataError
from diar.io.checkpoint import ModelFolder, link_model, model_path, read_checkpoint, write_checkpoint, write_model_scp


def content() -> dict[str, object]:
    weights = OrderedDict(a=torch.arange(6.0).reshape(2, 3), n=torch.tensor([3, 4], dtype=torch.int32))
    return {"format": 1, "weights": weights, "widths": [3, 2], "options": {"rate": 1e-3, "on": True, "none": None},
            "history": [{"phase": "a", "losses": {"loss": 0.5}}], "pair": (1, "x")}  # fmt: skip


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a.pt", content())
    found, wanted = read_checkpoint(tmp_path / "a.pt"), content()
    for name, value in wanted.pop("weights").items():
        assert torch.equal(found["weights"][name], value) and found["weights"][name].dtype == value.dtype
    found.pop("weights")
    assert found == wanted and list(found) == list(wanted)
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


def test_bytes_depend_on_the_content_alone(tmp_path: Path) -> None:
    """Neither on the file's name nor on which of the equal strings and lists are the same object."""
    shared = ["x", 1]
    same = [
        {"a": "text", "b": "text", "c": shared, "d": shared},
        {"a": "text", "b": "".join(["te", "xt"]), "c": ["x", 1], "d": ["".join("x"), 1]},
    ]
    for name, one in zip(("short.pt", "a_much_longer_name.state"), same, strict=True):
        write_checkpoint(tmp_path / name, one | {"w": torch.ones(5)})
    first, second = ((tmp_path / name).read_bytes() for name in ("short.pt", "a_much_longer_name.state"))
    assert first == second
    write_checkpoint(tmp_path / "again.pt", read_checkpoint(tmp_path / "short.pt"))
    assert (tmp_path / "again.pt").read_bytes() == first
    write_checkpoint(tmp_path / "other.pt", same[0] | {"w": torch.ones(4)})
    assert (tmp_path / "other.pt").read_bytes() != first


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a.pt", content())
    before = (tmp_path / "a.pt").read_bytes()
    with pytest.raises((AttributeError, pickle.PicklingError, TypeError)):
        write_checkpoint(tmp_path / "a.pt", {"function": lambda: 0})
    assert (tmp_path / "a.pt").read_bytes() == before and len(list(tmp_path.iterdir())) == 1


# ---- what is refused -----------------------------------------------------------------------------------------------


class Command:
    """What a hostile pickle is made of."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def refused(path: Path) -> str:
    with warnings.catch_warnings(), pytest.raises(DataError) as caught:
        warnings.simplefilter("ignore")
        read_checkpoint(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and len(message.splitlines()) == 1 and len(message) < 400
    return message


@pytest.mark.parametrize("writer", ["torch", "old torch", "pickle"])
def test_code_in_a_file_is_not_run(tmp_path: Path, writer: str) -> None:
    (path, made), hostile = (tmp_path / "a.pt", tmp_path / "made"), {"format": 1, "x": Command(tmp_path / "made")}
    if writer == "pickle":
        path.write_bytes(pickle.dumps(hostile))
    else:
        torch.save(hostile, path, _use_new_zipfile_serialization=writer == "torch")
    assert "cannot be read as a model" in refused(path) and "train it again" in refused(path)
    assert not made.exists()
    if writer == "pickle":
        pickle.loads(path.read_bytes())
        assert made.exists(), "it would have run"


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_cut_file_is_refused(tmp_path: Path, part: float) -> None:
    write_checkpoint(tmp_path / "a.pt", content())
    whole = (tmp_path / "a.pt").read_bytes()
    (tmp_path / "a.pt").write_bytes(whole[: int(part * len(whole))])
    assert "cannot be read as a model" in refused(tmp_path / "a.pt")


@pytest.mark.parametrize(
    "made", [b"--num-ceps=13\n", b"\0BFM \4\2\0\0\0", b"RIFF\0\0\0\0WAVE", b"PK\3\4" + bytes(40), bytes(99), b"(dp0\n."]
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, made: bytes) -> None:
    (tmp_path / "a.pt").write_bytes(made)
    assert "cannot be read as a model" in refused(tmp_path / "a.pt")


def test_broken_bytes_never_end_in_another_error(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a.pt", content())
    whole, rng = (tmp_path / "a.pt").read_bytes(), np.random.default_rng(0)
    for _ in range(100):
        broken = bytearray(whole)
        for at in rng.integers(0, len(whole), 3):
            broken[at] = rng.integers(256)
        (tmp_path / "a.pt").write_bytes(broken)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                read_checkpoint(tmp_path / "a.pt")
            except DataError as error:
                assert len(str(error).splitlines()) == 1


def test_what_is_no_dictionary_a_folder_or_missing_is_refused(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "a.pt")
    assert refused(tmp_path / "a.pt") == f"{tmp_path}/a.pt: holds a list; wanted a model; train it again"
    assert refused(tmp_path / "b.pt") == f"{tmp_path}/b.pt: no such file; wanted a model"
    (tmp_path / "c.pt").mkdir()
    refused(tmp_path / "c.pt")


# ---- folders of models ---------------------------------------------------------------------------------------------


def test_a_folder_of_models_is_read_by_its_table(tmp_path: Path) -> None:
    for name in ("r1", "r2"):
        write_checkpoint(model_path(tmp_path, name), {"name": name})
    write_model_scp(tmp_path, "sae", ["r1"])
    assert (tmp_path / "sae.scp").read_text() == f"r1 {tmp_path}/r1.pt\n"
    models = ModelFolder(tmp_path)
    assert models.read_model("r1") == (tmp_path / "r1.pt", {"name": "r1"})
    with pytest.raises(DataError, match=r"sae\.scp: recording 'r2' is not listed"):
        models.read_model("r2")


def test_a_model_may_have_a_name_for_every_recording(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "joint.model", {"name": "all"})
    for _ in range(2):
        link_model(model_path(tmp_path, "r1"), "joint.model")
    assert os.readlink(tmp_path / "r1.pt") == "joint.model" and len(list(tmp_path.iterdir())) == 2
    assert read_checkpoint(tmp_path / "r1.pt") == {"name": "all"}
    write_checkpoint(tmp_path / "r1.pt", {"name": "r1"})  # a link is replaced, not followed
    assert read_checkpoint(tmp_path / "joint.model") == {"name": "all"}
