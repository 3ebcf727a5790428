"""The folders of experiments on images: <noun>_<...>/seed<k> with result.json and pictures."""

from __future__ import annotations

import re
from pathlib import Path

from diar.errors import DataError
from diar.images.experiments import Run, natural, order_of, to_run
from diar.io.files import read_bytes, read_json
from diar.io.images.picture import Picture, to_picture

RESULT = "result.json"  # written last: the mark of a run that is complete
_SUFFIXES = (".png", ".gif")


def read_runs(exp: Path) -> tuple[list[Run], list[str]]:
    """The runs that are complete below ``exp``, and the folders ``<name>/seed<k>`` of those that are not.

    Raises:
        DataError: there is no run that is complete, or a result is none.
    """
    advice = "run a stage of 1 to 6 first"
    if not exp.is_dir():
        raise DataError(exp, "found no folder", "wanted that of a data set's experiments", advice)
    folders = [folder for folder in exp.glob("*/seed*") if re.fullmatch(r"seed\d+", folder.name) and folder.is_dir()]
    folders.sort(key=lambda folder: (*order_of(folder.parent.name), natural(folder.name)))
    runs, unfinished = [], []
    for folder in folders:
        path = folder / RESULT
        if path.exists():
            runs.append(to_run(read_json(path), folder.parent.name, folder.name, path))
        else:
            unfinished.append(f"{folder.parent.name}/{folder.name}")
    if not runs:
        found = f"no {RESULT} in {', '.join(unfinished)}" if unfinished else f"no <name>/seed<k>/{RESULT}"
        raise DataError(exp, f"found {found}", "wanted a run that is complete", advice)
    return runs, unfinished


def read_pictures(exp: Path, run: Run) -> list[Picture]:
    """The PNG and GIF files beside the result of ``run``.

    Raises:
        DataError: one of them is no picture.
    """
    return _pictures(exp / run.name / run.folder)


def read_shared_pictures(exp: Path) -> dict[str, list[Picture]]:
    """The PNG and GIF files beside the folders of seeds, which are of several runs, by the name of their folder.

    Raises:
        DataError: one of them is no picture.
    """
    folders = sorted((folder for folder in exp.iterdir() if folder.is_dir()), key=lambda folder: order_of(folder.name))
    found = {folder.name: _pictures(folder) for folder in folders}
    return {name: pictures for name, pictures in found.items() if pictures}


def _pictures(folder: Path) -> list[Picture]:
    paths = [path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES and not path.name.startswith(".")]
    return [to_picture(path.stem, read_bytes(path), path) for path in sorted(paths)]
