"""The recipes of AMI, VoxConverse and DIHARD on corpora that are made up: from their files to the score."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from ami_tree import ARRAY, FakeAmi
from recipe_tree import Recipe, Run, Tree, rttm, take_turns, talk, write_audio

RATE = 8000
TURNS = {"ES2011a": take_turns(["ann", "bob"] * 2, 4.0), "IB4001": take_turns(["cat", "bob"] * 2, 4.0)}
SYSTEM = "energy_none_hmm_gmm_hmm_gmm"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return Tree(tmp_path_factory.mktemp("corpora") / "root").set_up()


@pytest.fixture(scope="module")
def ami(tmp_path_factory: pytest.TempPathFactory) -> FakeAmi:
    """Two meetings of 20 s: the mix, and an array whose microphones hear it later and later."""
    made = FakeAmi(tmp_path_factory.mktemp("ami") / "a disk")
    for number, (meeting, turns) in enumerate(TURNS.items()):
        signal = talk(turns, seed=number, rate=RATE)
        rng = np.random.default_rng(number)
        noise = 0.003 * rng.standard_normal((len(ARRAY), len(signal)))
        array = {name: 0.5 * np.roll(signal, 2 * k) + noise[k] for k, name in enumerate(ARRAY)}
        made.add(meeting, {"Mix-Headset": signal, **array}, turns, tail=".Mix-Headset", rate=RATE)
    return made


def score(recipe: Recipe, set: str, system: str = SYSTEM) -> tuple[float, set[str]]:
    """The pooled diarization error and the recordings that were scored."""
    text = recipe.exp(system, "score.txt", set=set).read_text()
    error = re.search(r"OVERALL SPEAKER DIARIZATION ERROR = ([\d.]+) percent", text)
    names = {path.stem for path in recipe.exp(f"realigned_{system}", set=set).glob("*.ark")}
    return float(error[1]), {name for name in names if re.search(rf"^{name}\s", text, re.MULTILINE)}


def refused(run: Run) -> list[str]:
    """What was told, from stage 0 on."""
    lines = [line for line in run.lines if "warning" not in line]
    assert "stage 0" in lines[0] and len([line for line in lines if ": stage " in line]) == 1
    return lines[1:]


# ---- AMI -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mic", "system"), [("mix-headset", SYSTEM), ("mdm", f"delay_sum_{SYSTEM}")])
def test_ami_is_diarized_and_scored(tree: Tree, ami: FakeAmi, mic: str, system: str) -> None:
    recipe = tree.recipe(f"ami_{mic}", like="ami")
    words = () if mic == "mix-headset" else ("--mic", mic)
    run = recipe.run("--corpus", "amicorpus", "--setup", ami.setup.name, *words, "--nj", 1, cwd=ami.setup.parent)
    error, names = score(recipe, f"dev_{mic.replace('-', '_')}", system)
    assert error < 10 and names == set(TURNS)
    assert "uem=all.uem vad=energy" in run.console
    assert [path.name for path in (recipe.folder / "exp").iterdir()] == [f"dev_{mic.replace('-', '_')}"]
    assert recipe.leftovers() == []


def test_ami_on_a_wrong_folder_says_what_it_looked_for_and_where(tree: Tree, ami: FakeAmi, tmp_path: Path) -> None:
    recipe = tree.recipe("ami_wrong", like="ami")
    run = recipe.run("--stage", 0, "--corpus", tmp_path, "--setup", ami.setup, code=1)
    *told, closing = refused(run)
    assert told == [
        f"{name}: no {name}.Mix-Headset.wav in {tmp_path} or any folder below, nothing of this meeting"
        for name in TURNS
    ]
    assert f"{tmp_path}: found 2 faults with the files of 2 meetings" in closing
    (line,) = refused(recipe.run("--stage", 0, "--corpus", ami.corpus, "--setup", tmp_path, code=1))
    assert f"{tmp_path}/lists/dev.meetings.txt: no such file; wanted --setup" in line
    (line,) = refused(recipe.run("--stage", 0, code=1))
    assert "--corpus: found none; wanted the folder of the AMI corpus" in line
    (line,) = refused(recipe.run("--stage", 0, "--corpus", ami.corpus, code=1))
    assert "--setup: found none; wanted the folder of the setup repository" in line
    assert not list((recipe.folder / "data").glob("*"))


def test_amis_choices_are_told(tree: Tree) -> None:
    recipe = tree.recipe("ami_wrong", like="ami")
    assert "--mic mix-headset|sdm|mdm|ihm-mix" in recipe.run("--help").console
    (line,) = recipe.run("--mic", "ihm", code=1).lines
    assert line.endswith("--mic: found 'ihm'; wanted one of: mix-headset sdm mdm ihm-mix")
    (line,) = recipe.run("--part", "eval", code=1).lines
    assert line.endswith("--part: found 'eval'; wanted one of: dev test train")


# ---- VoxConverse ---------------------------------------------------------------------------------------------------

CLIPS = {"abjxc": take_turns(["ann", "bob"] * 2, 4.0), "zyffh": take_turns(["bob", "cat"] * 2, 4.0)}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A disk with the repository's references, more than there is audio, and the audio of both parts."""
    disk = tmp_path_factory.mktemp("voxconverse") / "a disk"
    for part, folder in (("dev", "audio"), ("test", "voxconverse_test_wav")):
        (disk / "voxconverse" / part).mkdir(parents=True)
        for number, (name, turns) in enumerate(CLIPS.items()):
            name = name if part == "dev" else name[::-1]
            write_audio(disk / "wavs" / folder / f"{name}.wav", talk(turns, number, RATE), RATE)
            (disk / "voxconverse" / part / f"{name}.rttm").write_text(rttm(name, turns))
        (disk / "voxconverse" / part / "other.rttm").write_text(rttm("other", CLIPS["abjxc"]))
    (disk / "voxconverse" / "stray.rttm").write_text(rttm("stray", CLIPS["abjxc"]))
    return disk


