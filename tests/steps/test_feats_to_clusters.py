"""The step that clusters recordings by DEC, and the realignment that smooths its soft labels."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from net_speech import pauses
from net_stages import DEC_FLAGS, MADE, array, names, write_vad
from step_runner import call_step

from diar.io.ark import write_scp
from diar.pipeline import realign_clusters
from diar.realign import SmoothOptions


def cluster(folder: Path, *words: object, code: int = 0, **rest: bool) -> str:
    words = (*DEC_FLAGS, *words, "data", "feats", "vad", "sae", "clusters")
    return call_step(folder, "feats_to_clusters.py", *words, code=code, **rest)


def realign(folder: Path, *words: object, code: int = 0) -> str:
    return call_step(folder, "clusters_to_realigned.py", *words, "data", "clusters", "feats", "realigned", code=code)


def soft_labels(folder: Path, recording: str) -> np.ndarray:
    import kaldiio

    ((name, soft),) = kaldiio.load_ark(str(folder / "clusters" / f"{recording}.soft_labels.ark"))
    assert name == recording
    return soft


@pytest.fixture(scope="module")
def clustered(made: Path, tmp_path_factory) -> tuple[Path, str]:
    """A folder of clusters, two speakers each, and what was printed."""
    folder = shutil.copytree(made, tmp_path_factory.mktemp("clustered") / "exp")
    printed = cluster(folder, "--num-spk", "2")
    write_scp(folder / "clusters", "clusters", ["a", "b", "silent"])
    return folder, printed


# ---- clusters ------------------------------------------------------------------------------------------------------


def test_every_speech_frame_has_the_cluster_it_is_most_likely_of(clustered: tuple[Path, str]) -> None:
    folder, printed = clustered
    for name in ("a", "b"):
        labels, soft = array(folder / "clusters" / f"{name}.ark"), soft_labels(folder, name)
        assert labels.dtype == np.int32 and (labels[~pauses(300)] == -1).all() and len(labels) == 300
        assert soft.shape == (pauses(300).sum(), 2)
        np.testing.assert_allclose(soft.sum(axis=1), 1.0, atol=1e-5)
        np.testing.assert_array_equal(labels[pauses(300)], soft.argmax(axis=1))
        assert set(labels.tolist()) == {-1, 0, 1} and labels[pauses(300)][0] == 0
    made = json.loads((folder / "clusters" / "options.json").read_text())
    assert made["choices"] == {"clusterer": "dec", "embedder": "idec"}
    assert "warning" not in printed


def test_a_silent_recording_has_no_speaker_and_no_soft_labels(clustered: tuple[Path, str]) -> None:
    clusters = clustered[0] / "clusters"
    assert array(clusters / "silent.ark").tolist() == [-1] * 300 and "silent.soft_labels.ark" not in names(clusters)


def test_the_number_of_speakers_may_be_the_data_folders(stages: Path) -> None:
    (stages / "data" / "reco2num_spk").write_text("a 3\nb 2\nsilent 4\n")
    cluster(stages)
    assert {soft_labels(stages, name).shape[1] for name in "a"} == {3} and soft_labels(stages, "b").shape[1] == 2


def test_recordings_of_unknown_numbers_are_named_in_one_line(stages: Path) -> None:
    found = (
        "feats_to_clusters.py: --num-spk: the clusterer dec was not told how many speakers there are in {}; "
        "wanted --num-spk N, or data/reco2num_spk"
    )
    assert cluster(stages, code=1).splitlines() == [found.format("a b silent")] * 2
    (stages / "data" / "reco2num_spk").write_text("b 2\n")
    assert cluster(stages, code=1).splitlines() == [found.format("a silent")] * 2
    assert cluster(stages, "--min-spk", "2", "--max-spk", "3", code=1).splitlines() == [found.format("a silent")] * 2
    assert not (stages / "clusters").exists()
    cluster(stages, "--min-spk", "3", "--max-spk", "3")
    assert soft_labels(stages, "a").shape[1] == 3


def test_little_speech_makes_fewer_speakers_and_a_warning(stages: Path) -> None:
    write_vad(stages, "a", np.arange(300) < 25)
    printed = cluster(stages, "--num-spk", "4")
    assert soft_labels(stages, "a").shape == (25, 2)
    assert "feats_to_clusters.py: warning: a: 4 speakers asked for, 2 made" in printed


def test_there_is_nothing_to_cut_anew(stages: Path) -> None:
    printed = cluster(stages, "--recut", "true", "--num-spk", "2", code=1)
    found = "--recut: found true with the clusterer dec; wanted false: it makes no merges to cut"
    assert printed.splitlines() == [f"feats_to_clusters.py: {found}"] * 2


def test_the_same_call_gives_the_same_bytes_and_the_seed_matters(clustered: tuple[Path, str], stages: Path) -> None:
    def results(folder: Path) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (folder / "clusters").glob("*.ark")}

    for k in (3, 1, 2):
        cluster(stages, "--num-spk", "2", f"--share={k}/3")
    assert results(stages) == results(clustered[0]) and len(results(stages)) == 5
    cluster(stages, "--num-spk", "2", "--seed", "2")
    assert results(stages) != results(clustered[0])


def test_features_the_autoencoder_does_not_fit_are_refused(stages: Path) -> None:
    (stages / "feats" / "options.json").write_text(json.dumps(MADE | {"choices": {"denoise": "wiener"}}))
    printed = cluster(stages, "--num-spk", "2", code=1)
    found = "found features with denoise wiener; the model wants denoise none; train it on these"
    assert f"a: failed: feats: a: {found}" in printed and "a.ark" not in names(stages / "clusters")


def test_the_options_of_embeddings_serve_here_too_but_for_their_number_of_clusters(stages: Path) -> None:
    (stages / "conf").write_text("--dec-clusters=9\n--gamma=0.2\n")
    cluster(stages, "--config", "conf", "--num-spk", "2")
    assert json.loads((stages / "clusters" / "options.json").read_text())["options"]["gamma"] == 0.2


def test_bad_options_are_one_line(stages: Path) -> None:
    printed = cluster(stages, "--embedder", "sae", "--num-spk", "2", code=1)
    assert printed.splitlines() == ["feats_to_clusters.py: --embedder: found 'sae'; wanted one of idec, dec"] * 2


# ---- realignment ---------------------------------------------------------------------------------------------------


def test_smoothing_is_viterbi_through_the_soft_labels(clustered: tuple[Path, str]) -> None:
    folder, _ = clustered
    realign(folder, "--realigner", "smooth", "--smooth-duration", "0.3")
    for name in ("a", "b"):
        labels, soft = array(folder / "clusters" / f"{name}.ark"), soft_labels(folder, name)
        frames = array(folder / "feats" / f"{name}.ark")
        wanted = realign_clusters(frames, labels, SmoothOptions(0.3), soft_labels=soft)
        found = array(folder / "realigned" / f"{name}.ark")
        np.testing.assert_array_equal(found, wanted)
        assert ((found < 0) == (labels < 0)).all() and (found != labels).any()
        assert np.abs(np.diff(found[pauses(300)])).sum() < np.abs(np.diff(labels[pauses(300)])).sum()
    assert array(folder / "realigned" / "silent.ark").tolist() == [-1] * 300


@pytest.mark.parametrize("realigner", ["hmm_gmm", "kl_hmm"])
def test_other_realigners_take_decs_clusters_by_the_features(clustered: tuple[Path, str], realigner: str) -> None:
    folder, _ = clustered
    realign(folder, "--realigner", realigner)
    labels = array(folder / "realigned" / "a.ark")
    assert ((labels >= 0) == pauses(300)).all()


@pytest.mark.parametrize("clusterer", ["hmm_gmm", "aib", ""])
def test_smoothing_other_clusters_is_refused(clustered: tuple[Path, str], tmp_path: Path, clusterer: str) -> None:
    folder = shutil.copytree(clustered[0], tmp_path / "exp")
    made = json.loads((folder / "clusters" / "options.json").read_text())
    (folder / "clusters" / "options.json").write_text(json.dumps(made | {"choices": {"clusterer": clusterer}}))
    printed = realign(folder, "--realigner", "smooth", code=1)
    found = f"clusters: made by '{clusterer}', without soft labels; wanted --clusterer dec"
    assert printed.splitlines() == [f"clusters_to_realigned.py: {found}"] * 2


def test_soft_labels_that_have_gone_are_told(clustered: tuple[Path, str], tmp_path: Path) -> None:
    folder = shutil.copytree(clustered[0], tmp_path / "exp")
    (folder / "clusters" / "a.soft_labels.ark").unlink()
    printed = realign(folder, "--realigner", "smooth", code=1)
    assert "a: failed: clusters/a.soft_labels.ark: cannot be read" in printed
    assert "b.ark" in names(folder / "realigned")
