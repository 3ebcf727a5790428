"""A recipe killed at any moment and started again gives the result of an undisturbed run, and leaves nothing behind."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from killing import MARK, processes, start, wait_for_end
from recipe_tree import Recipe, Tree, rttm, take_turns, talk, write_audio

MOMENTS = 5  # of each kind
pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds processes by /proc")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    """Two short recordings with references."""
    folder = tmp_path_factory.mktemp("short")
    (folder / "rttm").mkdir()
    for seed, name in enumerate(("a", "b")):
        turns = take_turns(["ann", "bob", "ann"], seconds=3)
        write_audio(folder / f"{name}.flac", talk(turns, seed))
        (folder / "rttm" / f"{name}.rttm").write_text(rttm(name, turns))
    return folder


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Tree:
    return Tree(tmp_path_factory.mktemp("kill") / "root").set_up()


@pytest.fixture(scope="module")
def undisturbed(tree, corpus) -> tuple[Recipe, float]:
    """A recipe that ran to its end in one go, and the seconds that it took."""
    recipe = tree.recipe("undisturbed", like="own")
    started = time.monotonic()
    recipe.run("--corpus", corpus, "--nj", 1)
    return recipe, time.monotonic() - started


def kill_after(recipe: Recipe, corpus: Path, seconds: float, whole_group: bool) -> str:
    """Run the recipe and kill it after ``seconds``; what still lives two seconds later, '' for nothing."""
    mark = uuid.uuid4().hex
    process = start(recipe, mark, "--corpus", str(corpus), "--nj", "1")
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    if whole_group:
        with suppress(ProcessLookupError):  # it had ended by itself
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    return "; ".join(wait_for_end(process.pid, mark))


def moments(kind: str, longest: float) -> Iterator[float]:
    """Random moments, one in each equal part of the run."""
    rng = random.Random(f"kill {kind}")
    for part in range(MOMENTS):
        yield (part + rng.random()) / MOMENTS * longest


def test_killed_and_started_again(tree, undisturbed, corpus):
    """Both kinds of kill, side by side in recipe folders of their own."""
    recipe, seconds = undisturbed
    wanted = recipe.files()
    assert {"exp/eval/energy_none_hmm_gmm_hmm_gmm/score.txt", "data/eval/wav.scp"} <= wanted.keys()

    def disturb(kind: str) -> list[str]:
        faults = []
        for number, moment in enumerate(moments(kind, seconds)):
            disturbed = tree.recipe(f"{kind}_{number}", like="own")
            when = f"{kind} killed after {moment:.2f} of {seconds:.2f} s"
            if alive := kill_after(disturbed, corpus, moment, whole_group=kind == "group"):
                faults.append(f"{when}: still alive: {alive}")
            disturbed.run("--corpus", corpus, "--nj", 1)
            if disturbed.leftovers():
                faults.append(f"{when}: left {disturbed.leftovers()}")
            found = disturbed.files()
            if found != wanted:
                faults.append(f"{when}: differ: {sorted(k for k in found | wanted if found.get(k) != wanted.get(k))}")
        return faults

    with ThreadPoolExecutor(2) as pool:
        assert [fault for faults in pool.map(disturb, ("group", "alone")) for fault in faults] == []


def test_temporary_files_of_a_killed_run_go(undisturbed, corpus):
    """What a kill in the middle of any write leaves: a temporary file beside each result."""
    recipe = undisturbed[0].copy("planted")
    wanted = recipe.files()
    for name in wanted:
        path = recipe.folder / name
        path.with_name(f".{path.name}.99999.tmp").write_bytes(b"half of it")
    recipe.exp(".embed_none.99999.tmp").symlink_to("nowhere")
    recipe.run("--corpus", corpus, "--nj", 1)
    assert recipe.leftovers() == []
    assert recipe.files() == wanted


def test_archives_of_a_killed_stage_are_not_taken_for_whole(undisturbed):
    """Without the .scp, which comes last, the next stage refuses."""
    recipe = undisturbed[0].copy("incomplete")
    recipe.exp("vad_energy", "vad.scp").unlink()
    run = recipe.run("--stage", 6, code=1)
    assert "exp/eval/vad_energy: is not complete (no .scp)" in run.lines[-1]


def test_a_stage_whose_recipe_is_killed_ends_and_is_not_complete(tree, corpus, tmp_path):
    """run.sh alone is killed while a job of a stage that was complete before waits for its recording."""
    recipe = tree.recipe("stalled", like="own")
    data = recipe.folder / "data" / "eval"
    data.mkdir(parents=True)
    recording = tmp_path / "a.flac"
    shutil.copy(corpus / "a.flac", recording)
    (data / "wav.scp").write_text(f"a cat {recording} |\n")
    options = ("--stage", "1", "--stop-stage", "1", "--allow-pipes", "true")
    recipe.run(*options)
    assert recipe.exp("feats", "feats.scp").exists()
    recording.unlink()
    os.mkfifo(recording)  # cat waits for what never comes
    mark = uuid.uuid4().hex
    process = start(recipe, mark, *options)
    deadline = time.monotonic() + 20
    while f"cat {recording} " not in processes(mark):  # set-up has cats of its own
        assert time.monotonic() < deadline, "the stage does not read its recording"
        time.sleep(0.05)
    process.kill()
    process.wait()
    alive = wait_for_end(process.pid, mark)
    assert alive == []
    assert not recipe.exp("feats", "feats.scp").exists()
    assert "exp/eval/feats: is not complete (no .scp)" in recipe.run("--stage", 5, code=1).lines[-1]


def test_a_program_that_starts_after_its_recipe_was_killed_ends(undisturbed):
    """Its parent, too, may have gone before it could look who that was."""
    recipe = undisturbed[0].copy("late")
    gone = subprocess.Popen(["true"])
    gone.wait()
    (recipe.folder / "data" / "eval" / "wav.scp").write_text("a sleep 20 |\n")
    environment = {"DIAR_EXIT_WITH_PARENT": "1", "DIAR_RECIPE": f"{os.uname().nodename}:{gone.pid}"}
    done = subprocess.run(
        [sys.executable, "steps/wav_to_feats.py", "--allow-pipes", "true", "data/eval", "exp/eval/late"],
        cwd=recipe.folder,
        env=recipe.environment(**environment, PYTHONPATH=str(recipe.folder.parents[1])),
        stdout=subprocess.DEVNULL,
        timeout=10,
    )
    assert done.returncode == 1 and not recipe.exp("late", "a.error").exists()


def test_a_program_whose_recipe_is_gone_ends(tmp_path, undisturbed):
    """A program at work when its recipe is killed does not go on by itself."""
    recipe = undisturbed[0].copy("orphaned")
    mark = uuid.uuid4().hex
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # a recording that never comes
    (recipe.folder / "data" / "eval" / "wav.scp").write_text(f"a cat {pipe} |\n")
    command = f"{sys.executable} steps/wav_to_feats.py --allow-pipes true data/eval exp/eval/orphan & sleep 60"
    shell = subprocess.Popen(
        ["bash", "-c", command],
        cwd=recipe.folder,
        env=recipe.environment(
            **{MARK: mark, "DIAR_EXIT_WITH_PARENT": "1", "PYTHONPATH": str(recipe.folder.parents[1])}
        ),
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 20
    while not any("cat" in line and "wav_to_feats" not in line for line in processes(mark)):
        assert time.monotonic() < deadline, "the program does not read its recording"
        time.sleep(0.05)
    shell.kill()
    shell.wait()
    deadline = time.monotonic() + 2
    while (alive := [line for line in processes(mark) if "wav_to_feats" in line]) and time.monotonic() < deadline:
        time.sleep(0.05)
    with suppress(ProcessLookupError):
        os.killpg(shell.pid, signal.SIGKILL)
    assert alive == []
