"""Two recordings on which every clusterer is tried, as a recipe that has come to its stage 6."""

from __future__ import annotations

from pathlib import Path

import pytest
from recipe_tree import Recipe, Tree, take_turns, talk, write_audio

TURNS = {
    "alpha": take_turns(["ann", "bob", "cat", "ann", "bob"], seconds=3),
    "beta": take_turns(["bob", "cat"] * 2, seconds=3),
}
RECORDINGS = sorted(TURNS)
LABELS_AND_MODELS = (".ark", ".json")


def made_recipe(folders: pytest.TempPathFactory) -> Recipe:
    """Stages 0 to 5 are done, and in a recipe folder with blanks in its path."""
    corpus = folders.mktemp("corpus")
    for seed, (name, turns) in enumerate(TURNS.items()):
        write_audio(corpus / f"{name}.flac", talk(turns, seed))
    made = Tree(folders.mktemp("bottleneck") / "a root").set_up().recipe("own")
    made.run("--corpus", corpus, "--nj", 2, "--stop-stage", 5)
    return made


def speakers(folder: Path) -> dict[str, int]:
    """The number of speakers of each recording of hyp.rttm."""
    lines = [line.split() for line in (folder / "hyp.rttm").read_text().splitlines()]
    return {name: len({line[7] for line in lines if line[1] == name}) for name in {line[1] for line in lines}}


def contents(folder: Path, *suffixes: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in suffixes}


def archives_and_options(folder: Path) -> dict[str, bytes]:
    return {name: text for name, text in contents(folder, *LABELS_AND_MODELS).items() if "merges" not in name}
