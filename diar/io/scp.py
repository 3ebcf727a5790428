"""Kaldi's text tables: ``<key> <value>``, a line a key, sorted in the C locale."""

from __future__ import annotations

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


def write_table(path: Path, table: Mapping[str, object]) -> None:
    """Write ``table`` sorted by key as bytes sort (the C locale), as Kaldi's tools demand."""
    keys = sorted(table, key=lambda key: key.encode())
    write_text(path, "".join(f"{key} {table[key]}\n" for key in keys))
