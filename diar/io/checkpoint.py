"""Files of torch that hold tensors and plain values only: written whole, read without running code from them."""

from __future__ import annotations

import io
import os
import pickle
import struct
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from diar.errors import DataError
from diar.io.ark import ArchiveFolder
from diar.io.files import atomic_path
from diar.io.scp import write_table

MODEL_SUFFIX = ".pt"
_ZIP = b"PK\3\4"  # how files of torch begin; what else it reads are pickles of old
# what torch raises where a file is broken
_BROKEN = (
    OSError, RuntimeError, EOFError, ValueError, LookupError, TypeError, AttributeError, AssertionError, OverflowError,
    MemoryError, struct.error, pickle.UnpicklingError,
)  # fmt: skip


def model_path(folder: Path, recording: str) -> Path:
    """Where the model that is applied to ``recording`` lies in ``folder``."""
    return folder / f"{recording}{MODEL_SUFFIX}"


def write_checkpoint(path: Path, content: Mapping[str, Any]) -> None:
    """Write ``content`` atomically; the same content gives the same bytes, whatever the file is called."""
    import torch

    buffer = io.BytesIO()
    torch.save(_without_references(content), buffer)
    with atomic_path(path) as temporary:
        temporary.write_bytes(buffer.getvalue())


def _without_references(content: Any) -> Any:
    """A copy in which equal strings are one object and containers are not shared: pickle tells the same from equal."""
    if isinstance(content, Mapping):
        return {_without_references(name): _without_references(value) for name, value in content.items()}
    if isinstance(content, (list, tuple)):
        return type(content)(map(_without_references, content))
    return sys.intern(content) if type(content) is str else content


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The content of a checkpoint, on the CPU.

    Raises:
        DataError: the file is missing, cut, something else, or would run code.
    """
    import torch

    try:
        with path.open("rb") as file:
            if file.read(len(_ZIP)) != _ZIP:
                raise ValueError("not a file of torch's")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise DataError(path, "no such file", "wanted a model") from None
    except _BROKEN as error:
        reason = " ".join(str(error).split())[:100]
        raise DataError(path, f"cannot be read as a model ({reason})", advice="train it again") from None
    if not isinstance(content, dict):
        raise DataError(path, f"holds a {type(content).__name__}", "wanted a model", "train it again")
    return content


def read_checkpoint_if_whole(path: Path) -> dict[str, Any]:
    """The content of a checkpoint that an earlier run may have left; nothing where there is none that can be read."""
    try:
        return read_checkpoint(path)
    except DataError:
        return {}


def write_model_scp(folder: Path, noun: str, recordings: Iterable[str]) -> None:
    """Write ``<noun>.scp``: the model of each recording, and our mark that the folder is complete."""
    write_table(folder / f"{noun}.scp", {name: str(model_path(folder, name)) for name in recordings})


def link_model(path: Path, target: str) -> None:
    """Let ``path`` be another name of the file ``target`` in the same folder."""
    with atomic_path(path) as temporary:
        os.symlink(target, temporary)


class ModelFolder(ArchiveFolder):
    """The models of a complete folder, by recording, through its scp."""

    def read_model(self, recording: str) -> tuple[Path, dict[str, Any]]:
        """Where the model of ``recording`` lies, and its content.

        Raises:
            DataError: the recording is not listed, or its model cannot be read.
        """
        path = Path(self.entry(recording))
        return path, read_checkpoint(path)
