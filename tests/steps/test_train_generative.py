"""train_vae.py and train_gan.py: what they leave, resumption to the same bytes, pictures of every epoch, the judge."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from image_sets import write_blots
from PIL import Image
from step_runner import call_step, end_at_state

from diar.io.checkpoint import read_checkpoint, write_checkpoint

COMMON = ("--num-threads=1", "--epochs=3", "--samples=150", "--compared-samples=20", "--judge=judge/model.pt")
FLAGS = {
    "vae": (*COMMON, "--hidden=16", "--latent=4", "--batch-size=16"),
    "gan": (*COMMON, "--generator=16", "--discriminator=16", "--latent=4", "--batch-size=20"),
}
PICTURES = {"epoch_001.png", "epoch_002.png", "epoch_003.png", "epochs.gif", "first_and_last.png", "samples.png",
            "ways.png", "nearest.png", "coverage.png", "loss.png"}  # fmt: skip
OWN_PICTURES = {"vae": {"reconstructions.png", "dimensions.png"}, "gan": set()}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a prepared set and a classifier of it."""
    folder = tmp_path_factory.mktemp("judged")
    write_blots(folder / "data")
    call_step(folder, "train_classifier.py", "--epochs=3", "--batch-size=16", "--num-threads=1", "--widths=8-8-8",
              "--net=resnet", "--learning-rate=0.1", folder / "data", folder / "judge", job=False)  # fmt: skip
    return folder


@pytest.fixture
def folder(judged: Path, tmp_path: Path) -> Path:
    for name in ("data", "judge"):
        (tmp_path / name).symlink_to(judged / name)
    return tmp_path


def step(folder: Path, kind: str, *words: object, out: str = "exp/seed1", code: int = 0) -> str:
    words = (*FLAGS[kind], *words, folder / "data", folder / out)
    return call_step(folder, f"train_{kind}.py", *words, code=code, job=False)


def result(folder: Path, out: str = "exp/seed1") -> dict:
    return json.loads((folder / out / "result.json").read_text())


def files(folder: Path, out: str = "exp/seed1") -> dict[str, bytes]:
    found = {path.name: path.read_bytes() for path in (folder / out).iterdir()}
    found["result.json"] = json.dumps(json.loads(found["result.json"]) | {"seconds": 0}).encode()
    found.pop("model.state", None)  # has seconds, too
    return found


