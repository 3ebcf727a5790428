"""Tables of experiments on images, as text in cells, and as Markdown."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from diar.images.experiments import BASELINES, CLUSTERINGS, KINDS, Experiment, Spread, spread
from diar.images.source_report import NO_FIGURE, source_rows, told_of

UNKNOWN = "–"
NOT_RUN = "not run"
_PERCENT = {"accuracy", "acc", "nmi", "ari", "share"}  # last words of figures from 0 to 1
_HEADLINES = {"classifier": ("accuracy",), "sae": ("psnr",), "kmeans": ("acc",), "pretrained": ("acc",),
              "dec": ("acc", "accuracy"), "idec": ("acc", "accuracy"), "vae": ("bernoulli_negative_elbo", "elbo"),
              "gan": ("frechet", "fid")}  # fmt: skip
_REAL = "real "  # before the names of figures of real images, which stand beside those of generated ones
_MOST_COLUMNS = 10
_MAIN_SETTINGS = ("code_size", "latent", "epochs", "batch_size", "learning_rate")
OVERVIEW_NOTE = (
    "Mean, standard deviation (n - 1), least and greatest over all seeds that were run; none of them was chosen. "
    "Accuracies in percent. Seconds are the mean time of a seed; those of an autoencoder that a clustering begins from "
    "are in its own row, and 'pretraining' tells autoencoders apart."
)
_OVERVIEW_HEADS = ("experiment", "images", "settings", "figure", "the report", "ours, mean", "sd", "min", "max",
                   "seeds", "learned from", "judged on", "seconds", "trained on")  # fmt: skip


@dataclass(frozen=True)
class Table:
    """Text in cells: the first of ``texts`` columns of a row are words, the others numbers."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int = 1
    note: str = ""


def overview(experiments: Sequence[Experiment]) -> Table:
    """A row an experiment, with the figure that stands for it beside the source report's; what was not run, too."""
    assert experiments
    title = experiments[0].runs[0].title
    source = source_rows(experiments[0].dataset)
    rows = [_overview_row(experiment) for experiment in experiments]
    comparable = {(experiment.kind, net) for experiment in experiments if experiment.is_whole and _is_pixels(experiment)
                  for net in ("", net_of(experiment))}  # fmt: skip
    rows += [_missing_row(row.kind, row.net, title, row.told) for row in source
             if (row.kind, row.net) not in comparable]  # fmt: skip
    known = {experiment.kind for experiment in experiments} | {row.kind for row in source}
    rows += [_missing_row(kind, "", title, NO_FIGURE) for kind in KINDS
             if kind not in known and kind not in BASELINES]  # fmt: skip
    rows.sort(key=lambda row: _kind_order(row[0]))  # what was run comes before what was not, as it stood
    return Table("All experiments", _OVERVIEW_HEADS, tuple(rows), 5, OVERVIEW_NOTE)


def experiment_table(experiment: Experiment) -> Table:
    """A row a figure of an experiment: its spread, that of real images where it is known, what each seed gave."""
    figures = experiment.figures()
    real = {name.removeprefix(_REAL): spread(values).mean for name, values in figures.items()
            if name.startswith(_REAL) and name.removeprefix(_REAL) in figures}  # fmt: skip
    heads = ("figure", "mean", "sd", "min", "max", *(["real images"] if real else []))
    rows = []
    for name, values in figures.items():
        if name.removeprefix(_REAL) in real and name.startswith(_REAL):
            continue
        beside = [shown(name, real.get(name, math.nan))] if real else []
        cells = [*_spread_cells(name, spread(values)), *beside]
        rows.append((shown_name(name), *cells, *(shown(name, value) for value in values)))
    seconds = [run.seconds for run in experiment.runs]
    cells = [f"{value:.1f}" if math.isfinite(value) else UNKNOWN for value in spread(seconds)[:4]]
    cells += [UNKNOWN] if real else []
    rows.append(("seconds", *cells, *(f"{value:.1f}" for value in seconds)))
    seeds = [f"seed {run.seed}" for run in experiment.runs]
    return Table(f"{experiment.heading}, {experiment.runs[0].title}", (*heads, *seeds), tuple(rows))


def kind_table(experiments: Sequence[Experiment]) -> Table | None:
    """All figures of several experiments of a kind side by side, means over seeds; None of fewer than two."""
    if len(experiments) < 2:
        return None
    figures = [experiment.figures() for experiment in experiments]
    names = [name for name in dict.fromkeys(name for one in figures for name in one) if not name.startswith(_REAL)]
    columns = [("experiment", *(experiment.heading for experiment in experiments)),
               ("images", *(experiment.runs[0].title for experiment in experiments))]  # fmt: skip
    columns += [(shown_name(name), *(_mean_and_sd(name, one.get(name)) for one in figures)) for name in names]
    title = f"{experiments[0].kind}: figures side by side"
    note = "Means over seeds, ± standard deviation where there are several seeds."
    if len(names) > _MOST_COLUMNS:  # a row a figure
        return Table(title, columns[0], tuple(columns[1:]), 1, note)
    heads, *rows = zip(*columns, strict=True)
    return Table(title, heads, tuple(rows), 2, note)


