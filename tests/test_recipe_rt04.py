"""egs/rt04 on a release of NIST's meetings, made up: from its files to the report's tables."""

from __future__ import annotations

import re
from pathlib import Path

import kaldiio
import numpy as np
import pytest
from nist_release import DEV, FakeRelease, sdm
from recipe_tree import Recipe, Run, Tree, take_turns, talk

OFFSET, SECONDS = 5.0, 20.0  # of the scored region
BEFORE = take_turns(["bob"], seconds=4.0, pause=0.5)  # speech that is not scored, which the reference has, too


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> FakeRelease:
    """Eight meetings of 31 s with four distant microphones; 20 s of each are scored."""
    made = FakeRelease(tmp_path_factory.mktemp("corpora") / "LDC2007S11")
    for number, meeting in enumerate(DEV):
        scored = [(s + OFFSET, e + OFFSET, who) for s, e, who in take_turns(["ann", "bob"] * 2, 4.0, 0.8)]
        after = [(OFFSET + SECONDS + 1.0, OFFSET + SECONDS + 5.0, "cat")]
        turns = [*BEFORE, *scored, *after]
        signal = talk(turns, seed=number)
        microphones = {sdm(meeting): signal}
        for delay, name in enumerate(("d08", "d09"), 1):
            microphones[name] = 0.5 * np.concatenate([np.zeros(8 * delay), signal[: -8 * delay]])
        made.add(meeting, microphones, turns, (OFFSET, OFFSET + SECONDS))
    return made


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory, release: FakeRelease) -> tuple[Recipe, Run]:
    """The report's settings on the release."""
    recipe = Tree(tmp_path_factory.mktemp("recipe") / "tree").recipe("report", like="rt04")
    return recipe, recipe.run("--corpus", release.root, "--preset", "report", "--nj", 2)


def test_both_tables_of_the_report_have_its_meetings_in_its_order(reported: tuple[Recipe, Run]) -> None:
    recipe, run = reported
    tables = [at for at, line in enumerate(run.lines) if line.startswith("| meeting | the report | ours |")]
    assert len(tables) == 2
    figures = {"1": ["36.00", "9.00", "14.20", "31.00", "9.80", "24.00", "33.00", "40.00", "25.00", "24.62"],
               "2": ["28.00", "8.68", "13.30", "27.00", "8.20", "22.00", "29.00", "37.90", "", "21.76"]}  # fmt: skip
    for at, report in zip(tables, figures.values(), strict=True):
        cells = [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in run.lines[at + 2 : at + 12]]
        assert [row[0] for row in cells] == [*DEV, "overall", "mean of meetings"]
        assert [row[1] for row in cells] == report
        assert all(re.fullmatch(r"\d+\.\d\d", row[2]) for row in cells)
    for system in ("wiener_reference_none_hmm_gmm_none", "wiener_reference_none_ib_hmm_gmm_none"):
        scored = [line.split() for line in recipe.exp(system, "score.txt", set="dev_sdm").read_text().splitlines()]
        sers = {row[0]: row[1] for row in scored if row[0] in {*DEV, "OVERALL"} and len(row) == 9}
        table = recipe.exp(system, "report_table.md", set="dev_sdm").read_text()
        for meeting in DEV:
            assert re.search(rf"^\| {meeting} \| [\d.]+ \| {sers[meeting]} \|$", table, re.MULTILINE)
        assert f"| **{sers['OVERALL']}** |" in table


def test_the_tables_are_of_the_report_s_systems_and_of_the_last_run_alone(reported: tuple[Recipe, Run]) -> None:
    recipe = reported[0].copy("ablation")
    words = ("--mic", "sdm", "--preset", "report", "--stage", 6)
    run = recipe.run(*words, "--clusterer", "aib")
    assert "| meeting | the report | ours |" not in run.console
    table = recipe.exp("wiener_reference_none_hmm_gmm_none", "report_table.md", set="dev_sdm")
    assert table.exists()
    choices = ("--denoise", "wiener", "--vad", "reference", "--realigner", "none")
    recipe.run("--mic", "sdm", *choices, "--stage", 8, "--collar", 0)
    assert not table.exists()  # it had another condition than score.txt now


