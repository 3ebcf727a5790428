"""Bad input ends in exit code 1 and a line that names the place; never in a traceback or in half a result.

``Recipe.run`` itself fails on a traceback, on the console or in a log.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from recipe_tree import CHECKOUT, RATE, Recipe, Run, Tree, clean_environment, rttm, take_turns, talk, write_audio

TURNS = take_turns(["ann", "bob"], seconds=3)
SYSTEM = "energy_none_hmm_gmm_hmm_gmm"
SMALL = ("--nj", 2)


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Tree:
    return Tree(tmp_path_factory.mktemp("bad") / "root").set_up()


@pytest.fixture
def recipe(tree, request) -> Recipe:
    """A recipe folder of the test's own, without data."""
    return tree.recipe(re.sub(r"\W+", "_", request.node.name), like="own")


@pytest.fixture(scope="module")
def signal() -> np.ndarray:
    return talk(TURNS)


@pytest.fixture(scope="module")
def good(signal, tmp_path_factory) -> Path:
    """A good recording in a corpus of its own."""
    return write_audio(tmp_path_factory.mktemp("good") / "r0.flac", signal)


@pytest.fixture
def listed(recipe, good) -> Recipe:
    """A recipe whose data folder lists the good recording as r0."""
    data = recipe.folder / "data" / "eval"
    data.mkdir(parents=True)
    (data / "wav.scp").write_text(f"r0 {good}\n")
    return recipe


def errors(run: Run) -> list[str]:
    """The lines of a run but those that announce stages."""
    return [line for line in run.lines if not re.match(r"\S*run\.sh: stage \d: ", line)]


