"""The recipe's front end: several microphones, the noise filter, features and speech of other programs, the report."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import kaldiio
import numpy as np
import pytest
import soundfile
from recipe_tree import RATE, Recipe, Tree, rttm, take_turns, talk, write_audio
from threadpoolctl import threadpool_limits

from diar.audio import AudioOptions, from_samples
from diar.denoise import WienerOptions
from diar.feats import FeatsOptions
from diar.front_end import wav_to_feats

TURNS = {"a": take_turns(["ann", "bob", "ann"], seconds=3), "b": take_turns(["cat", "bob", "cat"], seconds=3)}
SYSTEM = "energy_none_hmm_gmm_hmm_gmm"


DELAYS = {"ann": (0, 5, 12), "bob": (9, 3, 0), "cat": (4, 0, 11)}  # samples, of each microphone


def heard(turns: list[tuple[float, float, str]]) -> np.ndarray:
    """(n, 3) what three microphones hear, each with noise of its own."""
    length = len(talk(turns)) + 20
    signal = 0.01 * np.random.default_rng(0).standard_normal((length, 3))
    for number, turn in enumerate(turns):
        voice = talk([turn], seed=number)
        for channel, delay in enumerate(DELAYS[turn[2]]):
            signal[delay : delay + len(voice), channel] += voice
    return signal


def heard_delays(turn: tuple[float, float, str], reference: int) -> list[int]:
    """The delays of a turn's speaker at the other microphones than ``reference``."""
    delays = DELAYS[turn[2]]
    return [delays[k] - delays[reference] for k in range(3) if k != reference]


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Tree:
    return Tree(tmp_path_factory.mktemp("front_end") / "root").set_up()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    """``a`` is a file of three channels, ``b`` three files of one microphone each; in folders with blanks."""
    folder = tmp_path_factory.mktemp("corpora") / "my meetings"
    write_audio(folder / "a.flac", heard(TURNS["a"]))
    signal = heard(TURNS["b"])
    for channel in range(3):
        write_audio(folder / "wav" / f"b mic {channel}.wav", signal[:, channel])
    names = " ".join(f"'wav/b mic {channel}.wav'" for channel in range(3))
    (folder / "reco2channels").write_text(f"b {names}\n")
    (folder / "rttm").mkdir()
    (folder / "rttm" / "all.rttm").write_text(rttm("a", TURNS["a"]) + rttm("b", TURNS["b"]))
    return folder


@pytest.fixture(scope="module")
def plain(tree, corpus) -> Recipe:
    """The recipe after a run with defaults."""
    recipe = tree.recipe("plain")
    recipe.run("--corpus", corpus, "--nj", 2)
    return recipe


@pytest.fixture
def recipe(plain, tmp_path_factory) -> Recipe:
    return plain.copy(tmp_path_factory.mktemp("copy").name)


def frames(recipe: Recipe, folder: str, recording: str) -> np.ndarray:
    ((_, array),) = kaldiio.load_ark(str(recipe.exp(folder, f"{recording}.ark")))
    return array


def expected_feats(signal: np.ndarray, recording: str, *denoise: WienerOptions) -> np.ndarray:
    with threadpool_limits(1):  # as the recipe's jobs
        audio = from_samples(signal.astype(np.float32), RATE, AudioOptions())
        return wav_to_feats(audio, FeatsOptions(), recording, *denoise)


# ---- several microphones -------------------------------------------------------------------------------------------


def test_microphones_of_one_meeting_are_one_recording(plain):
    wavs = (plain.folder / "data" / "eval" / "wav.scp").read_text().splitlines()
    assert [line.split()[0] for line in wavs] == ["a", "b"]
    first, _ = soundfile.read(mic(plain, 0), dtype="float32")
    np.testing.assert_array_equal(frames(plain, "feats", "b"), expected_feats(first, "b"))


def mic(recipe: Recipe, channel: int) -> str:
    """The path of a microphone of b, by the data folder."""
    (line,) = (recipe.folder / "data" / "eval" / "reco2channels").read_text().splitlines()
    return line.split("'")[1::2][channel]


def test_microphones_are_summed_and_their_delays_are_a_stream(recipe):
    words = ("--clusterer", "aib", "--streams", "feats_delay_sum:0.8,tdoa:0.2", "--realigner", "kl_hmm", "--nj", 2)
    run = recipe.run("--stage", 1, "--beamform", "delay_sum", *words)
    head = "delay_sum_energy_none_aib_feats_delay_sum-0.8+tdoa-0.2_kl_hmm"
    assert recipe.exp(head, "hyp.rttm").exists() and run.naming("stage 1: wav -> feats")
    for recording in ("a", "b"):
        tdoa, feats = frames(recipe, "tdoa", recording), frames(recipe, "feats_delay_sum", recording)
        assert tdoa.shape == (len(feats), 2)
        summed, rate = soundfile.read(recipe.exp("tdoa", f"{recording}.sum.flac"), dtype="float32")
        assert rate == RATE
        np.testing.assert_array_equal(feats, expected_feats(summed, recording))
    samples = frames(recipe, "tdoa", "a") * RATE / 1000
    spoken = [samples[round(100 * (start + 1)) : round(100 * (end - 1))] for start, end, _ in TURNS["a"]]
    reference = next(k for k in range(3) if heard_delays(TURNS["a"][0], k) == np.median(spoken[0], axis=0).tolist())
    for turn, part in zip(TURNS["a"], spoken, strict=True):
        assert np.median(part, axis=0).tolist() == heard_delays(turn, reference)
    assert recipe.exp("vad_delay_sum_energy", "vad.scp").exists()
    recipe.run("--stage", 6)  # the system of the run before is still what it was
    assert recipe.leftovers() == []


