"""The step that trains autoencoders: of all recordings or of each, killed, called again, with bad input."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from net_speech import DEVICE, SAE, pauses, speech_of, talk
from net_stages import FEATURES, SAE_FLAGS, add_saes, finish_stage, make_stages, names, write_feats, write_vad
from step_runner import ROOT, call_step, run_step

from diar.embed import train_sae
from diar.io.ark import write_archive, write_scp
from diar.io.checkpoint import read_checkpoint, write_checkpoint
from diar.training_state import Resumption, state_to_checkpoint

LOSSES = [".loss.json", ".loss.png"]


@pytest.fixture(autouse=True)
def quick_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures that are drawn in this process are not drawn: they would take longer than the rest."""
    monkeypatch.setattr("diar.training_job.write_png", lambda path, figure: path.write_bytes(b"a figure"))


@pytest.fixture
def stages(tmp_path: Path) -> Path:
    return make_stages(tmp_path / "exp")


@pytest.fixture(scope="module")
def joint(tmp_path_factory) -> tuple[Path, str]:
    """A folder where one model of all was trained by the step as a process of its own, and what was printed."""
    folder = make_stages(tmp_path_factory.mktemp("joint") / "exp")
    return folder, run_step(folder, "train_sae.py", *SAE_FLAGS, "data", "feats", "vad", "sae")


ARGUMENTS = ("data", "feats", "vad", "sae")


def step(folder: Path, *words: object, code: int = 0) -> str:
    return call_step(folder, "train_sae.py", *SAE_FLAGS, *words, "data", "feats", "vad", "sae", code=code)


def weights(path: Path) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in read_checkpoint(path)["weights"].items()}


# ---- one model of all ----------------------------------------------------------------------------------------------


def test_one_model_of_all_has_a_name_for_each(joint: tuple[Path, str]) -> None:
    folder, printed = joint
    sae = folder / "sae"
    losses = [f"joint{suffix}" for suffix in LOSSES]
    assert names(sae) == sorted(["a.pt", "b.pt", "silent.pt", "joint.model", *losses, "options.json"])
    assert {os.readlink(sae / f"{name}.pt") for name in ("a", "b", "silent")} == {"joint.model"}
    content = read_checkpoint(sae / "a.pt")
    assert (content["kind"], content["widths"], content["features"]) == ("sae", [12, 8, 6, 3], FEATURES)
    assert content["inputs"] == {"context": 3, "summary": "none"} and content["options"]["learning_rate"] == 0.01
    assert "joint: layer 1: epoch 1 of 2: loss " in printed and "joint: fine-tuning: epoch 3 of 3: loss " in printed
    recorded = json.loads((sae / "options.json").read_text())
    assert recorded["choices"] == {"per_recording": "false"} and sorted(recorded["inputs"]) == ["feats", "vad"]


