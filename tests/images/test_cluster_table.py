"""The table of clusterings, cell by cell, against figures made by hand."""

from __future__ import annotations

from typing import Any

import pytest
from image_results import result

from diar.images.cluster_table import clustering_table, least_loss
from diar.images.experiments import Run, put_together, to_run
from diar.images.tables import overview


def run(name: str, seed: int, acc: float, loss: float | None = None, **changes: Any) -> Run:
    figures = {"acc": acc, "nmi": acc - 0.1, "ari": acc - 0.2, "test acc": acc - 0.02}
    if loss is not None:
        figures |= {"loss": loss, "kl": 0.1, "start": {"acc": acc - 0.05, "nmi": 0.1, "ari": 0.1}}
    choices = {"net": "fc", "input": "pixels", "augment": "none"}
    content = {"figures": figures, "choices": choices, "dataset": {"crc32": "0", "name": "mnist", "pixels": ""},
               "title": "MNIST", "n_train": 60000, "n_test": 10000, **changes}  # fmt: skip
    return to_run(result(seed, **content), name, f"seed{seed}", "here")


DEC = [run("dec_fc_pixels_fast", 1, 0.84, 0.3), run("dec_fc_pixels_fast", 2, 0.88, 0.4),
       run("dec_fc_pixels_fast", 3, 0.80, 0.2)]  # fmt: skip
KMEANS = [run("kmeans_pixels_fast", seed, acc, choices={"input": "pixels", "augment": "none"})
          for seed, acc in ((1, 0.53), (2, 0.54))]  # fmt: skip


def rows(runs: list[Run]) -> dict[str, dict[str, str]]:
    table = clustering_table(put_together(runs))
    assert table is not None and all(len(row) == len(table.heads) for row in table.rows)
    return {row[0]: dict(zip(table.heads, row, strict=True)) for row in table.rows}


def test_a_row_has_the_spread_the_choice_without_labels_and_what_it_is_compared_with() -> None:
    found = rows([*DEC, *KMEANS])
    assert list(found) == ["kmeans_pixels_fast", "dec_fc_pixels_fast"]
    assert found["dec_fc_pixels_fast"] == {
        "clustering": "dec_fc_pixels_fast", "images": "MNIST", "the report": "84.8 %", "seeds": "1 2 3",
        "ACC, mean": "84.00", "sd": "4.00", "min": "80.00", "max": "88.00",
        "of the seed of least loss": "80.00 (seed 3)", "best seed by its labels": "88.00 (seed 2)",
        "NMI, mean": "74.00", "ARI, mean": "64.00",
        "ACC of the test images, mean": "82.00", "before: autoencoder and k-means": "79.00",
        "k-means of the input": "53.50", "images clustered": "70000",
    }  # fmt: skip
    kmeans = found["kmeans_pixels_fast"]
    assert kmeans["of the seed of least loss"] == kmeans["k-means of the input"] == "–"
    assert (kmeans["ACC, mean"], kmeans["the report"]) == ("53.50", "none given")


@pytest.mark.parametrize(
    "changes",
    [{"choices": {"net": "fc", "input": "sift"}}, {"choices": {"net": "fc", "input": "pixels", "sift_grid": "2"}},
     {"n_train": 54000, "n_test": 6000},
     {"options": result()["options"] | {"judged_on": "validation"}}],
    ids=["input", "grid", "number", "part"],
)  # fmt: skip
def test_k_means_of_other_images_or_input_is_no_comparison(changes: dict[str, Any]) -> None:
    found = rows([run("dec_fc_x_fast", 1, 0.8, 0.2, **changes), *KMEANS])["dec_fc_x_fast"]
    assert found["k-means of the input"] == "–"
    assert found["images clustered"] == {54000: "60000"}.get(changes.get("n_train"), "70000") + (
        " (validation)" if "options" in changes else ""
    )


def test_settings_chosen_on_training_images_are_not_put_beside_the_report() -> None:
    options = result()["options"] | {"judged_on": "validation"}
    found = rows([run("idec_fc_pixels_fast_validation", 1, 0.8, 0.2, options=options)])
    assert "not comparable" in found["idec_fc_pixels_fast_validation"]["the report"]


def test_the_least_loss_is_the_first_of_several_and_none_where_one_lacks() -> None:
    assert least_loss(DEC) is DEC[2] and least_loss([DEC[0], run("x", 4, 0.1, 0.3)]) is DEC[0]
    assert least_loss([*DEC, KMEANS[0]]) is None
    assert clustering_table(put_together([run("classifier_x", 1, 0.5)])) is None


def test_the_overview_says_that_clusterings_are_judged_on_what_they_learned_from() -> None:
    (row,) = [row for row in overview(put_together(DEC)).rows if row[0] == "dec_fc_pixels_fast"]
    assert row[10:12] == ("70000", "the same") and "84.8 %" in row and "acc, %" in row
    names = [row[0] for row in overview(put_together(DEC)).rows]
    assert "kmeans" not in names and "pretrained" not in names, "baselines that were not run are not missed"


def test_the_k_means_of_the_same_preset_is_the_comparison_where_there_are_several() -> None:
    others = [run("kmeans_pixels_abc", 1, 0.3, choices=KMEANS[0].choices), *KMEANS]
    assert rows([*DEC, *others])["dec_fc_pixels_fast"]["k-means of the input"] == "53.50"
    found = rows([run("dec_fc_pixels_report", 1, 0.8), *others])["dec_fc_pixels_report"]
    assert found["k-means of the input"] == "30.00", "the first of others"