def cut(path: Path) -> Path:
    """Take the last third of a file away."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    return path


# ---- audio ---------------------------------------------------------------------------------------------------------


def _nan(path: Path, signal: np.ndarray) -> None:
    broken = signal.copy()
    broken[1234] = np.nan
    write_audio(path, broken, subtype="FLOAT")


BAD_AUDIO: dict[str, tuple[str, Callable[[Path, np.ndarray], object], str]] = {
    # recording: suffix, how it is made, what is said of it
    "cut_aiff": (".aiff", lambda path, signal: cut(write_audio(path, signal)), "truncated"),
    "cut_flac": (".flac", lambda path, signal: cut(write_audio(path, signal)), "truncated|broken or cut"),
    "cut_sph": (".sph", lambda path, signal: cut(write_audio(path, signal)), "truncated"),
    "cut_wav": (".wav", lambda path, signal: cut(write_audio(path, signal)), "truncated"),
    "empty": (".wav", lambda path, signal: path.write_bytes(b""), "is empty"),
    "gone": (".wav", write_audio, "no such file"),
    "nan": (".wav", _nan, "sample 1234 is not a number"),
    "not_audio": (".wav", lambda path, signal: path.write_text("notes\n" * 100), "cannot be decoded"),
    "short": (
        ".wav",
        lambda path, signal: write_audio(path, signal[: RATE // 20]),
        "0.050 s long; wanted at least 0.1",
    ),
}
ONLY_BY_DECODING = {"cut_flac", "gone", "nan"}  # a look at the header, as in stage 0, does not tell


@pytest.fixture(scope="module")
def broken(tree, signal, tmp_path_factory) -> tuple[Recipe, Path, Run, Run, Run]:
    """A corpus of two good and all bad recordings: its runs to stage 0, of stage 1, and with --skip-bad to the end."""
    corpus = tmp_path_factory.mktemp("broken")
    for name, (suffix, make, _) in BAD_AUDIO.items():
        make(corpus / f"{name}{suffix}", signal)
    for name in ("a_good", "z_good"):
        write_audio(corpus / f"{name}.flac", signal)
    (corpus / "rttm").mkdir()
    (corpus / "rttm" / "all.rttm").write_text(rttm("a_good", TURNS) + rttm("nan", TURNS) + rttm("z_good", TURNS))
    recipe = tree.recipe("broken", like="own")
    checked = recipe.run("--corpus", corpus, code=1)
    (corpus / "gone.wav").unlink()
    failed = recipe.run("--stage", 1, *SMALL, code=1)
    at_failure = recipe.copy("broken_at_failure")
    skipped = recipe.run("--stage", 1, *SMALL, "--skip-bad", "true")
    return at_failure, recipe, checked, failed, skipped


@pytest.mark.parametrize("name", sorted(BAD_AUDIO))
def test_bad_audio_is_told_once_by_each_stage(broken, name):
    _, _, checked, failed, skipped = broken
    suffix, _, message = BAD_AUDIO[name]
    told = [line for line in checked.lines if re.match(rf"data/eval/wav\.scp:\d+: recording '{name}': ", line)]
    assert len(told) == (name not in ONLY_BY_DECODING)
    (line,) = [line for line in failed.lines if line.startswith(f"feats: {name}: failed: ")]
    for place in (line, *told):
        assert f"{name}{suffix}: " in place and re.search(message, place), place
    for noun in ("feats", "vad"):
        (line,) = [line for line in skipped.lines if line.startswith(f"{noun}: {name}: skipped: ")]
        assert re.search(message, line)
    assert skipped.naming("realigned_to_rttm.py: warning", f"{name}: no labels")  # again with the score


def test_bad_audio_stops_its_stage_but_not_the_other_recordings(broken):
    recipe, _, checked, failed, _ = broken
    assert not checked.naming("stage 1") and not failed.naming("stage 2")
    assert checked.lines[-1].startswith("check_data.py: data/eval: 6 faults; mend them")
    assert failed.lines[-1].startswith("finish_stage.py: exp/eval/feats: 9 of 11 recordings failed; mend them")
    assert (
        len(failed.naming("run.py: 2 / 2 failed, first log is exp/eval/feats/log/feats.1.log: wav_to_feats.py: ")) == 1
    )
    assert sorted(path.name for path in recipe.exp("feats").glob("*.ark")) == ["a_good.ark", "z_good.ark"]
    assert not list(recipe.exp().glob("*/*.scp")) and recipe.leftovers() == []


def test_skip_bad_goes_on_without_the_bad(broken):
    _, recipe, _, _, skipped = broken
    hypothesis = recipe.exp(SYSTEM, "hyp.rttm").read_text()
    assert {line.split()[1] for line in hypothesis.splitlines()} == {"a_good", "z_good"}
    assert [line.split()[0] for line in recipe.exp("feats", "feats.scp").read_text().splitlines()] == [
        "a_good",
        "z_good",
    ]
    assert skipped.naming("# ", "counted as all missed: nan")  # the reference has it, the result does not
    assert len(skipped.naming("OVERALL SPEAKER DIARIZATION ERROR")) == 1
    assert recipe.leftovers() == []


def test_bad_audio_fails_stage_0_of_a_corpus_without_good_ones(recipe, tmp_path):
    (tmp_path / "r.wav").write_bytes(b"")
    run = recipe.run("--corpus", tmp_path, "--skip-bad", "true", "--stop-stage", 1, code=1)
    assert run.lines[-1].startswith("finish_stage.py: exp/eval/feats: 1 of 1 recordings failed")


# ---- tables --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "data/eval/wav.scp: no such file; stage 0 makes it: ./run.sh --stage 0"),
        ("", "data/eval/wav.scp: is empty; wanted a line a recording"),
        ("r0 a.wav\nr1 b.wav\nr0 c.wav\n", "data/eval/wav.scp:3: 'r0' is listed twice; remove one of the lines"),
        ("r0\n", "data/eval/wav.scp:1: found 'r0'; wanted two fields: '<key> <value>'"),
    ],
)
def test_bad_wav_scp(listed, content, message):
    table = listed.folder / "data" / "eval" / "wav.scp"
    table.unlink()
    if content is not None:
        table.write_text(content)
    assert errors(listed.run("--stage", 1, code=1)) == [f"wav_to_feats.py: {message}"]
    assert not (listed.folder / "exp").exists()


@pytest.mark.parametrize(
    ("name", "content", "place", "message"),
    [
        ("rttm", "SPEAKER r0 1 0 1 <NA>\n", ":1", "found 6 fields; wanted at least 9"),
        ("rttm", rttm("r0", TURNS) + "SPEAKER r0 1 3 -1 <NA> <NA> x <NA>\n", ":3", "duration -1; wanted"),
        ("rttm", "\nSPEAKER r0 1 3 1 <NA> <NA> <NA> <NA>\n", ":2", "the speaker's name is blank"),
        ("uem", "", "", "covers nothing; wanted '<recording>"),
        ("uem", ";; none\n", "", "covers nothing; wanted '<recording>"),
        ("uem", "r0 1 2 1\n", ":1", "found a region from 2.0 to 1.0 s"),
    ],
)
def test_bad_reference_files(recipe, good, tmp_path, name, content, place, message):
    (tmp_path / good.name).symlink_to(good)
    (tmp_path / name).mkdir()
    bad = tmp_path / name / f"all.{name}"
    bad.write_text(content)
    line, summary = errors(recipe.run("--corpus", tmp_path, code=1))
    assert line.startswith(f"{bad}{place}: ") and message in line
    assert summary.startswith(f"prepare_data.py: {tmp_path}: found 1 fault in rttm/ and uem/; mend them")
    assert not (recipe.folder / "data").exists()


def test_bad_reference_in_the_data_folder(listed):
    data = listed.folder / "data" / "eval"
    listed.exp(SYSTEM).mkdir(parents=True)
    realigned = listed.exp(f"realigned_{SYSTEM}")
    realigned.mkdir()
    (realigned / "realigned.scp").write_text("another x.ark:2\n")
    (data / "ref.rttm").write_text("SPEAKER r0 1 0 1 <NA>\n")
    run = listed.run("--stage", 8, code=1)
    assert run.lines[-1] == "rttm_to_score.py: data/eval/ref.rttm:1: found 6 fields; wanted at least 9 (RTTM)"
    assert not listed.exp(SYSTEM, "score.txt").exists()


def test_a_corpus_that_is_none(recipe, tmp_path):
    (line,) = errors(recipe.run("--corpus", tmp_path / "nowhere", code=1))
    assert line.startswith(f"prepare_data.py: {tmp_path / 'nowhere'}: no such folder")
    (line,) = errors(recipe.run("--corpus", tmp_path, code=1))
    assert line.startswith(f"prepare_data.py: {tmp_path}: no audio; wanted ") and "*.flac" in line


# ---- options and stages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", sorted(path.name for path in (CHECKOUT / "steps").glob("*.py")))
def test_a_step_answers_an_unknown_option_with_the_valid_ones(program, tmp_path):
    done = subprocess.run(
        [sys.executable, str(CHECKOUT / "steps" / program), "--colour", "red", "a", "b", "c", "d"],
        cwd=tmp_path,
        env=clean_environment(PYTHONPATH=str(CHECKOUT)),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{program}: --colour: unknown option")
    assert "valid options are --" in line and "--help" in line and "--config" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--stage", "1", "--feats-opts", "--num-ceps 0"], "wav_to_feats.py: --num-ceps: found 0; wanted at least 1"),
        (["--stage", "1", "--feats-opts", "--num-ceps=x"], "wav_to_feats.py: --num-ceps: invalid int value: 'x'"),
        (["--stage", "1", "--feats-opts", "--frobnicate 1"], "wav_to_feats.py: --frobnicate: unknown option"),
        (
            ["--stage", "1", "--sample-rate", "100"],
            "wav_to_feats.py: --sample-rate: found 100; wanted at least 4000 Hz",
        ),
        (["--stage", "1", "--channel", "0"], "wav_to_feats.py: --channel: found '0'; wanted 'mix' or a number"),
        (
            ["--stage", "2", "--vad", "webrtc", "--vad-opts", "--webrtc-mode 4"],
            "wav_to_vad.py: --webrtc-mode: found 4; wanted at most 3",
        ),
        (["--stage", "2", "--vad-opts", "--padding -1"], "wav_to_vad.py: --padding: found -1.0; wanted at least 0"),
        (["--vad", "file"], "--vad-file: found none with --vad file; wanted segments, RTTM, vad.scp or labels"),
        (["--vad-file", "x"], "--vad-file: found 'x' with --vad energy; wanted --vad file"),
        (["--feats-scp", "x", "--denoise", "wiener"], "--feats-scp: found --beamform none --denoise wiener; wanted"),
        (["--beamform", "delay_sum", "--channel", "1"], "--channel: found 1 with --beamform delay_sum"),
        (["--vad", "file", "--vad-file", "/s(1).rttm"], "--vad-file: found '/s(1).rttm'; wanted a path without JOB"),
        (["--feats-scp", "/x/MYJOB/f.scp"], "--feats-scp: found '/x/MYJOB/f.scp'; wanted a path without JOB"),
        (["--stage", "1", "--feats-opts", "--use-energy true"], "wav_to_feats.py: --use-energy: found true"),
        (["--stage", "6", "--num-spk", "-2"], "embed_to_clusters.py: --num-spk: found -2; wanted at least 0"),
        (
            ["--stage", "6", "--min-spk", "3", "--max-spk", "2"],
            "embed_to_clusters.py: --min-spk: found 3; wanted at most --max-spk=2",
        ),
        (
            ["--stage", "6", "--clusters-opts", "--segmentation fast"],
            "embed_to_clusters.py: --segmentation: found 'fast'; wanted one of viterbi, polling",
        ),
        (["--stage", "7", "--realigned-opts", "--passes nan"], "clusters_to_realigned.py: --passes: invalid int value"),
        (["--stage", "8", "--min-gap", "nan"], "realigned_to_rttm.py: --min-gap: found nan; wanted a finite number"),
    ],
)
def test_an_option_out_of_range(recipe, words, message):
    (line,) = errors(recipe.run(*words, code=1))
    assert line.removeprefix(f"{recipe.folder}/run.sh: ").startswith(message)
    assert not (recipe.folder / "exp").exists()


def test_a_score_option_out_of_range(listed):
    realigned = listed.exp(f"realigned_{SYSTEM}")
    realigned.mkdir(parents=True)
    (realigned / "realigned.scp").write_text("another x.ark:2\n")
    run = listed.run("--stage", 8, "--collar", -1, code=1)
    assert run.lines[-1].startswith("rttm_to_score.py: --collar: found -1.0; wanted at least 0 s")


@pytest.mark.parametrize(
    ("there", "words", "folder", "stage"),
    [
        ([], ["--stage", "2", "--vad", "reference"], "feats", 1),
        ([], ["--stage", "5"], "feats", 1),
        ([], ["--stage", "6"], "embed_none", 5),
        (["embed_none"], ["--stage", "6"], "vad_energy", 2),
        (["embed_none"], ["--stage", "7"], "clusters_energy_none_hmm_gmm", 6),
        (["clusters_energy_none_hmm_gmm"], ["--stage", "7"], "embed_none", 5),
        ([], ["--stage", "8"], f"realigned_{SYSTEM}", 7),
        ([], ["--stage", "8", "--realigner", "none"], "clusters_energy_none_hmm_gmm", 6),
    ],
)
def test_a_stage_out_of_order_says_which_comes_first(listed, there, words, folder, stage):
    for name in there:
        listed.exp(name).mkdir(parents=True)
        listed.exp(name, f"{name}.scp").write_text("r0 r0.ark:3\n")
    (line,) = errors(listed.run(*words, code=1))
    assert f".py: exp/eval/{folder}: no such folder; wanted the folder of " in line
    assert line.endswith(f"stage {stage} makes it: ./run.sh --stage {stage}")


def test_a_stage_that_failed_is_not_complete(listed):
    listed.exp("feats").mkdir(parents=True)
    (line,) = errors(listed.run("--stage", 5, code=1))
    assert "exp/eval/feats: is not complete (no .scp)" in line and line.endswith("./run.sh --stage 1")


def test_no_data_folder(recipe):
    (line,) = errors(recipe.run("--stage", 1, code=1))
    assert line == "wav_to_feats.py: data/eval/wav.scp: no such folder; stage 0 makes it: ./run.sh --stage 0"


# ---- the disk ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def obeying() -> tuple[str, ...]:
    """Words in front of a command that make it obey the permissions of files, as root does not."""
    if os.geteuid() != 0:
        return ()
    words = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    try:
        code = subprocess.run([*words, "true"], capture_output=True, timeout=20).returncode
    except FileNotFoundError:
        code = 127
    if code != 0:
        pytest.skip("root can write anywhere, and setpriv, which would change that, does not work here")
    return words


@pytest.mark.parametrize("there", ["exp", "exp/eval", "exp/eval/feats", "exp/eval/feats/log"])
def test_a_folder_that_cannot_be_written(listed, obeying, there):
    folder = listed.folder / there
    folder.mkdir(parents=True)
    folder.chmod(0o555)
    try:
        lines = errors(listed.run("--stage", 1, "--stop-stage", 1, before=obeying, code=1))
    finally:
        folder.chmod(0o755)
    assert lines[0].count("Permission denied") == 1 and there in lines[0], lines
    assert len([line for line in lines if "Permission denied" in line]) == 1
    assert not list((listed.folder / "exp").glob("**/*.ark")) and listed.leftovers() == []


def test_a_recipe_folder_that_cannot_be_written(recipe, good, obeying):
    recipe.folder.chmod(0o555)
    try:
        (line,) = errors(recipe.run("--corpus", good.parent, before=obeying, code=1))
    finally:
        recipe.folder.chmod(0o755)
    assert line == "prepare_data.py: data/eval: Permission denied" or line == "prepare_data.py: data: Permission denied"


def test_a_full_disk(listed, signal, tmp_path):
    """r0's features do not fit into the 24 kB of exp; those of r1 do."""
    namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    mount = (
        'mkdir -p exp && mount -t tmpfs -o size=24k none exp || exit 77; "$@"; code=$?; find exp -type f; exit $code'
    )
    before = [*namespace, "bash", "-c", mount, "full"]
    try:
        code = subprocess.run([*before, "true"], cwd=tmp_path, capture_output=True, timeout=20).returncode
    except FileNotFoundError:
        code = 127
    if code != 0:
        pytest.skip("no small file system can be mounted here")
    with (listed.folder / "data" / "eval" / "wav.scp").open("a") as table:
        table.write(f"r1 {write_audio(tmp_path / 'r1.wav', signal[: RATE // 4])}\n")
    run = listed.run("--stage", 1, *SMALL, before=before, code=1)
    assert not run.naming("stage 2") and "Traceback" not in run.console
    assert len(run.naming("feats: r0: failed: ")) == 1 and not run.naming("feats: r1: failed: ")
    assert run.naming("No space left on device")
    assert run.naming("finish_stage.py: exp/eval/feats: 1 of 2 recordings failed")
    files = [line for line in run.lines if line.startswith("exp/eval/feats/")]
    assert "exp/eval/feats/r1.ark" in files
    assert not [name for name in files if name.endswith((".tmp", "r0.ark", ".scp"))]
