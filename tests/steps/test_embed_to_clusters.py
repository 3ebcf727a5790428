"""The step of stage 6: speakers asked for, new cuts of old merges, streams, backgrounds."""

from __future__ import annotations

import json
import runpy
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bottleneck_recipe import (
    LABELS_AND_MODELS,
    RECORDINGS,
    archives_and_options,
    contents,
    made_recipe,
    speakers,
)
from recipe_tree import CHECKOUT, Recipe

from diar.errors import DataError
from diar.io.ark import ArchiveFolder, read_arrays, write_archive, write_arrays, write_scp
from diar.pipeline import CLUSTERERS

FEW_CLUSTERS = {  # flags by which it starts with 3
    "hmm_gmm": ("--initial-clusters", 3),
    "aib": (),
    "aib_viterbi": ("--aib-clusters", 3),
    "ib_hmm_gmm": ("--aib-clusters", 3),
}


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    return made_recipe(tmp_path_factory)


@pytest.fixture
def program(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run a step in the recipe's folder."""
    monkeypatch.chdir(recipe.folder)

    def run(name: str, *words: object) -> None:
        path = CHECKOUT / "steps" / name
        monkeypatch.setattr(sys, "argv", [str(path), *map(str, words)])
        runpy.run_path(str(path))["main"]()

    return run


@pytest.fixture
def step(program, recipe: Recipe) -> Callable[..., None]:
    """Run the step that makes clusters, with words in front of its folders, until all is in ``folder``."""

    def run(folder: Path, *words: object, data: Path = Path("data/eval"), vad: Path | None = None) -> None:
        folders = [data, recipe.exp("embed_none"), vad or recipe.exp("vad_energy"), folder]
        program("embed_to_clusters.py", "--prepare", "true", *words, *folders)
        program("embed_to_clusters.py", *words, *folders)
        write_scp(folder, "clusters", RECORDINGS)

    return run


@pytest.mark.parametrize("clusterer", CLUSTERERS)
def test_the_number_of_speakers_is_that_of_the_turns(step, program, recipe: Recipe, tmp_path, clusterer: str) -> None:
    shutil.copytree(recipe.folder / "data" / "eval", data := tmp_path / "data")
    clusters, realigned, hyp = tmp_path / "clusters", tmp_path / "realigned", tmp_path / "hyp"

    def found(*words: object) -> dict[str, int]:
        step(clusters, "--clusterer", clusterer, *words, data=data)
        words = ("--realigner", "kl_hmm", *words, data, clusters, recipe.exp("embed_none"), realigned)
        program("clusters_to_realigned.py", "--prepare", "true", *words)
        program("clusters_to_realigned.py", *words)
        write_scp(realigned, "realigned", RECORDINGS)
        program("realigned_to_rttm.py", data, realigned, hyp)
        return speakers(hyp)

    for asked in (1, 2, 3, 4):
        assert found("--num-spk", asked) == dict.fromkeys(RECORDINGS, asked)
    assert min(found("--min-spk", 4).values()) >= 4
    (data / "reco2num_spk").write_text("alpha 1\nbeta 4\n")
    assert found() == {"alpha": 1, "beta": 4}


def test_the_kl_hmm_takes_the_background_of_the_clusters(step, program, recipe: Recipe, tmp_path: Path) -> None:
    """And tells of the file where it is broken; a background of equal Gaussians cannot tell speakers apart."""
    clusters, realigned = tmp_path / "clusters", tmp_path / "realigned"
    step(clusters, "--clusterer", "aib", "--num-spk", "2")
    words = ("--realigner", "kl_hmm", "data/eval", clusters, recipe.exp("embed_none"), realigned)
    program("clusters_to_realigned.py", *words)
    write_scp(realigned, "realigned", RECORDINGS)
    assert set(ArchiveFolder(realigned).read("alpha")) == {-1, 0, 1}
    background = clusters / "alpha.background.ark"
    whole, arrays = background.read_bytes(), read_arrays(background)
    arrays["means:1.0:embed_none"] = np.repeat(arrays["means:1.0:embed_none"][:1], len(arrays["weights"]), axis=0)
    write_arrays(background, arrays)
    program("clusters_to_realigned.py", *words)
    alike = ArchiveFolder(realigned)
    assert set(alike.read("alpha")) == {-1, 0} and set(alike.read("beta")) == {-1, 0, 1}
    for length in range(len(whole)):
        if length in (0, 1) or length % 29 == 0 or length > len(whole) - 40:
            background.write_bytes(whole[:length])
            with pytest.raises(DataError, match=f"^1 of 2 recordings failed, the first: {background}: "):
                program("clusters_to_realigned.py", *words)
    background.unlink()
    with pytest.raises(DataError, match=f"^1 of 2 recordings failed, the first: {background}: "):
        program("clusters_to_realigned.py", *words)


@pytest.mark.parametrize(
    ("clusterer", "words"),
    [
        ("hmm_gmm", ["--bic-threshold", "-2000"]),
        ("hmm_gmm", ["--max-spk", "1"]),
        ("aib", ["--nmi-threshold", "0.95"]),
        ("aib", ["--cluster-price", "0.5"]),
        ("aib", ["--sib-sweeps", "3", "--num-spk", "4"]),
        ("aib_viterbi", ["--nmi-threshold", "0.5"]),
        ("aib_viterbi", ["--cluster-price", "15", "--max-spk", "2"]),
        ("ib_hmm_gmm", ["--nmi-threshold", "0.5"]),
        ("ib_hmm_gmm", ["--cluster-price", "15"]),
        ("ib_hmm_gmm", ["--num-spk", "1"]),
    ],
    ids=str,
)
def test_merges_cut_anew_are_as_if_made_anew(step, tmp_path: Path, clusterer: str, words: list[str]) -> None:
    fresh, old = tmp_path / "fresh", tmp_path / "old"
    step(old, "--clusterer", clusterer)
    before = contents(old, *LABELS_AND_MODELS)
    step(old, "--clusterer", clusterer, "--recut", "true", *words)
    step(fresh, "--clusterer", clusterer, *words)
    assert archives_and_options(old) == archives_and_options(fresh)
    after = contents(old, *LABELS_AND_MODELS)
    assert {name for name in after if after[name] != before[name]} > {"options.json"}, "other labels"
    assert all(text == before[name] for name, text in after.items() if "merges" in name or "background" in name)


@pytest.mark.parametrize("clusterer", CLUSTERERS)
def test_merges_that_start_finer_are_not_those_of_fewer_speakers(step, tmp_path: Path, clusterer: str) -> None:
    """More speakers than the options' initial clusters make the history start finer, and may change all its merges."""
    fresh, old = tmp_path / "fresh", tmp_path / "old"
    small = FEW_CLUSTERS[clusterer]
    step(old, "--clusterer", clusterer, *small, "--num-spk", "5")
    step(fresh, "--clusterer", clusterer, *small, "--num-spk", "2")
    words = ("--clusterer", clusterer, *small, "--recut", "true", "--num-spk", "2")
    if clusterer == "aib":  # which always starts with all segments
        step(old, *words)
        assert archives_and_options(old) == archives_and_options(fresh)
        return
    reason = "merges.json: was made for [45] speakers or more; wanted those for 2; run stage 6 without --recut$"
    with pytest.raises(DataError, match=reason):
        step(old, *words)


@pytest.mark.parametrize(
    ("clusterer", "made_with", "words", "reason"),
    [
        ("aib", [], ["--beta", "5"], "made with --beta=10.0; wanted 5.0"),
        ("aib", [], ["--compat", "diartk"], "made with --compat=none; wanted diartk"),
        ("aib", ["--streams", "FEATS:1"], [], "made from other choices; wanted the same"),
        ("aib_viterbi", [], ["--passes-per-merge", "0"], "made with --passes-per-merge=1; wanted 0"),
        ("hmm_gmm", [], ["--clusterer", "aib"], "made from other choices; wanted the same"),
        ("hmm_gmm", ["--class-conf", "CONF"], [], "made from other conf; wanted the same"),
    ],
    ids=str,
)
def test_merges_made_otherwise_are_not_cut_anew(
    step, recipe: Recipe, tmp_path: Path, clusterer: str, made_with: list[str], words: list[str], reason: str
) -> None:
    folder, data = tmp_path / "clusters", tmp_path / "data"
    shutil.copytree(recipe.folder / "data" / "eval", data)
    (data / "reco2class").write_text("alpha CMU\n")
    (tmp_path / "conf_CMU.conf").write_text("--initial-clusters=4\n")
    (tmp_path / "other_CMU.conf").write_text("--initial-clusters=5\n")
    prefix = ["--class-conf", str(tmp_path / "conf")]
    made_with = [
        word.replace("FEATS", str(recipe.exp("feats"))).replace("CONF", str(tmp_path / "other")) for word in made_with
    ]
    step(folder, "--clusterer", clusterer, *prefix, *made_with, data=data)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    if "--clusterer" not in words:
        words = ["--clusterer", clusterer, *words]
    with pytest.raises(DataError) as refused:
        step(folder, *prefix, "--recut", "true", *words, data=data)
    text = str(refused.value)
    assert text.startswith(f"{folder}: ") and reason in text and text.endswith("run stage 6 without --recut")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before, "nothing has changed"


def test_more_speakers_than_the_merges_start_with(step, tmp_path: Path) -> None:
    folder, words = tmp_path / "clusters", ("--clusterer", "ib_hmm_gmm", *FEW_CLUSTERS["ib_hmm_gmm"])
    step(folder, *words)
    merges = contents(folder, ".json")
    reason = "merges.json: passes 1 to 3 speakers; wanted 4; run stage 6 without --recut$"
    with pytest.raises(DataError, match=reason):
        step(folder, *words, "--recut", "true", "--num-spk", "4")
    after = contents(folder, ".json")
    assert all(after[name] == text for name, text in merges.items() if "merges" in name)
    assert not (folder / "clusters.scp").exists(), "what is not complete does not look so"
    step(folder, *words, "--recut", "true")
    assert contents(folder, ".json") == merges


def test_a_new_cut_that_was_killed_can_be_made_again(step, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    step(whole, "--clusterer", "aib")
    shutil.copytree(whole, killed)
    step(whole, "--clusterer", "aib", "--recut", "true", "--num-spk", "2")
    for name in ("clusters.scp", "alpha.ark"):
        (killed / name).unlink()
    (killed / "beta.error").write_text("killed\n")
    (killed / ".beta.ark.77.tmp").write_text("half")
    options = json.loads((killed / "options.json").read_text())
    options["options"]["num_spk"] = 7
    (killed / "options.json").write_text(json.dumps(options))
    step(killed, "--clusterer", "aib", "--recut", "true", "--num-spk", "2")
    names = ["alpha.ark", "beta.ark", "alpha.merges.json", "beta.merges.json", "options.json"]
    assert [(killed / name).read_bytes() for name in names] == [(whole / name).read_bytes() for name in names]
    assert {path.name for path in killed.iterdir()} == {path.name for path in whole.iterdir()}


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda text: text[: len(text) // 2], id="truncated"),
        pytest.param(lambda text: "", id="empty"),
        pytest.param(lambda text: "[]\n", id="a list"),
        pytest.param(lambda text: text.replace('"merge"', '"marge"'), id="without merges"),
        pytest.param(lambda text: text.replace('"labels"', '"label"'), id="without labels"),
        pytest.param(None, id="gone"),
    ],
)
def test_broken_merges_are_told_by_file(step, tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil) -> None:
    folder = tmp_path / "clusters"
    step(folder, "--clusterer", "aib")
    path = folder / "beta.merges.json"
    if spoil:
        path.write_text(spoil(path.read_text()))
    else:
        path.unlink()
    capsys.readouterr()
    with pytest.raises(DataError, match=rf"^1 of 2 recordings failed, the first: {path}: "):
        step(folder, "--clusterer", "aib", "--recut", "true")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"beta: failed: {path}: ") and (folder / "alpha.ark").exists()