def test_it_has_learned_from_the_speech_of_all(joint: tuple[Path, str]) -> None:
    found = weights(joint[0] / "sae" / "joint.model")
    frames = np.concatenate([talk(seed)[0][pauses(300)] for seed in (0, 1)]).astype(np.float64)
    np.testing.assert_allclose(found["mean"][4:8], frames.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(found["scale"][4:8], frames.std(axis=0), rtol=1e-5)


def test_its_losses_are_told_and_drawn(joint: tuple[Path, str]) -> None:
    lines = json.loads((joint[0] / "sae" / "joint.loss.json").read_text())
    phases = [(line["phase"], line["epoch"], line["of"]) for line in lines]
    layers = [(f"layer {n}", epoch, 2) for n in (1, 2, 3) for epoch in range(3)]
    assert phases == [*layers, *[("fine-tuning", epoch, 3) for epoch in range(4)]]
    assert all(line["losses"]["loss"] > 0 for line in lines) and {line["rate"] for line in lines} == {0.0, 0.01}
    assert imread(joint[0] / "sae" / "joint.loss.png").std() > 0.05


def test_the_stage_ends_with_a_table_of_models(joint: tuple[Path, str], tmp_path: Path) -> None:
    folder = shutil.copytree(joint[0], tmp_path / "exp", symlinks=True)
    assert finish_stage(folder, "sae", "sae") == ""
    assert (folder / "sae" / "sae.scp").read_text() == "a sae/a.pt\nb sae/b.pt\nsilent sae/silent.pt\n"
    (folder / "sae" / "b.pt").unlink()
    assert "sae: b: failed: not made" in finish_stage(folder, "sae", "sae", code=1)
    finish_stage(folder, "sae", "sae", "--skip-bad", "true")
    assert "b sae/b.pt" not in (folder / "sae" / "sae.scp").read_text()


def test_called_again_it_is_trained_already_until_options_or_speech_change(
    joint: tuple[Path, str], tmp_path: Path
) -> None:
    folder = shutil.copytree(joint[0], tmp_path / "exp", symlinks=True)
    model = folder / "sae" / "joint.model"
    first, made = model.read_bytes(), model.stat().st_mtime_ns
    (folder / "sae" / "a.pt").unlink()
    printed = step(folder)
    assert "sae/joint.model: trained already, with the same options from the same speech" in printed
    assert ": epoch " not in printed and model.stat().st_mtime_ns == made and (folder / "sae" / "a.pt").exists()

    speech = pauses(300)
    speech[:50] = False
    write_vad(folder, "b", speech)
    assert "trained already" not in step(folder)
    changed = model.read_bytes()
    write_vad(folder, "b", pauses(300))
    step(folder)
    assert model.read_bytes() == first != changed

    step(folder, "--seed", "2")
    assert model.read_bytes() != first and not list((folder / "sae").glob("*.state"))


@pytest.mark.parametrize("name", ["joint.model", "joint.state"])
def test_what_cannot_be_read_of_an_earlier_run_is_made_anew(
    joint: tuple[Path, str], tmp_path: Path, name: str
) -> None:
    folder = shutil.copytree(joint[0], tmp_path / "exp", symlinks=True)
    first = (folder / "sae" / "joint.model").read_bytes()
    (folder / "sae" / "joint.model").unlink()
    (folder / "sae" / name).write_bytes(first[:1000])
    step(folder)
    assert (folder / "sae" / "joint.model").read_bytes() == first and not (folder / "sae" / "joint.state").exists()


def test_a_recording_without_features_has_no_model_and_fails_alone(stages: Path) -> None:
    step(stages)
    write_scp(stages / "feats", "feats", ["a", "silent"])
    printed = step(stages, code=1)
    assert "b: failed: feats/feats.scp: recording 'b' is not listed; run its stage again" in printed
    assert {"a.pt", "silent.pt", "b.error"} <= set(names(stages / "sae")) and "b.pt" not in names(stages / "sae")
    write_scp(stages / "feats", "feats", ["x"])
    found = "feats: no recording to learn from, since of the first: feats/feats.scp: recording 'a' is not listed"
    assert found in step(stages, code=1)


# ---- a model of each -----------------------------------------------------------------------------------------------


def test_each_recording_has_a_model_of_its_own(stages: Path) -> None:
    printed = step(stages, "--per-recording", "true")
    sae = stages / "sae"
    wanted = ["options.json", *(f"{name}{suffix}" for name in ("a", "b", "silent") for suffix in (".pt", *LOSSES))]
    assert names(sae) == sorted(wanted) and not any(path.is_symlink() for path in sae.iterdir())
    assert "train_sae.py: warning: sae/silent.pt: no speech to learn from, so the model is untrained" in printed
    assert json.loads((sae / "silent.loss.json").read_text()) == []
    for seed, name in enumerate("ab"):
        mean = talk(seed)[0][pauses(300)].mean(axis=0, dtype=np.float64)
        np.testing.assert_allclose(weights(sae / f"{name}.pt")["mean"][4:8], mean, rtol=1e-5)

    before = {name: (sae / f"{name}.pt").read_bytes() for name in ("a", "b")}
    write_feats(stages, "b", talk(9)[0])
    printed = step(stages, "--per-recording", "true")
    assert "sae/a.pt: trained already" in printed and "sae/b.pt: trained already" not in printed
    assert (sae / "a.pt").read_bytes() == before["a"] and (sae / "b.pt").read_bytes() != before["b"]


def test_jobs_together_train_what_one_alone_trains(stages: Path) -> None:
    found = []
    for n_jobs in (1, 2):
        for k in range(1, n_jobs + 1):
            step(stages, "--per-recording=true", f"--share={k}/{n_jobs}")
        found.append({path.name: path.read_bytes() for path in (stages / "sae").iterdir()})
        shutil.rmtree(stages / "sae")
    assert found[0] == found[1]


def test_a_model_whose_recording_fails_now_goes(stages: Path) -> None:
    step(stages, "--per-recording", "true")
    write_vad(stages, "b", pauses(20))
    printed = step(stages, "--per-recording", "true", code=1)
    assert "b: failed: b: 300 frames of features, 20 of speech decisions" in printed
    assert not (stages / "sae" / "b.pt").exists() and (stages / "sae" / "a.pt").exists()


# ---- killed --------------------------------------------------------------------------------------------------------

KILLED = """
import os, runpy, signal, sys
from diar.progress import TrainingProgress

phase, epoch, program = sys.argv.pop(1), int(sys.argv.pop(1)), sys.argv[1]

def show(self, line):
    if (line.phase, line.epoch) == (phase, epoch):
        os.kill(os.getpid(), signal.SIGKILL)

TrainingProgress.show = show
sys.argv.pop(0)
runpy.run_path(program, run_name="__main__")
"""


def test_a_killed_training_goes_on_and_ends_as_an_undisturbed_one(joint: tuple[Path, str], stages: Path) -> None:
    step(stages, "--prepare", "true")
    program = ROOT / "steps" / "train_sae.py"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, "layer 2", "2", str(program), *SAE_FLAGS, "data", "feats", "vad", "sae"],
        cwd=stages,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
    )
    assert done.returncode == -9, done.stderr
    assert names(stages / "sae") == ["joint.state", "options.json"]
    assert "sae/joint.model: going on after epoch 2 of 'layer 2'\n" in (printed := step(stages))
    assert "layer 1" not in printed and "fine-tuning: epoch 3 of 3" in printed
    for name in set(names(joint[0] / "sae")) - {"joint.loss.png"}:
        assert (stages / "sae" / name).read_bytes() == (joint[0] / "sae" / name).read_bytes(), name


