"""The pages of a set in a folder: one a recording, and index.html."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from diar.io.files import write_text
from diar.report.content import Provenance, RecordingContent, SetContent, set_row
from diar.report.page import recording_page, set_page

INDEX = "index.html"


def write_pages(
    folder: Path,
    name: str,
    contents: Sequence[RecordingContent],
    condition: str = "",
    remarks: Sequence[str] = (),
    index: str = INDEX,
) -> Path:
    """Write a page a recording and that of the set, called ``name``; the path of the latter.

    A recording's page is named after it, but for a character that no file has in its name, and for the index itself.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for content in contents:
        href = f"{content.recording.replace('/', '_')}.html"
        href = f"_{href}" if href == index else href
        write_text(folder / href, recording_page(replace(content, set_href=index)))
        rows.append(set_row(content, f"./{quote(href)}"))
    provenance = contents[0].provenance if contents else Provenance()
    page = SetContent(name=name, rows=tuple(rows), condition=condition, remarks=tuple(remarks), provenance=provenance)
    write_text(folder / index, set_page(page))
    return folder / index
