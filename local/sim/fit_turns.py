#!/usr/bin/env python3
"""Fit the model of turn-taking that --turns draws from to reference turns, and say how well it does.

The table printed compares the references with conversations drawn from the model, each as long and of as many speakers
as one of them: local/sim/fit_turns.py --source "AMI ..." my_rttms local/sim/ami_turns.json
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from dialogue import hold_dialogue
from numpy.typing import NDArray
from turn_model import TurnModel, as_table, fit_turn_model, read_references
from turn_statistics import Figures, figures

from diar import cli
from diar.io.files import write_text
from diar.options import Options, option
from diar.segments import Turn

RATE = 1000  # of the speech that is not heard, Hz
STOPS_EARLY = 0.24  # seconds at most


@dataclass(frozen=True)
class FitOptions(Options):
    """The file that is written."""

    source: str = option("", "where the references come from, and their licence (the path without one)")
    repeats: int = option(10, "conversations drawn for each reference, for the table", low=1, high=1000)


class Mute:
    """A talker who is silent, and stops as early as readers do."""

    level = 0.0

    def __init__(self, name: str, rng: np.random.Generator) -> None:
        self.name, self._rng = name, rng

    def say(self, n_samples: int) -> NDArray[np.float32]:
        early = self._rng.uniform(0.0, min(STOPS_EARLY, 0.4 * n_samples / RATE))
        return np.zeros(n_samples - round(early * RATE), dtype=np.float32)


def compare(references: Mapping[str, Sequence[Turn]], model: TurnModel, repeats: int) -> tuple[list[Figures], ...]:
    """The figures of the references, and of ``repeats`` conversations drawn for each of them."""
    measured, drawn = [], []
    for number, recording in enumerate(sorted(references)):
        turns = references[recording]
        names = sorted({turn.speaker for turn in turns})
        duration = max(turn.end for turn in turns) - min(turn.start for turn in turns) + 1.0
        if len(names) < 2:
            continue
        measured.append(figures(turns))
        for repeat in range(repeats):
            rng = np.random.default_rng([number, repeat])
            talkers = [Mute(name, own) for name, own in zip(names, rng.spawn(len(names)), strict=True)]
            drawn.append(figures(hold_dialogue(talkers, model, duration, RATE, rng)[0]))
    return measured, drawn


def table(measured: Sequence[Figures], drawn: Sequence[Figures]) -> str:
    """Mean and 10 % and 90 % quantiles of each figure over the recordings, and over the conversations drawn."""
    lines = [f"{'':<16}{'references':>24}{'drawn':>24}"]
    for figure in fields(Figures):
        cells = []
        for some in (measured, drawn):
            values = [getattr(one, figure.name) for one in some]
            low, high = np.quantile(values, [0.1, 0.9])
            cells.append(f"{np.mean(values):.3f} ({low:.3f} to {high:.3f})")
        lines.append(f"{figure.name.replace('_', ' '):<16}" + "".join(f"{cell:>26}" for cell in cells))
    return "\n".join(lines)


def as_json(model: TurnModel) -> str:
    """The model as text, a distribution or a meeting a line."""
    lines = []
    for name, value in as_table(model).items():
        if isinstance(value, dict):
            rows = [f"{json.dumps(key)}: {json.dumps(row)}" for key, row in value.items()]
            text = "{\n  " + ",\n  ".join(rows) + "\n }"
        elif isinstance(value, list):
            text = "[\n  " + ",\n  ".join(json.dumps(row) for row in value) + "\n ]"
        else:
            text = json.dumps(value)
        lines.append(f" {json.dumps(name)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> None:
    parser = cli.Parser(__doc__, [FitOptions])
    parser.add_argument("rttm", metavar="<rttm>", help="RTTM file, or folder of *.rttm")
    parser.add_argument("model", metavar="<model>", help="JSON file to write")
    arguments = parser.parse_words(cli.command_words())
    options = parser.options(arguments, FitOptions)
    references = read_references(Path(arguments.rttm))
    model = fit_turn_model(references, options.source or arguments.rttm)
    write_text(Path(arguments.model), as_json(model))
    print(table(*compare(references, model, options.repeats)))


if __name__ == "__main__":
    cli.run(main)