def test_the_state_of_other_speech_is_not_gone_on_from(joint: tuple[Path, str], tmp_path: Path) -> None:
    folder = shutil.copytree(joint[0], tmp_path / "exp", symlinks=True)
    model = folder / "sae" / "joint.model"
    wanted = model.read_bytes()
    states = []
    train_sae(speech_of(5), SAE, DEVICE, Resumption(None, states.append))
    model.unlink()
    write_checkpoint(folder / "sae" / "joint.state", state_to_checkpoint(states[4], speech_of(5).digest()))
    assert "going on" not in step(folder)
    assert model.read_bytes() == wanted and not (folder / "sae" / "joint.state").exists()


# ---- bad input -----------------------------------------------------------------------------------------------------


def complaint(printed: str) -> str:
    """The one line that a step ends with."""
    lines = [line for line in printed.splitlines() if line.startswith("train_sae.py: ")]
    assert len(set(lines)) == 1, printed
    return lines[0].removeprefix("train_sae.py: ")


def test_divergence_is_the_learning_rates_fault(stages: Path) -> None:
    printed = complaint(step(stages, "--learning-rate", "1000", code=1))
    assert printed.startswith("--learning-rate: found 1000: the loss of 'layer 1' went from ")
    assert not (stages / "sae" / "joint.model").exists()
    each = step(stages, "--learning-rate", "1000", "--per-recording", "true", code=1)
    assert "a: failed: --learning-rate: found 1000" in each and "2 of 3 recordings failed" in each


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--hidden", "8-x"], "--hidden: found '8-x'; wanted widths as in 500-500-2000"),
        (["--context", "0"], "--context: found 0; wanted at least 1 frames"),
        (["--dropout", "1"], "--dropout: found 1.0; wanted at most 0.9"),
        (["--device", "tpu"], "--device: found 'tpu'; wanted one of cpu, cuda, auto"),
        (["--per-recording", "maybe"], "--per-recording: found 'maybe'; wanted true or false"),
    ],
)
def test_bad_options_are_one_line(stages: Path, words: list[str], found: str) -> None:
    assert found in complaint(step(stages, *words, code=1))
    assert not (stages / "sae").exists()