def test_merges_of_another_recording_are_told(step, tmp_path: Path) -> None:
    step(folder := tmp_path / "clusters", "--clusterer", "aib")
    shutil.copy(folder / "alpha.merges.json", folder / "beta.merges.json")
    with pytest.raises(DataError, match="^1 of 2 recordings failed, the first: .*; run stage 6 without --recut$"):
        step(folder, "--clusterer", "aib", "--recut", "true")


def test_flags_of_other_clusterers_wait_in_conf_files(step, recipe: Recipe, tmp_path: Path) -> None:
    (data := tmp_path / "data").mkdir()
    (data / "wav.scp").write_text("alpha alpha.flac\nbeta beta.flac\n")
    (data / "reco2class").write_text("alpha CMU\n")
    words = ["--clusterer", "aib", "--class-conf", recipe.folder / "conf" / "report"]
    step(tmp_path / "classes", *words, data=data)
    step(tmp_path / "none", "--clusterer", "aib")
    for name in ("alpha.ark", "beta.ark", "alpha.merges.json"):
        assert (tmp_path / "classes" / name).read_bytes() == (tmp_path / "none" / name).read_bytes()
    assert "--num-gaussians" in json.loads((tmp_path / "classes" / "options.json").read_text())["conf"][
        "report_CMU.conf"
    ]
    (data / "reco2class").write_text("alpha low\n")
    (tmp_path / "my_low.conf").write_text("--num-gaussians=3\n--max-segment=1.0\n")
    step(tmp_path / "low", *words[:2], "--class-conf", tmp_path / "my", data=data)
    low = json.loads((tmp_path / "low" / "alpha.merges.json").read_text())["steps"][0]["n_clusters"]
    assert low > json.loads((tmp_path / "none" / "alpha.merges.json").read_text())["steps"][0]["n_clusters"]
    (tmp_path / "my_low.conf").write_text("--nope=3\n")
    with pytest.raises(DataError, match=r"my_low\.conf:1: found '--nope=3'"):
        step(tmp_path / "low", *words[:2], "--class-conf", tmp_path / "my", data=data)


