"""The folder of a set's pages: names of files and the links between them."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from report_content import small

from diar.io.pages import write_pages


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
