"""The recipe with embeddings that networks learn from the recordings, and with the clusterer dec: stages 3 to 8."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
import time
import uuid
from pathlib import Path

import kaldiio
import numpy as np
import pytest
from killing import start, wait_for_end
from recipe_tree import RATE, Recipe, Run, Tree, rttm, take_turns, talk, write_audio

from diar.io.checkpoint import read_checkpoint

TURNS = {"a": take_turns(["ann", "bob", "ann"], seconds=3), "b": take_turns(["cat", "bob", "cat"], seconds=3)}
SAE = "--hidden 8-8 --bottleneck 3 --batch-size 256 --pretrain-epochs 1 --finetune-epochs 20 --tolerance 0"
DEC = "--dec-clusters 8 --max-intervals 2 --label-tolerance 0"
SMALL = ("--sae-opts", f"{SAE} --num-threads 1", "--dec-opts", f"{DEC} --num-threads 1")
CLUSTERED = ("--clusterer", "dec", "--dec-opts", f"{DEC} --num-threads 1")
CHEAP = ("--clusters-opts", "--cluster-price 6.5")  # conf/embedded.conf's is for real networks and longer speech
ERROR = "OVERALL SPEAKER DIARIZATION ERROR"


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Tree:
    return Tree(tmp_path_factory.mktemp("embeddings") / "root").set_up()


@pytest.fixture(scope="module")
def front(tree, tmp_path_factory) -> Recipe:
    """Two recordings of 12 s with references, and their features and speech."""
    folder = tmp_path_factory.mktemp("corpora") / "my meetings"
    (folder / "rttm").mkdir(parents=True)
    for seed, (name, turns) in enumerate(TURNS.items()):
        write_audio(folder / f"{name}.flac", talk(turns, seed))
        (folder / "rttm" / f"{name}.rttm").write_text(rttm(name, turns))
    recipe = tree.recipe("front")
    recipe.run("--corpus", folder, "--stop-stage", 2, "--nj", 2)
    return recipe


@pytest.fixture(scope="module")
def joint(front) -> tuple[Recipe, list[str]]:
    """IDEC of both recordings and the information bottleneck, and what the console shows."""
    recipe = front.copy("joint")
    run = recipe.run("--stage", 3, "--embedder", "idec", *SMALL, "--clusterer", "aib", "--nj", 1, *CHEAP)
    return recipe, run.lines


@pytest.fixture(scope="module")
def apart(tree, front, tmp_path_factory) -> tuple[Recipe, Run]:
    """IDEC of each recording: the two, a corrupt, a silent and a short one; those that can be."""
    folder = tmp_path_factory.mktemp("mixed")
    for line in (front.folder / "data" / "eval" / "wav.scp").read_text().splitlines():
        name, path = line.split(maxsplit=1)
        (folder / f"{name}.flac").symlink_to(path)
    write_audio(folder / "short.flac", talk([(0.4, 2.0, "bob")], seed=2))
    write_audio(folder / "silent.flac", np.zeros(3 * RATE))
    (folder / "corrupt.wav").write_bytes(np.random.default_rng(0).bytes(20000))
    choices = ("--embedder", "idec", "--per-recording", "true", "--realigner", "none", *SMALL)
    recipe = tree.recipe("apart")
    return recipe, recipe.run("--corpus", folder, *choices, "--skip-bad", "true", "--nj", 1)


@pytest.fixture
def recipe(joint, request) -> Recipe:
    """A recipe folder of the test's own, in which the joint run is done."""
    return joint[0].copy(re.sub(r"\W+", "_", request.node.name))


def array(recipe: Recipe, folder: str, recording: str) -> np.ndarray:
    ((_, values),) = kaldiio.load_ark(str(recipe.exp(folder, f"{recording}.ark")))
    return values


def folders(recipe: Recipe) -> set[str]:
    return {path.name for path in recipe.exp().iterdir()}


def log(recipe: Recipe, folder: str) -> str:
    """The text of the only log of a folder."""
    (path,) = recipe.exp(folder, "log").iterdir()
    return path.read_text()


def made_of(recipe: Recipe, folder: str) -> dict[str, dict[str, object]]:
    """What a folder was made of: options, choices and inputs."""
    return json.loads(recipe.exp(folder, "options.json").read_text())


# ---- embedders -----------------------------------------------------------------------------------------------------


