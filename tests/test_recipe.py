"""The recipe on small recordings: results, options, folders, messages."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import kaldiio
import numpy as np
import pytest
import soundfile
from recipe_tree import Recipe, Run, Tree, Turns, rttm, take_turns, talk, write_audio
from scipy.signal import resample_poly
from threadpoolctl import threadpool_limits

from diar.cluster.agglomerate import SpeakerRange
from diar.cluster.hmm_gmm import HmmGmmOptions
from diar.diarization import PipelineOptions, diarize
from diar.feats import FeatsOptions, features
from diar.pipeline import frames_to_clusters

TURNS = {
    "alpha": take_turns(["ann", "bob"] * 3),
    # the third turn is shorter than the clustering's minimum duration: realignment has something to mend
    "beta": [
        *take_turns(["bob", "cat"]),
        (10.4, 12.8, "bob"),
        *((13.6, 17.6, "cat"), (18.4, 22.4, "bob"), (23.2, 26.2, "cat")),
    ],
    "gamma_r_1": take_turns(["cat", "bob"] * 2),
}
RECORDINGS = sorted(TURNS)
SYSTEM = "energy_none_hmm_gmm_hmm_gmm"
CLUSTERS = "clusters_energy_none_hmm_gmm"
REALIGNED = f"realigned_{SYSTEM}"


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Tree:
    return Tree(tmp_path_factory.mktemp("recipe") / "a root with blanks")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    """Three recordings with references: mono FLAC, stereo WAV, and one at 8 kHz whose name cannot stay."""
    folder = tmp_path_factory.mktemp("corpora") / "my meetings"
    write_audio(folder / "flac" / "alpha.flac", talk(TURNS["alpha"]))
    beta = talk(TURNS["beta"], seed=2)
    noise = 1e-3 * np.random.default_rng(2).standard_normal(len(beta))
    write_audio(folder / "wav" / "beta.wav", np.stack([beta, noise], axis=1))
    write_audio(folder / "audio" / "gamma r.1.wav", talk(TURNS["gamma_r_1"], seed=3, rate=8000), 8000)
    (folder / "rttm").mkdir()
    (folder / "rttm" / "all.rttm").write_text(
        rttm("alpha", TURNS["alpha"]) + rttm("beta", TURNS["beta"]) + rttm("gamma_r.1", TURNS["gamma_r_1"])
    )
    (folder / "uem").mkdir()
    (folder / "uem" / "alpha.uem").write_text("alpha 1 0.000 29.000\n")
    (folder / "uem" / "others.uem").write_text("beta 1 0.000 26.600\ngamma_r.1 1 0.000 19.600\n")
    return folder


@pytest.fixture(scope="module")
def whole(tree, corpus) -> tuple[Recipe, Run]:
    """A whole run with the defaults and one job, started in another directory with a relative corpus."""
    recipe = tree.recipe("whole", like="own")
    return recipe, recipe.run("--corpus", corpus.name, "--nj", 1, cwd=corpus.parent)


@pytest.fixture
def finished(whole, request) -> Recipe:
    """A recipe folder of the test's own, in which the whole run is done."""
    return whole[0].copy(request.node.name.replace("test_", ""))


@pytest.fixture(scope="module")
def unscored(tree, corpus, tmp_path_factory) -> tuple[Recipe, Run]:
    """A run without references on alpha and on two seconds of zeros, with a --set of its own."""
    folder = tmp_path_factory.mktemp("unscored")
    write_audio(folder / "silence.wav", np.zeros(32000))
    (folder / "alpha.flac").symlink_to(corpus / "flac" / "alpha.flac")
    recipe = tree.recipe("unscored", like="own")
    return recipe, recipe.run("--corpus", folder, "--set=quiet", "--nj", 2)


def speakers(recipe: Recipe, system: str = SYSTEM, set: str = "eval") -> dict[str, int]:
    """The number of speakers of each recording of hyp.rttm."""
    lines = [line.split() for line in recipe.exp(system, "hyp.rttm", set=set).read_text().splitlines()]
    return {name: len({line[7] for line in lines if line[1] == name}) for name in {line[1] for line in lines}}