def test_one_model_of_all_is_one_job(stages: Path) -> None:
    assert complaint(step(stages, "--share", "1/2", code=1)) == "--share: found 1/2; wanted 1/1: all train one model"


def test_inputs_that_do_not_fit_are_one_line(stages: Path) -> None:
    (stages / "vad" / "vad.scp").rename(stages / "vad" / "x")
    found = "vad: is not complete (no .scp); wanted the folder of vad; stage 2 makes it: ./run.sh --stage 2"
    assert complaint(step(stages, code=1)) == found
    (stages / "vad" / "x").rename(stages / "vad" / "vad.scp")
    write_vad(stages, "b", pauses(20))
    lost = "1 of 3 recordings failed, the first: b: "
    assert complaint(step(stages, code=1)).startswith(f"{lost}300 frames of features, 20 of speech decisions; ")
    assert {"a.pt", "silent.pt", "b.error"} <= set(names(stages / "sae"))
    write_vad(stages, "b", pauses(300))
    write_archive(stages / "feats", "b", talk(1, dim=5)[0])
    assert complaint(step(stages, code=1)) == f"{lost}found 5 values a frame; wanted 4, as 'a' has"


def test_saes_made_in_memory_are_the_steps(stages: Path) -> None:
    """What other tests take for the step's output is the step's output."""
    step(stages, "--per-recording", "true", "--pretrain-epochs", "3", "--finetune-epochs", "4")
    add_saes(stages, "by_hand")
    for name in ("a", "b", "silent"):
        by_hand, made = (read_checkpoint(stages / folder / f"{name}.pt") for folder in ("by_hand", "sae"))
        assert made.pop("digest").startswith(by_hand.pop("digest"))  # the step's is of the options, too
        for content in (by_hand, made):
            write_checkpoint(stages / f"content_{len(list(stages.glob('content_*')))}", content)
        assert (stages / "content_0").read_bytes() == (stages / "content_1").read_bytes()
        for path in stages.glob("content_*"):
            path.unlink()


def test_by_hand_too_other_options_train_another_model(stages: Path) -> None:
    """Without the recipe's --prepare, which would empty the folder."""
    call_step(stages, "train_sae.py", *SAE_FLAGS, *ARGUMENTS, job=False)
    first = (stages / "sae" / "joint.model").read_bytes()
    assert "trained already" in call_step(stages, "train_sae.py", *SAE_FLAGS, *ARGUMENTS, job=False)
    assert "trained already" in call_step(
        stages, "train_sae.py", *SAE_FLAGS, "--device=auto", *ARGUMENTS, job=False
    )
    printed = call_step(stages, "train_sae.py", *SAE_FLAGS, "--hidden=5", "--seed=7", *ARGUMENTS, job=False)
    assert "trained already" not in printed and (stages / "sae" / "joint.model").read_bytes() != first


def test_features_that_are_no_numbers_fail_alone(stages: Path) -> None:
    frames = talk(1)[0]
    frames[17, 2] = np.nan
    write_feats(stages, "b", frames)
    printed = step(stages, code=1)
    assert "b: failed: b: frame 17 holds NaN or infinity; wanted numbers; make the features anew" in printed
    assert {"a.pt", "silent.pt"} <= set(names(stages / "sae"))