def test_only_the_scored_region_is_diarized_at_the_times_of_the_file(reported: tuple[Recipe, Run]) -> None:
    recipe, _ = reported
    for meeting in DEV:
        path = recipe.exp("vad_wiener_reference", f"{meeting}.ark", set="dev_sdm")
        ((_, speech),) = kaldiio.load_ark(str(path))
        frames = np.flatnonzero(speech)
        assert len(speech) > 3000 and frames[0] == round(100 * (OFFSET + 0.8)) and frames[-1] < 2500
    system = recipe.exp("wiener_reference_none_ib_hmm_gmm_none", "hyp.rttm", set="dev_sdm")
    for line in system.read_text().splitlines():
        start, duration = (float(field) for field in line.split()[3:5])
        assert start >= OFFSET and start + duration <= OFFSET + SECONDS


def test_the_hyper_parameters_are_those_of_the_site(reported: tuple[Recipe, Run]) -> None:
    recipe, _ = reported
    options = recipe.exp("clusters_wiener_reference_none_hmm_gmm", "options.json", set="dev_sdm").read_text()
    for site, n_gaussians in (("CMU", 3), ("ICSI", 5), ("LDC", 10), ("NIST", 7)):
        text = (recipe.folder / "conf" / f"report_{site}.conf").read_text()
        assert f"--num-gaussians={n_gaussians}\n" in text
        assert text.encode("unicode_escape").decode() in options


def test_several_microphones_are_summed_in_a_set_of_their_own(
    reported: tuple[Recipe, Run], release: FakeRelease
) -> None:
    recipe = reported[0].copy("mdm")
    words = ("--corpus", release.root, "--mic", "mdm", "--meetings", DEV[4], "--whole-file", "true")
    run = recipe.run(*words)
    assert (recipe.folder / "data" / "dev_mdm" / "reco2channels").exists()
    assert recipe.exp("delay_sum_energy_none_hmm_gmm_hmm_gmm", "score.txt", set="dev_mdm").exists()
    ((_, delays),) = kaldiio.load_ark(str(recipe.exp("tdoa", f"{DEV[4]}.ark", set="dev_mdm")))
    steady = [0.0, *np.median(delays[500:2500], axis=0)]  # the reference channel's, and the others'
    assert np.ptp(steady) == pytest.approx(1.0, abs=0.05)  # ms: 16 samples
    assert "| meeting | the report | ours |" not in run.console  # not its settings
    ((_, speech),) = kaldiio.load_ark(str(recipe.exp("vad_delay_sum_energy", f"{DEV[4]}.ark", set="dev_mdm")))
    assert speech[: round(100 * OFFSET)].any()  # the whole file
    one = recipe.run(*words, "--beamform", "none", "--set", "first", "--stop-stage", 1)
    assert one.naming("stage 1:") and recipe.exp("feats", set="first").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--corpus", "nowhere"], "prepare_data.py: WHERE/nowhere: no such folder; wanted the folder of a release"),
        (["--mic", "mdm"], "--corpus: found none; wanted the folder of a release with --part, --mic, --meetings"),
        (["--corpus", "x", "--seed", 3], "--seed: found '3' with --corpus; wanted one of the two"),
        (["--mic", "array"], "--mic: found 'array'; wanted one of: sdm mdm ihm-mix"),
        (["--part", "test"], "--part: found 'test'; wanted one of: dev eval rt05"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    reported: tuple[Recipe, Run], words: list[object], told: str, tmp_path: Path
) -> None:
    recipe = reported[0]
    before = recipe.files()
    run = recipe.run(*words, "--set", "new", code=1, cwd=tmp_path)
    assert len(run.naming(told.replace("WHERE", str(tmp_path)))) == 1
    assert recipe.files() == before
