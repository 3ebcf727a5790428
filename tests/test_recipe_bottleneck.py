"""The recipe's clusterers and realigners: systems, new cuts of old merges, streams, DiarTK's behaviour."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from bottleneck_recipe import RECORDINGS, contents, made_recipe, speakers
from oracles import agreement
from recipe_tree import Recipe
from threadpoolctl import threadpool_limits

from diar.cluster.agglomerate import SpeakerRange
from diar.cluster.aib import AibOptions
from diar.feats import FeatsOptions
from diar.front_end import wav_to_feats
from diar.io.ark import read_arrays
from diar.io.rttm import read_rttm_lines, speaker_turns
from diar.io.wav import WavOptions, read_wav
from diar.pipeline import CLUSTERERS, frames_to_clusters, realign_clusters
from diar.realign import KlRealignOptions
from diar.segments import speech_frames

DIARTK = "reference_outputs/diartk"


# ---- a recipe's run ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    return made_recipe(tmp_path_factory)


@pytest.fixture(scope="module")
def systems(recipe: Recipe) -> Recipe:
    """Every clusterer with the KL-HMM and without realignment."""
    for clusterer in CLUSTERERS:
        recipe.run("--nj", 2, "--stage", 6, "--clusterer", clusterer, "--realigner", "kl_hmm")
        recipe.run("--nj", 2, "--stage", 8, "--clusterer", clusterer, "--realigner", "none")
    return recipe


@pytest.fixture
def mine(systems: Recipe, request: pytest.FixtureRequest) -> Recipe:
    """A recipe folder of the test's own, in which every system has run."""
    return systems.copy(request.node.name.translate(str.maketrans("[]", "--")))


@pytest.mark.parametrize("clusterer", CLUSTERERS)
def test_every_clusterer_runs_with_the_kl_hmm_and_without_realignment(systems: Recipe, clusterer: str) -> None:
    clusters, system = f"energy_none_{clusterer}", f"energy_none_{clusterer}_kl_hmm"
    background = [] if clusterer == "hmm_gmm" else [f"{name}.background.ark" for name in RECORDINGS]
    made = {path.name for path in systems.exp(f"clusters_{clusters}").iterdir() if path.is_file()}
    wanted = {"clusters.scp", "options.json", *background}
    assert made == wanted | {f"{name}{suffix}" for name in RECORDINGS for suffix in (".ark", ".merges.json")}
    assert systems.exp(f"realigned_{system}", "realigned.scp").exists()
    for folder in (systems.exp(system), systems.exp(f"{clusters}_none")):
        assert speakers(folder).keys() == set(RECORDINGS)
    choices = [
        json.loads(systems.exp(folder, "options.json").read_text())["choices"]
        for folder in (f"clusters_{clusters}", f"realigned_{system}")
    ]
    assert choices == [{"clusterer": clusterer}, {"realigner": "kl_hmm"}]


def test_systems_lie_side_by_side(systems: Recipe) -> None:
    heads = [f"energy_none_{clusterer}" for clusterer in CLUSTERERS]
    wanted = {"feats", "embed_none", "vad_energy"}
    for head in heads:
        wanted |= {f"clusters_{head}", f"realigned_{head}_kl_hmm", f"{head}_kl_hmm", f"{head}_none"}
    assert {path.name for path in systems.exp().iterdir()} == wanted


def test_a_recut_gives_what_a_fresh_run_does_with_any_number_of_jobs(mine: Recipe) -> None:
    words = ("--clusterer", "ib_hmm_gmm", "--realigner", "kl_hmm")
    folder = mine.exp("clusters_energy_none_ib_hmm_gmm")
    lasting = [folder / f"{name}.{what}" for name in RECORDINGS for what in ("merges.json", "background.ark")]
    kept = [(path.read_bytes(), path.stat().st_mtime_ns) for path in lasting]
    before = mine.results()
    mine.run("--nj", 1, "--stage", 6, "--recut", "true", "--num-spk", 3, *words)
    recut = mine.results()
    assert recut != before and mine.leftovers() == []
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in lasting] == kept, "they are not written again"
    assert speakers(mine.exp("energy_none_ib_hmm_gmm_kl_hmm")) == dict.fromkeys(RECORDINGS, 3)
    mine.run("--nj", 2, "--stage", 6, "--num-spk", 3, *words)
    assert mine.results() == recut