def test_voxconverse_is_diarized_and_scored(tree: Tree, clips: Path) -> None:
    recipe = tree.recipe("voxconverse_dev", like="voxconverse")
    run = recipe.run("--corpus", "wavs", "--ref-rttm", "voxconverse", "--nj", 1, cwd=clips)
    assert run.naming("warning: references of 1 recordings that are not there are left out: other")
    error, names = score(recipe, "dev")
    assert error < 10 and names == set(CLIPS)
    assert "uem=none" in run.console


@pytest.mark.parametrize("corpus", ["wavs", "wavs/voxconverse_test_wav"])
@pytest.mark.parametrize("references", ["voxconverse", "voxconverse/test"])
def test_each_part_of_voxconverse_has_its_folders(tree: Tree, clips: Path, corpus: str, references: str) -> None:
    recipe = tree.recipe("voxconverse_test", like="voxconverse")
    words = ("--corpus", corpus, "--ref-rttm", references, "--part", "test")
    recipe.run("--stage", 0, "--stop-stage", 0, *words, cwd=clips)
    data = recipe.folder / "data" / "test"
    assert {line.split()[0] for line in (data / "wav.scp").open()} == {name[::-1] for name in CLIPS}
    assert {line.split()[1] for line in (data / "ref.rttm").open()} == {name[::-1] for name in CLIPS}


def test_voxconverse_on_a_wrong_folder_says_what_it_looked_for_and_where(
    tree: Tree, clips: Path, tmp_path: Path
) -> None:
    recipe = tree.recipe("voxconverse_wrong", like="voxconverse")
    words = ("--stage", 0, "--corpus", clips / "wavs")
    (line,) = refused(recipe.run(*words, code=1))
    assert f"--ref-rttm: found no *.rttm in {clips / 'wavs'} or in dev/ below it; wanted the repository" in line
    (line,) = refused(recipe.run("--stage", 0, "--corpus", tmp_path, "--ref-rttm", clips / "voxconverse", code=1))
    assert f"{tmp_path}: no audio; wanted *.aif" in line and f"in one of {tmp_path}, {tmp_path}/flac" in line
    *told, closing = refused(recipe.run(*words, "--ref-rttm", clips / "voxconverse" / "test", code=1))
    place = clips / "voxconverse" / "test"
    assert told == [
        f"{name}: no reference of {clips / 'wavs' / 'audio' / name}.wav; looked for '{name}' in the 3 files of {place}"
        for name in CLIPS
    ]
    assert "2 faults with its references" in closing
    (line,) = refused(recipe.run("--stage", 0, code=1))
    assert "--corpus: found none; wanted the folder of VoxConverse's audio" in line
    assert not list((recipe.folder / "data").glob("*"))


