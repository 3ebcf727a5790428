"""The step that applies networks, called as a recipe calls it: a link, models of a folder, one model."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from net_speech import talk
from net_stages import MADE, RECORDINGS, array, names, write_feats
from step_runner import call_step, run_step

from diar.embed import EmbeddingModel
from diar.io.checkpoint import read_checkpoint


def step(folder: Path, *words: object, code: int = 0, output: str = "embed", job: bool = True) -> str:
    return call_step(folder, "feats_to_embed.py", *words, "data", "feats", output, code=code, job=job)


def embeddings(folder: Path, recording: str, of: str) -> np.ndarray:
    model = EmbeddingModel.from_checkpoint(read_checkpoint(folder / "sae" / f"{of}.pt"), of)
    return model.embed(array(folder / "feats" / f"{recording}.ark"))


def test_without_a_model_the_features_get_another_name(stages: Path) -> None:
    for _ in range(2):
        run_step(stages, "feats_to_embed.py", "data", "feats", "embed", job=False)
        assert os.readlink(stages / "embed") == "feats"
    assert names(stages) == ["data", "embed", "feats", "sae", "vad"]


def test_a_folder_has_the_model_of_each_recording(stages: Path) -> None:
    step(stages, "--model", "sae")
    for name in RECORDINGS:
        found = array(stages / "embed" / f"{name}.ark")
        assert found.shape == (300, 3) and found.dtype == np.float32, "frames without speech have embeddings, too"
        np.testing.assert_array_equal(found, embeddings(stages, name, name))
    assert set(json.loads((stages / "embed" / "options.json").read_text())["inputs"]) == {"feats", "sae"}


def test_a_file_has_one_model_for_all_and_its_content_is_recorded(stages: Path) -> None:
    shutil.copy(stages / "sae" / "b.pt", stages / "any_name")
    step(stages, "--model", "any_name")
    for name in RECORDINGS:
        np.testing.assert_array_equal(array(stages / "embed" / f"{name}.ark"), embeddings(stages, name, "b"))
    (stray := stages / "embed" / "stray.ark").write_text("")
    step(stages, "--model", "any_name")
    assert stray.exists(), "the same model, the same folder"
    shutil.copy(stages / "sae" / "a.pt", stages / "any_name")
    step(stages, "--model", "any_name")
    assert not stray.exists()
    np.testing.assert_array_equal(array(stages / "embed" / "a.ark"), embeddings(stages, "a", "a"))


@pytest.mark.parametrize("model", ["sae", "sae/a.pt"])
def test_features_that_do_not_fit_are_refused_with_both_descriptions(stages: Path, model: str) -> None:
    (stages / "feats" / "options.json").write_text(json.dumps(MADE | {"options": {"num_ceps": 9}}))
    printed = step(stages, "--model", model, code=1)
    for name in RECORDINGS:
        found = "found features with num_ceps 9; the model wants num_ceps 4; train it on these"
        assert f"{name}: failed: feats: {name}: {found}" in printed
    assert not list((stages / "embed").glob("*.ark"))


def test_a_recording_that_does_not_fit_does_not_stop_the_others(stages: Path) -> None:
    write_feats(stages, "b", talk(0, dim=3)[0])
    printed = step(stages, "--model", "sae", code=1)
    assert "b: failed: feats: b: found features with dim 3; the model wants dim 4" in printed
    assert {"a.ark", "b.error", "silent.ark"} <= set(names(stages / "embed"))


def test_a_folder_is_not_replaced_by_a_link_nor_a_link_written_through(stages: Path) -> None:
    step(stages, "--model", "sae", output="one")
    assert "feats_to_embed.py: one: is a folder; wanted a link to the feats, or nothing; remove it" in step(
        stages, output="one", code=1
    )
    assert "a.ark" in names(stages / "one")
    step(stages, output="other")
    before = {path.name: path.read_bytes() for path in (stages / "feats").iterdir()}
    printed = step(stages, "--model", "sae", output="other", code=1)
    assert printed.splitlines() == ["feats_to_embed.py: other: is a link; wanted a folder, or nothing; remove it"] * 2
    assert {path.name: path.read_bytes() for path in (stages / "feats").iterdir()} == before


@pytest.mark.parametrize(
    ("model", "found"),
    [
        ("nothing", "nothing: no such folder; wanted the folder of sae; stage 3 makes it: ./run.sh --stage 3"),
        ("idec_energy", "idec_energy: no such folder; wanted the folder of idec; stage 4 makes it: ./run.sh --stage 4"),
        ("data/wav.scp", "data/wav.scp: cannot be read as a model (not a file of torch's); train it again"),
    ],
)
def test_what_is_no_model_is_one_line(stages: Path, model: str, found: str) -> None:
    assert step(stages, "--model", model, code=1).splitlines() == [f"feats_to_embed.py: {found}"] * 2


def test_the_folder_of_embeddings_knows_how_the_models_were_made(stages: Path) -> None:
    (stages / "sae" / "options.json").write_text('{"options": {"seed": 1}}')
    step(stages, "--model", "sae")
    made = json.loads((stages / "embed" / "options.json").read_text())
    assert made["inputs"]["sae"] == {"options": {"seed": 1}}
