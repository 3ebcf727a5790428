"""train_image_sae.py, train_image_dec.py and train_image_kmeans.py: figures, resumption, what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from image_sets import blots, write_blots
from sklearn.cluster import KMeans
from step_runner import call_step, end_at_state

from diar.images.cluster import Pretrained
from diar.images.cluster_scores import cluster_scores
from diar.images.sets import Dataset, ImageSet
from diar.io.checkpoint import read_checkpoint, write_checkpoint
from diar.io.images.folder import read_prepared, write_dataset
from diar.io.images.picture import read_picture

COMMON = ("--num-threads=1", "--batch-size=32", "--kmeans-starts=3")
SAE = (*COMMON, "--pretrain-epochs=1", "--finetune-epochs=3")
NET = {"fc": ("--net=fc", "--hidden=24"), "conv": ("--net=conv", "--filters=4-6-8", "--learning-rate=5e-3")}
DEC = (*COMMON, "--n-clusters=4", "--update-interval=4", "--max-intervals=3", "--label-tolerance=0")


def step(folder: Path, program: str, *words: object, out: str, code: int = 0) -> str:
    return call_step(folder, program, *words, folder / "data", folder / out, code=code, job=False)


def sae(folder: Path, *words: object, net: str = "fc", out: str = "sae", code: int = 0) -> str:
    return step(folder, "train_image_sae.py", *SAE, *NET[net], *words, out=out, code=code)


def dec(folder: Path, *words: object, sae: str = "sae", out: str = "dec", code: int = 0) -> str:
    return step(folder, "train_image_dec.py", *DEC, "--pretrained", folder / sae, *words, out=out, code=code)


@pytest.fixture(autouse=True)
def quick_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are made but not drawn, which would take longer than the rest; those of ``trained`` are."""
    monkeypatch.setattr("diar.image_job.write_png", lambda path, figure: path.write_bytes(b"a figure"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_blots(tmp_path / "data")
    return tmp_path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Autoencoders of both nets."""
    folder = tmp_path_factory.mktemp("trained")
    write_blots(folder / "data")
    for net in NET:
        sae(folder, net=net, out=net)
    return folder


@pytest.fixture
def ready(trained: Path, tmp_path: Path) -> Path:
    return shutil.copytree(trained, tmp_path / "ready")


def result(folder: Path, out: str) -> dict:
    return json.loads((folder / out / "result.json").read_text())


def files(folder: Path, out: str) -> dict[str, bytes]:
    found = {path.name: path.read_bytes() for path in (folder / out).iterdir()}
    found["result.json"] = json.dumps(json.loads(found["result.json"]) | {"seconds": 0}).encode()
    return found


def all_of(folder: Path) -> ImageSet:
    """120 training images, then 60 test images."""
    dataset = read_prepared(folder / "data")
    pairs = [(part.images, part.labels) for part in (dataset.train, dataset.test)]
    return ImageSet(*map(np.concatenate, zip(*pairs, strict=True)))


def autoencoder_of(folder: Path) -> Pretrained:
    return Pretrained.from_checkpoint(read_checkpoint(folder / "model.pt"), "model.pt")


def codes_and_reconstruction(known: Pretrained, images: ImageSet) -> tuple[np.ndarray, np.ndarray]:
    """Of images as they are, from 0 to 1, channels first."""
    pixels = torch.from_numpy(images.images).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        codes = known.network.encode(pixels.flatten(1) if known.net == "fc" else pixels)
        return codes.numpy(), known.network.decode(codes).reshape(pixels.shape).numpy()


def shares_and_errors(folder: Path, images: ImageSet) -> tuple[np.ndarray, float]:
    """Student's t of codes and centres, and the mean square of what reconstructions are off, of the model of DEC."""
    content = read_checkpoint(folder / "model.pt")
    own = {name.removeprefix("network."): value for name, value in content["weights"].items() if name != "centres"}
    codes, reconstruction = codes_and_reconstruction(Pretrained.from_checkpoint(content | {"weights": own}, ""), images)
    centres = content["weights"]["centres"].numpy().astype(np.float64)
    q = 1 / (1 + np.square(codes[:, None].astype(np.float64) - centres).sum(axis=2))
    pixels = images.images.transpose(0, 3, 1, 2) / 255.0
    return q / q.sum(axis=1, keepdims=True), float(np.square(reconstruction - pixels).mean())


@pytest.mark.parametrize("net", ["fc", "conv"])
def test_an_autoencoder_is_of_all_images_and_tells_of_k_means_of_its_codes(trained: Path, net: str) -> None:
    found = result(trained, net)
    assert set(files(trained, net)) == {
        "clusters.png", "confusion.png", "loss.json", "loss.png", "map.png", "model.pt", "options.json", "result.json",
    }  # fmt: skip
    assert found["choices"] == {"net": net, "input": "pixels", "augment": "none"}
    assert (found["n_train"], found["n_test"], found["noun"]) == (120, 60, "pretrained")
    lines = json.loads((trained / net / "loss.json").read_text())
    assert {line["phase"] for line in lines} >= {"layer 1", "layer 2", "fine-tuning"}
    images = all_of(trained)
    codes, _ = codes_and_reconstruction(autoencoder_of(trained / net), images)
    labels = KMeans(10, n_init=3, random_state=1).fit(codes).labels_
    reconstruction = codes_and_reconstruction(autoencoder_of(trained / net), images)[1]
    error = np.square(reconstruction - images.images.transpose(0, 3, 1, 2) / 255.0).mean()
    assert found["figures"].pop("loss") == pytest.approx(error, rel=1e-4)
    wanted = cluster_scores(images.labels, labels)
    assert found["figures"] == wanted | {"test acc": cluster_scores(images.labels[120:], labels[120:])["acc"]}


@pytest.mark.parametrize("kind", ["dec", "idec"])
@pytest.mark.parametrize("net", ["fc", "conv"])
def test_a_clustering_has_its_figures_before_and_after_and_its_losses(ready: Path, kind: str, net: str) -> None:
    printed = dec(ready, "--kind", kind, "--seed=4", sae=net)
    assert f"{kind} of seed 4: clustering: epoch 3 of 3: loss " in printed and "acc 0." in printed
    found = result(ready, "dec")
    assert set(files(ready, "dec")) == {
        "clusters.png", "confusion.png", "loss.json", "loss.png", "map.png", "model.pt", "options.json", "result.json",
    }  # fmt: skip
    choices = found["choices"]
    assert (choices["kind"], choices["net"], choices["input"], choices["augment"]) == (kind, net, "pixels", "none")
    figures = found["figures"]
    losses = {"loss", "kl"} | ({"reconstruction"} if kind == "idec" else set())
    assert set(figures) == {"acc", "nmi", "ari", "test acc", "start", "intervals", "clusters"} | losses
    images = all_of(ready)
    codes, _ = codes_and_reconstruction(autoencoder_of(ready / net), images)
    start = KMeans(4, n_init=3, random_state=4).fit(codes).labels_
    assert figures["start"] == cluster_scores(images.labels, start) | {
        "test acc": cluster_scores(images.labels[120:], start[120:])["acc"]
    }
    q, errors = shares_and_errors(ready / "dec", images)
    labels, p = q.argmax(axis=1), q**2 / q.sum(axis=0)
    p /= p.sum(axis=1, keepdims=True)
    kl = (p * np.log(p / q)).sum(axis=1).mean()
    assert figures["kl"] == pytest.approx(kl, rel=1e-3)
    if kind == "idec":
        assert figures["reconstruction"] == pytest.approx(errors, rel=1e-4)
    assert figures["loss"] == pytest.approx(kl if kind == "dec" else errors + 0.1 * kl, rel=1e-3)
    assert {name: figures[name] for name in ("acc", "nmi", "ari")} == cluster_scores(images.labels, labels)
    assert figures["test acc"] == cluster_scores(images.labels[120:], labels[120:])["acc"]
    assert (figures["intervals"], figures["clusters"]) == (3, len(set(labels)))
    assert read_picture(ready / "dec/clusters.png").shape[2] == 3


def test_dec_and_idec_begin_from_the_same_codes_and_centres(ready: Path) -> None:
    for kind in ("dec", "idec"):
        dec(ready, "--kind", kind, sae="fc", out=kind)
    one, other = (result(ready, kind) for kind in ("dec", "idec"))
    assert one["figures"]["start"] == other["figures"]["start"] and one["basis"] == other["basis"]
    assert one["choices"]["pretraining"] == other["choices"]["pretraining"]


def test_seeds_of_the_same_settings_are_one_experiment_and_others_another(folder: Path) -> None:
    for number, words in enumerate((["--seed=1"], ["--seed=2"], ["--seed=1", "--finetune-epochs=2"])):
        sae(folder, *words, out=f"sae{number}")
        dec(folder, sae=f"sae{number}", out=f"dec{number}")
    choices = [result(folder, f"dec{number}")["choices"] for number in range(3)]
    assert choices[0] == choices[1] != choices[2]
    assert len({json.dumps(result(folder, f"dec{number}")["basis"]) for number in range(3)}) == 3


def test_validation_clusters_training_images_alone(folder: Path) -> None:
    sae(folder, "--judged-on=validation")
    dec(folder, "--judged-on=validation")
    found = result(folder, "dec")
    assert (found["n_train"], found["n_test"]) == (108, 12)
    dataset = read_prepared(folder / "data")
    wanted = "sae/model.pt: found an autoencoder of other images: judged_on validation; wanted judged_on test"
    assert wanted in dec(folder, out="dec2", code=1) and not (folder / "dec2").exists()
    write_dataset(folder / "data", Dataset("cifar10", dataset.train, blots(60, 9), "blots", {"blots": "here"}))
    sae(folder, "--judged-on=validation", out="sae2")
    assert result(folder, "sae2")["figures"] == result(folder, "sae")["figures"], "no test image is looked at"
    assert "test acc" not in result(folder, "sae")["figures"]


@pytest.mark.parametrize("net", ["fc", "conv"])
def test_images_are_moved_while_learning_if_asked_for_and_go_on_to_be(folder: Path, net: str) -> None:
    sae(folder, net=net)
    sae(folder, "--augment=shift-rotate", net=net, out="moved")
    assert result(folder, "sae")["figures"]["loss"] != result(folder, "moved")["figures"]["loss"]
    dec(folder, sae="moved")
    dec(folder, "--augment=none", sae="moved", out="still")
    for out, augment in (("dec", "shift-rotate"), ("still", "none")):
        assert result(folder, out)["choices"]["augment"] == augment
        assert read_checkpoint(folder / out / "model.pt")["input"]["augment"] == augment
    assert result(folder, "dec")["figures"]["start"] == result(folder, "still")["figures"]["start"]
    assert result(folder, "dec")["figures"]["loss"] != result(folder, "still")["figures"]["loss"]


def test_descriptors_are_learned_from(folder: Path) -> None:
    pytest.importorskip("cv2", reason="needs OpenCV: pip install opencv-python-headless")
    sae(folder, "--input=sift", "--sift-grid=2", "--input-range=8")
    dec(folder)
    assert result(folder, "dec")["choices"]["input"] == "sift" and result(folder, "dec")["figures"]["acc"] > 0.3
    step(folder, "train_image_kmeans.py", "--input=sift", "--num-threads=1", out="kmeans")
    assert result(folder, "kmeans")["choices"]["input"] == "sift"


def test_k_means_of_pixels_is_a_row_of_its_own(folder: Path) -> None:
    printed = step(folder, "train_image_kmeans.py", "--num-threads=2", "--seed=3", out="kmeans")
    assert "acc 0." in printed
    found = result(folder, "kmeans")
    assert set(files(folder, "kmeans")) == {"confusion.png", "loss.json", "model.pt", "options.json", "result.json"}
    images = all_of(folder)
    known = KMeans(10, n_init=20, random_state=3).fit(images.images.reshape(180, -1) / np.float32(255))
    scores = cluster_scores(images.labels, known.labels_)
    assert found["figures"] == scores | {"test acc": cluster_scores(images.labels[120:], known.labels_[120:])["acc"]}
    assert found["seed"] == 3 and found["machine"] == "cpu, 1 thread"
    centres = read_checkpoint(folder / "kmeans/model.pt")["centres"].numpy()
    np.testing.assert_allclose(centres, known.cluster_centers_, atol=1e-6)
    assert "trained already" in step(folder, "train_image_kmeans.py", "--num-threads=2", "--seed=3", out="kmeans")


@pytest.mark.parametrize("program", ["train_image_sae.py", "train_image_dec.py"])
@pytest.mark.parametrize("net", ["fc", "conv"])
def test_a_killed_training_goes_on_and_gives_the_same_bytes(ready: Path, net: str, program: str) -> None:
    is_sae = program == "train_image_sae.py"
    own = (*SAE, *NET[net]) if is_sae else (*DEC, "--kind=idec", f"--pretrained={ready / net}")
    words = (*own, "--augment=shift-rotate")
    phase, epoch = (1, 1) if is_sae else (0, 2)
    end_at_state(ready, program, *words, ready / "data", ready / "killed", phase=phase, epoch=epoch)
    assert "going on after epoch" in step(ready, program, *words, out="killed")
    step(ready, program, *words, out="whole")
    assert files(ready, "killed") == files(ready, "whole")
    assert "trained already" in step(ready, program, *words, out="whole")


def test_it_ends_when_few_labels_change(ready: Path) -> None:
    dec(ready, "--max-intervals=20", "--label-tolerance=0.9", sae="fc")
    assert result(ready, "dec")["figures"]["intervals"] == 1
    dec(ready, "--max-intervals=20", "--label-tolerance=0.05", "--learning-rate=1e-4", sae="fc")
    lines = json.loads((ready / "dec/loss.json").read_text())
    changes = [line["losses"]["label_change"] for line in lines[2:]]
    assert len(changes) < 19 and all(change > 0.05 for change in changes)


def test_another_autoencoder_trains_it_anew(ready: Path) -> None:
    dec(ready, sae="fc")
    assert "trained already" in dec(ready, sae="fc/model.pt")
    sae(ready, "--seed=2", out="other")
    assert "trained already" not in dec(ready, sae="other")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--pretrained", "nowhere"], "nowhere: no such file; wanted a model"),
        (["--kind=sae"], "--kind: found 'sae'; wanted one of dec, idec"),
        (["--augment=flip"], "--augment: found 'flip'; wanted one of none, shift-rotate"),
        (["--gamma=-1"], "--gamma: found -1.0; wanted at least 0"),
        (["--n-clusters=0"], "--n-clusters: found 0; wanted at least 1"),
        (["--n-clusters=181"], "CIFAR-10 (blots): found 180 images; wanted 181 or more, one a cluster"),
        (["--pretrained", "data"], "data/model.pt: no such file; wanted a model"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_one_line(ready: Path, words: list[str], message: str) -> None:
    words = [str(ready / word) if word in ("nowhere", "data") else word for word in words]
    printed = dec(ready, *words, sae="fc", code=1)
    line = printed.splitlines()[-1].replace(f"{ready}/", "")
    assert line.startswith(f"train_image_dec.py: {message}"), printed
    assert not (ready / "dec/result.json").exists()


def test_what_begins_from_nothing_or_from_other_images_is_refused(ready: Path) -> None:
    printed = step(ready, "train_image_dec.py", out="dec", code=1)
    assert "--pretrained: found none; wanted the folder of an autoencoder, or its model.pt" in printed
    content = read_checkpoint(ready / "fc/model.pt")
    for name, value in content["images"].items():
        write_checkpoint(ready / "fc/model.pt", content | {"images": content["images"] | {name: "other"}})
        wanted = f"fc/model.pt: found an autoencoder of other images: {name} other; wanted {name} {value}\n"
        assert wanted in dec(ready, sae="fc", code=1)
    assert set(content["images"]) == {"name", "pixels", "crc32", "judged_on", "train_images", "test_images"}
    write_checkpoint(ready / "fc/model.pt", {"format": 7})
    assert "fc/model.pt: found format 7; wanted 1; train it again" in dec(ready, sae="fc", code=1)
    write_checkpoint(ready / "fc/model.pt", {**content, "weights": {}})
    assert "fc/model.pt: not an autoencoder of images (" in dec(ready, sae="fc", code=1)


@pytest.mark.parametrize(
    ("net", "words", "message"),
    [
        ("fc", ["--net=mlp"], "--net: found 'mlp'; wanted one of fc, conv"),
        ("fc", ["--input=hog"], "--input: found 'hog'; wanted one of pixels, sift"),
        ("fc", ["--input=sift", "--augment=shift-rotate"],
         "--augment: found shift-rotate with --input sift; wanted none, or pixels"),
        ("conv", ["--input=sift"], "--net: found conv with --input sift; wanted fc, or pixels"),
        ("fc", ["--hidden=x"], "--hidden: found 'x'; wanted widths as in 500-500-2000"),
        ("conv", ["--filters=1"], "--filters: found '1'; wanted 3 numbers as in 64-128-256"),
    ],
)  # fmt: skip
def test_an_autoencoder_of_nothing_that_there_is_is_refused(
    folder: Path, net: str, words: list[str], message: str
) -> None:
    printed = sae(folder, *words, net=net, code=1)
    assert printed.splitlines()[-1].startswith(f"train_image_sae.py: {message}"), printed
    assert not (folder / "sae").exists()
