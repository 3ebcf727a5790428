"""egs/images/run.sh as users run it, on the digits that come with scikit-learn."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import pytest
from image_files import write_idx_set
from killing import MARK, wait_for_end
from recipe_tree import Recipe, Tree

from diar.images.sets import DATASETS


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


def test_the_report_has_a_row_and_the_pictures_of_what_was_trained(recipe: Recipe) -> None:
    recipe.run("--preset", "smoke", "--stop-stage", "1", "--seeds", "1 2")
    (recipe.folder / "exp/digits/vae_smoke/seed1").mkdir(parents=True)
    done = recipe.run("--stage", "7")
    report = recipe.folder / "exp" / "digits" / "report"
    assert (report / "results.md").read_text() in done.console
    (row,) = done.naming("| classifier_basic_smoke | Digits | net basic, epochs 6,", "| 1 2 | 1200 | 400 test |")
    assert "| none given |" in row and "cpu, 1 thread |" in row
    assert done.naming("| vae | Digits |", "| not run |") and done.naming("- vae_smoke/seed1")
    page = (report / "index.html").read_text()
    assert page.count("<img src=\"data:image/png;base64,") >= 4 and "Confusion matrix" in page


def ended(recipe: Recipe, words: list[str], kind: signal.Signals) -> None:
    """Run the recipe until its training is within its epochs, and end all of it by a signal."""
    log = recipe.folder / "log"
    with open(log, "wb") as console:
        process = subprocess.Popen(
            [str(recipe.folder / "run.sh"), *words], cwd=recipe.folder,
            env=recipe.environment(**{MARK: recipe.folder.name}),
            stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while b": epoch 3 of" not in log.read_bytes() and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(process.pid, kind)
        process.wait()
    assert wait_for_end(process.pid, recipe.folder.name) == []
    assert b"Traceback" not in log.read_bytes()


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGINT])
def test_a_training_that_was_ended_goes_on_to_the_same_bytes(recipe: Recipe, kind: signal.Signals) -> None:
    words = ["--preset", "smoke", "--stop-stage", "1", "--seeds", "5", "--classifier-opts", "--epochs 9"]
    whole, other = recipe.copy(f"whole_{kind.name}"), recipe.copy(f"ended_{kind.name}")
    whole.run(*words)
    ended(other, words, kind)
    seed = Path("exp/digits/classifier_basic_smoke/seed5")
    assert not (other.folder / seed / "result.json").exists()
    done = other.run(*words)
    assert done.naming(f"{seed}: going on after epoch ", " of 'training'") and not done.naming(": epoch 1 of")
    files = [
        {path.name: path.read_bytes() for path in (one.folder / seed).iterdir() if path.name != "result.json"}
        for one in (whole, other)
    ]
    assert set(files[0]) == {"confusion.png", "loss.json", "loss.png", "model.pt", "options.json"}
    assert files[0] == files[1]
    results = [result(one, "digits/classifier_basic_smoke/seed5") | {"seconds": 0} for one in (whole, other)]
    assert results[0] == results[1]


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


def test_stages_3_and_4_cluster_from_the_same_autoencoders(recipe: Recipe) -> None:
    recipe.run("--preset", "smoke", "--stop-stage", "0")
    done = recipe.run("--preset", "smoke", "--stage", "3", "--stop-stage", "4")
    assert "stage 3: dec\n" in done.console and "stage 4: idec\n" in done.console
    dec, idec, start = (result(recipe, f"digits/{kind}_fc_pixels_smoke/seed1")
                        for kind in ("dec", "idec", "pretrained"))  # fmt: skip
    assert dec["basis"] == idec["basis"] and dec["figures"]["start"] == idec["figures"]["start"]
    assert {name: start["figures"][name] for name in ("acc", "nmi", "ari", "test acc")} == dec["figures"]["start"]
    assert (dec["n_train"], dec["n_test"], dec["seed"], dec["choices"]["augment"]) == (1200, 400, 1, "none")
    for found in (dec, idec):
        assert found["figures"]["acc"] > 0.45 and found["figures"]["intervals"] == 4
    assert result(recipe, "digits/kmeans_pixels_smoke/seed1")["figures"]["acc"] > 0.6
    assert done.console.count("trained already") == 2, "k-means and autoencoder of stage 3, in stage 4"
    text = recipe.run("--stage", "7").console
    assert "| dec_fc_pixels_smoke | Digits | none given | 1" in text and "## Clusterings" in text
    page = (recipe.folder / "exp/digits/report/index.html").read_text()
    assert "Codes of some of the images" in page and "A row a cluster" in page and "seed of least loss" in page


def test_options_of_the_autoencoder_and_of_idec_are_theirs_of_each_seed(recipe: Recipe) -> None:
    recipe.run("--preset", "smoke", "--stop-stage", "0")
    words = ("--pretrain-opts", "--pretrain-epochs 0 --finetune-epochs 60 --filters 8-16-32 --optimizer adam "
             "--learning-rate 5e-3 --batch-size 64", "--dec-opts", "--max-intervals 1 --gamma 0.5", "--kmeans-opts",
             "--kmeans-starts 2", "--net", "conv", "--augment", "shift-rotate", "--seeds", "4 5", "--num-threads", "1",
             "--judged-on", "validation", "--part-opts", "--train-images 600 --test-images 100")  # fmt: skip
    recipe.run("--preset", "report", "--stage", "4", "--stop-stage", "4", *words)
    runs = [[result(recipe, f"digits/{name}_report_validation/seed{seed}") for name in
             ("kmeans_pixels", "pretrained_conv_pixels_shift-rotate", "idec_conv_pixels_shift-rotate")]
            for seed in (4, 5)]  # fmt: skip
    for kmeans, sae, idec in runs:
        options = [one["options"] for one in (kmeans, sae, idec)]
        assert (options[0]["kmeans_starts"], options[1]["finetune_epochs"], options[2]["max_intervals"]) == (2, 60, 1)
        assert (options[2]["gamma"], idec["choices"]["augment"], options[1]["judged_on"]) == (
            0.5, "shift-rotate", "validation",
        )  # fmt: skip
        assert sae["figures"]["acc"] > 0.4 and idec["seed"] == sae["seed"]
    assert runs[0][2]["basis"] != runs[1][2]["basis"] and runs[0][2]["figures"] != runs[1][2]["figures"]


@pytest.mark.skipif(find_spec("cv2") is None, reason="needs OpenCV: pip install opencv-python-headless")
def test_descriptors_are_clustered(recipe: Recipe) -> None:
    recipe.run("--preset", "smoke", "--stop-stage", "0")
    recipe.run("--preset", "smoke", "--input", "sift", "--stage", "3", "--stop-stage", "3", "--kmeans-opts",
               "--sift-grid 2", "--pretrain-opts", "--sift-grid 2")  # fmt: skip
    for name in ("kmeans_sift", "dec_fc_sift"):
        found = result(recipe, f"digits/{name}_smoke/seed1")
        assert (found["choices"]["input"], found["choices"]["sift_grid"]) == ("sift", "2")
        assert found["figures"]["acc"] > 0.3


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
        (["--seeds", " "], "--seeds: found ' '; wanted numbers as in \"1 2 3\""),
        (["--seeds", "1 x"], "--seeds: found '1 x'; wanted numbers as in \"1 2 3\""),
        (["--seeds", "01"], "--seeds: found '01'; wanted numbers as in \"1 2 3\""),
        (["--seeds", "2 1 2"], "--seeds: found '2 1 2'; wanted each number once"),
        (["--device", "tpu"], "--device: found 'tpu'; wanted one of: cpu cuda auto"),
        (["--num-threads", "many"], "--num-threads: found 'many'; wanted a number from 0 to 99"),
        (["--stage", "8"], "--stage 8 --stop-stage 7: found nothing to run; wanted some of stages 0 to 7"),
        (["--net", "resnet"], "--net: found 'resnet'; wanted one of: fc conv"),
        (["--input", "hog"], "--input: found 'hog'; wanted one of: pixels sift"),
        (["--augment", "flip"], "--augment: found 'flip'; wanted one of: none shift-rotate"),
        (["--net", "conv", "--input", "sift"], "--net conv --input sift: found descriptors, which are no image; "),
        (["--input", "sift", "--augment", "shift-rotate"], "--input sift --augment shift-rotate: found both; wanted "),
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
        names = ("classifier_opts", "sae_opts", "pretrain_opts", "dec_opts", "vae_opts", "gan_opts")
        for nets, dataset in product((("basic", "fc"), ("resnet", "conv")), DATASETS):
            missing = "; ".join(f'[ -n "${{{name}-}}" ] || echo {name}' for name in names)
            for source in ("pixels", "sift"):
                chosen = f"classifier={nets[0]} net={nets[1]} input={source} dataset={dataset}"
                script = f"{chosen}; . conf/{preset}.conf; {missing}"
                printed = subprocess.check_output(["bash", "-euc", script], cwd=recipe.folder, text=True)
                assert not printed, (preset, nets, dataset)
