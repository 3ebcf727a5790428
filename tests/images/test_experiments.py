"""Runs put together: what is a seed of what, their order, their spread against numpy's."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from image_results import result

from diar.errors import DataError
from diar.images.experiments import Run, by_kind, natural, put_together, spread, to_run


def run(name: str = "classifier_basic_fast", seed: int = 1, **changes: Any) -> Run:
    return to_run(result(seed, **changes), name, f"seed{seed}", "here")


@pytest.mark.parametrize("values", [[0.3, 0.5, 0.1], [2.0, 2.0], [-1e-9, 1e9, 3.0, 4.0]])
def test_the_spread_is_numpys_in_any_order(values: list[float]) -> None:
    expected = (np.mean(values), np.std(values, ddof=1), np.min(values), np.max(values), len(values))
    assert spread(values) == pytest.approx(expected)
    assert spread(values[::-1]) == pytest.approx(expected)


def test_a_single_seed_has_no_deviation_and_what_lacks_is_not_made_up() -> None:
    one = spread([0.25])
    assert (one.mean, one.least, one.greatest, one.n) == (0.25, 0.25, 0.25, 1) and math.isnan(one.sd)
    assert math.isnan(spread([0.25, math.nan]).mean) and math.isnan(spread([0.25, math.inf]).sd)


def test_seeds_of_the_same_settings_are_one_experiment_by_number() -> None:
    (one,) = put_together([run(seed=seed) for seed in (10, 2, 1)])
    assert [member.seed for member in one.runs] == [1, 2, 10] and one.heading == "classifier_basic_fast"


@pytest.mark.parametrize(
    "changes",
    [
        {"options": result(2)["options"] | {"epochs": 17}},
        {"choices": {"net": "resnet"}},
        {"machine": "NVIDIA H100"},
        {"dataset": {"crc32": "1", "name": "cifar10", "pixels": "JPEG pixels"}},
        {"n_train": 45000},
    ],
)
def test_runs_that_differ_in_more_than_the_seed_stay_apart(changes: dict[str, Any]) -> None:
    first, second = put_together([run(seed=1), run(seed=2, **changes)])
    assert (len(first.runs), len(second.runs)) == (1, 1)
    assert (first.heading, second.heading) == ("classifier_basic_fast", "classifier_basic_fast (2)")


def test_where_it_was_told_to_be_trained_is_no_setting() -> None:
    options = result(2)["options"] | {"device": "auto", "num_threads": 2}
    assert len(put_together([run(seed=1), run(seed=2, options=options)])) == 1


def test_experiments_come_in_the_recipes_order_however_they_are_read() -> None:
    names = ["classifier_basic_fast", "classifier_w9_fast", "classifier_w10_fast", "sae_fast", "dec_fc_fast",
             "idec_fc_fast", "vae_fast", "gan_fast", "other_fast"]  # fmt: skip
    runs = [run(name, seed) for name in names for seed in (1, 2)]
    for order in range(5):
        random.Random(order).shuffle(runs)
        experiments = put_together(runs)
        assert [experiment.name for experiment in experiments] == names
    assert list(by_kind(experiments)) == ["classifier", "sae", "dec", "idec", "vae", "gan", "other"]
    assert [experiment.name for experiment in by_kind(experiments)["classifier"]] == names[:3]


def test_figures_are_the_numbers_wherever_they_lie() -> None:
    figures = {"b": 2, "a": True, "c": [1, 2], "d": "x", "e": {"size 10": {"psnr": 2.0}, "size 9": {"psnr": 1.0}}}
    (one,) = put_together([run(seed=1, figures=figures), run(seed=2, figures={"b": 4})])
    found = one.figures()
    assert list(found) == ["b", "e size 9 psnr", "e size 10 psnr"] and found["b"] == [2.0, 4.0]
    assert found["e size 9 psnr"][0] == 1.0 and math.isnan(found["e size 9 psnr"][1])


@pytest.mark.parametrize(
    ("options", "whole"),
    [({}, True), ({"train_images": 5}, False), ({"test_images": 5}, False), ({"judged_on": "validation"}, False)],
)
def test_a_part_of_the_images_is_not_the_whole(options: dict[str, Any], whole: bool) -> None:
    (one,) = put_together([run(options=result()["options"] | options)])
    assert one.is_whole == whole


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"figures": None}, "found a wrong value (None) of 'figures'"),
        ({"seed": True}, "found a wrong value (True) of 'seed'"),
        ({"seconds": "7"}, "found a wrong value (7) of 'seconds'"),
        ({"seed": 4}, "found seed 4; wanted that of its folder, seed1"),
    ],
)
def test_what_is_no_result_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match="^here: ") as error:
        to_run(result() | change, "classifier_basic_fast", "seed1", "here")
    assert message in str(error.value) and str(error.value).endswith("; remove it and run its stage again")
    for key in change:
        with pytest.raises(DataError, match=f"found no '{key}'"):
            to_run({name: value for name, value in result().items() if name != key}, "x", "seed1", "here")
    with pytest.raises(DataError, match="found no result of a training"):
        to_run([], "x", "seed1", "here")


def test_numbers_in_names_count_as_numbers() -> None:
    assert sorted(["a10", "a9", "b", "a"], key=natural) == ["a", "a9", "a10", "b"]
    assert sorted(["a2", "\u0663", "a"], key=natural) == ["a", "a2", "\u0663"]  # a digit, but no number here
