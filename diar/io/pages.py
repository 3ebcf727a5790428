"""The pages of a set in a folder: one a recording, and index.html."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from diar.errors import DataError
from diar.io.figure import check_figures, write_png
from diar.io.files import TEMPORARY_SUFFIX, is_file_name, write_text
from diar.report.content import Provenance, RecordingContent, SetContent, SetRow, set_row
from diar.report.merge_curve import merge_curve_figure
from diar.report.page import recording_page, set_page
from diar.report.shell import GENERATOR
from diar.report.timeline_figure import timeline_figure

INDEX = "index.html"
TIMELINE_SUFFIX, MERGES_SUFFIX = ".timeline.png", ".merges.png"
_LONGEST_STEM = 200  # bytes; names of files may have 255, with suffixes
_SUFFIXES = (".html", TIMELINE_SUFFIX, MERGES_SUFFIX)


def file_stem(recording: str) -> str:
    """What the files of ``recording`` are called: its name, but for what no file has in its name, or that hides it."""
    name = re.sub(r"[/\x00-\x1f]", "_", recording)
    name = re.sub(r"^\.", "_", name).encode()[:_LONGEST_STEM].decode(errors="ignore")
    return name or "_"


class PageFolder:
    """The pages of a set, each written as it comes; of all of them only the lines of index.html are kept.

    No recording's page is called index.html, which may be another's, or may come.
    """

    def __init__(self, folder: Path, *, pages: bool = True, figures: bool = False, index: str = INDEX) -> None:
        """``pages`` are written, ``figures`` (PNG), or both; without an ``index`` pages lead to none.

        Raises:
            DataError: figures cannot be made, or there is an ``index`` that is no page of these.
        """
        if figures:
            check_figures()
        if index:
            _refuse_other(folder / index)
        self._folder, self._figures, self._index = folder, figures, index
        self.has_pages = pages
        self._stems = {Path(INDEX).stem}
        self._rows: list[SetRow] = []
        self._provenance = Provenance()
        self._written: set[str] = set()

    def add(self, content: RecordingContent, name: str = "") -> None:
        """Write the page of a recording, called ``name`` or as the recording, and its figures.

        Raises:
            DataError: there is a file of that name that is no page of diar.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        stem = self._stem(content.recording)
        page = self._folder / (name or f"{stem}.html")
        if self.has_pages:
            _refuse_other(page)
        if self._figures:
            self._written |= {path.name for path in _write_figures(self._folder, stem, content)}
        if not self.has_pages:
            return
        write_text(page, recording_page(replace(content, set_href=self._index)))
        self._written.add(page.name)
        self._provenance = self._provenance if self._rows else replace(content.provenance, timings={})
        self._rows.append(set_row(content, f"./{quote(page.name)}"))

    def finish(self, name: str, condition: str = "", remarks: Sequence[str] = ()) -> Path:
        """Write the page of the set, called ``name``; its path."""
        self._folder.mkdir(parents=True, exist_ok=True)
        rows, known = tuple(self._rows), self._provenance
        page = SetContent(name=name, rows=rows, condition=condition, remarks=tuple(remarks), provenance=known)
        write_text(self._folder / self._index, set_page(page))
        self._written.add(self._index)
        return self._folder / self._index

    def remove_others(self) -> None:
        """Remove what an earlier call left and this one did not write: of recordings that are gone, or figures."""
        stems = [page.name.removesuffix(".html") for page in self._folder.glob("*.html") if _is_ours(page)]
        for name in {f"{stem}{suffix}" for stem in stems for suffix in _SUFFIXES} - self._written:
            (self._folder / name).unlink(missing_ok=True)
        for path in self._folder.glob(f".*{TEMPORARY_SUFFIX}"):
            path.unlink(missing_ok=True)

    @property
    def n_pages(self) -> int:
        return len(self._rows)

    def _stem(self, recording: str) -> str:
        """A stem that no other recording has, and not the index, even where case does not tell names apart."""
        stem = file_stem(recording)
        while stem.lower() in self._stems:
            stem = f"_{stem}"
        self._stems.add(stem.lower())
        return stem


def place_of_pages(where: str, path: Path, n_recordings: int) -> Path:
    """The page of the one recording of the RTTM ``path``, or the folder of several pages.

    Raises:
        DataError: ``where`` is a file, for several.
    """
    if n_recordings > 1 and not where:
        return path.with_name(path.stem if path.suffix else f"{path.name}_pages")
    where = where or str(path.with_name(f"{path.stem}.html"))
    is_page = is_file_name(where, (".html",))
    if is_page and n_recordings > 1:
        raise DataError("--output", f"found '{where}' for {n_recordings} recordings", "wanted a folder for their pages")
    return Path(where) if is_page or n_recordings > 1 else Path(where) / f"{path.stem}.html"


def write_pages(
    folder: Path,
    name: str,
    contents: Iterable[RecordingContent],
    condition: str = "",
    remarks: Sequence[str] = (),
    figures: bool = False,
) -> Path:
    """Write a page a recording and that of the set, called ``name``; the path of the latter."""
    pages = PageFolder(folder, figures=figures)
    for content in contents:
        pages.add(content)
    return pages.finish(name, condition, remarks)


def write_page(path: Path, content: RecordingContent, figures: bool = False) -> Path:
    """Write the page of a single recording to ``path``, and PNG figures of it beside, if wanted; ``path``.

    Raises:
        DataError: figures cannot be made, or there is a file that is no page of diar.
    """
    PageFolder(path.parent, figures=figures, index="").add(content, path.name)
    return path


def _write_figures(folder: Path, stem: str, content: RecordingContent) -> list[Path]:
    """Write ``stem``.timeline.png and, where merges are known, ``stem``.merges.png; their paths."""
    figures = {TIMELINE_SUFFIX: timeline_figure(content, title=content.recording)}
    if content.curves:
        figures[MERGES_SUFFIX] = merge_curve_figure(content.curves, content.recording)
    paths = []
    for suffix, figure in figures.items():
        paths.append(folder / f"{stem}{suffix}")
        write_png(paths[-1], figure)
    return paths


def _refuse_other(path: Path) -> None:
    if path.exists() and not _is_ours(path):
        raise DataError(path, "is there and is not a page of diar", "wanted another folder: -o DIR")


def _is_ours(page: Path) -> bool:
    """Whether a page that is there is one of diar's: its mark stands in front of all content."""
    if page.is_dir():
        return False
    with page.open("rb") as stream:
        return GENERATOR.encode() in stream.read(4096)
