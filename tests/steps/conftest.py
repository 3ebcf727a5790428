"""Folders of stages with an autoencoder a recording, made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from net_stages import add_saes, make_stages


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """data, feats, vad and sae of a few recordings; to be read, not written."""
    folder = make_stages(tmp_path_factory.mktemp("stages") / "exp")
    add_saes(folder)
    return folder


@pytest.fixture
def stages(made: Path, tmp_path: Path) -> Path:
    """The same, for the test to write into."""
    return shutil.copytree(made, tmp_path / "exp")