# ---- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--clusterer", "nope"], "--clusterer: found 'nope'; wanted one of: hmm_gmm aib aib_viterbi ib_hmm_gmm"),
        (["--realigner", "nope"], "--realigner: found 'nope'; wanted one of: hmm_gmm kl_hmm smooth none"),
        (["--compat", "nope"], "--compat: found 'nope'; wanted one of: none diartk"),
        (["--recut", "maybe"], "--recut takes true or false, not 'maybe'"),
        (
            ["--streams", "feats:1"],
            "--streams: found 'feats:1' with --clusterer hmm_gmm; wanted a clusterer that combines streams: aib "
            "aib_viterbi ib_hmm_gmm",
        ),
        (["--streams", "feats:1", "--realigner", "kl_hmm"], "--streams: found 'feats:1' with --clusterer hmm_gmm"),
        (
            ["--compat", "diartk", "--clusterer", "ib_hmm_gmm"],
            "--compat diartk with --clusterer: found 'ib_hmm_gmm'; wanted one of: hmm_gmm aib",
        ),
        (
            ["--compat", "diartk", "--realigner", "none"],
            "--compat diartk with --realigner: found 'none'; wanted one of: hmm_gmm kl_hmm",
        ),
    ],
)
def test_a_choice_that_there_is_not_is_told_before_any_work(recipe: Recipe, words, message) -> None:
    (line,) = recipe.run(*words, code=1).lines
    assert message in line and line.startswith(str(recipe.folder))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("feats", "--streams: found '"),
        ("feats:much", "--streams: found 'exp/eval/feats:much'; wanted FOLDER:WEIGHT,... or FOLDER:WEIGHT@"),
        ("feats:0.8,embed_nope:0.2", "exp/eval/embed_nope: no such folder; wanted the folder of stream"),
        ("feats:0.5,feats:0.5", "--streams: found folders called ['feats', 'feats']; wanted different names"),
        ("feats:0.8,embed_none:0.3", "--streams: found weights that sum to 1.1; wanted positive weights that sum to 1"),
        ("feats:-1,embed_none:2", "--streams: found weights that sum to 1; wanted positive weights that sum to 1"),
        ("feats:nan", "--streams: found weights that sum to nan; wanted positive weights that sum to 1"),
    ],
)
def test_bad_streams_are_told_in_one_line(recipe: Recipe, text: str, message: str) -> None:
    run = recipe.run("--stage", 6, "--clusterer", "aib", "--streams", text, code=1)
    (line,) = [line for line in run.lines if ": stage 6: " not in line]
    assert line.startswith(f"embed_to_clusters.py: {message}")


def test_a_new_cut_is_refused_where_there_is_nothing_to_cut(recipe: Recipe) -> None:
    words = ("--stage", 6, "--recut", "true", "--clusterer", "aib", "--vad", "energy", "--streams", "feats:1")
    run = recipe.run(*words, code=1)
    (line,) = [line for line in run.lines if ": stage 6: " not in line]
    wanted = "holds no merges; wanted those of an earlier run; run stage 6 without --recut"
    assert line == f"embed_to_clusters.py: exp/eval/clusters_energy_none_aib_feats-1: {wanted}"


# ---- streams -------------------------------------------------------------------------------------------------------


def test_the_same_features_twice_are_what_they_are_once(mine: Recipe) -> None:
    words = ("--nj", 1, "--stage", 6, "--clusterer", "aib", "--realigner", "kl_hmm", "--streams")
    mine.run(*words, "feats:0.8,embed_none:0.2")
    head = "energy_none_aib_feats-0.8+embed_none-0.2"
    assert contents(mine.exp(f"{head}_kl_hmm"), ".rttm") == contents(mine.exp("energy_none_aib_kl_hmm"), ".rttm")
    folder = mine.exp(f"clusters_{head}")
    arrays = read_arrays(folder / "alpha.background.ark")
    assert [name for name in arrays if name.startswith("means")] == ["means:0.8:feats", "means:0.2:embed_none"]
    choices = json.loads((folder / "options.json").read_text())["choices"]
    assert choices == {"clusterer": "aib", "streams": "exp/eval/feats:0.8,exp/eval/embed_none:0.2"}
    for recording in RECORDINGS:
        labels = contents(folder, ".ark")[f"{recording}.ark"]
        assert labels == contents(mine.exp("clusters_energy_none_aib"), ".ark")[f"{recording}.ark"]


