"""The step that bends autoencoders towards clusters: of the models of all or of each, with features that fit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from net_speech import DEVICE, speech_of, talk
from net_stages import DEC_FLAGS, FEATURES, MADE, RECORDINGS, finish_stage, names, write_feats
from step_runner import call_step

from diar.embed import EmbeddingModel, train_dec
from diar.io.checkpoint import link_model, read_checkpoint, write_checkpoint
from diar.nets.options import DecEmbeddingOptions


@pytest.fixture(autouse=True)
def quick_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are not drawn: they would take longer than the rest."""
    monkeypatch.setattr("diar.training_job.write_png", lambda path, figure: path.write_bytes(b"a figure"))


def step(folder: Path, *words: object, code: int = 0) -> str:
    words = (*DEC_FLAGS, "--dec-clusters=6", *words, "data", "sae", "feats", "vad", "out")
    return call_step(folder, "train_dec.py", *words, code=code)


@pytest.mark.parametrize("embedder", ["dec", "idec"])
def test_each_model_is_that_of_its_recordings_autoencoder(stages: Path, embedder: str) -> None:
    printed = step(stages, "--embedder", embedder, "--per-recording", "true")
    assert "a: clustering: epoch 1 of 2: loss " in printed and ("reconstruction" in printed) == (embedder == "idec")
    sae = EmbeddingModel.from_checkpoint(read_checkpoint(stages / "sae" / "b.pt"), "b")
    options = DecEmbeddingOptions(
        batch_size=64, learning_rate=0.01, max_intervals=2, kmeans_starts=2, dec_clusters=6
    )
    wanted, history = train_dec(sae, embedder, speech_of(1), 6, options, DEVICE)
    content = read_checkpoint(stages / "out" / "b.pt")
    found = EmbeddingModel.from_checkpoint(content, "b")
    assert (found.kind, found.features, found.inputs) == (embedder, FEATURES, sae.inputs)
    assert found.options["dec_clusters"] == 6 and found.options["sae"] == sae.options
    for name, value in wanted.network.state_dict().items():
        np.testing.assert_array_equal(content["weights"][name].numpy(), value.numpy())
    lines = json.loads((stages / "out" / "b.loss.json").read_text())
    assert [line["losses"] for line in lines] == [line.losses for line in history]
    assert json.loads((stages / "out" / "options.json").read_text())["choices"] == {
        "embedder": embedder, "per_recording": "true",
    }  # fmt: skip
    finish_stage(stages, embedder, "out")
    table = (stages / "out" / f"{embedder}.scp").read_text()
    assert table.splitlines() == [f"{name} out/{name}.pt" for name in RECORDINGS]


def test_one_model_of_all_goes_on_from_one_of_all(stages: Path) -> None:
    (stages / "sae" / "a.pt").rename(stages / "sae" / "joint.model")
    for name in RECORDINGS:
        link_model(stages / "sae" / f"{name}.pt", "joint.model")
    assert "joint: clustering: epoch 1 of 2" in step(stages)
    assert {path.readlink() for path in (stages / "out").glob("*.pt")} == {Path("joint.model")}
    content = read_checkpoint(stages / "out" / "b.pt")
    assert content["kind"] == "idec", "the default"
    assert "out/joint.model: trained already" in step(stages)


def test_another_embedder_empties_the_folder(stages: Path) -> None:
    step(stages, "--embedder", "dec")
    first = (stages / "out" / "joint.model").read_bytes()
    assert "trained already" not in step(stages, "--embedder", "idec")
    assert (stages / "out" / "joint.model").read_bytes() != first


def test_an_autoencoder_of_other_features_is_refused_with_both_descriptions(stages: Path) -> None:
    (stages / "feats" / "options.json").write_text(json.dumps(MADE | {"options": {"num_ceps": 4, "channel": "1"}}))
    step(stages)  # another channel of audio is no other kind of features
    (stages / "feats" / "options.json").write_text(json.dumps(MADE | {"choices": {"denoise": "wiener"}}))
    printed = step(stages, code=1)
    found = "feats: found features with denoise wiener; the model wants denoise none; train it on these"
    assert f"train_dec.py: {found}" in printed
    assert f"a: failed: {found}" in step(stages, "--per-recording", "true", code=1)
    assert not list((stages / "out").glob("*.pt"))


def test_features_of_another_dimension_are_refused(stages: Path) -> None:
    for seed, name in enumerate(RECORDINGS):
        write_feats(stages, name, talk(seed, dim=5)[0])
    printed = step(stages, code=1)
    assert "train_dec.py: feats: found features with dim 5; the model wants dim 4; train it on these" in printed


def test_what_is_no_model_is_refused(stages: Path) -> None:
    (stages / "sae" / "a.pt").write_text("no model")
    found = "sae/a.pt: cannot be read as a model (not a file of torch's); train it again"
    assert f"train_dec.py: {found}" in step(stages, code=1)
    write_checkpoint(stages / "sae" / "a.pt", {"format": 7})
    assert "train_dec.py: sae/a.pt: found format 7; wanted 1; train it again" in step(stages, code=1)
    (stages / "sae" / "sae.scp").unlink()
    found = "sae: is not complete (no .scp); wanted the folder of sae; stage 3 makes it: ./run.sh --stage 3"
    assert f"train_dec.py: {found}" in step(stages, code=1)


@pytest.mark.parametrize(
    ("words", "found"),
    [(["--embedder", "sae"], "--embedder: found 'sae'; wanted one of idec, dec"),
     (["--dec-clusters", "0"], "--dec-clusters: found 0; wanted at least 1"),
     (["--gamma", "-1"], "--gamma: found -1.0; wanted at least 0")],
)  # fmt: skip
def test_bad_options_are_one_line(stages: Path, words: list[str], found: str) -> None:
    assert step(stages, *words, code=1).splitlines() == [f"train_dec.py: {found}"] * 2
    assert not (stages / "out").exists()


def test_clusters_fewer_than_the_sample_and_more_than_the_speech(stages: Path) -> None:
    step(stages, "--kmeans-samples", "1", "--per-recording", "true")
    step(stages, "--dec-clusters", "100")
    assert "out" in names(stages)


def test_the_folder_does_not_depend_on_the_number_of_jobs(stages: Path) -> None:
    found = []
    for n_jobs in (1, 3):
        for k in range(n_jobs, 0, -1):
            step(stages, "--per-recording=true", f"--share={k}/{n_jobs}")
        found.append({path.name: path.read_bytes() for path in (stages / "out").iterdir()})
        shutil.rmtree(stages / "out")
    assert found[0] == found[1] and len(found[0]) == 10