def picture(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.parametrize("kind", ["vae", "gan"])
def test_a_seed_gives_a_model_pictures_of_every_epoch_and_figures(folder: Path, kind: str) -> None:
    printed = step(folder, kind, "--seed=3")
    assert f"{kind} of seed 3: " in printed and "epoch 3 of 3: loss " in printed and "frechet " in printed
    others = {"loss.json", "model.pt", "options.json", "result.json"}
    assert set(files(folder)) == PICTURES | OWN_PICTURES[kind] | others
    assert (folder / "exp/seed1/model.state").exists()  # for another judge
    made = folder / "exp/seed1"
    with Image.open(made / "epochs.gif") as image:
        assert image.n_frames == 3
    first, last = (picture(made / f"epoch_00{epoch}.png") for epoch in (1, 3))
    assert (picture(made / "first_and_last.png") == np.concatenate([first, last], axis=1)).all()
    assert (first != last).any()
    found = result(folder)
    assert (found["noun"], found["seed"], found["n_train"], found["n_test"]) == (kind, 3, 120, 60)
    figures, real = found["figures"], found["figures"]["real"]
    assert (figures["n_samples"], real["n_frechet"]) == (150, 120) and figures["frechet"] > 0 < real["frechet"]
    assert len(figures["class_shares"]) == 10 and sum(figures["class_shares"]) == pytest.approx(1)
    assert figures["least_class_share"] == min(figures["class_shares"])
    assert len(found["choices"]["judge"]) == 8 and found["options"]["samples"] == 150
    assert read_checkpoint(made / "model.pt")["kind"] == kind
    losses = [line["losses"] for line in json.loads((made / "loss.json").read_text())]
    if kind == "vae":
        assert losses[-1]["loss"] < losses[1]["loss"] < losses[0]["loss"]
        assert figures["negative_elbo"] == pytest.approx(figures["reconstruction"] + figures["kl"])
    else:
        assert losses[-1]["loss"] == pytest.approx(losses[-1]["discriminator"] + losses[-1]["generator"])


def test_the_likelihood_is_a_choice_that_is_told(folder: Path) -> None:
    step(folder, "vae", "--likelihood=gaussian")
    found = result(folder)
    assert found["choices"]["likelihood"] == found["options"]["likelihood"] == "gaussian"
    figures = found["figures"]
    assert figures["reconstruction"] == pytest.approx(figures["squared_error"] + 150 * np.log(np.pi))
    step(folder, "vae", out="exp/other")
    assert result(folder, "exp/other")["digest"] != found["digest"]


@pytest.mark.parametrize("kind", ["vae", "gan"])
def test_the_same_seed_gives_the_same_bytes_and_another_others(folder: Path, kind: str) -> None:
    step(folder, kind)
    step(folder, kind, out="exp/again")
    step(folder, kind, "--seed=2", out="exp/seed2")
    assert files(folder) == files(folder, "exp/again")
    assert files(folder)["model.pt"] != files(folder, "exp/seed2")["model.pt"]
    assert "trained already" in step(folder, kind)


@pytest.mark.parametrize("kind", ["vae", "gan"])
def test_a_killed_training_goes_on_and_gives_the_same_bytes(folder: Path, kind: str) -> None:
    step(folder, kind, out="exp/whole")
    # the picture of epoch 3 is there, its state is not
    end_at_state(folder, f"train_{kind}.py", *FLAGS[kind], "data", "exp/seed1", epoch=3, is_written=False)
    names = {"model.state", "options.json", "epoch_001.png", "epoch_002.png", "epoch_003.png"}
    assert {path.name for path in (folder / "exp/seed1").iterdir()} == names
    printed = step(folder, kind)
    assert "going on after epoch 2 of " in printed and "epoch 2 of 3" not in printed
    assert files(folder) == files(folder, "exp/whole")


def test_another_judge_judges_anew_what_was_trained(folder: Path) -> None:
    step(folder, "gan")
    before, made = result(folder), files(folder)
    content = read_checkpoint(folder / "judge/model.pt")
    content["weights"]["classes.weight"][:] *= 2
    write_checkpoint(folder / "other.pt", content)
    printed = step(folder, "gan", "--judge=other.pt")
    assert "going on after epoch 3 of " in printed and "epoch 3 of 3" not in printed
    found = result(folder)
    assert found["choices"]["judge"] != before["choices"]["judge"]
    assert found["figures"]["confidence"] > before["figures"]["confidence"] and found["digest"] != before["digest"]
    assert files(folder)["model.pt"] == made["model.pt"]
    printed = step(folder, "gan", "--judge=other.pt", "--samples=60")
    assert "epoch 3 of 3" not in printed and result(folder)["figures"]["n_samples"] == 60
    assert json.loads(files(folder)["options.json"])["options"]["samples"] == 60
    assert "trained already" in step(folder, "gan", "--judge=other.pt", "--samples=60")
    assert "epoch 3 of 3" in step(folder, "gan", "--samples=60", "--learning-rate=0.001")


@pytest.mark.parametrize(
    ("kind", "words", "message"),
    [
        ("vae", ["--judge="], "--judge: found none; wanted model.pt of a classifier of such images"),
        ("gan", ["--judge=none.pt"], "none.pt: no such file; wanted the classifier that judges; run stage 1 first"),
        ("gan", ["--judge=gan.pt"], "gan.pt: not a classifier ("),
        ("vae", ["--judge=small.pt"], "small.pt: found a classifier of 4 classes of 8 x 8 x 1 images; "),
        ("vae", ["--likelihood=poisson"], "--likelihood: found 'poisson'; wanted one of bernoulli, gaussian"),
        ("gan", ["--generator=8-x"], "--generator: found '8-x'; wanted numbers as in 64-128"),
        ("gan", ["--samples=1"], "--samples: found 1; wanted at least 2"),
        ("vae", ["--learning-rate=1e30"], "--learning-rate: found 1e+30: the loss of 'bernoulli' went from "),
    ],
)
def test_what_is_wrong_is_told_in_one_line(folder: Path, kind: str, words: list[str], message: str) -> None:
    write_checkpoint(folder / "gan.pt", {"format": 1, "kind": "gan"})
    if "--judge=small.pt" in words:
        from diar.images.classify import to_checkpoint
        from diar.nets.classifier import make_network
        from diar.nets.image_options import BasicNetOptions

        network = make_network((8, 8, 1), 4, BasicNetOptions())
        write_checkpoint(folder / "small.pt", to_checkpoint(network, "basic", (8, 8, 1), BasicNetOptions()))
    printed = step(folder, kind, *words, code=1)
    assert printed.splitlines()[-1].startswith(f"train_{kind}.py: {message}"), printed
    assert not (folder / "exp/seed1/result.json").exists()
