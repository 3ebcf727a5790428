"""train_conv_autoencoder.py and autoencoders_to_table.py: a row of the table, resumption, the table itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from image_sets import PIXELS, write_blots
from step_runner import call_step, end_at_state

from diar.images.reconstruct import from_checkpoint, judge, judge_pca, reconstructions
from diar.io.checkpoint import read_checkpoint
from diar.io.images.folder import read_prepared
from diar.io.images.picture import read_picture
from diar.nets.options import DeviceOptions

FLAGS = ("--epochs=3", "--batch-size=32", "--num-threads=1", "--code-size=8")
DEVICE = DeviceOptions(num_threads=1)


def step(folder: Path, *words: object, out: str = "exp/seed1", code: int = 0) -> str:
    words = (*FLAGS, *words, folder / "data", folder / out)
    return call_step(folder, "train_conv_autoencoder.py", *words, code=code, job=False)


def table(folder: Path, *folders: str, code: int = 0) -> str:
    words = (folder / "table", *(folder / one for one in folders))
    return call_step(folder, "autoencoders_to_table.py", *words, code=code, job=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_blots(tmp_path / "data")
    return tmp_path


def result(folder: Path, out: str = "exp/seed1") -> dict:
    return json.loads((folder / out / "result.json").read_text())


def files(folder: Path, out: str = "exp/seed1") -> dict[str, bytes]:
    found = {path.name: path.read_bytes() for path in (folder / out).iterdir()}
    found["result.json"] = json.dumps(json.loads(found["result.json"]) | {"seconds": 0}).encode()
    return found


@pytest.mark.parametrize("latent", ["true", "false"])
def test_a_row_has_figures_of_the_test_images_beside_those_of_pca(folder: Path, latent: str) -> None:
    printed = step(folder, "--latent", latent, "--seed=7")
    assert "autoencoder of seed 7: training: epoch 3 of 3: loss " in printed and "psnr " in printed
    names = {"loss.json", "loss.png", "model.pt", "options.json", "reconstructions.png", "result.json"}
    assert set(files(folder)) == names
    found = result(folder)
    assert (found["title"], found["noun"], found["seed"]) == (f"CIFAR-10 ({PIXELS})", "autoencoder", 7)
    assert (found["options"]["code_size"], found["options"]["latent"]) == (8, latent == "true")
    assert (found["n_train"], found["n_test"]) == (120, 60)
    dataset = read_prepared(folder / "data")
    network = from_checkpoint(read_checkpoint(folder / "exp/seed1/model.pt"), "model.pt")
    wanted = judge(dataset.test.images, reconstructions(network, dataset.test.images, DEVICE))
    wanted |= judge_pca(dataset.train.images, dataset.test.images, 8)
    assert found["figures"] == pytest.approx(wanted, rel=1e-5)
    losses = [line["losses"]["loss"] for line in json.loads((folder / "exp/seed1/loss.json").read_text())]
    assert losses[-1] < losses[0]


def test_the_validation_part_is_judged_if_asked_for_and_pca_does_not_learn_from_it(folder: Path) -> None:
    step(folder, "--judged-on=validation", "--train-images=50")
    found = result(folder)
    assert (found["n_train"], found["n_test"], found["figures"]["pca_components"]) == (50, 12, 8)
    dataset = read_prepared(folder / "data")
    whole = judge_pca(dataset.train.images, dataset.test.images, 8)
    assert found["figures"]["pca_mse"] > whole["pca_mse"]


@pytest.mark.parametrize("latent", ["true", "false"])
def test_a_killed_row_goes_on_and_gives_the_same_bytes(folder: Path, latent: str) -> None:
    words = ["--latent", latent]
    step(folder, *words, out="exp/whole")
    end_at_state(folder, "train_conv_autoencoder.py", *FLAGS, *words, "data", "exp/seed1", epoch=2)
    assert "going on after epoch 2 of 'training'" in step(folder, *words)
    assert files(folder) == files(folder, "exp/whole")
    assert "trained already" in step(folder, *words)


def test_rows_become_a_table_with_pictures(folder: Path) -> None:
    rows = {"a": ("true", 8, 1), "b": ("true", 8, 2), "c": ("false", 8, 1), "d": ("true", 4, 1)}
    for name, (latent, size, seed) in rows.items():
        step(folder, "--latent", latent, f"--code-size={size}", f"--seed={seed}", out=name)
    printed = table(folder, *rows)
    assert {path.name for path in (folder / "table").iterdir()} == {"table.md", "sizes.png", "size8.png"}
    text = (folder / "table/table.md").read_text()
    assert text in printed and text.startswith(f"CIFAR-10 ({PIXELS}): 60 test images, learned from 120\n\n| size |")
    figures = {name: result(folder, name)["figures"]["psnr"] for name in rows}
    assert f"| 8 | latent layer | 2 | {(figures['a'] + figures['b']) / 2:.2f} | " in text
    assert f"| 8 | no latent layer | 1 | {figures['c']:.2f} | " in text and "| 4 | PCA | - | " in text
    above, below = np.split(read_picture(folder / "table/size8.png"), 2)
    np.testing.assert_array_equal(above, read_picture(folder / "a/reconstructions.png"))
    np.testing.assert_array_equal(below, read_picture(folder / "c/reconstructions.png"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--latent=maybe"], "--latent: found 'maybe', wanted true or false; "),
        (["--widths=1-2"], "--widths: found '1-2'; wanted 3 numbers as in 64-128-256"),
        (["--latent=false", "--code-size=6"],
         "--code-size: found 6: without the latent layer it is channels of 2 x 2; wanted a multiple of 4"),
        (["--start=pca"], "--start: found 'pca'; wanted one of principal, orthogonal"),
        (["--code-size=0"], "--code-size: found 0; "),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_one_line(folder: Path, words: list[str], message: str) -> None:
    printed = step(folder, *words, code=1)
    assert printed.splitlines()[-1].startswith(f"train_conv_autoencoder.py: {message}"), printed
    assert not (folder / "exp/seed1/result.json").exists()


def test_a_table_of_nothing_is_refused(folder: Path) -> None:
    assert table(folder, "exp/none", code=1).splitlines()[-1].endswith("exp/none/result.json: no such file")