def test_streams_of_different_lengths_are_refused(step, recipe: Recipe, tmp_path: Path) -> None:
    short, folder = tmp_path / "short", tmp_path / "clusters"
    short.mkdir()
    whole = ArchiveFolder(recipe.exp("feats"))
    for name in RECORDINGS:
        write_archive(short, name, whole.read(name)[:-101])
    write_scp(short, "feats", RECORDINGS)
    reason = r"recordings failed, the first: .*stream 'short' has shape \(\d+, 19\); wanted \d+ frames, as the features"
    with pytest.raises(DataError, match=reason):
        step(folder, "--clusterer", "aib", "--streams", f"{recipe.exp('feats')}:0.5,{short}:0.5")


def test_the_weights_of_streams_matter(step, recipe: Recipe, tmp_path: Path) -> None:
    (noise := tmp_path / "noise").mkdir()
    whole = ArchiveFolder(recipe.exp("feats"))
    for seed, name in enumerate(RECORDINGS):
        shape = (len(whole.read(name)), 4)
        write_archive(noise, name, np.random.default_rng(seed).standard_normal(shape).astype(np.float32))
    write_scp(noise, "feats", RECORDINGS)
    merges = []
    for weight in ("0.1", "0.5"):
        words = f"{recipe.exp('feats')}:{1 - float(weight)},{noise}:{weight}"
        step(tmp_path / weight, "--clusterer", "aib", "--streams", words)
        merges.append((tmp_path / weight / "alpha.merges.json").read_text())
    assert merges[0] != merges[1]


def test_nobody_speaks(step, recipe: Recipe, tmp_path: Path) -> None:
    """No merges are a history, too."""
    (silent := tmp_path / "vad").mkdir()
    for name in RECORDINGS:
        write_archive(silent, name, np.zeros(len(ArchiveFolder(recipe.exp("vad_energy")).read(name)), np.float32))
    write_scp(silent, "vad", RECORDINGS)
    folder = tmp_path / "clusters"
    step(folder, "--clusterer", "ib_hmm_gmm", vad=silent)
    step(folder, "--clusterer", "ib_hmm_gmm", "--recut", "true", "--num-spk", "2", vad=silent)
    assert (ArchiveFolder(folder).read("alpha") == -1).all()
    assert json.loads((folder / "alpha.merges.json").read_text())["steps"] == []