def test_one_microphone_cannot_be_summed(recipe, corpus, tmp_path):
    lonely = tmp_path / "lonely"
    write_audio(lonely / "one.wav", talk(TURNS["a"]))
    run = recipe.run("--corpus", lonely, "--set", "lonely", "--stop-stage", 1, "--beamform", "delay_sum", code=1)
    assert run.naming("tdoa: one: failed: one: has 1 channel; wanted 2 or more to sum; leave out --beamform")


def test_a_microphone_that_is_not_there_is_told(tree, corpus, tmp_path):
    shutil.copytree(corpus, tmp_path / "corpus")
    (tmp_path / "corpus" / "wav" / "b mic 1.wav").unlink()
    run = tree.recipe("gone").run("--corpus", tmp_path / "corpus", code=1)
    (line,) = run.naming("reco2channels: 'b': ")
    assert "b mic 1.wav' is no file; wanted a path from the corpus's folder on" in line


def test_a_recording_without_a_sum_is_told_so_and_skipped_if_asked(recipe, tmp_path):
    write_audio(tmp_path / "one.wav", talk(TURNS["a"]))
    write_audio(tmp_path / "two.flac", heard(TURNS["a"]))
    words = ("--corpus", tmp_path, "--set", "mixed", "--stop-stage", 2, "--beamform", "delay_sum", "--skip-bad", "true")
    run = recipe.run(*words)
    assert run.naming("tdoa: one: skipped: ", "has 1 channel")
    assert run.naming("feats: one: skipped: exp/mixed/tdoa: has no sum of 'one'; stage 1 tells why")
    assert run.naming("vad: one: skipped: exp/mixed/tdoa: has no sum of 'one'")
    assert not recipe.exp("feats_delay_sum", "one.ark", set="mixed").exists()
    words = ("--set", "mixed", "--stage", 1, "--stop-stage", 1, "--beamform", "delay_sum", "--skip-bad", "true")
    run = recipe.run(*words, "--feats-opts", "--channel 2", code=1)
    assert run.naming("wav_to_feats.py: --channel: found 2; wanted mix: the sum is one channel")


def test_the_recording_is_as_long_as_its_longest_microphone(tree, tmp_path):
    signal = heard(TURNS["b"])
    write_audio(tmp_path / "m1.wav", signal[: 4 * RATE, 0])
    write_audio(tmp_path / "m2.wav", signal[:, 1])
    (tmp_path / "reco2channels").write_text("b m1.wav m2.wav\n")
    (tmp_path / "rttm").mkdir()
    (tmp_path / "rttm" / "b.rttm").write_text(rttm("b", TURNS["b"]))
    recipe = tree.recipe("lengths")
    recipe.run("--corpus", tmp_path, "--stop-stage", 1, "--beamform", "delay_sum")
    assert (recipe.folder / "data" / "eval" / "reco2dur").read_text() == f"b {len(signal) / RATE:.3f}\n"
    assert abs(len(frames(recipe, "feats_delay_sum", "b")) - 100 * len(signal) / RATE) <= 0.5
    (tmp_path / "reco2channels").write_text("b.1 m1.wav\nb_1 m2.wav\n")
    run = recipe.run("--corpus", tmp_path, code=1)
    assert run.naming("reco2channels: 'b_1' and another line are recording 'b_1'; rename one")


# ---- the noise filter ----------------------------------------------------------------------------------------------


def test_the_noise_filter_has_a_system_of_its_own(recipe):
    recipe.run("--stage", 1, "--denoise", "wiener", "--feats-opts", "--max-attenuation 20")
    first, _ = soundfile.read(mic(recipe, 0), dtype="float32")
    found = frames(recipe, "feats_wiener", "b")
    np.testing.assert_array_equal(found, expected_feats(first, "b", WienerOptions(max_attenuation=20.0)))
    assert recipe.exp(f"wiener_{SYSTEM}", "score.txt").exists() and recipe.exp(SYSTEM, "score.txt").exists()
    assert recipe.exp("embed_wiener_none").resolve() == recipe.exp("feats_wiener").resolve()
    assert not recipe.exp("vad_wiener_energy").exists()  # speech is that of the signal as it is


# ---- what other programs made --------------------------------------------------------------------------------------


