"""Folders of archives, as stages make them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from diar.io.ark import write_archive, write_scp

RECORDINGS = ["B", "a", "b", "b2", "c"]  # sorted as bytes
FEATS = {"options": {"seed": 1}, "inputs": {}}


def value(recording: str) -> np.ndarray:
    return np.full(3, RECORDINGS.index(recording), dtype=np.float32)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def filled(folder: Path, noun: str, provenance: object = None) -> Path:
    """A complete folder of archives, made with ``provenance`` if any."""
    folder.mkdir(parents=True, exist_ok=True)
    for recording in RECORDINGS:
        write_archive(folder, recording, value(recording))
    write_scp(folder, noun, RECORDINGS)
    if provenance is not None:
        (folder / "options.json").write_text(json.dumps(provenance))
    return folder
