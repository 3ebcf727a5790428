"""Kaldi's text tables: ``<key> <value>``, a line a key, sorted in the C locale."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from diar.errors import DataError
from diar.io.files import numbered_lines, write_text


def read_table(path: Path) -> dict[str, str]:
    """The table as a dictionary in the file's order.

    Raises:
        DataError: the file is missing or empty, a line lacks its value, or a key is listed twice.
    """
    table: dict[str, str] = {}
    for place, line in numbered_lines(path):
        key, value = (*line.strip().split(maxsplit=1), "")[:2]
        if not value:
            raise DataError(place, f"found '{line.strip()}'", "wanted two fields: '<key> <value>'")
        if key in table:
            raise DataError(place, f"'{key}' is listed twice", advice="remove one of the lines")
        table[key] = value
    if not table:
        raise DataError(path, "is empty", "wanted a line a recording")
    return table


def read_positive_numbers(path: Path, unit: str) -> dict[str, float]:
    """A table whose values are numbers, as reco2dur.

    Raises:
        DataError: a value is not a number above 0.
    """
    return {key: positive_number(f"{path}: '{key}'", value, unit) for key, value in read_table(path).items()}


def positive_number(place: Path | str, text: str, unit: str) -> float:
    """The number that ``text`` is; ``place`` is told when it is none above 0."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise DataError(place, f"found '{text}'", f"wanted {unit}, above 0")
    return number


def table_text(table: Mapping[str, object]) -> str:
    """``table`` sorted by key as bytes sort (the C locale), as Kaldi's tools demand."""
    return "".join(f"{key} {table[key]}\n" for key in sorted(table, key=str.encode))


def write_table(path: Path, table: Mapping[str, object]) -> None:
    """Write ``table_text``."""
    write_text(path, table_text(table))
