"""A stage's folder: made ready, complete or not, new or stale."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stage_folders import FEATS, filled, names

from diar.errors import DataError
from diar.stage_folder import choice_of, open_input, prepare_folder

# ---- making ready --------------------------------------------------------------------------------------------------

OLD = ["a.ark", "a.merges.json", "b.error", "embed.scp", ".c.ark.77.tmp", "options.json"]


def an_old_folder(folder: Path, provenance: object) -> Path:
    (folder / "log").mkdir(parents=True)
    (folder / "log" / "1.log").write_text("said")
    for name in OLD:
        (folder / name).write_text("old")
    (folder / "options.json").write_text(json.dumps(provenance))
    return folder


class Killed(BaseException):
    pass


def test_the_same_options_keep_the_results_without_the_scp_and_temporary_files(tmp_path: Path) -> None:
    folder = an_old_folder(tmp_path / "a", {"options": {"seed": 1, "gap": 0.5}})
    prepare_folder(folder, {"options": {"gap": 0.5, "seed": 1}})
    assert names(folder) == ["a.ark", "a.merges.json", "b.error", "log", "options.json"]
    assert (folder / "log" / "1.log").read_text() == "said"


@pytest.mark.parametrize("before", [{"options": {"seed": 2}}, {}, None, "text"], ids=str)
def test_other_options_empty_the_folder_but_for_its_log(tmp_path: Path, before: object) -> None:
    folder = an_old_folder(tmp_path / "a", before)
    prepare_folder(folder, {"options": {"seed": 1}})
    assert names(folder) == ["log", "options.json"] and (folder / "log" / "1.log").exists()
    assert json.loads((folder / "options.json").read_text()) == {"options": {"seed": 1}}


@pytest.mark.parametrize("text", [None, "", "{", "\x00"])
def test_a_folder_that_does_not_say_what_it_is_made_of_is_emptied(tmp_path: Path, text: str | None) -> None:
    folder = an_old_folder(tmp_path / "a", {})
    (folder / "options.json").unlink()
    if text is not None:
        (folder / "options.json").write_text(text)
    prepare_folder(folder, {"options": {}})
    assert names(folder) == ["log", "options.json"]


def test_a_folder_is_made_where_there_is_none(tmp_path: Path) -> None:
    prepare_folder(tmp_path / "exp" / "a", {"options": {}})
    assert names(tmp_path / "exp" / "a") == ["options.json"]


@pytest.mark.parametrize("n_done", range(8))
def test_a_folder_half_made_ready_is_neither_complete_nor_taken_for_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_done: int
) -> None:
    """Killed at each removal in turn: the scp has gone, and old results never have new options beside them."""
    old, new = {"options": {"seed": 2}}, {"options": {"seed": 1}}
    folder = an_old_folder(tmp_path / "a", old)
    remove, left = Path.unlink, iter(range(n_done))

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if next(left, None) is None:
            raise Killed
        remove(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    try:
        prepare_folder(folder, new)
    except Killed:
        monkeypatch.undo()
    assert n_done == 0 or not list(folder.glob("*.scp"))
    made_of = json.loads((folder / "options.json").read_text()) if (folder / "options.json").exists() else None
    assert made_of != new or not list(folder.glob("*.ark"))
    assert made_of != old or n_done <= 1


# ---- input folders -------------------------------------------------------------------------------------------------

STAGES = [("feats", 1), ("vad", 2), ("embed", 5), ("clusters", 6), ("realigned", 7)]


@pytest.mark.parametrize(("noun", "stage"), STAGES)
def test_an_input_that_is_not_there_or_not_complete_names_its_stage(tmp_path: Path, noun: str, stage: int) -> None:
    advice = rf"; wanted the folder of {noun}; stage {stage} makes it: \./run\.sh --stage {stage}$"
    with pytest.raises(DataError, match="x: no such folder" + advice):
        open_input(noun, tmp_path / "x")
    filled(tmp_path / "x", noun)
    assert open_input(noun, tmp_path / "x").read("b").tolist() == [2, 2, 2]
    (tmp_path / "x" / f"{noun}.scp").unlink()
    with pytest.raises(DataError, match=r"x: is not complete \(no \.scp\)" + advice):
        open_input(noun, tmp_path / "x")


@pytest.mark.parametrize(("noun", "stage"), STAGES)
def test_an_input_made_from_what_has_changed_since_is_refused_with_its_stage(
    tmp_path: Path, noun: str, stage: int
) -> None:
    source = filled(tmp_path / "source", "feats", FEATS)
    folder = filled(tmp_path / "x", noun, {"options": {}, "inputs": {"source": FEATS}})
    assert open_input(noun, folder).path == folder
    reason = rf"x: was made from another {source} than .*; stage {stage} makes it: \./run\.sh --stage {stage}$"
    for changed in ({"options": {"seed": 2}, "inputs": {}}, {"options": {"seed": 1}, "inputs": {"wav": None}}):
        prepare_folder(source, changed)
        with pytest.raises(DataError, match=reason):
            open_input(noun, folder)
    prepare_folder(source, FEATS)
    assert open_input(noun, folder).path == folder, "what it is made of is there again"
    (source / "options.json").unlink()
    with pytest.raises(DataError, match=reason):
        open_input(noun, folder)


def test_each_of_several_sources_counts(tmp_path: Path) -> None:
    for name in ("embed", "vad"):
        filled(tmp_path / name, name, FEATS)
    folder = filled(tmp_path / "clusters", "clusters", {"inputs": {"embed": FEATS, "vad": FEATS}})
    assert open_input("clusters", folder).path == folder
    for name in ("embed", "vad"):
        prepare_folder(tmp_path / name, {"options": {"seed": 2}})
        with pytest.raises(DataError, match=f"clusters: was made from another .*{name} "):
            open_input("clusters", folder)
        prepare_folder(tmp_path / name, FEATS)


def test_a_change_two_folders_back_is_noticed(tmp_path: Path) -> None:
    vad = {"options": {"webrtc_mode": 2}, "inputs": {}}
    clusters = {"options": {"num_spk": 0}, "inputs": {"vad": vad}}
    filled(tmp_path / "vad", "vad", vad)
    filled(tmp_path / "clusters", "clusters", clusters)
    realigned = filled(tmp_path / "realigned", "realigned", {"inputs": {"clusters": clusters}})
    assert open_input("realigned", realigned).path == realigned
    prepare_folder(tmp_path / "vad", {**vad, "options": {"webrtc_mode": 3}})
    with pytest.raises(DataError, match="realigned: was made from another .*vad than .*; stage 7"):
        open_input("realigned", realigned)


def test_a_source_that_has_gone_is_no_reason_to_refuse(tmp_path: Path) -> None:
    folder = filled(tmp_path / "x", "vad", {"inputs": {"gone": FEATS}})
    assert open_input("vad", folder).path == folder


@pytest.mark.parametrize("provenance", [None, {}, {"inputs": None}, {"inputs": {}}], ids=str)
def test_archives_that_do_not_say_what_they_are_made_of_are_taken(tmp_path: Path, provenance: object) -> None:
    folder = filled(tmp_path / "x", "vad", provenance)
    filled(tmp_path / "source", "feats", FEATS)
    assert "b2" in open_input("vad", folder)


@pytest.mark.parametrize(
    ("provenance", "expected"),
    [({"choices": {"clusterer": "aib"}}, "aib"), ({"choices": {}}, ""), ({}, ""), (None, "")],
)
def test_clusters_say_who_made_them(tmp_path: Path, provenance: object, expected: str) -> None:
    assert choice_of(filled(tmp_path / "clusters", "clusters", provenance), "clusterer") == expected
