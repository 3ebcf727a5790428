"""Tables of experiments: every cell against figures made by hand."""

from __future__ import annotations

from typing import Any

import pytest
from image_results import result

from diar.images.experiments import Experiment, Run, put_together, to_run
from diar.images.tables import Table, experiment_table, headline, kind_table, markdown, overview, shown, shown_name


def run(name: str = "classifier_basic_fast", seed: int = 1, accuracy: float = 0.6, **changes: Any) -> Run:
    return to_run(result(seed, **{"figures": {"accuracy": accuracy}, **changes}), name, f"seed{seed}", "here")


def one(name: str, **changes: Any) -> Experiment:
    return put_together([run(name, **changes)])[0]


def rows(table: Table) -> list[dict[str, str]]:
    assert all(len(row) == len(table.heads) for row in table.rows)
    return [dict(zip(table.heads, row, strict=True)) for row in table.rows]


def test_a_row_has_all_there_is_to_know_of_a_figure() -> None:
    runs = [run(seed=seed, accuracy=accuracy) for seed, accuracy in ((3, 0.61), (1, 0.64), (2, 0.625))]
    (first, *others) = rows(overview(put_together(runs)))
    assert first == {
        "experiment": "classifier_basic_fast", "images": "CIFAR-10 (JPEG pixels)",
        "settings": "net basic, epochs 16, learning rate 0.002", "figure": "accuracy, %", "the report": "61 %",
        "ours, mean": "62.50", "sd": "1.50", "min": "61.00", "max": "64.00", "seeds": "1 2 3",
        "learned from": "50000", "judged on": "10000 test", "seconds": "102", "trained on": "cpu, 1 thread",
    }  # fmt: skip
    assert {row["ours, mean"] for row in others} == {"not run"}


def test_what_was_not_run_is_told_as_such_in_its_place() -> None:
    found = rows(overview(put_together([run(), run("gan_fast", figures={"fid": 3.0}, choices={})])))
    assert [(row["experiment"], row["ours, mean"], row["the report"]) for row in found] == [
        ("classifier_basic_fast", "60.00", "61 %"), ("classifier, resnet", "not run", "91 %"),
        ("sae", "not run", "pictures only"), ("dec, fc", "not run", "23.3 %"), ("dec, conv", "not run", "29 %"),
        ("idec, fc", "not run", "28.3 %"), ("idec, conv", "not run", "34.5 %"), ("vae", "not run", "none given"),
        ("gan_fast", "3", "none given"),
    ]  # fmt: skip
    assert {row["images"] for row in found} == {"CIFAR-10 (JPEG pixels)"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"judged_on": "validation"}, "61 % (not comparable: validation images)"),
        ({"train_images": 1200}, "61 % (not comparable: a part of the images)"),
    ],
)
def test_parts_of_the_images_do_not_stand_for_the_whole(options: dict[str, Any], told: str) -> None:
    first, second, *_ = rows(overview([one("classifier_basic_x", options=result()["options"] | options)]))
    assert first["the report"] == told
    assert (second["experiment"], second["ours, mean"]) == ("classifier, basic", "not run")
    assert first["judged on"].endswith("validation") == ("judged_on" in options)


def test_other_input_than_the_reports_is_not_compared() -> None:
    choices = {"net": "fc", "input": "sift"}
    found = rows(overview([one("dec_fc_sift", choices=choices, figures={"acc": 0.3, "ari": 0.1})]))
    assert [row["the report"] for row in found if row["experiment"] == "dec_fc_sift"] == ["none given"]
    assert "not run" in [row["ours, mean"] for row in found if row["experiment"] == "dec, fc"]


def test_an_experiment_has_its_figures_seed_by_seed() -> None:
    runs = [run(seed=1, accuracy=0.5), run(seed=2, figures={"accuracy": 0.6, "loss": 1.23456})]
    accuracy, loss, seconds = rows(experiment_table(put_together(runs)[0]))
    assert accuracy == {"figure": "accuracy, %", "mean": "55.00", "sd": "7.07", "min": "50.00", "max": "60.00",
                        "seed 1": "50.00", "seed 2": "60.00"}  # fmt: skip
    assert (loss["mean"], loss["seed 1"], loss["seed 2"]) == ("–", "–", "1.235")
    assert (seconds["mean"], seconds["seed 2"]) == ("101.5", "102.0")