def markdown(table: Table) -> str:
    """The table as Markdown: its title as a heading, its rows, its note."""
    lines = [_line(table.heads), _line(["---"] * table.texts + ["--:"] * (len(table.heads) - table.texts))]
    lines += [_line(row) for row in table.rows]
    note = f"\n{table.note}\n" if table.note else ""
    return f"## {table.title}\n{note}\n" + "\n".join(lines) + "\n"


def settings_text(experiment: Experiment) -> str:
    """All settings of an experiment in a line."""
    return ", ".join(f"{name} {_plain(value)}" for name, value in sorted(experiment.runs[0].settings.items()))


def shown_name(name: str) -> str:
    """A figure's name as it is read, with its unit."""
    return name.replace("_", " ") + (", %" if _is_percent(name) else "")


def shown(name: str, value: float) -> str:
    """A figure as text, in percent if its name is one of a share."""
    if not math.isfinite(value):
        return UNKNOWN if math.isnan(value) else str(value)
    if _is_percent(name):
        return f"{100 * value:.2f}"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def headline(experiment: Experiment) -> str:
    """The name of the figure that stands for an experiment in the overview; empty if it has none."""
    names = sorted(experiment.figures(), key=lambda name: name.count(" "))  # what lies deeper is of some part
    for word in _HEADLINES.get(experiment.kind, ()):
        having = [name for name in names if word == name or word in re.split(r"[ _]", name.lower())]
        if having:
            return word if word in having else having[0]
    return names[0] if names else ""


def net_of(experiment: Experiment) -> str:
    """The choice --net of an experiment."""
    return str(experiment.runs[0].settings.get("net", ""))


def _overview_row(experiment: Experiment) -> tuple[str, ...]:
    run, name = experiment.runs[0], headline(experiment)
    values = experiment.figures()[name] if name else []
    cells = _spread_cells(name, spread(values)) if name else [UNKNOWN] * 4
    keys = [*run.choices, *(key for key in _MAIN_SETTINGS if key in run.options)]
    settings = [f"{key.replace('_', ' ')} {_plain(run.settings[key])}" for key in keys]
    seeds = " ".join(str(run.seed) for run in experiment.runs)
    figure = shown_name(name) or UNKNOWN
    if real := experiment.figures().get(f"{_REAL}{name}"):
        figure += f" (real images: {shown(name, spread(real).mean)})"
    seconds = spread([run.seconds for run in experiment.runs]).mean
    judged = f"{run.n_test} {'validation' if run.options.get('judged_on') == 'validation' else 'test'}"
    learned = run.n_train
    if experiment.kind in CLUSTERINGS:
        learned, judged = run.n_train + run.n_test, "the same"
    return (
        experiment.heading, run.title, ", ".join(settings) or UNKNOWN, figure, told_where_comparable(experiment),
        *cells, seeds, str(learned), judged, f"{seconds:.0f}", run.machine,
    )  # fmt: skip


def told_where_comparable(experiment: Experiment) -> str:
    """What the source report tells, where that may be compared."""
    told = NO_FIGURE
    if _is_pixels(experiment):
        told = told_of(experiment.kind, experiment.dataset, net_of(experiment))
    if told == NO_FIGURE or experiment.is_whole:
        return told
    validation = experiment.runs[0].options.get("judged_on") == "validation"
    return f"{told} (not comparable: {'validation' if validation else 'a part of the'} images)"


def _missing_row(kind: str, net: str, title: str, told: str) -> tuple[str, ...]:
    name = f"{kind}, {net}" if net else kind
    return (name, title, UNKNOWN, UNKNOWN, told, NOT_RUN, *[UNKNOWN] * (len(_OVERVIEW_HEADS) - 6))


def _is_pixels(experiment: Experiment) -> bool:
    """The source report has no figures of other input."""
    return str(experiment.runs[0].settings.get("input", "pixels")) == "pixels"


def _kind_order(name: str) -> int:
    kind = re.split(r"[_, ]", name)[0]
    return KINDS.index(kind) if kind in KINDS else len(KINDS)


def _spread_cells(name: str, found: Spread) -> list[str]:
    return [shown(name, value) for value in found[:4]]


def _mean_and_sd(name: str, values: Sequence[float] | None) -> str:
    if values is None:
        return UNKNOWN
    found = spread(values)
    mean = shown(name, found.mean)
    return f"{mean} ± {shown(name, found.sd)}" if math.isfinite(found.sd) else mean


def _is_percent(name: str) -> bool:
    return re.split(r"[ _]", name.lower())[-1] in _PERCENT


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
