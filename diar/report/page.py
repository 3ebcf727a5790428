"""The report's pages: one HTML file a recording and one for the set, whole in themselves and without network."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from urllib.parse import quote

from diar.io.files import read_text
from diar.report.colours import page_colours
from diar.report.content import Audio, RecordingContent, SetContent
from diar.report.page_data import recording_data, script_json
from diar.report.sections import (
    merge_section,
    provenance_section,
    recording_header,
    score_section,
    set_header,
    set_table,
    speaker_section,
    vad_section,
)

_PARTS = Path(__file__).with_name("web")
_RECORDING_SCRIPTS = ("theme", "view", "timeline", "overview", "player", "turn_table", "merge_curve", "page")
_SET_SCRIPTS = ("theme", "set")
GENERATOR = '<meta name="generator" content="diar">'  # tells these pages from others


def recording_page(content: RecordingContent) -> str:
    """The page of one recording."""
    figures = score_section(content.score, content.condition) + vad_section(content.vad, content.duration)
    panels = [
        speaker_section(content),
        f'<div class="stack">{figures}</div>' if figures else "",
        merge_section(content.curves),
    ]
    link = f'<a class="up" href="{_href(content.set_href)}">all recordings</a>' if content.set_href else ""
    return _filled(
        "page.html",
        {
            "title": escape(content.recording),
            "style": _style(),
            "up": link,
            "header": recording_header(content),
            "audio": _audio(content.audio),
            "panels": "".join(panels),
            "without_turns": "" if content.hypothesis or content.reference else " hidden",
            "provenance": provenance_section(content.provenance),
            "data": script_json(recording_data(content)),
            "script": _script(_RECORDING_SCRIPTS),
        },
    )


def set_page(content: SetContent) -> str:
    """The page of a set: a table of its recordings, each with a link to its own page."""
    return _filled(
        "set.html",
        {
            "title": escape(content.name),
            "style": _style(),
            "header": set_header(content),
            "table": set_table(content),
            "provenance": provenance_section(content.provenance),
            "script": _script(_SET_SCRIPTS),
        },
    )


def _filled(template: str, parts: Mapping[str, str]) -> str:
    """The template with its ``{{names}}`` replaced, in one go: what is put in is not looked at again."""
    filled = {"generator": GENERATOR, **parts}
    return re.sub(r"\{\{(\w+)\}\}", lambda match: filled[match.group(1)], read_text(_PARTS / template))


def _style() -> str:
    colours = "".join(f"--{name}:light-dark({light},{dark});" for name, (light, dark) in page_colours().items())
    return f":root{{{colours}}}\n{read_text(_PARTS / 'page.css')}"


def _script(names: tuple[str, ...]) -> str:
    return "".join(read_text(_PARTS / f"{name}.js") for name in names)


def _audio(audio: Audio | None) -> str:
    if audio is None:
        return ""
    if audio.content:
        source = f"data:{audio.mime};base64,{base64.b64encode(audio.content).decode('ascii')}"
    else:
        source = _href(audio.href)
    preload = "auto" if audio.content else "metadata"  # long files are read where they are played
    return f'<audio id="audio" controls preload="{preload}" src="{escape(source)}"></audio>'


def _href(path: str) -> str:
    """A relative path as an address; a colon in its first part would make that a scheme."""
    return escape(quote(path if path.startswith((".", "/")) else f"./{path}"))
