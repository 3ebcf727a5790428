"""egs/own/two_pass.sh: two passes end to end."""

from __future__ import annotations

from pathlib import Path

import pytest
from recipe_tree import Recipe, Run, Tree, rttm, take_turns, talk, write_audio

TURNS = {
    "one": take_turns(["ann", "bob", "ann", "bob"], seconds=3.0),
    "two": take_turns(["bob", "cat", "bob", "cat"], seconds=3.0),
}
SMALL = ("--embed-opts", "--speaker-hidden 16 --speaker-epochs 3 --first-pass-clusters 4 --num-threads 1")
SECOND = "reference_none_aib_viterbi_feats-0.1+embed_reference_speakers-0.9@0.35"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpora") / "my meetings"
    for seed, (name, turns) in enumerate(TURNS.items()):
        write_audio(folder / f"{name}.flac", talk(turns, seed))
    (folder / "rttm").mkdir()
    (folder / "rttm" / "all.rttm").write_text("".join(rttm(name, turns) for name, turns in TURNS.items()))
    return folder


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    return Tree(tmp_path_factory.mktemp("two_pass") / "root").set_up().recipe("own")


@pytest.fixture(scope="module")
def first_run(recipe: Recipe, corpus: Path) -> Run:
    return recipe.run("--corpus", corpus, "--vad", "reference", "--nj", 2, *SMALL, program="two_pass.sh")


def test_both_passes_have_their_folders_and_the_result_a_system_of_its_own(recipe: Recipe, first_run: Run) -> None:
    for name in (
        "clusters_reference_none_aib_viterbi", "embed_reference_speakers", f"clusters_{SECOND}",
        f"realigned_{SECOND}_hmm_gmm", "realigned_reference_two_pass",
    ):  # fmt: skip
        assert list(recipe.exp(name).glob("*.scp")), name
    score = recipe.exp("reference_two_pass", "score.txt").read_text()
    assert score.startswith("# collar=0.25 overlap=skipped uem=none vad=reference")
    assert {line.split()[1] for line in recipe.exp("reference_two_pass", "hyp.rttm").read_text().splitlines()} == {
        "one", "two",
    }  # fmt: skip


def test_which_pass_is_kept_is_said_of_every_recording(recipe: Recipe, first_run: Run) -> None:
    for name in TURNS:
        (line,) = first_run.naming(f"{name}: ", " nats a frame: the ", " pass is kept")
        kept = "second" if "the second" in line else "first"
        other = SECOND if kept == "second" else "reference_none_aib_viterbi"
        labels = recipe.exp("realigned_reference_two_pass", f"{name}.ark").read_bytes()
        assert labels == recipe.exp(f"realigned_{other}_hmm_gmm", f"{name}.ark").read_bytes()


def test_later_stages_alone_give_the_same_bytes_and_options_reach_their_steps(recipe: Recipe, first_run: Run) -> None:
    before = recipe.results(".ark", ".rttm", ".txt")
    recipe.run("--stage", 9, "--vad", "reference", "--nj", 1, *SMALL, program="two_pass.sh")
    assert recipe.results(".ark", ".rttm", ".txt") == before
    other = recipe.copy("other")
    run = other.run(
        "--stage", 9, "--vad", "reference", *SMALL, "--passes-opts", "--least-gain 1000", "--speakers", "0.5@1",
        program="two_pass.sh",
    )  # fmt: skip
    assert len(run.naming("the first pass is kept")) == 2
    assert other.exp("clusters_reference_none_aib_viterbi_feats-0.5+embed_reference_speakers-0.5@1").is_dir()


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--speakers", "1@0.3"), "--speakers: found '1@0.3'; wanted W@S with W between 0 and 1"),
        (("--embedder", "sae"), "unknown option --embedder; valid options are: --stage --corpus"),
        (("x",), "found 'x' after the options; wanted none"),
    ],
)
def test_wrong_options_are_one_line(recipe: Recipe, options: tuple[str, ...], found: str) -> None:
    run = recipe.run(*options, code=1, program="two_pass.sh")
    assert len(run.lines) == 1 and found in run.lines[0]


def test_help_tells_the_stages_and_options(recipe: Recipe) -> None:
    text = recipe.run("--help", program="two_pass.sh").console
    assert "Usage:" in text and all(f"--{name}" in text for name in ("corpus", "stage", "speakers", "embed-opts"))


def test_a_second_pass_without_a_first_is_refused(tmp_path: Path) -> None:
    recipe = Tree(tmp_path / "root").recipe("own")
    run = recipe.run("--stage", 9, code=1, program="two_pass.sh")
    assert run.naming("data/eval/wav.scp")
