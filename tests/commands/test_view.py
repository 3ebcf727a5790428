"""diar view: pages of RTTM files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from report_content import HYPOTHESIS, REFERENCE, tone

from diar.commands.view import main
from diar.errors import DataError
from diar.io.rttm import write_rttm


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """hyp.rttm and ref.rttm of r1, both.rttm of r1 and r2, uem, r1.wav."""
    write_rttm(tmp_path / "hyp.rttm", {"r1": HYPOTHESIS})
    write_rttm(tmp_path / "ref.rttm", {"r1": REFERENCE})
    write_rttm(tmp_path / "both.rttm", {"r1": HYPOTHESIS, "r2": HYPOTHESIS[:2]})
    (tmp_path / "all.uem").write_text("r1 1 0 20\n")
    (tmp_path / "r1.wav").write_bytes(tone(24).content)
    return tmp_path


def data(page: Path) -> dict:
    return json.loads(re.search('id="data">(.+?)</script>', page.read_text(encoding="utf-8")).group(1))


def view(folder: Path, *words: str) -> None:
    main([str(folder / word) if re.fullmatch(r"[\w.]+\.\w+|out|wav", word) else word for word in words])


def test_one_recording_gives_a_page_beside_its_file(folder: Path, capsys: pytest.CaptureFixture) -> None:
    view(folder, "hyp.rttm")
    assert capsys.readouterr().out == f"{folder / 'hyp.html'}\n"
    shown = data(folder / "hyp.html")
    assert (shown["recording"], shown["duration"]) == ("r1", 20)
    assert [group["kind"] for group in shown["groups"]] == ["turns", "speech", "notes"]


def test_with_reference_regions_and_audio_it_is_scored_and_played(folder: Path) -> None:
    words = ("--collar=0", "--ref", "ref.rttm", "--uem", "all.uem", "--audio", "r1.wav", "-o", "page.html", "hyp.rttm")
    view(folder, *words)
    shown, text = data(folder / "page.html"), (folder / "page.html").read_text()
    errors = {row["name"]: [span[:2] for span in row["spans"]] for row in shown["groups"][2]["rows"]}
    assert errors == {"missed": [[14, 16]], "false alarm": [[8, 9]], "confusion": [[6, 8]]}
    assert shown["duration"] == 24 and shown["notScored"] == [[20, 24]]
    assert "collar=0 overlap=skipped uem=all.uem" in text and "27.78 %" in text and "data:audio/wav;base64," in text
    view(folder, "--embed", "0", *words)
    assert 'src="./r1.wav"' in (folder / "page.html").read_text()


def test_several_recordings_give_a_folder_with_an_index(folder: Path, capsys: pytest.CaptureFixture) -> None:
    view(folder, "--ref", "ref.rttm", "both.rttm")
    assert capsys.readouterr().out == f"{folder / 'both' / 'index.html'}\n"
    assert sorted(path.name for path in (folder / "both").iterdir()) == ["index.html", "r1.html", "r2.html"]
    index = (folder / "both" / "index.html").read_text()
    assert 'href="./r1.html"' in index and "in the hypothesis but not in the reference, ignored: r2" in index
    assert 'href="./index.html"' in (folder / "both" / "r2.html").read_text()
    assert "Errors" not in {group["title"] for group in data(folder / "both" / "r2.html")["groups"]}


def test_audio_of_a_folder_is_found_by_name(folder: Path, capsys: pytest.CaptureFixture) -> None:
    (folder / "wav").mkdir()
    (folder / "r1.wav").rename(folder / "wav" / "r1.wav")
    view(folder, "--audio", "wav", "-o", "out", "both.rttm")
    assert "<audio" in (folder / "out" / "r1.html").read_text()
    assert "<audio" not in (folder / "out" / "r2.html").read_text()
    assert "r2: no audio of this name" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("none.rttm",), "none.rttm: no such file"),
        (("all.uem",), "all.uem:1: found 4 fields"),
        (("--audio", "r1.wav", "both.rttm"), "r1.wav: no folder, for 2 recordings"),
        (("--audio", "ref.rttm", "hyp.rttm"), "ref.rttm"),
        (("--collar", "-1", "hyp.rttm"), "--collar"),
        (("--reference", "ref.rttm", "hyp.rttm"), "--reference: unknown option"),
    ],
)
def test_bad_input_is_told_in_one_line_and_leaves_nothing(words: tuple[str, ...], found: str, folder: Path) -> None:
    before = sorted(folder.iterdir())
    with pytest.raises(DataError, match=re.escape(found)) as told:
        view(folder, *words)
    assert "\n" not in str(told.value) and sorted(folder.iterdir()) == before


def test_a_file_without_turns_is_refused(folder: Path) -> None:
    (folder / "empty.rttm").write_text("; nothing\n")
    with pytest.raises(DataError, match="no SPEAKER line"):
        view(folder, "empty.rttm")


def test_pages_are_the_same_bytes_each_time(folder: Path) -> None:
    pages = []
    for _ in range(2):
        view(folder, "--ref", "ref.rttm", "-o", "page.html", "hyp.rttm")
        pages.append((folder / "page.html").read_bytes())
    assert pages[0] == pages[1]


def test_help_names_the_command(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert capsys.readouterr().out.startswith("usage: diar view [-h]")