def speaker_numbers(turns: Turns) -> np.ndarray:
    """The speaker of each of 3000 frames, numbered by first appearance; -1 for nobody."""
    numbers: dict[str, int] = {}
    frames = np.full(3000, -1)
    for start, end, speaker in sorted(turns):
        frames[round(100 * start) : round(100 * end)] = numbers.setdefault(speaker, len(numbers))
    return frames


def archive(recipe: Recipe, noun: str, recording: str, set: str = "eval") -> np.ndarray:
    return next(iter(kaldiio.load_ark(str(recipe.exp(noun, f"{recording}.ark", set=set)))))[1]


def merge_gains(recipe: Recipe, clusters: str, recording: str) -> list[float]:
    steps = json.loads(recipe.exp(clusters, f"{recording}.merges.json").read_text())["steps"]
    return [step["delta_bic"] for step in steps if "merge" in step]


# ---- results -------------------------------------------------------------------------------------------------------


def test_own_recordings_are_diarized_and_scored(whole):
    recipe, run = whole
    assert speakers(recipe) == {"alpha": 2, "beta": 2, "gamma_r_1": 2}
    score = recipe.exp(SYSTEM, "score.txt").read_text()
    assert score in run.console
    assert score.startswith("# collar=0.25 overlap=skipped uem=all.uem vad=energy")
    found = re.search(r"^ OVERALL SPEAKER DIARIZATION ERROR = (\d+\.\d\d) percent of scored speaker time", score, re.M)
    assert float(found[1]) < 5
    stages = [line.split(": ")[1] for line in run.naming("run.sh: stage ")]
    assert stages == [f"stage {n}" for n in (0, 1, 2, 5, 6, 7, 8, 9)]
    assert recipe.leftovers() == []


def test_a_source_below_the_sample_rate_is_told(whole):
    (line,) = whole[1].naming("warning")
    assert "gamma_r_1" in line and "8000 Hz" in line and "16000" in line


def test_turns_are_those_of_the_reference(whole):
    lines = [line.split() for line in whole[0].exp(SYSTEM, "hyp.rttm").read_text().splitlines()]
    assert {line[2] for line in lines} == {"1"}
    for recording in RECORDINGS:
        hypothesis = [
            (float(line[3]), float(line[3]) + float(line[4]), line[7]) for line in lines if line[1] == recording
        ]
        agree = np.mean(speaker_numbers(hypothesis) == speaker_numbers(TURNS[recording]))
        assert agree > 0.93  # the rest: boundaries


def test_without_references_it_diarizes_and_says_that_nothing_is_scored(unscored):
    recipe, run = unscored
    assert speakers(recipe, set="quiet") == {"alpha": 2}
    assert len(run.naming("ref.rttm", "nothing to score")) == 1
    assert not recipe.exp(SYSTEM, "score.txt", set="quiet").exists()


def test_a_recording_of_zeros_has_no_turns_and_a_warning(unscored):
    recipe, run = unscored
    assert run.naming("warning", "silence", "no speech")
    labels = archive(recipe, REALIGNED, "silence", set="quiet")
    assert len(labels) == 200 and (labels == -1).all()


def test_a_set_has_its_own_folders(unscored):
    recipe, _ = unscored
    assert [path.name for path in (recipe.folder / "data").iterdir()] == ["quiet"]
    assert [path.name for path in (recipe.folder / "exp").iterdir()] == ["quiet"]


def test_default_of_rt04_simulates_meetings_and_says_so(tree):
    recipe = tree.recipe("rt04")
    options = ("--num-meetings", 2, "--duration", 20, "--num-speakers", 2, "--nj", 2)
    run = recipe.run(*options)
    assert len(run.naming("no --corpus", "simulated meetings")) == 1
    assert [line.split()[0] for line in (recipe.folder / "data/eval/wav.scp").read_text().splitlines()] == [
        "SIM01",
        "SIM02",
    ]
    durations = (recipe.folder / "data/eval/reco2dur").read_text()
    assert durations == "SIM01 20.000\nSIM02 20.000\n"
    assert speakers(recipe).keys() == {"SIM01", "SIM02"}
    assert re.search(r"^ OVERALL SPEAKER DIARIZATION ERROR = \d+\.\d\d percent", run.console, re.M)