def test_an_embedding_is_learned_and_clustered(joint):
    recipe, lines = joint
    new = {"sae_energy", "idec_energy", "embed_energy_idec", "clusters_energy_idec_aib"}
    new |= {"realigned_energy_idec_aib_hmm_gmm", "energy_idec_aib_hmm_gmm"}
    assert folders(recipe) == {"feats", "vad_energy"} | new and recipe.leftovers() == []
    for recording in TURNS:
        embedding = array(recipe, "embed_energy_idec", recording)
        assert embedding.shape == (len(array(recipe, "feats", recording)), 3) and embedding.dtype == np.float32
    for noun in ("sae", "idec"):
        folder = f"exp/eval/{noun}_energy"
        assert recipe.exp(f"{noun}_energy", f"{noun}.scp").read_text() == f"a {folder}/a.pt\nb {folder}/b.pt\n"
        assert read_checkpoint(recipe.exp(f"{noun}_energy", "b.pt"))["kind"] == noun
    assert float(re.search(rf"{ERROR} = ([\d.]+)", "\n".join(lines))[1]) < 25  # one speaker for all: 33


def test_the_console_names_the_stages_and_the_logs_have_the_epochs(joint):
    recipe, lines = joint
    assert [line.split("run.sh: ")[1] for line in lines[:6]] == [
        "stage 3: feats, vad -> sae; see exp/eval/sae_energy/log",
        "stage 4: sae, feats, vad -> idec; see exp/eval/idec_energy/log",
        "stage 5: feats -> embed",
        "stage 6: embed -> clusters",
        "stage 7: clusters -> realigned",
        "stage 8: realigned -> rttm, score",
    ]
    assert lines[6] == "exp/eval/energy_idec_aib_hmm_gmm/hyp.rttm" and lines[7].startswith("# collar=0.25 ")
    layers = [f"layer {n}: epoch 1 of 1" for n in (1, 2, 3)]
    for noun, epochs in (
        ("sae", [*layers, *(f"fine-tuning: epoch {n} of 20" for n in range(1, 21))]),
        ("idec", [f"clustering: epoch {n} of 2" for n in (1, 2)]),
    ):
        told = [line for line in log(recipe, f"{noun}_energy").splitlines() if not line.startswith("#")]
        assert told[0].startswith("steps/train_") and " --per-recording false " in told[0]
        assert [line.split(": loss ")[0] for line in told[1:-2]] == [f"joint: {epoch}" for epoch in epochs]
        assert all(re.search(r" loss [\d.e-]+, .*rate 0\.001, \d+\.\d s(, \d+ s left)?$", line) for line in told[1:-2])
    assert "clustering: epoch 2 of 2: loss " in told[2] and "label change" in told[2]


def test_run_again_with_more_jobs_it_is_trained_already_and_the_same_bytes(joint, recipe):
    wanted = recipe.files()
    models = [recipe.exp(f"{noun}_energy", "joint.model") for noun in ("sae", "idec")]
    made = [path.stat().st_mtime_ns for path in models]
    recipe.run("--stage", 3, "--stop-stage", 5, "--embedder", "idec", *SMALL, "--nj", 3)
    assert recipe.files() == wanted and [path.stat().st_mtime_ns for path in models] == made
    for noun in ("sae", "idec"):
        text = log(recipe, f"{noun}_energy")  # one job, whatever --nj is
        assert f"{noun}_energy/joint.model: trained already, with the same options from the same speech" in text
        assert ": epoch " not in text
    assert len(list(recipe.exp("embed_energy_idec", "log").iterdir())) == 2


def test_embedders_share_the_autoencoder_and_have_folders_of_their_own(recipe):
    before = recipe.files()
    recipe.run("--stage", 5, "--embedder", "sae", "--clusterer", "aib_viterbi", "--realigner", "kl_hmm", "--nj", 1)
    words = ("--embedder", "dec", *SMALL, "--clusterer", "ib_hmm_gmm", "--realigner", "none")
    recipe.run("--stage", 4, *words, "--nj", 1)
    after = recipe.files()
    assert before.items() <= after.items()
    assert {Path(name).parent.name for name in after.keys() - before.keys()} == {
        "embed_energy_sae",
        "clusters_energy_sae_aib_viterbi",
        "realigned_energy_sae_aib_viterbi_kl_hmm",
        "energy_sae_aib_viterbi_kl_hmm",
        "dec_energy",
        "embed_energy_dec",
        "clusters_energy_dec_ib_hmm_gmm",
        "energy_dec_ib_hmm_gmm_none",
        "report",
    }
    embeddings = [array(recipe, f"embed_energy_{embedder}", "a") for embedder in ("sae", "dec", "idec")]
    assert len({embedding.tobytes() for embedding in embeddings}) == 3
    kinds = {noun: read_checkpoint(recipe.exp(f"{noun}_energy", "a.pt"))["kind"] for noun in ("sae", "dec", "idec")}
    assert all(noun == kind for noun, kind in kinds.items())


