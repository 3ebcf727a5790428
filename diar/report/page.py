"""The report's pages: one HTML file a recording and one for the set, whole in themselves and without network."""

from __future__ import annotations

import base64
from html import escape
from urllib.parse import quote

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
from diar.report.shell import filled, script, style

_RECORDING_SCRIPTS = ("theme", "view", "timeline", "overview", "player", "turn_table", "merge_curve", "page")
_SET_SCRIPTS = ("theme", "set")


def recording_page(content: RecordingContent) -> str:
    """The page of one recording."""
    figures = score_section(content.score, content.condition) + vad_section(content.vad, content.duration)
    panels = [
        speaker_section(content),
        f'<div class="stack">{figures}</div>' if figures else "",
        merge_section(content.curves),
    ]
    link = f'<a class="up" href="{_href(content.set_href)}">all recordings</a>' if content.set_href else ""
    return filled(
        "page.html",
        {
            "title": escape(content.recording),
            "style": style(),
            "up": link,
            "header": recording_header(content),
            "audio": _audio(content.audio),
            "panels": "".join(panels),
            "without_turns": "" if content.hypothesis or content.reference else " hidden",
            "provenance": provenance_section(content.provenance),
            "data": script_json(recording_data(content)),
            "script": script(*_RECORDING_SCRIPTS),
        },
    )


def set_page(content: SetContent) -> str:
    """The page of a set: a table of its recordings, each with a link to its own page."""
    return filled(
        "set.html",
        {
            "title": escape(content.name),
            "style": style(),
            "header": set_header(content),
            "table": set_table(content),
            "provenance": provenance_section(content.provenance),
            "script": script(*_SET_SCRIPTS),
        },
    )


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
