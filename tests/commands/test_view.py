"""diar view: pages of RTTM files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from report_content import HYPOTHESIS, REFERENCE, tone

from diar.cluster.agglomerate import History, Merge, Partition, history_to_json
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


@pytest.mark.parametrize("output", ["new/", "new", "new.v2", "there"])
def test_an_output_that_is_not_called_as_a_page_is_a_folder(folder: Path, output: str) -> None:
    (folder / "there").mkdir()
    for name, pages in (("hyp", ["hyp.html"]), ("both", ["index.html", "r1.html", "r2.html"])):
        main([str(folder / f"{name}.rttm"), "-o", f"{folder}/{output}"])
        assert {path.name for path in (folder / output).iterdir()} >= set(pages)


def test_another_s_page_is_not_overwritten(folder: Path) -> None:
    (folder / "hyp.rttm").rename(folder / "index.rttm")
    (folder / "index.html").write_text("my site")
    with pytest.raises(DataError, match="index.html: is there and is not a page of diar"):
        main([str(folder / "index.rttm")])
    assert (folder / "index.html").read_text() == "my site"


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
        (("--audio", "no.wav", "hyp.rttm"), "no.wav: no such file; wanted audio; correct its name, "),
        (("-o", "out.html", "both.rttm"), "out.html' for 2 recordings; wanted a folder for their pages"),
        (("--collar", "-1", "hyp.rttm"), "--collar"),
        (("--reference", "ref.rttm", "hyp.rttm"), "--reference: unknown option"),
    ],
)
def test_bad_input_is_told_in_one_line_and_leaves_nothing(words: tuple[str, ...], found: str, folder: Path) -> None:
    before = sorted(folder.iterdir())
    with pytest.raises(DataError, match=re.escape(found)) as told:
        view(folder, *words)
    assert "\n" not in str(told.value) and sorted(folder.iterdir()) == before


def test_a_recording_in_which_nobody_speaks_has_a_page(folder: Path) -> None:
    (folder / "r1.rttm").write_text("")
    view(folder, "r1.rttm")
    shown = data(folder / "r1.html")
    assert (shown["recording"], shown["duration"]) == ("r1", 0)
    text = (folder / "r1.html").read_text()
    assert "No speech was found." in text and 'id="turns" hidden' in text and "<caption>Hypothesis" not in text
    view(folder, "r1.rttm", "--audio", "r1.wav")
    assert data(folder / "r1.html")["duration"] == 24
    view(folder, "r1.rttm", "--ref", "ref.rttm", "--collar=0")
    assert "100.00 %" in (folder / "r1.html").read_text()


def test_only_recordings_of_the_hypothesis_are_shown(folder: Path, capsys: pytest.CaptureFixture) -> None:
    write_rttm(folder / "ref3.rttm", {name: REFERENCE for name in ("r1", "r2", "r3")})
    view(folder, "hyp.rttm", "--ref", "ref3.rttm", "--audio", "r1.wav", "--collar=0", "-o", "page.html")
    assert (folder / "page.html").is_file() and data(folder / "page.html")["recording"] == "r1"
    done = capsys.readouterr()
    assert done.out == f"{folder / 'page.html'}\n"
    assert done.err.endswith("ref3.rttm: not in the hypothesis, and so not shown: r2 r3\n")
    assert done.err.count("\n") == 1
    (folder / "R1.rttm").write_text("")
    view(folder, "R1.rttm", "--ref", "ref.rttm")
    assert "no recording in common with the reference: found R1; wanted r1; names differ" in capsys.readouterr().err
    assert not {"errors", "reference"} & {group["kind"] for group in data(folder / "R1.html")["groups"]}


def test_a_folder_of_rttm_files_is_shown(folder: Path, capsys: pytest.CaptureFixture) -> None:
    (folder / "turns").mkdir()
    for name in ("r1", "r2"):
        write_rttm(folder / "turns" / f"{name}.rttm", {name: HYPOTHESIS})
    main([str(folder / "turns"), "--ref", str(folder / "ref.rttm")])
    assert capsys.readouterr().out == f"{folder}/turns_pages/index.html\n"


def test_audio_that_is_too_short_is_told(folder: Path, capsys: pytest.CaptureFixture) -> None:
    (folder / "r1.wav").write_bytes(tone(12).content)
    view(folder, "hyp.rttm", "--audio", "r1.wav")
    err = capsys.readouterr().err
    assert err.endswith("warning: r1: turns last until 20.0 s, and its audio 12.0 s: is it another's?\n")
    assert err.count("\n") == 1


def test_a_reference_without_turns_is_refused(folder: Path) -> None:
    (folder / "empty.rttm").write_text("; nothing\n")
    with pytest.raises(DataError, match="no SPEAKER line"):
        view(folder, "hyp.rttm", "--ref", "empty.rttm")


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


def merges(n_clusters: int) -> dict:
    """Merges of ``n_clusters`` clusters of a second each, as 'diar --save-merges' leaves them."""
    partitions = [
        Partition(
            np.minimum(np.arange(n_clusters), number - 1).astype(np.int32), number,
            Merge(number - 2, number - 1, float(number)) if number > 1 else None,
        )
        for number in range(n_clusters, 0, -1)
    ]  # fmt: skip
    history = History(partitions, np.full(n_clusters, 100, dtype=np.int64))
    known = {"diar": {"audio": "/x.wav", "clusterer": "hmm_gmm", "words": "--channel=2"}}
    return known | history_to_json(history, np.ones(100 * n_clusters, dtype=np.bool_), "delta_bic")


def test_saved_merges_add_curves_cut_at_the_number_of_speakers_and_settings(
    folder: Path, capsys: pytest.CaptureFixture
) -> None:
    (folder / "r1.merges.json").write_text(json.dumps(merges(4)))
    view(folder, "--merges", "r1.merges.json", "-o", "page.html", "hyp.rttm")
    text = (folder / "page.html").read_text()
    curve = {"name": "delta-BIC", "points": [[4, 4], [3, 3], [2, 2]], "cut": 2}
    assert data(folder / "page.html")["curves"] == [curve] and "--channel=2" in text and "hmm_gmm" in text
    view(folder, "--merges", str(folder), "-o", "out", "both.rttm")
    assert data(folder / "out" / "r1.html")["curves"] == [curve] and not data(folder / "out" / "r2.html")["curves"]
    assert "r2: no merges of this name in" in capsys.readouterr().err
    faulty = merges(4)
    faulty["steps"][0]["nmi"] = "x"
    for content in ("{}", '{"steps": [], "diar": 5}', "[]", json.dumps(faulty), '{"steps": [], "gain": []}'):
        (folder / "r1.merges.json").write_text(content)
        if "diar\": 5" in content:
            view(folder, "--merges", "r1.merges.json", "-o", "page.html", "hyp.rttm")
        else:
            with pytest.raises(DataError, match="r1.merges.json: "):
                view(folder, "--merges", "r1.merges.json", "-o", "page.html", "hyp.rttm")


def test_figures_lie_beside_the_pages(folder: Path) -> None:
    main([str(folder / "hyp.rttm"), "--figures", "-o", str(folder / "out" / "page.html")])
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["page.html", "r1.timeline.png"]
    view(folder, "--figures", "-o", "out", "both.rttm")
    assert {"r1.timeline.png", "r2.timeline.png", "index.html"} <= {path.name for path in (folder / "out").iterdir()}


def test_what_else_lies_in_the_folder_stays(folder: Path) -> None:
    (folder / "out").mkdir()
    for name in ("mine.html", "mine.timeline.png", "notes.txt"):
        (folder / "out" / name).write_text("mine")
    view(folder, "-o", "out", "both.rttm")
    assert [path.read_text() for path in sorted((folder / "out").glob("[mn]*"))] == ["mine"] * 3
    (folder / "out" / "index.html").write_text("my site")
    with pytest.raises(DataError, match="is not a page of diar"):
        view(folder, "-o", "out", "both.rttm")
    assert (folder / "out" / "index.html").read_text() == "my site"


def test_without_a_reference_the_speech_is_that_of_the_turns_and_calibration_is_not_known(folder: Path) -> None:
    view(folder, "-o", "page.html", "hyp.rttm")
    (speech,) = (group for group in data(folder / "page.html")["groups"] if group["kind"] == "speech")
    assert [span[:2] for span in speech["rows"][0]["spans"]] == [[0, 9], [10, 14], [16, 20]]
    text = (folder / "page.html").read_text()
    assert "whether it is calibrated is not known" in text and "85.0 %" in text and "missed speech" not in text