def test_a_model_of_each_recording_whatever_nj_and_the_others_are(front, apart):
    recipe = front.copy("two_jobs")
    recipe.run("--stage", 3, "--stop-stage", 3, *SMALL, "--embedder", "sae", "--per-recording", "true", "--nj", 2)
    assert folders(recipe) - folders(front) == {"sae_energy_per_recording"}
    logs = sorted(recipe.exp("sae_energy_per_recording", "log").iterdir())
    for path, recording in zip(logs, TURNS, strict=True):
        epochs = [line for line in path.read_text().splitlines() if ": epoch " in line]
        assert len(epochs) == 23 and all(line.startswith(f"{recording}: ") for line in epochs)
    found, alone = recipe.files(), apart[0].files()
    made = [name for name in found if re.search(r"/sae_\w+/[ab]\.", name)]
    assert len(made) == 2 * 3 and all(found[name] == alone[name] for name in made)
    assert len({found[name] for name in made if name.endswith(".pt")}) == 2


def test_streams_of_features_and_embeddings_and_the_price_of_a_cluster(recipe):
    words = ("--embedder", "none", "--clusterer", "aib", "--streams", "feats:0.8,embed_energy_idec:0.2")
    recipe.run("--stage", 5, "--stop-stage", 6, *words, "--nj", 1)
    mixed = "clusters_energy_none_aib_feats-0.8+embed_energy_idec-0.2"
    assert (array(recipe, mixed, "a") >= 0).sum() == array(recipe, "vad_energy", "a").sum()
    assert made_of(recipe, mixed)["inputs"].keys() == {"embed_none", "feats", "embed_energy_idec", "vad_energy"}

    conf = recipe.folder / "conf"
    (embedded,) = re.findall(r"^--cluster-price=(\d+)$", (conf / "embedded.conf").read_text(), re.M)
    assert made_of(recipe, mixed)["options"]["cluster_price"] != float(embedded)
    words = ("--stage", 6, "--stop-stage", 6, "--embedder", "idec", "--clusterer", "aib", "--nj", 1)
    recipe.run(*words)
    assert made_of(recipe, "clusters_energy_idec_aib")["options"]["cluster_price"] == float(embedded)
    own = shutil.copytree(conf, recipe.folder / "own conf")
    conf.unlink()  # it was a link
    own.rename(conf)
    (conf / "clusters.conf").write_text("--cluster-price=4.5\n")
    recipe.run(*words)
    assert made_of(recipe, "clusters_energy_idec_aib")["options"]["cluster_price"] == 4.5  # the user's own wins


def test_features_made_anew_are_refused_until_they_are_learned_from(recipe):
    recipe.run("--stage", 1, "--stop-stage", 1, "--feats-opts", "--num-ceps 12")
    for stage, folder, of in ((5, "idec", "stage 4"), (4, "sae", "stage 3")):
        _, line = recipe.run("--stage", stage, "--embedder", "idec", *SMALL, code=1).lines
        assert f": exp/eval/{folder}_energy: was made from another exp/eval/feats than there is now; " in line
        assert f"{of} makes it" in line
    _, line = recipe.run("--stage", 6, *CLUSTERED, "--embedder", "idec", "--num-spk", 2, code=1).lines
    assert "exp/eval/sae_energy: was made from another exp/eval/feats than there is now" in line
    streams = ("--streams", "feats:0.8,embed_energy_idec:0.2", "--clusterer", "aib")
    line = recipe.run("--stage", 5, *streams, code=1).lines[-1]
    assert "exp/eval/embed_energy_idec: was made from another exp/eval/" in line and "stage 5 makes it" in line


# ---- DEC's own clusters --------------------------------------------------------------------------------------------