def test_features_of_other_programs_take_the_place_of_ours(recipe, tmp_path):
    """Our own features, a as Kaldi's archive in float64, b as HTK's file: the same turns come out."""
    a, b = frames(recipe, "feats", "a"), frames(recipe, "feats", "b")
    kaldiio.save_ark(str(tmp_path / "a.ark"), {"a": a.astype(np.float64)}, scp=str(tmp_path / "a.scp"))
    header = struct.pack(">iihH", len(b), 100_000, 4 * b.shape[1], 6)
    (tmp_path / "b.htk").write_bytes(header + b.astype(">f4").tobytes())
    table = tmp_path / "feats.scp"
    table.write_text((tmp_path / "a.scp").read_text() + "b b.htk\n")
    run = recipe.run("--stage", 1, "--feats-scp", "feats.scp", cwd=tmp_path)
    assert run.naming("stage 1:", "feats.scp -> feats")
    np.testing.assert_array_equal(frames(recipe, "feats_scp", "a"), a)
    np.testing.assert_array_equal(frames(recipe, "feats_scp", "b"), b)
    ours, theirs = (recipe.exp(system, "hyp.rttm").read_text() for system in (SYSTEM, f"scp_{SYSTEM}"))
    assert ours == theirs
    assert recipe.leftovers() == []


def test_features_are_transformed_with_kaldis_flags(recipe):
    before = frames(recipe, "feats", "a")
    recipe.run("--stage", 1, "--stop-stage", 1, "--feats-opts", "--cmvn global --delta-order 1")
    after = frames(recipe, "feats", "a")
    assert after.shape == (len(before), 38)
    np.testing.assert_allclose(after[:, :19], before - before.mean(axis=0), rtol=0, atol=1e-3)


@pytest.mark.parametrize("kind", ["segments", "rttm", "lab"])
def test_speech_of_a_file_is_the_references_if_it_says_the_same(recipe, tmp_path, kind):
    if kind == "lab":
        for recording, turns in TURNS.items():
            lines = "".join(f"{start} {end} speech\n" for start, end, _ in turns)
            (tmp_path / f"{recording}.lab").write_text(lines)
        file = tmp_path
    elif kind == "rttm":
        file = tmp_path / "speech.rttm"
        file.write_text(rttm("a", TURNS["a"]) + rttm("b", TURNS["b"]))
    else:
        file = tmp_path / "segments"
        lines = [f"{r}-{k} {r} {s} {e}\n" for r, turns in TURNS.items() for k, (s, e, _) in enumerate(turns)]
        file.write_text("".join(lines))
    recipe.run("--stage", 2, "--stop-stage", 2, "--vad", "reference")
    run = recipe.run("--stage", 2, "--stop-stage", 2, "--vad", "file", "--vad-file", file.name, cwd=file.parent)
    for recording in TURNS:
        reference = frames(recipe, "vad_reference", recording)
        assert 850 < reference.sum() < 950
        np.testing.assert_array_equal(frames(recipe, "vad_file", recording), reference)
    (line,) = run.naming("OVERALL", "0.00    0.00    0.00")
    assert line.split()[-1] == "15.0"  # six turns of 3 s less the collars


# ---- the report ----------------------------------------------------------------------------------------------------


def test_the_speech_found_is_reported_and_kept(plain, recipe):
    report = recipe.exp("vad_energy", "report.txt").read_text()
    lines = report.splitlines()
    assert lines[0] == "# speech found: seconds, percent of the recording, regions; vad=energy"
    assert [line.split()[0] for line in lines[2:5]] == ["a", "b", "OVERALL"]
    assert [line.split()[3] for line in lines[2:5]] == ["3", "3", "6"]
    assert lines[5] == "# collar=0.25 overlap=skipped uem=none vad=energy"
    run = recipe.run("--stage", 2, "--stop-stage", 2, "--collar", 0)
    assert run.naming("# collar=0 overlap=skipped uem=none vad=energy")
    speech = [line for line in plain.exp(SYSTEM, "score.txt").read_text().splitlines() if line.startswith("# speech:")]
    assert speech == ["# speech: miss and false alarm in percent of scored speech, and in seconds"]


def test_without_a_reference_the_speech_is_counted_and_doubts_are_told(recipe, tmp_path):
    write_audio(tmp_path / "quiet.wav", 1e-3 * np.random.default_rng(0).standard_normal(20 * RATE))
    rest = 1e-4 * np.random.default_rng(1).standard_normal(50 * RATE)
    write_audio(tmp_path / "rare.wav", np.concatenate([talk([(10.0, 10.9, "ann")]), rest]))
    run = recipe.run("--corpus", tmp_path, "--set", "doubtful", "--stop-stage", 2)
    assert run.naming("warning: quiet: no speech found")
    assert run.naming("warning: rare: only ", "% speech found")
    assert not run.naming("miss and false alarm")
    (line,) = [line for line in run.lines if line.startswith("quiet ")]
    assert line.split() == ["quiet", "0.0", "0.00", "0"]
