"""What the recipes' run.sh answers to options before any work: help, and one line for what is wrong."""

from __future__ import annotations

import re

import pytest
from recipe_tree import Tree

CHOICES = {
    "beamform": ["none", "delay_sum"],
    "denoise": ["none", "wiener"],
    "vad": ["energy", "webrtc", "reference", "file"],
    "embedder": ["none", "sae", "dec", "idec"],
    "clusterer": ["hmm_gmm", "aib", "aib_viterbi", "ib_hmm_gmm", "dec"],
    "realigner": ["hmm_gmm", "kl_hmm", "smooth", "none"],
    "compat": ["none", "diartk"],
}
GRAMMAR = [
    "stage",
    "stop-stage",
    "set",
    "corpus",
    "nj",
    "cmd",
    "config",
    "preset",
    "skip-bad",
    "help",
    "beamform",
    "denoise",
    "feats-scp",
    "vad",
    "vad-file",
    "embedder",
    "per-recording",
    "clusterer",
    "realigner",
    "streams",
    "recut",
    "compat",
    "sample-rate",
    "channel",
    "allow-pipes",
    "whole-file",
    "uem-margin",
    "num-spk",
    "min-spk",
    "max-spk",
    "min-gap",
    "min-turn",
    "collar",
    "skip-overlap",
    "tdoa-opts",
    "feats-opts",
    "vad-opts",
    "sae-opts",
    "dec-opts",
    "clusters-opts",
    "realigned-opts",
    "report-opts",
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return Tree(tmp_path_factory.mktemp("recipe") / "a root with blanks").set_up()


def test_help_lists_every_option(tree):
    run = tree.recipe("own").run("--help")
    for option in GRAMMAR:
        assert option in ("help",) or re.search(rf"--{option}\b", run.console), option
    for option, choices in CHOICES.items():
        assert re.search(rf"--{option} {re.escape('|'.join(choices))}\s", run.console), option
    run = tree.recipe("rt04").run("--help")
    for option in ("num-meetings", "duration", "num-speakers", "overlap", "snr", "seed", "utterances"):
        assert re.search(rf"--{option}\b", run.console), option
    assert not (tree.recipe("own").folder / "data").exists()


def test_an_unknown_option_is_answered_with_the_valid_ones(tree):
    (line,) = tree.recipe("own").run("--num-speaker", 4, code=1).lines
    listed = re.findall(r"--([a-z-]+)", line.partition("valid options are")[2])
    assert "--num-speaker" in line and set(listed) == {*GRAMMAR, "ref-rttm", "uem"}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("beamform", "mvdr"),
        ("vad", "silero"),
        ("embedder", "vae"),
        ("clusterer", "spectral"),
        ("realigner", "vbx"),
        ("compat", "kaldi"),
        ("denoise", "rnn"),
    ],
)
def test_a_choice_of_a_later_version_is_answered_with_the_valid_ones(tree, option, value):
    (line,) = tree.recipe("own").run(f"--{option}", value, code=1).lines
    assert line.endswith(f"--{option}: found '{value}'; wanted one of: {' '.join(CHOICES[option])}")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--nj", "0"], "--nj: found 0; wanted at least 1"),
        (["--nj", "two"], "--nj: found 'two'; wanted a number from 0 to 99"),
        (["--stage", "-1"], "--stage: found '-1'; wanted a number from 0 to 99"),
        (["--stop-stage", "x"], "--stop-stage: found 'x'; wanted a number from 0 to 99"),
        (["--set", "a/b"], "--set: found 'a/b'; wanted letters, digits, '_', '.' and '-'"),
        (["--skip-bad", "maybe"], "--skip-bad takes true or false, not 'maybe'"),
        (["--preset", "nobody"], "--preset: found 'nobody'; wanted one of: report report2"),
        (["--config", "nowhere.conf"], "cannot read the config file 'nowhere.conf'"),
        (["--cmd", ""], "empty argument to --cmd"),
        (["--corpus"], "option --corpus lacks its value"),
        (["meetings"], "found 'meetings' after the options; wanted none"),
    ],
)
def test_a_refused_value_is_told_in_one_line(tree, words, message):
    recipe = tree.recipe("own")
    (line,) = recipe.run(*words, code=1).lines
    assert "run.sh: " in line and message in line
    assert not (recipe.folder / "exp").exists()


def test_a_corpus_must_be_named(tree):
    run = tree.recipe("own").run(code=1)
    assert len(run.naming("--corpus: found none; wanted the folder of your recordings")) == 1
    assert run.lines[-1] == run.naming("--corpus")[0]