def test_decs_clusters_are_scored_as_they_are_and_smoothed(joint, recipe):
    before = recipe.files()
    (recipe.folder / "data" / "eval" / "reco2num_spk").write_text("a 2\nb 3\n")
    run = recipe.run("--stage", 5, "--embedder", "idec", *CLUSTERED, "--nj", 1)
    assert [line.split("run.sh: ")[1] for line in run.naming(": stage ")] == [
        "stage 6: feats, vad, sae -> clusters",
        "stage 7: clusters -> realigned",
        "stage 8: realigned -> rttm, score",
        "stage 9: rttm -> report",
    ]
    clusters, smooth = "clusters_energy_idec_dec", "realigned_energy_idec_dec_smooth"
    assert folders(recipe) - folders(joint[0]) == {clusters, smooth, "energy_idec_dec_none", "energy_idec_dec_smooth"}
    assert before.items() <= recipe.files().items()
    assert made_of(recipe, clusters)["choices"]["embedder"] == "idec"
    assert made_of(recipe, clusters)["options"]["max_intervals"] == 2
    assert made_of(recipe, clusters)["inputs"].keys() == {"feats", "vad_energy", "sae_energy"}
    for recording, wanted in (("a", 2), ("b", 3)):
        labels, smoothed = array(recipe, clusters, recording), array(recipe, smooth, recording)
        assert set(np.unique(labels)) == {-1, *range(wanted)}
        np.testing.assert_array_equal(labels < 0, smoothed < 0)
        assert 0 < np.count_nonzero(np.diff(smoothed)) < np.count_nonzero(np.diff(labels))
    systems = [recipe.exp(f"energy_idec_dec_{name}") for name in ("none", "smooth")]
    scores = [(system / "score.txt").read_text() for system in systems]
    assert scores[0] != scores[1] and all(score in run.console for score in scores) and len(run.naming(ERROR)) == 2
    turns = [(system / "hyp.rttm").read_text().count("\n") for system in systems]
    assert turns[0] > turns[1] > 0
    pages = [(system / "report" / "a.html").read_text() for system in systems]
    for system, page in zip(systems, pages, strict=True):
        assert f"<dt>turns</dt><dd>{(system / 'hyp.rttm').read_text().count(' a 1 ')}</dd>" in page
    assert "<h3>realigned_energy_idec_dec_smooth</h3>" in pages[1] and "<h3>realigned" not in pages[0]
    assert all((system / "report" / "index.html").exists() for system in systems)

    run = recipe.run("--stage", 7, "--embedder", "idec", "--clusterer", "dec", "--realigner", "none")
    assert not run.naming("stage 7") and len(run.naming(ERROR)) == 1 and run.naming("energy_idec_dec_none/hyp.rttm")


def test_decs_number_of_clusters_must_be_known(recipe):
    words = ("--stage", 6, "--stop-stage", 6, *CLUSTERED, "--nj", 1)
    known = recipe.folder / "data" / "eval" / "reco2num_spk"
    wanted = "wanted --num-spk N, or data/eval/reco2num_spk"
    for names in ("a b", "b"):
        _, line = recipe.run(*words, "--embedder", "dec", code=1).lines
        found = f"the clusterer dec was not told how many speakers there are in {names}"
        assert line == f"feats_to_clusters.py: --num-spk: {found}; {wanted}"
        known.write_text("a 3\n")
    _, line = recipe.run(*words, "--embedder", "dec", "--num-spk", 2, "--recut", "true", code=1).lines
    assert "--recut: found true with the clusterer dec; wanted false: it makes no merges to cut" in line
    assert not recipe.exp("clusters_energy_dec_dec").exists()
    recipe.run(*words, "--embedder", "dec", "--num-spk", 2)  # it wins over reco2num_spk
    for recording in TURNS:
        assert set(np.unique(array(recipe, "clusters_energy_dec_dec", recording))) == {-1, 0, 1}


