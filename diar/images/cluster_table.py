"""The table of clusterings: accuracy over seeds, the seed chosen without labels, and what to compare it with."""

from __future__ import annotations

import math
from collections.abc import Sequence

from diar.images.experiments import CLUSTERINGS, Experiment, Run, spread
from diar.images.tables import UNKNOWN, Table, shown, told_where_comparable

_HEADS = (
    "clustering", "images", "the report", "seeds", "ACC, mean", "sd", "min", "max", "of the seed of least loss",
    "best seed by its labels", "NMI, mean", "ARI, mean", "ACC of the test images, mean",
    "before: autoencoder and k-means", "k-means of the input", "images clustered",
)  # fmt: skip
NOTE = (
    "All in percent. Clusters are judged on the images that they are learned from without labels: the training and the "
    "test images together, or, where settings are chosen (validation), training images alone. Settings were so chosen "
    "with the labels of training images; no choice saw those of the test images, whose ACC alone has a column. ACC is "
    "after the best one-to-one mapping of clusters to classes. The seed of least loss is the choice that needs no "
    "labels (of DEC, whose loss is the divergence alone, codes that fell together have the least, too); the best seed "
    "by its labels is told beside it, and stands for nothing."
)


def clustering_table(experiments: Sequence[Experiment]) -> Table | None:
    """A row a clustering, in percent; None where there is none."""
    chosen = [experiment for experiment in experiments if experiment.kind in CLUSTERINGS]
    if not chosen:
        return None
    baselines = [experiment for experiment in chosen if experiment.kind == "kmeans"]
    rows = tuple(_row(experiment, baselines) for experiment in chosen)
    return Table("Clusterings", _HEADS, rows, 3, NOTE)


def least_loss(runs: Sequence[Run]) -> Run | None:
    """The run of least loss, the first of several; None where a run has none."""
    if not all(isinstance(run.figures.get("loss"), (int, float)) for run in runs):
        return None
    return min(runs, key=lambda run: run.figures["loss"])


def _row(experiment: Experiment, baselines: Sequence[Experiment]) -> tuple[str, ...]:
    runs, figures = experiment.runs, experiment.figures()
    accuracy = figures.get("acc", [math.nan])
    chosen, best = least_loss(runs), max(runs, key=lambda run: run.figures.get("acc", -1))
    alike = [other for other in baselines if _same_images(experiment, other)]
    alike.sort(key=lambda other: not experiment.name.endswith(_tag(other)))  # those of its preset first
    beside = next(iter(alike), None)
    part = " (validation)" if runs[0].options.get("judged_on") == "validation" else ""
    return (
        experiment.heading, runs[0].title, told_where_comparable(experiment), " ".join(str(run.seed) for run in runs),
        *(shown("acc", value) for value in spread(accuracy)[:4]),
        _seed(chosen), _seed(best), *(_mean(figures.get(name)) for name in ("nmi", "ari", "test acc", "start acc")),
        _mean(beside.figures().get("acc")) if beside and experiment.kind != "kmeans" else UNKNOWN,
        f"{runs[0].n_train + runs[0].n_test}{part}",
    )  # fmt: skip


def _tag(kmeans: Experiment) -> str:
    """What follows the input in a baseline's name: preset, part of the images, device."""
    return kmeans.name.removeprefix(f"kmeans_{kmeans.runs[0].choices.get('input')}")


def _same_images(one: Experiment, other: Experiment) -> bool:
    def key(run: Run) -> tuple[object, ...]:
        source = (run.choices.get("input"), run.choices.get("sift_grid"), run.options.get("judged_on"))
        return (*source, run.n_train, run.n_test, str(sorted(run.dataset.items())))

    return key(one.runs[0]) == key(other.runs[0])


def _seed(run: Run | None) -> str:
    return UNKNOWN if run is None else f"{shown('acc', run.figures.get('acc', math.nan))} (seed {run.seed})"


def _mean(values: Sequence[float] | None) -> str:
    return shown("acc", spread(values).mean) if values else UNKNOWN
