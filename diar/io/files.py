"""Files that appear whole or not at all, and lines that know where they stand."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from diar.errors import DataError

TEMPORARY_SUFFIX = ".tmp"


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary name beside ``path``; what is written there becomes ``path`` when the block ends well."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    try:
        temporary.unlink(missing_ok=True)  # of a killed process with our number
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        # a full disk, say, does not tell where; of the temporary name nobody knows
        if error.errno is not None and error.filename in (None, str(temporary), temporary):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        DataError: the file is missing, a folder, or not UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")  # some editors begin a file with a mark
    except FileNotFoundError:
        raise DataError(path, "no such file") from None
    except IsADirectoryError:
        raise DataError(path, "is a folder", "wanted a text file") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(path, f"not UTF-8 text (line {line}, byte {error.start})", "wanted UTF-8") from None


def read_bytes(path: Path) -> bytes:
    """The bytes of a file."""
    return path.read_bytes()


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Any) -> None:
    """Write ``content`` as JSON with sorted keys, so that the same content gives the same bytes."""
    write_text(path, json.dumps(content, indent=1, sort_keys=True) + "\n")


def read_json(path: Path, wanted: str = "wanted a JSON file") -> Any:
    """The content of a JSON file; ``wanted`` is told where it is none.

    Raises:
        DataError: the file is not JSON.
    """
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise DataError(path, f"not JSON ({error})", wanted) from None


def refuse_overwriting(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Refuse outputs that are an input, or each other.

    Raises:
        DataError: one is.
    """
    inputs, seen = [path for path in inputs if path.exists()], set()
    for output in outputs:
        if output.exists() and any(output.samefile(path) for path in inputs):
            raise DataError(output, "is what is read", "wanted another output")
        if (real := output.resolve()) in seen:
            raise DataError(output, "would be written twice", "wanted another output")
        seen.add(real)


def is_file_name(where: str, suffixes: Iterable[str]) -> bool:
    """Whether an output called ``where`` is a file, not a folder.

    A slash at the end is a folder's; what is there stays what it is; else files have one of ``suffixes``, and nothing
    else is one, so that a folder may be called ``turns.v2``.
    """
    path = Path(where)
    if where.endswith("/"):
        return False
    if path.exists():
        return not path.is_dir()
    return path.suffix.lower() in {suffix.lower() for suffix in suffixes if suffix}


def standard_output() -> TextIO:
    """Where results go that are printed.

    Raises:
        DataError: it is closed, so that they would be lost.
    """
    if sys.stdout is None:
        raise DataError("standard output", "is closed", "wanted it open, or a file to write")
    return sys.stdout


def nowhere(descriptor: int) -> TextIO:
    """Make what is written to the open file of this number vanish, from now on; the stream to write there."""
    null = os.open(os.devnull, os.O_WRONLY)
    if null != descriptor:
        os.dup2(null, descriptor)
        os.close(null)
    return open(descriptor, "w", encoding="utf-8", closefd=False)


def files_below(folder: Path) -> Iterator[Path]:
    """All files in ``folder`` and the folders below, sorted folder by folder; links are followed."""
    seen: set[Path] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = Path(place).resolve()
        if real in seen:  # a link to a folder above would never end
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        yield from (Path(place) / name for name in sorted(names) if (Path(place) / name).is_file())


def numbered_lines(path: Path) -> Iterator[tuple[str, str]]:
    """The lines of a text file that are not blank, each with its place ``file:line``.

    Raises:
        DataError: the file is missing, a folder, or not UTF-8 text.
    """
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if line.strip():
            yield f"{path}:{number}", line.rstrip("\r")


def content_lines(path: Path) -> Iterator[tuple[str, str]]:
    """``numbered_lines`` of a NIST file without its comments, which begin with ``;`` or ``#``."""
    for place, line in numbered_lines(path):
        if not line.lstrip().startswith((";", "#")):
            yield place, line