# ---- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--clusterer dec", "--clusterer dec with --embedder: found 'none'; wanted one of: dec idec"),
        ("--clusterer dec --embedder sae", "--clusterer dec with --embedder: found 'sae'; wanted one of: dec idec"),
        (
            "--embedder idec --realigner smooth",
            "--realigner: found smooth with --clusterer hmm_gmm; wanted --clusterer dec, which gives soft labels",
        ),
        (
            "--embedder dec --clusterer dec --num-spk 2 --streams feats:1",
            "--streams: found 'feats:1' with --clusterer dec; wanted a clusterer that combines streams: "
            "aib aib_viterbi ib_hmm_gmm",
        ),
        (
            "--embedder dec --clusterer dec --compat diartk",
            "--compat diartk with --clusterer: found 'dec'; wanted one of: hmm_gmm aib",
        ),
        ("--embedder sae --per-recording some", "--per-recording takes true or false, not 'some'"),
        (
            "--stage 3 --stop-stage 4",
            "found nothing to run with --embedder none --clusterer hmm_gmm; wanted some of stages 0 1 2 5 6 7 8 9",
        ),
        (
            "--stage 4 --stop-stage 4 --embedder sae",
            "found nothing to run with --embedder sae --clusterer hmm_gmm; wanted some of stages 0 1 2 3 5 6 7 8 9",
        ),
        (
            "--stage 4 --stop-stage 5 --embedder idec --clusterer dec",
            "found nothing to run with --embedder idec --clusterer dec; wanted some of stages 0 1 2 3 6 7 8 9",
        ),
        (
            "--stage 10 --stop-stage 10 --embedder dec",
            "found nothing to run with --embedder dec --clusterer hmm_gmm; wanted some of stages 0 1 2 3 4 5 6 7 8 9",
        ),
    ],
)
def test_choices_that_do_not_go_together_are_one_line(front, words, message):
    before = folders(front)
    (line,) = front.run(*words.split(), code=1).lines
    assert "run.sh: " in line and line.endswith(message)
    assert folders(front) == before


def test_bad_options_of_networks_leave_no_model_to_later_stages(recipe):
    stage_3 = ("--stage", 3, "--stop-stage", 3, "--embedder", "idec", "--sae-opts")
    model = recipe.exp("sae_energy", "joint.model").read_bytes()
    _, line = recipe.run(*stage_3, "--hidden 5-x", code=1).lines
    assert line == "train_sae.py: --hidden: found '5-x'; wanted widths as in 500-500-2000"
    assert recipe.exp("sae_energy", "joint.model").read_bytes() == model  # nothing was begun

    run = recipe.run(*stage_3, f"{SAE} --device cuda", CUDA_VISIBLE_DEVICES="", code=1)
    assert len(run.lines) == 3 and run.naming("sae.1.log: train_sae.py: --device: found cuda, but torch sees no GPU; ")
    run = recipe.run(*stage_3, f"{SAE} --learning-rate 1000", code=1)
    assert run.naming("sae.1.log: train_sae.py: --learning-rate: found 1000: the loss of 'layer 1' went from ")
    assert run.lines[-1].endswith("exp/eval/sae_energy: 2 of 2 recordings failed; see exp/eval/sae_energy/log")
    assert len(run.lines) == 3
    assert {path.suffix for path in recipe.exp("sae_energy").iterdir()} == {"", ".json", ".state"}
    for words in (("--stage", 4, "--embedder", "idec"), ("--stage", 5, "--embedder", "sae")):
        _, line = recipe.run(*words, code=1).lines
        assert "exp/eval/sae_energy: is not complete (no .scp); wanted the folder of sae; stage 3 makes it" in line


HIDES_TORCH = """
import sys

class Hidden:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Hidden)
"""


