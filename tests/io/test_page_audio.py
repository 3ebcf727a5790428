"""Audio of pages: embedded, linked, or of a kind that browsers do not play."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from report_content import tone

from diar.errors import DataError
from diar.io.page_audio import PageOptions, page_audio


def test_a_short_file_is_embedded_and_a_long_one_linked(tmp_path: Path) -> None:
    (tmp_path / "wav").mkdir()
    path = tmp_path / "wav" / "a b.wav"
    path.write_bytes(tone(1).content)
    pages = tmp_path / "exp" / "report"
    size = len(tone(1).content) / 1e6
    embedded = page_audio(path, pages, PageOptions(embed=size))
    assert (embedded.mime, embedded.content) == ("audio/wav", path.read_bytes())
    linked = page_audio(path, pages, PageOptions(embed=size - 1e-6))
    assert (linked.content, linked.href) == (b"", "../../wav/a b.wav")


@pytest.mark.parametrize(("form", "mime"), [("FLAC", "flac"), ("OGG", "ogg"), ("MP3", "mpeg"), ("WAV", "wav")])
def test_the_kind_is_told_by_the_content_and_not_by_the_name(form: str, mime: str, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.dat", np.sin(np.arange(16000) / 9), 16000, format=form)
    assert page_audio(tmp_path / "x.dat", tmp_path, PageOptions()).mime == f"audio/{mime}"


def test_what_is_no_audio_for_browsers_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"NIST_1A\n   1024\n")
    (tmp_path / "empty.wav").write_bytes(b"")
    refused = {"a.wav": "browsers do not play", "empty.wav": "browsers", "b.wav": "no such file", "": "is a folder"}
    for name, found in refused.items():
        with pytest.raises(DataError, match=found):
            page_audio(tmp_path / name, tmp_path, PageOptions())
