"""The folder of a set's pages: names of files and the links between them."""

from __future__ import annotations

import gc
import re
import sys
import weakref
from pathlib import Path
from urllib.parse import unquote

import pytest
from report_content import small, tone

from diar.errors import DataError
from diar.io.pages import PageFolder, file_stem, write_page, write_pages
from diar.report.content import Provenance


@pytest.mark.parametrize("name", ["r1", "index", "a b#1?", "a/b", "100%", "ü:x", "<i>\"'&"])
def test_the_index_leads_to_each_page_and_back_whatever_recordings_are_called(name: str, tmp_path: Path) -> None:
    index = write_pages(tmp_path / "out", "set", [small(recording=name), small(recording="other")])
    assert index == tmp_path / "out" / "index.html"
    found = re.findall('<a href="(.+?)">', index.read_text(encoding="utf-8"))
    assert len(found) == 2
    for href in found:
        assert not re.search(r"[\s#?<>\"']", href)
        page = (tmp_path / "out" / unquote(href)).read_text(encoding="utf-8")
        assert 'class="up" href="./index.html"' in page and "<h1>set</h1>" not in page
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_a_set_without_recordings_has_its_page(tmp_path: Path) -> None:
    assert "<h1>empty</h1>" in write_pages(tmp_path, "empty", []).read_text(encoding="utf-8")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("recording", "stem"),
    [("r1", "r1"), ("a/b", "a_b"), ("../up", "_._up"), (".hidden", "_hidden"), ("a\nb", "a_b"), ("", "_"),
     ("ü" * 300, "ü" * 100)],
)  # fmt: skip
def test_files_have_names_that_a_folder_can_hold(recording: str, stem: str) -> None:
    assert file_stem(recording) == stem


def test_figures_are_called_as_the_page(tmp_path: Path) -> None:
    write_pages(tmp_path / "out", "set", [small(recording="a/b"), small(recording="c", curves=())], figures=True)
    assert names(tmp_path / "out") == ["a_b.html", "a_b.merges.png", "a_b.timeline.png", "c.html", "c.timeline.png",
                                       "index.html"]  # fmt: skip
    write_page(tmp_path / "single.html", small(recording="a/b"), figures=True)
    assert names(tmp_path) == ["a_b.merges.png", "a_b.timeline.png", "out", "single.html"]


def test_recordings_whose_files_would_be_one_have_each_their_own(tmp_path: Path) -> None:
    index = write_pages(tmp_path, "set", [small(recording=name) for name in ("a/b", "a_b", "A_B", "INDEX")])
    pages = re.findall('<a href="./(.+?)">(.+?)</a>', index.read_text(encoding="utf-8"))
    assert len({page.lower() for page, _ in pages}) == 4 and len(names(tmp_path)) == 5
    assert all(f"<h1>{name}</h1>" in (tmp_path / page).read_text(encoding="utf-8") for page, name in pages)


def test_figures_alone_have_each_their_own_name_too(tmp_path: Path) -> None:
    pages = PageFolder(tmp_path, pages=False, figures=True, index="")
    for name in ("a", "A", "index"):
        pages.add(small(recording=name, curves=()))
    assert names(tmp_path) == ["_A.timeline.png", "_index.timeline.png", "a.timeline.png"] and pages.n_pages == 0


def test_another_s_index_is_not_overwritten_and_one_of_ours_is(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<h1>my site</h1>")
    with pytest.raises(DataError, match=r"index\.html: is there and is not a page of diar; wanted another folder"):
        write_pages(tmp_path, "set", [small()])
    assert names(tmp_path) == ["index.html"] and "my site" in (tmp_path / "index.html").read_text()
    (tmp_path / "index.html").unlink()
    write_pages(tmp_path, "old", [small()])
    assert "<h1>new</h1>" in write_pages(tmp_path, "new", [small()]).read_text(encoding="utf-8")


def test_pages_that_were_not_written_now_are_removed_if_that_is_asked_for(tmp_path: Path) -> None:
    write_pages(tmp_path, "set", [small(recording="gone"), small(recording="kept")], figures=True)
    for name in ("notes.txt", "notes.html", "paper.timeline.png", ".x.html.12.tmp"):
        (tmp_path / name).write_text("")
    (tmp_path / "sub.html").mkdir()
    write_pages(tmp_path, "set", [small(recording="kept")])
    assert "gone.html" in names(tmp_path)
    pages = PageFolder(tmp_path)
    pages.add(small(recording="kept"))
    pages.finish("set")
    pages.remove_others()
    assert names(tmp_path) == [
        "index.html", "kept.html", "notes.html", "notes.txt", "paper.timeline.png", "sub.html",
    ]  # fmt: skip


def test_of_a_page_that_is_written_only_its_line_is_kept(tmp_path: Path) -> None:
    pages, sound = PageFolder(tmp_path), tone(1)
    content = small(audio=sound, provenance=Provenance(versions={"diar": "1"}, timings={"vad": 1.0}))
    watched = [weakref.ref(content), weakref.ref(sound)]
    pages.add(content)
    del content, sound
    gc.collect()
    assert [ref() for ref in watched] == [None, None] and pages.n_pages == 1
    index = pages.finish("set").read_text(encoding="utf-8")
    assert "versions" in index and "<h3>time</h3>" not in index  # times are one recording's


def test_figures_want_matplotlib_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for make in (lambda: write_pages(tmp_path, "x", [small()], figures=True),
                 lambda: write_page(tmp_path / "x.html", small(), figures=True)):  # fmt: skip
        with pytest.raises(DataError, match="--figures: matplotlib is not installed; pip install matplotlib"):
            make()
    write_pages(tmp_path, "x", [small()])
    assert names(tmp_path) == ["index.html", "r1.html"]