@pytest.mark.parametrize("form", ["absolute", "relative"])
def test_a_stream_may_lie_elsewhere_and_have_the_name_of_one_here(mine: Recipe, tmp_path: Path, form: str) -> None:
    """Nor need the folder that the recipe was started in be one without blanks."""
    elsewhere = tmp_path / ("other" if form == "absolute" else "an other")
    shutil.copytree(mine.exp("feats"), elsewhere / "exp" / "feats")
    provenance = elsewhere / "exp" / "feats" / "options.json"
    provenance.write_text(json.dumps(json.loads(provenance.read_text()) | {"version": "another"}))
    name = elsewhere / "exp" / "feats" if form == "absolute" else "exp/feats"
    words = ("--nj", 1, "--stage", 6, "--clusterer", "aib", "--realigner", "kl_hmm")
    mine.run(*words, "--streams", f"{name}:0.5,embed_none:0.5", cwd=elsewhere)
    found = mine.exp("energy_none_aib_feats-0.5+embed_none-0.5_kl_hmm")
    assert contents(found, ".rttm") == contents(mine.exp("energy_none_aib_kl_hmm"), ".rttm")


# ---- DiarTK's behaviour --------------------------------------------------------------------------------------------


def test_diartks_behaviour_has_folders_of_its_own(mine: Recipe) -> None:
    before = mine.results()
    mine.run("--nj", 2, "--stage", 1, "--compat", "diartk")
    after = mine.results()
    new = after.keys() - before.keys()
    assert before.items() <= after.items() and all(name.startswith("exp/eval/diartk/") for name in new)
    assert speakers(mine.exp("diartk", "energy_none_aib_kl_hmm")).keys() == set(RECORDINGS)
    given = {
        name: json.loads(mine.exp("diartk", name, "options.json").read_text())["options"]
        for name in ("feats", "clusters_energy_none_aib", "realigned_energy_none_aib_kl_hmm")
    }
    assert given["feats"]["snip_edges"]
    assert [given[name]["compat"] for name in list(given)[1:]] == ["diartk", "diartk"]
    mine.run("--stage", 6, "--stop-stage", 6, "--compat", "diartk", "--streams", "feats:1")  # it clusters with the aIB
    assert mine.exp("diartk", "clusters_energy_none_aib_feats-1", "clusters.scp").exists()


@pytest.mark.skipif(not os.environ.get("DIAR_DATA"), reason=f"needs $DIAR_DATA/{DIARTK} and speech; not set")
@threadpool_limits.wrap(limits=1)
def test_diartks_labels_on_its_own_recordings() -> None:
    data = Path(os.environ["DIAR_DATA"])
    folder = data / "speech" / "meetings_sim"
    agreed, spoken = [], []
    for path in sorted((folder / "flac").glob("*.flac")):
        audio = read_wav(str(path), WavOptions())
        frames = wav_to_feats(audio, FeatsOptions(snip_edges=True), path.stem)
        reference = speaker_turns(read_rttm_lines(folder / "rttm" / f"{path.stem}.rttm"))[path.stem]
        speech = speech_frames(reference, len(frames)) > 0
        found = frames_to_clusters(frames, speech, AibOptions(compat="diartk"), SpeakerRange())
        options = KlRealignOptions(compat="diartk")
        labels = realign_clusters(frames, found.labels, options, background=found.background)
        theirs = np.full(len(labels), -1)
        turns = speaker_turns(read_rttm_lines(data / DIARTK / f"{path.stem}.rttm"))[path.stem]
        names = sorted({turn.speaker for turn in turns})
        for turn in turns:
            theirs[round(100 * turn.start) : round(100 * turn.end)] = names.index(turn.speaker)
        both = (labels >= 0) & (theirs >= 0)
        assert both.sum() > 0.99 * speech.sum()
        agreed.append(agreement(labels[both], theirs[both]) * both.sum())
        spoken.append(both.sum())
    assert len(spoken) == 8
    assert (np.array(agreed) / spoken).min() >= 0.9 and sum(agreed) / sum(spoken) >= 0.95