def test_rt04_passes_the_options_of_the_simulator_on(tree, tmp_path):
    recipe = tree.recipe("rt04")
    turns = [f"SPEAKER r 1 {2 * k} 1.5 <NA> <NA> {'ab'[k % 2]} <NA> <NA>\n" for k in range(20)]
    (tmp_path / "turns.rttm").write_text("".join(turns))
    options = ("--num-meetings", 1, "--sessions", 2, "--duration", 20, "--num-speakers", 2, "--set", "twice")
    run = recipe.run(*options, "--turns", "turns.rttm", "--stop-stage", 0, cwd=tmp_path)
    assert run.naming("SIM01a", "2 speakers") and run.naming("SIM01b", "2 speakers")
    lines = (recipe.folder / "data/twice/ref.rttm").read_text().splitlines()
    lengths = [float(line.split()[4]) for line in lines]
    assert sum(1.4 < length < 1.8 for length in lengths) > 0.5 * len(lengths), "turns as long as the references'"
    recipe.run(*options, "--turns", "ami", "--stop-stage", 0, cwd=tmp_path)
    (line,) = recipe.run(*options, "--noises", "none", "--stop-stage", 0, code=1, cwd=tmp_path).naming("--noises")
    assert f"{tmp_path}/none: no such folder" in line


def test_same_bytes_for_any_nj_and_for_a_second_run(whole, tree, corpus, finished):
    wanted = whole[0].results()
    assert {Path(name).name for name in wanted} >= {
        "alpha.ark",
        "alpha.merges.json",
        "feats.scp",
        "hyp.rttm",
        "options.json",
        "realigned.scp",
        "score.txt",
        "vad.scp",
    }
    for nj, recipe in ((2, finished), (5, tree.recipe("fresh", like="own"))):
        before = {path: path.stat().st_mtime_ns for path in recipe.exp().glob("*/*.ark")}
        recipe.run("--corpus", corpus, "--nj", nj)
        assert all(path.stat().st_mtime_ns != then for path, then in before.items())  # they were made again
        assert recipe.results() == wanted
        assert len(list(recipe.exp("feats", "log").iterdir())) == min(nj, 3)


@pytest.mark.parametrize("name", ["flac/alpha.flac", "wav/beta.wav"])
def test_in_memory_chain_has_the_same_labels(whole, corpus, name):
    recording = Path(name).stem
    samples, rate = soundfile.read(corpus / name, dtype="float32", always_2d=True)
    if recording == "beta":  # where realignment changes something
        assert (archive(whole[0], CLUSTERS, recording) != archive(whole[0], REALIGNED, recording)).any()
    found = diarize(samples.mean(axis=1), rate)
    np.testing.assert_array_equal(found.labels, archive(whole[0], REALIGNED, recording))
    lines = [line.split() for line in whole[0].exp(SYSTEM, "hyp.rttm").read_text().splitlines()]
    assert [(f"{turn.start:.3f}", f"{turn.duration:.3f}") for turn in found.turns] == [
        (line[3], line[4]) for line in lines if line[1] == recording
    ]


def test_reference_speech_and_ablations_have_their_own_folders(whole, corpus, finished):
    before = finished.results()
    finished.run("--stage", 2, "--vad", "reference")
    finished.run("--stage", 7, "--vad", "reference", "--realigner", "none")
    after = finished.results()
    assert before.items() <= after.items()
    assert {Path(name).parent.name for name in after.keys() - before.keys()} == {
        "vad_reference",
        "clusters_reference_none_hmm_gmm",
        "realigned_reference_none_hmm_gmm_hmm_gmm",
        "reference_none_hmm_gmm_hmm_gmm",
        "reference_none_hmm_gmm_none",
    }
    assert "vad=reference" in finished.exp("reference_none_hmm_gmm_none", "score.txt").read_text()

    speech = np.zeros(len(archive(finished, "feats", "alpha")), dtype=np.float32)
    for start, end, _ in TURNS["alpha"]:
        speech[round(100 * start) : round(100 * end)] = 1
    np.testing.assert_array_equal(archive(finished, "vad_reference", "alpha"), speech)
    signal, rate = soundfile.read(corpus / "flac" / "alpha.flac", dtype="float32")
    for options, noun in (
        (PipelineOptions(), "realigned_reference_none_hmm_gmm_hmm_gmm"),
        (PipelineOptions(realigner=None), "clusters_reference_none_hmm_gmm"),
    ):
        found = diarize(signal, rate, options, speech)
        np.testing.assert_array_equal(found.labels, archive(finished, noun, "alpha"))


