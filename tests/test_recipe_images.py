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


def falls(recipe: Recipe, folder: str) -> bool:
    """Whether the loss ended below that of the start."""
    lines = json.loads((recipe.folder / "exp" / folder / "loss.json").read_text())
    return lines[-1]["losses"]["loss"] < lines[0]["losses"]["loss"]


def test_stage_2_trains_every_size_both_ways_and_makes_a_table(recipe: Recipe) -> None:
    recipe.run("--preset", "smoke", "--stop-stage", "0")
    done = recipe.run("--preset", "smoke", "--stage", "2", "--stop-stage", "2")
    for size in (8, 32):
        for layer in ("latent", "direct"):
            folder = f"digits/sae_{size}_{layer}_smoke/seed1"
            found = result(recipe, folder)
            assert (found["options"]["code_size"], found["options"]["latent"]) == (size, layer == "latent")
            assert falls(recipe, folder) and found["n_train"] == 1200
    table = recipe.folder / "exp/digits/sae_smoke"
    assert {path.name for path in table.iterdir()} == {"table.md", "sizes.png", "size8.png", "size32.png"}
    text = (table / "table.md").read_text()
    assert text in done.console and text.count("\n| 8 | ") == text.count("\n| 32 | ") == 3
    again = recipe.run("--preset=smoke", "--stage=2", "--stop-stage=2", "--sae-sizes=8")
    assert again.console.count("trained already") == 2 and not (table / "size32.png").exists()


def test_stage_2_on_other_images(recipe: Recipe, tmp_path: Path) -> None:
    write_idx_set(tmp_path, 150, 20, packed=True)
    recipe.run("--dataset", "mnist", "--data-dir", str(tmp_path), "--check-md5=false", "--stop-stage", "0")
    recipe.run("--dataset", "mnist", "--preset", "smoke", "--stage", "2", "--stop-stage", "2", "--sae-sizes", "32",
               "--judged-on", "validation", "--sae-opts", "--batch-size 16")  # fmt: skip
    for layer in ("latent", "direct"):
        found = result(recipe, f"mnist/sae_32_{layer}_smoke_validation/seed1")
        assert (found["n_train"], found["n_test"], found["options"]["batch_size"]) == (135, 15, 16)
        assert falls(recipe, f"mnist/sae_32_{layer}_smoke_validation/seed1")
    assert (recipe.folder / "exp/mnist/sae_smoke_validation/size32.png").exists()


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
        (["--sae-sizes", "32 big"], "--sae-sizes: found '32 big'; wanted numbers as in \"32 128\""),
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
