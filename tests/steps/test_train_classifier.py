"""train_classifier.py, and with it what all trainings on images share: results, resumption, folders made otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from image_sets import PIXELS, write_blots
from step_runner import call_step, end_at_state

from diar.io import checkpoint
from diar.io.checkpoint import read_checkpoint

FLAGS = ("--epochs=3", "--batch-size=16", "--num-threads=1", "--shift=1")


def step(folder: Path, *words: object, out: str = "exp/seed1", code: int = 0) -> str:
    words = (*FLAGS, *words, folder / "data", folder / out)
    return call_step(folder, "train_classifier.py", *words, code=code, job=False)


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


@pytest.mark.parametrize("net", ["basic", "resnet"])
def test_a_seed_gives_a_model_losses_pictures_and_a_result(folder: Path, net: str) -> None:
    words = ["--widths=8-8-8", "--learning-rate=0.1"] * (net == "resnet")
    printed = step(folder, "--net", net, "--seed=7", *words)
    assert "classifier of seed 7: training: epoch 3 of 3: loss " in printed and "accuracy 0." in printed
    names = {"confusion.png", "loss.json", "loss.png", "model.pt", "options.json", "result.json"}
    assert set(files(folder)) == names
    found = result(folder)
    assert found["title"] == f"CIFAR-10 ({PIXELS})" and found["dataset"]["pixels"] == PIXELS
    assert (found["noun"], found["seed"], found["choices"]) == ("classifier", 7, {"net": net})
    assert (found["n_train"], found["n_test"], found["machine"]) == (120, 60, "cpu, 1 thread")
    assert found["options"]["epochs"] == 3 and found["options"]["judged_on"] == "test" and found["seconds"] > 0
    confusion = found["figures"]["confusion"]
    assert sum(map(sum, confusion)) == 60 and len(confusion) == 10
    assert found["figures"]["accuracy"] == pytest.approx(sum(confusion[k][k] for k in range(10)) / 60)
    assert read_checkpoint(folder / "exp/seed1/model.pt")["net"] == net


def test_the_same_seed_gives_the_same_bytes_and_another_others(folder: Path) -> None:
    step(folder)
    step(folder, out="exp/again")
    step(folder, "--seed=2", out="exp/seed2")
    assert files(folder) == files(folder, "exp/again")
    assert files(folder)["model.pt"] != files(folder, "exp/seed2")["model.pt"]


def test_what_is_there_stays_and_what_was_made_otherwise_goes(folder: Path) -> None:
    step(folder)
    before = files(folder)
    (folder / "exp/seed1/epoch_001.png").write_text("of it")
    assert "trained already, with the same options from the same images" in step(folder, "--device=auto")
    assert files(folder) == before | {"epoch_001.png": b"of it"}
    (folder / "exp/seed1/.model.pt.1.tmp").write_text("of a killed run")
    assert "trained already" not in step(folder, "--learning-rate=0.003")
    assert set(files(folder)) == set(before) and files(folder)["model.pt"] != before["model.pt"]
    write_blots(folder / "data", n_train=100)
    assert "trained already" not in step(folder, "--learning-rate=0.003")


def test_a_folder_of_others_is_not_emptied(folder: Path) -> None:
    (folder / "exp/seed1").mkdir(parents=True)
    (folder / "exp/seed1/thesis.txt").write_text("mine")
    step(folder)
    assert (folder / "exp/seed1/thesis.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["options.json", "result.json"])
@pytest.mark.parametrize("content", ['{"step": "wav_to_feats.py", "digest": "1"}', "[]"])
def test_a_folder_that_another_program_made_is_refused(folder: Path, name: str, content: str) -> None:
    (folder / "exp/seed1").mkdir(parents=True)
    (folder / "exp/seed1" / name).write_text(content)
    (folder / "exp/seed1/A.ark").write_text("features")
    printed = step(folder, code=1)
    made = "wav_to_feats.py" if "feats" in content else "another program"
    wanted = "wanted an empty folder or one of train_classifier.py; name another folder"
    assert printed.endswith(f"exp/seed1: found what {made} made; {wanted}\n"), printed
    assert {path.name for path in (folder / "exp/seed1").iterdir()} == {name, "A.ark"}


@pytest.mark.parametrize("options", ["gone", "new"])
def test_a_result_of_other_options_is_never_taken_for_the_new_ones(folder: Path, options: str) -> None:
    step(folder, "--epochs=1")
    old = folder / "exp/seed1/options.json"
    if options == "gone":  # as a run that was killed while it emptied the folder could leave it
        old.unlink()
    else:
        step(folder, out="exp/other")
        old.write_bytes((folder / "exp/other/options.json").read_bytes())
    assert "trained already" not in step(folder)
    assert result(folder)["options"]["epochs"] == 3


@pytest.mark.parametrize("word", ["--device=cuda", "--shift=10"])
def test_a_call_that_is_refused_costs_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    import torch

    step(folder)
    made = files(folder)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    printed = step(folder, word, code=1)  # results of the CPU are not those of a GPU
    assert printed.splitlines()[-1].startswith(f"train_classifier.py: {word.partition('=')[0]}: found "), printed
    assert files(folder) == made and "trained already" in step(folder)


def test_files_of_the_user_stay_where_a_training_is_made_anew(folder: Path) -> None:
    step(folder)
    (folder / "exp/seed1/notes.txt").write_text("mine")
    step(folder, "--epochs=1")
    assert (folder / "exp/seed1/notes.txt").read_text() == "mine"


def test_it_is_judged_with_the_threads_that_were_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from diar.images import classify

    seen, judge = [], classify.judge
    monkeypatch.setattr(classify, "judge", lambda *args: seen.append(torch.get_num_threads()) or judge(*args))
    before = torch.get_num_threads()
    step(folder, "--num-threads=3")
    assert (seen, torch.get_num_threads()) == ([3], before)


@pytest.mark.parametrize("net", ["basic", "resnet"])
def test_a_killed_training_goes_on_and_gives_the_same_bytes(folder: Path, net: str) -> None:
    words = ["--net", net, "--flip=alternating", *(["--widths=8-8-8", "--learning-rate=0.1"] * (net == "resnet"))]
    step(folder, *words, out="exp/whole")
    step(folder, *words, "--epochs=1")  # what it leaves is not taken for this training's
    end_at_state(folder, "train_classifier.py", *FLAGS, *words, "data", "exp/seed1", epoch=2)
    assert {path.name for path in (folder / "exp/seed1").iterdir()} == {"model.state", "options.json"}
    printed = step(folder, *words)
    assert "going on after epoch 2 of 'training'" in printed and "epoch 2 of 3" not in printed
    assert files(folder) == files(folder, "exp/whole")


@pytest.mark.parametrize(("seconds", "wanted"), [(0.0, [1, 2, 3]), (1e9, [1, 3])])
def test_states_are_kept_from_time_to_time_and_at_the_end(
    folder: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, wanted: list[int]
) -> None:
    epochs = []

    def write(path: Path, content: dict) -> None:
        checkpoint.write_checkpoint(path, content)
        epochs.extend([content["epoch"]] if path.name == "model.state" else [])

    monkeypatch.setattr("diar.image_job.SECONDS_A_STATE", seconds)
    monkeypatch.setattr("diar.io.images.seed_folder.write_checkpoint", write)
    step(folder)
    assert epochs == wanted


def test_a_state_of_other_options_or_a_broken_one_is_not_gone_on_from(folder: Path) -> None:
    step(folder)
    wanted = files(folder)
    (folder / "exp/seed1/result.json").unlink()
    (folder / "exp/seed1/model.state").write_bytes(b"broken")
    assert "going on" not in step(folder)
    assert files(folder) == wanted


def test_the_validation_part_is_judged_if_asked_for(folder: Path) -> None:
    step(folder, "--judged-on=validation", "--train-images=50", "--test-images=10")
    assert (result(folder)["n_train"], result(folder)["n_test"]) == (50, 10)
    assert result(folder)["options"]["judged_on"] == "validation"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--net=vgg"], "--net: found 'vgg'; wanted one of basic, resnet"),
        (["--net=resnet", "--widths=1-2"], "--widths: found '1-2'; wanted 3 numbers as in 64-128-256"),
        (["--filters=6-x"], "--filters: found '6-x'; wanted 2 numbers as in 64-128"),
        (["--shift=10"], "--shift: found 10; wanted less than 10, the images' size"),
        (["--train-images=1"], "--train-images: found 1; wanted 2 or more, or 0 for all"),
        (["--net=resnet", "--widths=8-8-8", "--bias-rate=0"], "--bias-rate: found 0.0; wanted at least 0.001"),
        (["--flip=upside"], "--flip: found 'upside'; wanted one of none, random, alternating"),
        (["--net=resnet", "--widths=8-8-8", "--learning-rate=1e30"], "--learning-rate: found 1e+30: the loss of "),
    ],
)
def test_what_is_wrong_is_told_in_one_line(folder: Path, words: list[str], message: str) -> None:
    printed = step(folder, *words, code=1)
    assert printed.splitlines()[-1].startswith(f"train_classifier.py: {message}"), printed
    assert not (folder / "exp/seed1/result.json").exists()


def test_without_a_prepared_set_it_says_what_makes_one(tmp_path: Path) -> None:
    printed = step(tmp_path, code=1)
    assert "data: no such folder; wanted a prepared data set; stage 0 makes it: " in printed
    assert printed.endswith(": ./run.sh --stop-stage 0 --dataset NAME\n")