def test_archives_are_kaldis(whole, monkeypatch):
    recipe, _ = whole
    monkeypatch.chdir(recipe.folder)  # paths in an scp are relative to the recipe, as in Kaldi
    shapes = {"feats": (np.float32, (19,)), "vad_energy": (np.float32, ()), CLUSTERS: (np.int32, ())}
    shapes |= {"embed_none": shapes["feats"], REALIGNED: shapes[CLUSTERS]}
    for folder, (kind, shape) in shapes.items():
        (table,) = recipe.exp(folder).glob("*.scp")
        assert table.stem == ("feats" if folder == "embed_none" else folder.partition("_")[0])
        arrays = dict(kaldiio.load_scp(str(table)))
        assert list(arrays) == RECORDINGS
        for recording, array in arrays.items():
            seconds = TURNS[recording][-1][1] + 0.5
            assert array.dtype == kind and array.shape == (round(100 * seconds), *shape)
            if folder == "vad_energy":
                assert set(np.unique(array)) == {0, 1}
            if kind == np.int32:
                assert set(np.unique(array)) == {-1, *range(len(set(speaker for *_, speaker in TURNS[recording])))}


def test_score_condition(finished):
    run = finished.run("--stage", 8, "--collar", 0, "--skip-overlap", "false")
    assert run.naming("# collar=0 overlap=scored uem=all.uem vad=energy")
    error = float(re.search(r"DIARIZATION ERROR = ([\d.]+)", run.console)[1])
    assert 0 < error < 10
    run = finished.run("--stage", 8, "--min-turn", 60)  # leaves each speaker's longest turn
    assert 30 < float(re.search(r"DIARIZATION ERROR = ([\d.]+)", run.console)[1]) < 90
    assert len(finished.exp(SYSTEM, "hyp.rttm").read_text().splitlines()) == 2 + 2 + 2


# ---- options -------------------------------------------------------------------------------------------------------


def test_stage_and_stop_stage(finished):
    before = {path: path.stat().st_mtime_ns for path in finished.exp().glob("**/*") if path.is_file()}
    run = finished.run("--stage=7", "--stop_stage", 7)
    assert len(run.naming(": stage ")) == 1 and run.naming("stage 7: clusters -> realigned")
    changed = {path.parent.name for path, then in before.items() if path.exists() and path.stat().st_mtime_ns != then}
    assert changed == {REALIGNED, "log"}
    (line,) = finished.run("--stage", 3, "--stop-stage", 4, code=1).lines
    choices = "--embedder none --clusterer hmm_gmm"
    assert line.endswith(f"found nothing to run with {choices}; wanted some of stages 0 1 2 5 6 7 8 9")


def test_other_options_replace_a_folder_and_stage_6_alone_restores_it(whole, finished):
    folder = finished.exp(CLUSTERS)
    stale = folder / "gone.ark"
    before = merge_gains(finished, CLUSTERS, "alpha")
    for options, stays in (("", True), ("--initial-clusters 4", False)):
        stale.write_bytes(b"of a recording that is no more")
        finished.run("--stage", 6, "--stop-stage", 6, "--clusters-opts", options)
        assert stale.exists() == stays
        assert (merge_gains(finished, CLUSTERS, "alpha") == before) == stays
    assert json.loads((folder / "options.json").read_text())["options"]["initial_clusters"] == 4
    assert 1 <= len(merge_gains(finished, CLUSTERS, "alpha")) <= 3
    finished.run("--stage", 6)
    assert finished.results() == whole[0].results()