def test_torch_is_asked_for_where_networks_are(front, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(HIDES_TORCH)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{tmp_path}:$PYTHONPATH" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    recipe = front.copy("without_torch")
    (line,) = recipe.run("--stage", 3, "--embedder", "sae", DIAR_PYTHON=str(python), code=1).lines
    assert line.startswith("setup: DIAR_PYTHON lacks torch; install them with ") and "[nets,figures]" in line
    assert recipe.run("--stage", 5, "--stop-stage", 5, DIAR_PYTHON=str(python)).naming("stage 5: feats -> embed")


# ---- bad and little recordings -------------------------------------------------------------------------------------


def test_others_learn_alone_where_a_recording_is_corrupt_silent_or_short(apart):
    recipe, run = apart
    for noun in ("feats", "vad", "sae", "idec", "embed", "clusters"):
        assert len(run.naming(f"{noun}: corrupt: skipped: ")) == 1
    for program, noun in (("train_sae.py", "sae"), ("train_dec.py", "idec")):
        where = f"exp/eval/{noun}_energy_per_recording/silent.pt"
        assert len(run.naming(f"{program}: warning: {where}: no speech to learn from")) == 1
    system = "energy_per_recording_idec_hmm_gmm_none"
    new = {f"{noun}_energy_per_recording" for noun in ("sae", "idec")}
    new |= {"embed_energy_per_recording_idec", "clusters_energy_per_recording_idec_hmm_gmm", system}
    assert folders(recipe) == {"feats", "vad_energy"} | new
    turns = [line.split()[1] for line in recipe.exp(system, "hyp.rttm").read_text().splitlines()]
    assert set(turns) == {"a", "b", "short"} and turns.count("short") == 1


def test_others_learn_together_where_a_recording_is_corrupt_silent_or_short(apart):
    recipe = apart[0].copy("mixed_together")
    words = ("--stage", 3, "--stop-stage", 3, "--embedder", "sae", *SMALL)
    recipe.run(*words, "--skip-bad", "true")
    assert sorted(path.stem for path in recipe.exp("sae_energy").glob("*.pt")) == ["a", "b", "short", "silent"]
    mean = read_checkpoint(recipe.exp("sae_energy", "joint.model"))["weights"]["mean"].numpy()
    frames = [array(recipe, "feats", name)[array(recipe, "vad_energy", name) > 0] for name in ("a", "b", "short")]
    middle = np.split(mean, 5)[2]  # of five frames of context
    np.testing.assert_allclose(middle, np.concatenate(frames).mean(axis=0, dtype=np.float64), rtol=1e-4, atol=1e-4)

    run = recipe.run(*words, code=1)
    assert run.naming("sae: corrupt: failed: ") and run.lines[-1].endswith("go on without them: --skip-bad true")
    assert not recipe.exp("sae_energy", "sae.scp").exists()


def test_a_silent_recording_alone_has_no_turns(tree, tmp_path):
    write_audio(tmp_path / "silent.flac", np.zeros(3 * RATE))
    recipe = tree.recipe("silence")
    run = recipe.run("--corpus", tmp_path, "--embedder", "idec", *CLUSTERED, "--num-spk", 2, *SMALL)
    assert run.naming("train_sae.py: warning: exp/eval/sae_energy/joint.model: no speech to learn from")
    for name in ("none", "smooth"):
        assert recipe.exp(f"energy_idec_dec_{name}", "hyp.rttm").read_text() == ""


# ---- killed --------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds processes by /proc")
def test_killed_in_stage_3_and_started_again_it_goes_on_to_the_same_bytes(joint, front):
    recipe, mark = front.copy("killed"), uuid.uuid4().hex
    words = ("--stage", "3", "--stop-stage", "3", "--embedder", "idec", *SMALL)
    process = start(recipe, mark, *words)
    deadline = time.monotonic() + 60
    state = recipe.exp("sae_energy", "joint.state")
    while not state.exists():
        assert time.monotonic() < deadline and process.poll() is None, "no state of the training"
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert wait_for_end(process.pid, mark) == []
    assert state.exists() and not recipe.exp("sae_energy", "joint.model").exists()
    _, line = recipe.run("--stage", 4, "--embedder", "idec", code=1).lines
    assert "exp/eval/sae_energy: is not complete (no .scp)" in line

    recipe.run(*words)
    assert re.search(r"joint\.model: going on after epoch \d+ of '", log(recipe, "sae_energy"))
    assert recipe.leftovers() == [] and not state.exists()
    wanted = {name: content for name, content in joint[0].files().items() if "/sae_energy/" in name}
    assert {name: content for name, content in recipe.files().items() if "/sae_energy/" in name} == wanted


def test_the_report_s_networks_are_the_embedding_of_both_its_systems(recipe):
    short = ("--sae-opts", "--pretrain-epochs 1 --finetune-epochs 1 --hidden 30", "--dec-opts", "--max-intervals 1")
    front = ("--denoise", "none", "--vad", "energy", "--stage", 3, "--nj", 1)
    recipe.run("--preset", "report", "--embedder", "idec", *short, *front)
    sae, idec = (json.loads(recipe.exp(f"{n}_energy", "options.json").read_text())["options"] for n in ("sae", "idec"))
    report = {"context": 5, "dropout": 0.2, "learning_rate": 0.1, "decay_every": 70, "bottleneck": 10}
    assert report.items() <= sae.items() and sae["hidden"] == "30"  # the command line wins
    assert {"learning_rate": 0.01, "label_tolerance": 0.001, "decay_every": 0}.items() <= idec.items()
    for clusterer in ("hmm_gmm", "ib_hmm_gmm"):
        assert ERROR in recipe.exp(f"energy_idec_{clusterer}_none", "score.txt").read_text()
        made = json.loads(recipe.exp(f"clusters_energy_idec_{clusterer}", "options.json").read_text())
        assert any("embed_energy_idec" in name for name in made["inputs"])