@pytest.mark.parametrize(
    "folder",
    [".", "audio", "voxconverse_dev_wav", "voxconverse_dev_wav/audio", "dev", "dev/audio", "dev/voxconverse_dev_wav"],
)
def test_the_audio_of_voxconverse_lies_where_its_archives_are_unpacked(
    tree: Tree, clips: Path, tmp_path: Path, folder: str
) -> None:
    recipe = tree.recipe("voxconverse_wrong", like="voxconverse")
    corpus = tmp_path / "it's [here]"
    for name in CLIPS:
        (corpus / folder).mkdir(parents=True, exist_ok=True)
        (corpus / folder / f"{name}.wav").symlink_to(clips / "wavs" / "audio" / f"{name}.wav")
    (corpus / folder / "._abjxc.wav").write_text("of macOS")
    (corpus / "voxconverse_test_wav").mkdir()
    words = ("--corpus", corpus, "--ref-rttm", clips / "voxconverse", "--set", "placed")
    recipe.run("--stage", 0, "--stop-stage", 0, *words)
    assert {line.split()[0] for line in (recipe.folder / "data" / "placed" / "wav.scp").open()} == set(CLIPS)


def test_voxconverse_in_one_folder_or_without_references(tree: Tree, clips: Path, tmp_path: Path) -> None:
    recipe = tree.recipe("voxconverse_wrong", like="voxconverse")
    for name in CLIPS:
        (tmp_path / "dev").mkdir(exist_ok=True)
        (tmp_path / "dev" / f"{name}.wav").symlink_to(clips / "wavs" / "audio" / f"{name}.wav")
        (tmp_path / "dev" / f"{name}.rttm").symlink_to(clips / "voxconverse" / "dev" / f"{name}.rttm")
    recipe.run("--stage", 0, "--stop-stage", 0, "--corpus", tmp_path, "--set", "one")
    assert (recipe.folder / "data" / "one" / "ref.rttm").exists()
    recipe.run("--stage", 0, "--stop-stage", 0, "--corpus", tmp_path, "--ref-rttm", "none", "--set", "one")
    assert not (recipe.folder / "data" / "one" / "ref.rttm").exists()


# ---- DIHARD --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dihard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """DIHARD III's folders: a UEM a recording, and those for scoring, of the core set and of all."""
    data = tmp_path_factory.mktemp("dihard") / "third_dihard_challenge_dev" / "data"
    for folder in ("rttm", "uem", "sad", "uem_scoring/core", "uem_scoring/full"):
        (data / folder).mkdir(parents=True)
    for number, (name, turns) in enumerate(zip(("DH_DEV_0001", "DH_DEV_0002"), CLIPS.values(), strict=True)):
        signal = talk(turns, number, RATE)
        write_audio(data / "flac" / f"{name}.flac", signal, RATE)
        (data / "rttm" / f"{name}.rttm").write_text(rttm(name, turns))
        region = f"{name} 1 0.000 {len(signal) / RATE:.3f}\n"
        (data / "uem" / f"{name}.uem").write_text(region)
        for part in ("core", "full") if number == 0 else ("full",):
            for table in ("all", "meeting"):
                with (data / "uem_scoring" / part / f"{table}.uem").open("a") as stream:
                    stream.write(region)
    return data


def test_dihard_is_diarized_and_scored_by_the_recipe_of_your_own(tree: Tree, dihard: Path) -> None:
    recipe = tree.recipe("dihard")
    run = recipe.run("--corpus", dihard, "--set", "dihard", "--collar", 0, "--skip-overlap", "false", "--nj", 1)
    error, names = score(recipe, "dihard")
    assert error < 15 and names == {"DH_DEV_0001", "DH_DEV_0002"}
    assert "collar=0 overlap=scored uem=all.uem" in run.console and not run.naming("prepare_data.py", "warning")


@pytest.mark.parametrize("name", ["uem_scoring/core/all.uem", "uem_scoring/core"])
def test_only_the_recordings_of_a_named_uem_are_taken(tree: Tree, dihard: Path, name: str) -> None:
    recipe = tree.recipe("dihard_core")
    run = recipe.run("--stage", 0, "--stop-stage", 0, "--corpus", dihard, "--uem", name, cwd=dihard)
    assert run.naming("warning", f"{name}: does not name 1 recordings, which are left out: DH_DEV_0002")
    data = recipe.folder / "data" / "eval"
    assert (data / "all.uem").read_text().split()[:2] == ["DH_DEV_0001", "1"]
    assert len((data / "all.uem").read_text().splitlines()) == 1
    assert {line.split()[1] for line in (data / "ref.rttm").open()} == {"DH_DEV_0001"}
    assert [line.split()[0] for line in (data / "wav.scp").open()] == ["DH_DEV_0001"]