def test_report_preset_takes_the_flags_of_the_audio_class(finished):
    (finished.folder / "data" / "eval" / "reco2class").write_text("alpha CMU\ngamma_r_1 LDC\n")
    run = finished.run("--preset", "report", "--denoise", "none", "--stage", 2)
    assert "vad=reference" in run.console
    assert finished.exp("reference_none_hmm_gmm_none", "score.txt").exists()
    flags = {
        "alpha": {"num_gaussians": 3, "merge_passes": 2},
        "beta": {},
        "gamma_r_1": {"num_gaussians": 10, "merge_passes": 3},
    }
    clusters = "clusters_reference_none_hmm_gmm"
    given = json.loads(finished.exp(clusters, "options.json").read_text())["options"]
    report = {name: given[name] for name in (known.name for known in fields(HmmGmmOptions))}
    wanted = {"initial_clusters": 20, "initial_passes": 10, "segmentation": "polling", "min_duration": 2.5}
    assert wanted.items() <= report.items()
    for recording in RECORDINGS:
        frames = archive(finished, "feats", recording)
        speech = archive(finished, "vad_reference", recording) > 0
        options = HmmGmmOptions(**(report | flags[recording]))
        found = frames_to_clusters(frames, speech, options, SpeakerRange())
        np.testing.assert_array_equal(archive(finished, clusters, recording), found.labels)
        wanted = [partition.best_merge.gain for partition in found.history if partition.best_merge]
        np.testing.assert_allclose(merge_gains(finished, clusters, recording), wanted, rtol=1e-4)
        if flags[recording]:
            other = frames_to_clusters(frames, speech, HmmGmmOptions(**report), SpeakerRange()).history
            assert not np.allclose(wanted[0], other[0].best_merge.gain, rtol=3e-4)  # the flags matter


def test_the_command_line_wins_over_a_preset(finished):
    words = ("--realigner=hmm_gmm", "--preset", "report", "--vad", "energy", "--denoise", "none", "--stage", 6)
    finished.run(*words)
    systems = {path.parent.name for path in finished.exp().glob("*/score.txt")}
    assert systems == {"energy_none_hmm_gmm_hmm_gmm", "energy_none_ib_hmm_gmm_hmm_gmm"}
    run = finished.run(*words, "--clusterer", "aib")  # is one system, so that there is no second table
    assert "report2" not in run.console and finished.exp("energy_none_aib_hmm_gmm").exists()


def test_a_preset_runs_the_one_that_follows_with_its_own_settings(finished):
    (finished.folder / "data" / "eval" / "reco2class").write_text("alpha NIST\n")
    run = finished.run("--preset", "report", "--denoise", "none", "--stage", 2, "--stop-stage", 6)
    assert len(run.naming("stage 2:")) == 1 and len(run.naming("stage 6:")) == 2 and not run.naming("stage 8:")
    second = json.loads(finished.exp("clusters_reference_none_ib_hmm_gmm", "options.json").read_text())
    assert second["options"]["first_passes"] == 10 and second["options"]["aib_clusters"] == 20
    assert second["conf"] == {"report2_NIST.conf": (finished.folder / "conf" / "report2_NIST.conf").read_text()}
    assert "--passes-per-merge=3" in second["conf"]["report2_NIST.conf"]
    stopped = finished.run("--preset", "report", "--denoise", "none", "--stage", 2, "--stop-stage", 5)
    assert "report2" not in stopped.console
    (finished.folder / "data" / "eval" / "reco2class").unlink()
    own = finished.run("--preset", "report", "--denoise", "none", "--stage", 6, "--clusters-opts", "--bic-threshold 5")
    assert own.naming("--preset report2: goes without --clusters-opts, which are of hmm_gmm")
    first = json.loads(finished.exp("clusters_reference_none_hmm_gmm", "options.json").read_text())["options"]
    assert first["bic_threshold"] == 5 and finished.exp("reference_none_ib_hmm_gmm_none", "score.txt").exists()


