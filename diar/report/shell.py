"""What all pages are made of: a template with its parts, one style sheet, scripts; all of it in the file itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from diar.io.files import read_text
from diar.report.colours import page_colours

_PARTS = Path(__file__).with_name("web")
GENERATOR = '<meta name="generator" content="diar">'  # tells these pages from others


def filled(template: str, parts: Mapping[str, str]) -> str:
    """The template with its ``{{names}}`` replaced, in one go: what is put in is not looked at again."""
    known = {"generator": GENERATOR, **parts}
    return re.sub(r"\{\{(\w+)\}\}", lambda match: known[match.group(1)], read_text(_PARTS / template))


def style(*more: str) -> str:
    """The style sheet of all pages, and the sheets ``more`` by name."""
    colours = "".join(f"--{name}:light-dark({light},{dark});" for name, (light, dark) in page_colours().items())
    sheets = "".join(read_text(_PARTS / f"{name}.css") for name in ("page", *more))
    return f":root{{{colours}}}\n{sheets}"


def script(*names: str) -> str:
    """The scripts ``names``, one after the other."""
    return "".join(read_text(_PARTS / f"{name}.js") for name in names)