def test_figures_of_real_images_stand_beside_those_of_generated_ones() -> None:
    figures = {"frechet": 12.5, "least_share": 0.04, "real": {"frechet": 1.5, "n_frechet": 10}}
    found = {row["figure"]: row for row in rows(experiment_table(one("gan_x", figures=figures)))}
    assert list(found) == ["frechet", "least share, %", "real n frechet", "seconds"]
    assert [row["real images"] for row in found.values()] == ["1.5", "–", "–", "–"]
    (row,) = [row for row in rows(overview([one("gan_x", figures=figures)])) if row["experiment"] == "gan_x"]
    assert (row["figure"], row["ours, mean"]) == ("frechet (real images: 1.5)", "12.5")
    assert found["frechet"]["seed 1"] == "12.5" and found["seconds"]["seed 1"] == "101.0"


def test_experiments_of_a_kind_stand_side_by_side() -> None:
    experiments = put_together([run("sae_32", figures={"psnr": 20.5}), run("sae_128", figures={"psnr": 24.0}),
                                run("sae_128", seed=2, figures={"psnr": 25.0, "ssim": 0.9})])  # fmt: skip
    table = kind_table(experiments)
    assert table is not None and [row[2:] for row in table.rows] == [("20.5", "–"), ("24.5 ± 0.7071", "–")]
    assert kind_table(experiments[:1]) is None


def test_many_figures_of_a_kind_have_a_row_each() -> None:
    figures = {f"f{number:02}": float(number) for number in range(11)} | {"real": {"f01": 7.0}}
    table = kind_table(put_together([run("vae_a", figures=figures), run("vae_b", figures={"f03": 9.0})]))
    assert table is not None and table.heads == ("experiment", "vae_a", "vae_b") and len(table.rows) == 12
    assert table.rows[0] == ("images", "CIFAR-10 (JPEG pixels)", "CIFAR-10 (JPEG pixels)")
    assert table.rows[4] == ("f03", "3", "9") and table.rows[5] == ("f04", "4", "–")


@pytest.mark.parametrize(
    ("name", "figures", "expected"),
    [
        ("sae_x", {"mse": 1.0, "psnr": 2.0}, "psnr"),
        ("sae_x", {"pca_psnr": 1.0, "psnr": 2.0}, "psnr"),
        ("vae_x", {"a": 1.0, "test_elbo": 2.0}, "test_elbo"),
        ("sae_x", {"baseline": {"psnr": 1.0}, "last": {"deep": {"psnr": 0.0}}, "mean_psnr": 2.0}, "mean_psnr"),
        ("gan_x", {"real": {"frechet": 1.0}, "frechet": 2.0, "confidence": 0.0}, "frechet"),
        ("vae_x", {"negative_elbo": 1.0, "bernoulli_negative_elbo": 2.0}, "bernoulli_negative_elbo"),
        ("dec_x", {"acc": 1.0, "aaa": 2.0}, "acc"),
        ("other_x", {"b": 1.0, "a": 2.0}, "a"),
        ("gan_x", {}, ""),
    ],
)
def test_the_figure_that_stands_for_an_experiment(name: str, figures: dict[str, float], expected: str) -> None:
    assert headline(one(name, figures=figures)) == expected
    assert rows(overview([one(name, figures=figures)]))  # one without figures has a row, too


def test_shares_are_in_percent_and_the_others_as_they_are() -> None:
    assert (shown_name("test_accuracy"), shown("test_accuracy", 0.12345)) == ("test accuracy, %", "12.35")
    assert (shown_name("baseline acc"), shown("nmi", 1.0)) == ("baseline acc, %", "100.00")
    assert (shown_name("contrast"), shown("contrast", 0.12345)) == ("contrast", "0.1235")
    assert (shown("x", float("nan")), shown("x", float("inf"))) == ("–", "inf")
    assert (shown("n samples", 10000.0), shown("x", 999.96)) == ("10000", "1000")
    assert (shown("x", -12345.6), shown_name("near_share"), shown("near_share", 0.01)) == (
        "-12346", "near share, %", "1.00",
    )  # fmt: skip


def test_markdown_is_a_table_whatever_is_in_the_cells() -> None:
    table = Table("T", ("a", "b"), (("x|y\nz", "1"),), note="N")
    assert markdown(table) == "## T\n\nN\n\n| a | b |\n| --- | --: |\n| x\\|y z | 1 |\n"
