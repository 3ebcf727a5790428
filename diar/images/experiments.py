"""Experiments on images as they lie in folders: runs of one seed each, put together, and their spread over seeds."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from diar.errors import DataError

KINDS = ("classifier", "sae", "kmeans", "pretrained", "dec", "idec", "vae", "gan")  # the recipe's order
CLUSTERINGS = ("kmeans", "pretrained", "dec", "idec")  # judged on what they learned from, all images together
BASELINES = ("kmeans", "pretrained")  # what stages leave beside what they are called by
_NOT_SETTINGS = {"seed", "device", "num_threads"}  # of options: where and with what luck it was trained
_WANTED: Mapping[str, type | tuple[type, ...]] = {
    "figures": dict, "options": dict, "choices": dict, "dataset": dict, "seed": int, "seconds": (int, float),
    "machine": str, "title": str, "n_train": int, "n_test": int,
}  # fmt: skip


@dataclass(frozen=True)
class Run:
    """What one training of one seed left: the content of its ``result.json``, and the folders that it lies in."""

    name: str  # <noun>_<...>
    folder: str  # seed<k>
    figures: Mapping[str, Any]
    options: Mapping[str, Any]
    choices: Mapping[str, Any]
    dataset: Mapping[str, Any]
    seed: int
    seconds: float
    machine: str
    title: str
    n_train: int
    n_test: int

    @property
    def settings(self) -> dict[str, Any]:
        """All that the run depends on but its seed."""
        return {**self.choices, **{name: value for name, value in self.options.items() if name not in _NOT_SETTINGS}}


class Spread(NamedTuple):
    """Figures of seeds: their mean, standard deviation (of n - 1; NaN of a single one), least and greatest."""

    mean: float
    sd: float
    least: float
    greatest: float
    n: int


@dataclass(frozen=True)
class Experiment:
    """Runs of the same settings on the same machine, by seed."""

    runs: tuple[Run, ...]
    number: int = 1  # of those with the same name, whose settings or machines differ

    @property
    def name(self) -> str:
        return self.runs[0].name

    @property
    def heading(self) -> str:
        """The name, with a number where there are others of it."""
        return f"{self.name} ({self.number})" if self.number > 1 else self.name

    @property
    def kind(self) -> str:
        return kind_of(self.name)

    @property
    def dataset(self) -> str:
        """The name of the data set."""
        return str(self.runs[0].dataset.get("name", ""))

    @property
    def is_whole(self) -> bool:
        """Whether it learned from all training images and was judged on all test images."""
        options = self.runs[0].options
        on_part = options.get("train_images", 0) or options.get("test_images", 0)
        return not on_part and options.get("judged_on", "test") == "test"

    def figures(self) -> dict[str, list[float]]:
        """The numbers among the figures, a value a run, NaN where a run lacks one; those that lie deeper with names
        such as ``per size 128 psnr``."""
        found = [dict(_numbers(run.figures)) for run in self.runs]
        names = dict.fromkeys(name for one in found for name in one)
        return {name: [one.get(name, math.nan) for one in found] for name in names}


def kind_of(name: str) -> str:
    """What kind of experiment a folder's name tells of."""
    return name.partition("_")[0]


def to_run(content: Any, name: str, folder: str, where: object) -> Run:
    """The run that ``content`` of a ``result.json`` tells of.

    Raises:
        DataError: something lacks, or is of another kind.
    """
    advice = "remove it and run its stage again"
    if not isinstance(content, dict):
        raise DataError(where, "found no result of a training", advice=advice)
    for key, kind in _WANTED.items():
        if not isinstance(content.get(key), kind) or isinstance(content[key], bool):
            found = "no" if key not in content else f"a wrong value ({str(content[key])[:40]}) of"
            raise DataError(where, f"found {found} '{key}'", "wanted the result of a training", advice)
    if folder != f"seed{content['seed']}":
        raise DataError(where, f"found seed {content['seed']}", f"wanted that of its folder, {folder}", advice)
    return Run(name, folder, **{key: content[key] for key in _WANTED})


def put_together(runs: Iterable[Run]) -> list[Experiment]:
    """Experiments in the recipe's order; runs of one name with other settings, images or machine stay apart."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in sorted(runs, key=lambda run: (*order_of(run.name), run.seed)):
        same = repr((sorted(run.settings.items()), sorted(run.dataset.items()), run.machine, run.n_train, run.n_test))
        groups.setdefault((run.name, same), []).append(run)
    experiments: list[Experiment] = []
    for (name, _), members in groups.items():
        number = 1 + sum(experiment.name == name for experiment in experiments)
        experiments.append(Experiment(tuple(members), number))
    return experiments


def by_kind(experiments: Iterable[Experiment]) -> dict[str, list[Experiment]]:
    """The experiments of each kind, as they stand."""
    found: dict[str, list[Experiment]] = {}
    for experiment in experiments:
        found.setdefault(experiment.kind, []).append(experiment)
    return found


def order_of(name: str) -> tuple[int, list[Any]]:
    """What experiments are sorted by: the recipe's stages, then names with their numbers as numbers."""
    kind = kind_of(name)
    return (KINDS.index(kind) if kind in KINDS else len(KINDS)), natural(name)


def natural(name: str) -> list[Any]:
    """What names are sorted by so that 9 comes before 10."""
    return [int(part) if number % 2 else part for number, part in enumerate(re.split(r"([0-9]+)", name))]


def spread(values: Sequence[float]) -> Spread:
    """The spread of a figure over seeds; where one lacks or is infinite, all is NaN but the number of seeds."""
    if not all(map(math.isfinite, values)):
        return Spread(math.nan, math.nan, math.nan, math.nan, len(values))
    sd = statistics.stdev(values) if len(values) > 1 else math.nan
    return Spread(statistics.fmean(values), sd, min(values), max(values), len(values))


def _numbers(figures: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, float]]:
    """The numbers of a tree of mappings; lists, which pictures show, are left out."""
    for name in sorted(figures, key=natural):
        value = figures[name]
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{before}{name} ")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield f"{before}{name}", float(value)