def test_number_of_speakers(finished):
    known = finished.folder / "data" / "eval" / "reco2num_spk"
    known.write_text("alpha 1\nbeta 4\n")
    finished.run("--nj", 1, "--stage", 6)
    assert speakers(finished) == {"alpha": 1, "beta": 4, "gamma_r_1": 2}
    finished.run("--nj", 1, "--stage", 6, "--num-spk", 1)  # wins over reco2num_spk
    assert speakers(finished) == dict.fromkeys(RECORDINGS, 1)
    known.unlink()
    finished.run("--nj", 1, "--stage", 6, "--min-spk", 3, "--max-spk", 3)
    assert speakers(finished) == dict.fromkeys(RECORDINGS, 3)
    finished.run("--nj", 1, "--stage", 6, "--max-spk", 1)
    assert speakers(finished) == dict.fromkeys(RECORDINGS, 1)


def test_more_speakers_than_the_speech_holds(finished):
    run = finished.run("--nj", 1, "--stage", 6, "--num-spk", 99)
    for recording in RECORDINGS:
        possible = int(archive(finished, "vad_energy", recording).sum()) // 250
        assert speakers(finished)[recording] == possible >= 5
        assert len(run.naming("warning", recording, f"99 speakers asked for, {possible} made")) == 1


def test_channel_and_sample_rate(finished, corpus):
    table = finished.folder / "data" / "eval" / "wav.scp"
    options = ("--stage", 1, "--stop-stage", 1, "--sample-rate", 8000, "--channel")
    run = finished.run(*options, 2, code=1)
    assert run.naming("alpha.flac", "has 1 channel(s)", "--channel")
    table.write_text(f"beta {corpus / 'wav' / 'beta.wav'}\n")
    finished.run(*options, 2)
    samples, _ = soundfile.read(corpus / "wav" / "beta.wav", dtype="float32")
    second = resample_poly(samples[:, 1], 1, 2).astype(np.float32)
    with threadpool_limits(1):  # as the recipe's jobs
        np.testing.assert_array_equal(archive(finished, "feats", "beta"), features([second], 8000, FeatsOptions()))
    assert [path.name for path in finished.exp("feats").glob("*.ark")] == ["beta.ark"]


LAUNCHER = r"""#!/usr/bin/env bash
# run.pl's contract: [--option value]... [JOB=first:last] <log> <command>...
while [[ $1 == -* ]]; do shift 2; done
range=1:1
if [[ $1 == JOB=* ]]; then range=${1#JOB=}; shift; fi
log=$1; shift
echo "$log" >>launched
command=
for word; do
  if [[ $word == *[[:space:]]* ]]; then word="\"$word\""; fi
  command+="$word "
done
for ((job = ${range%:*}; job <= ${range#*:}; job++)); do
  mkdir -p "$(dirname "$log")"
  bash -c "${command//JOB/$job}" >"${log//JOB/$job}" 2>&1 &
  jobs+=($!)
done
failed=0
for job in "${jobs[@]}"; do wait "$job" || failed=1; done
exit $failed
"""


def test_config_file_and_another_launcher(whole, finished, tmp_path):
    launcher = tmp_path / "launcher.sh"
    launcher.write_text(LAUNCHER)
    launcher.chmod(0o755)
    (tmp_path / "my.conf").write_text(f'stage=1\nstop_stage=8\nnj=2\ncmd="{launcher} --mem 2G"\n')
    finished.run("--stop-stage", 2, "--config", "my.conf", cwd=tmp_path)
    assert (finished.folder / "launched").read_text().split() == [
        "exp/eval/feats/log/feats.JOB.log",
        "exp/eval/vad_energy/log/vad.JOB.log",
    ]
    assert finished.results() == whole[0].results()
    assert len(list(finished.exp("feats", "log").iterdir())) == 2


@pytest.mark.parametrize("signal_number", [1, 2, 15])
def test_a_stage_that_is_stopped_by_hand_has_not_failed(finished, tmp_path, signal_number):
    """As Ctrl-C does: the launcher ends with 128 and the signal's number."""
    launcher = tmp_path / "launcher.sh"
    launcher.write_text(f"#!/bin/sh\necho launcher: stopped >&2\nexit {128 + signal_number}\n")
    launcher.chmod(0o755)
    stage_2 = ("--stage", 2, "--stop-stage", 2, "--cmd", launcher, "--vad-opts", "--speech-range 21")
    run = finished.run(*stage_2, code=128 + signal_number)
    assert [line.split("run.sh: ")[-1] for line in run.lines] == ["stage 2: energy -> vad", "launcher: stopped"]
