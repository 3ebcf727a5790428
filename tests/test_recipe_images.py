"""egs/images/run.sh as users run it, on the digits that come with scikit-learn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from image_files import write_idx_set
from recipe_tree import Recipe, Tree


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    return Tree(tmp_path_factory.mktemp("tree") / "diar").set_up().recipe("images")


def result(recipe: Recipe, folder: str) -> dict:
    return json.loads((recipe.folder / "exp" / folder / "result.json").read_text())


def test_stages_0_and_1_on_the_digits(recipe: Recipe) -> None:
    done = recipe.run("--preset", "smoke", "--stop-stage", "1", "--seeds", "1 2")
    assert "stage 0: data\nDigits: 1297 training and 500 test images of 8 x 8 x 1\n" in done.console
    for seed in (1, 2):
        found = result(recipe, f"digits/classifier_basic_smoke/seed{seed}")
        assert found["seed"] == seed and found["figures"]["accuracy"] > 0.5 and found["n_train"] == 1200
    again = recipe.run("--preset=smoke", "--stage=1", "--stop_stage", "1", "--seeds=2")
    assert "seed2: trained already" in again.console and "epoch" not in again.console


def test_the_users_options_win_over_the_presets(recipe: Recipe) -> None:
    recipe.run("--preset", "smoke", "--stop-stage", "1", "--classifier", "resnet", "--classifier-opts",
               "--epochs 1", "--judged-on", "validation", "--part-opts", "--test-images 0")  # fmt: skip
    found = result(recipe, "digits/classifier_resnet_smoke_validation/seed1")
    assert found["options"]["epochs"] == 1 and found["options"]["widths"] == "8-16-32"
    assert (found["n_test"], found["options"]["judged_on"]) == (129, "validation")


def test_stages_5_and_6_on_the_digits(recipe: Recipe) -> None:
    words = ("--preset", "smoke", "--part-opts", "--test-images 300")
    recipe.run(*words, "--seeds", "3", "--stop-stage", "0")
    done = recipe.run(*words, "--seeds", " 3 4", "--stage", "6", "--stop-stage", "6", code=1)
    wanted = "exp/digits/classifier_basic_smoke/seed3/model.pt: no such file; wanted the classifier that judges; "
    assert done.lines[-1] == f"train_gan.py: {wanted}run stage 1 first", done.console
    recipe.run(*words, "--seeds", "3", "--stage", "1", "--stop-stage", "1")
    recipe.run(*words, "--seeds", "3", "--stage", "5", "--stop-stage", "5")
    recipe.run(*words, "--seeds", " 3 4", "--stage", "6", "--stop-stage", "6")
    judges = set()
    for name in ("vae_gaussian_smoke/seed3", "vae_bernoulli_smoke/seed3", "gan_smoke/seed3", "gan_smoke/seed4"):
        found = result(recipe, f"digits/{name}")
        assert found["figures"]["n_samples"] == 500 and found["options"]["epochs"] == 3
        judges.add(found["choices"]["judge"])
        if name.startswith("vae"):
            history = json.loads((recipe.folder / "exp/digits" / name / "loss.json").read_text())
            assert history[-1]["losses"]["loss"] < history[0]["losses"]["loss"]
            assert found["choices"]["likelihood"] in name
    assert len(judges) == 1


def test_a_vae_that_fails_beside_the_other_ends_the_recipe(recipe: Recipe) -> None:
    recipe.run("--preset", "smoke", "--stop-stage", "1")
    blocked = recipe.folder / "exp/digits/vae_gaussian_smoke/seed1"
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("in the way")
    done = recipe.run("--preset", "smoke", "--stage", "5", "--vae-opts", "--epochs 1 --samples 20", code=1)
    assert "vae_gaussian_smoke/seed1: " in done.console and "stage 6" not in done.console, done.console
    assert result(recipe, "digits/vae_bernoulli_smoke/seed1")["options"]["epochs"] == 1


def test_official_files_are_taken_from_where_they_are(recipe: Recipe, tmp_path: Path) -> None:
    write_idx_set(tmp_path, 40, 20, packed=True)
    words = ("--dataset", "mnist", "--data-dir", str(tmp_path), "--stop-stage", "0")
    done = recipe.run(*words, code=1)
    assert len(done.lines) == 2, done.console
    assert "MD5" in done.console and done.console.endswith("or take it as it is with --check-md5 false\n")
    done = recipe.run(*words, "--check-md5", "false")
    assert "MNIST: 40 training and 20 test images of 28 x 28 x 1\n" in done.console


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--dataset", "svhn"], "--dataset: found 'svhn'; wanted one of: digits mnist fashion cifar10"),
        (["--classifier", "vgg"], "--classifier: found 'vgg'; wanted one of: basic resnet"),
        (["--preset", "huge"], "--preset: found 'huge'; wanted one of: smoke fast report"),
        (["--seeds", "1 x"], "--seeds: found '1 x'; wanted numbers as in \"1 2 3\""),
        (["--device", "tpu"], "--device: found 'tpu'; wanted one of: cpu cuda auto"),
        (["--num-threads", "many"], "--num-threads: found 'many'; wanted a number from 0 to 99"),
        (["--stage", "8"], "--stage 8 --stop-stage 7: found nothing to run; wanted some of stages 0 to 7"),
        (["--stage", "3"], "--stage 3: found no program for dec yet; wanted another stage"),
        (["--dataset", "mnist"], "--data-dir: found none; wanted the folder of mnist's official files; yann.lecun.com"),
        (["extra"], "found 'extra' after the options; wanted none; see "),
        (["--epochs", "3"], "unknown option --epochs; valid options are: --stage "),
    ],
)
def test_what_is_wrong_is_told_in_one_line(recipe: Recipe, words: list[str], message: str) -> None:
    done = recipe.run(*words, code=1)
    assert message in done.lines[-1], done.console


def test_help_lists_every_option(recipe: Recipe) -> None:
    done = recipe.run("--help")
    script = (recipe.folder / "run.sh").read_text()
    names = script.split('valid_options="')[1].split('"')[0].replace("$stage_opts", "").split()
    names += script.split('stage_opts="')[1].split('"')[0].split()
    assert len(names) > 15
    assert [name for name in names if f"--{name.replace('_', '-')}" not in done.console] == []


def test_presets_have_what_every_set_and_net_wants(recipe: Recipe) -> None:
    for preset in ("smoke", "fast", "report"):
        text = (recipe.folder / "conf" / f"{preset}.conf").read_text()
        assert text.startswith(f"# --preset {preset}: ")
