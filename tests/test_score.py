"""Scores against md-eval.pl itself, against figures by hand, and against a brute force that knows no diar.score."""

from __future__ import annotations

import itertools
import math
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from fixtures.md_eval import record as md_eval
from fixtures.md_eval.record import Case, Figures, rttm
from hypothesis import given, settings
from hypothesis import strategies as st

from diar.errors import DataError
from diar.io.rttm import RttmLine, read_rttm_lines, speaker_turns
from diar.io.uem import read_uem
from diar.regions import excluded_zones
from diar.score import RecordingScore, Score, ScoreOptions, SetScore, score_recording, score_set
from diar.score_text import format_scores
from diar.segments import Segment, Turn

STRICT = ScoreOptions(collar=0.0, skip_overlap=False)
EVERYTHING = [Segment(0.0, 1000.0)]


def lines(text: str) -> list[RttmLine]:
    return [RttmLine.parse(line, f"text:{number}") for number, line in enumerate(text.splitlines(), 1)]


def turns(*spans: tuple[float, float, str]) -> list[Turn]:
    return [Turn(*span) for span in spans]


def score_case(case: Case, options: ScoreOptions, folder: Path) -> SetScore:
    uem = None
    if case.uem:
        (folder / "all.uem").write_text(case.uem)
        uem = read_uem(folder / "all.uem")
    return score_set(lines(case.reference), lines(case.hypothesis), uem, options)


def assert_equals_md_eval(scores: SetScore, figures: Figures) -> None:
    """Every time equals md-eval's print, which has two decimals, for each recording and for all of them."""
    printed = {score.recording: score for score in scores.recordings} | {"ALL": scores.pooled}
    assert printed.keys() == figures.times.keys()
    for name, score in printed.items():
        ours = {title: getattr(score, title.lower().replace(" ", "_")) for title in md_eval.TIMES}
        assert ours == pytest.approx(figures.times[name], abs=0.00501), name


# md-eval


@pytest.mark.parametrize(("collar", "skip_overlap"), md_eval.CONDITIONS)
@pytest.mark.parametrize("name", [name for name in md_eval.cases() if name != "other channel"])
def test_equals_recorded_md_eval(name: str, collar: float, skip_overlap: bool, tmp_path: Path) -> None:
    options = ScoreOptions(collar=collar, skip_overlap=skip_overlap)
    figures = md_eval.recorded(name, collar, skip_overlap)
    scores = score_case(md_eval.cases()[name], options, tmp_path)
    assert_equals_md_eval(scores, figures)
    assert format_scores(scores, options).split("\n")[-2] == figures.line


needs_md_eval = pytest.mark.skipif(md_eval.find_md_eval() is None, reason="no md-eval.pl: set MD_EVAL to its path")


@needs_md_eval
@pytest.mark.parametrize(("collar", "skip_overlap"), md_eval.CONDITIONS)
@pytest.mark.parametrize("name", md_eval.cases())
def test_the_recorded_figures_are_md_evals(name: str, collar: float, skip_overlap: bool) -> None:
    recorded = md_eval.recorded(name, collar, skip_overlap)
    printed = md_eval.run_md_eval(md_eval.cases()[name], collar, skip_overlap)
    assert printed.times.keys() == recorded.times.keys()
    for block, times in printed.times.items():
        # md-eval adds in the order of Perl's hashes, so that the last digit differs between runs where a 5 follows
        assert times == pytest.approx(recorded.times[block], abs=0.0101)
    assert re.split(r"[\d.]+", printed.line) == re.split(r"[\d.]+", recorded.line)


def perturbed(reference: Sequence[RttmLine], seed: int) -> str:
    """A hypothesis: bounds moved by 0.2 s or so, turns lost, given to others, and made up."""
    generator, recording = random.Random(seed), reference[0].recording
    speakers = sorted({line.speaker for line in reference}) + ["nobody"]
    found = []
    for line in reference:
        start = max(0.0, line.start + generator.gauss(0, 0.2))
        end = max(start + 0.05, line.end + generator.gauss(0, 0.2))
        if generator.random() < 0.95:
            found.append((start, end, generator.choice(speakers) if generator.random() < 0.15 else line.speaker))
    for _ in range(10):
        start = generator.uniform(0, reference[-1].end)
        found.append((start, start + generator.uniform(0.2, 3), generator.choice(speakers)))
    return rttm(*sorted(found), recording=recording)


def data_cases(folder: Path) -> Iterator[tuple[str, Case]]:
    for corpus in ("meetings_sim", "ami_excerpts"):
        paths = sorted((folder / "speech" / corpus / "rttm").glob("*.rttm"))
        recordings = [read_rttm_lines(path) for path in paths]
        hypotheses = {
            "perturbed": "".join(perturbed(recording, seed) for seed, recording in enumerate(recordings)),
            "one speaker": "".join(
                rttm((0, max(line.end for line in recording) + 3, "x"), recording=recording[0].recording)
                for recording in recordings
            ),
        }
        if corpus == "meetings_sim":
            diartk = sorted((folder / "reference_outputs" / "diartk").glob("*.rttm"))
            hypotheses["DiarTK"] = "".join(path.read_text() for path in diartk)
        reference = "".join(path.read_text() for path in paths)
        uem = "".join(path.read_text() for path in sorted((folder / "speech" / corpus / "uem").glob("*.uem")))
        for name, hypothesis in hypotheses.items():
            yield f"{corpus}, {name}", Case(reference, hypothesis, uem)
            yield f"{corpus}, {name}, no uem", Case(reference, hypothesis)


@needs_md_eval
@pytest.mark.skipif("DIAR_DATA" not in os.environ, reason="DIAR_DATA does not name the data folder")
@pytest.mark.parametrize(("collar", "skip_overlap"), md_eval.CONDITIONS)
def test_equals_md_eval_on_meetings(collar: float, skip_overlap: bool, tmp_path: Path) -> None:
    for name, case in data_cases(Path(os.environ["DIAR_DATA"])):
        scores = score_case(case, ScoreOptions(collar=collar, skip_overlap=skip_overlap), tmp_path)
        assert len(scores.recordings) >= 5, name
        assert_equals_md_eval(scores, md_eval.run_md_eval(case, collar, skip_overlap))


# the habits of md-eval, with figures by hand


def test_the_collar_is_taken_to_each_side_of_reference_bounds_only() -> None:
    reference, hypothesis = turns((0, 10, "A"), (10, 20, "B")), turns((0, 12, "x"), (12, 20, "y"))
    score = score_recording("r", reference, hypothesis, options=ScoreOptions(collar=0.25))
    assert score.scored_time == pytest.approx(20 - 0.25 - 0.5 - 0.25)
    assert score.speaker_error_time == pytest.approx(2 - 0.25)
    assert score.der == score.ser == pytest.approx(100 * 1.75 / 19)


def test_a_speakers_own_overlap_is_overlap() -> None:
    reference = turns((0, 10, "A"), (8, 18, "A"))
    skipped = score_recording("r", reference, reference, options=ScoreOptions(collar=0.0, skip_overlap=True))
    scored = score_recording("r", reference, reference, options=STRICT)
    assert (skipped.scored_speaker_time, scored.scored_speaker_time) == (16, 18)


def test_speakers_are_mapped_before_overlap_is_removed() -> None:
    # A shares 6 s with x, 4 s with y; the 6 s are overlap and not scored
    reference, hypothesis = turns((0, 10, "A"), (0, 6, "A")), turns((0, 6, "x"), (6, 10, "y"))
    score = score_recording("r", reference, hypothesis, options=ScoreOptions(collar=0.0))
    assert score.mapping == {"A": "x"}
    assert (score.scored_time, score.speaker_error_time) == (4, 4)


def test_speakers_are_mapped_before_collars_are_removed() -> None:
    # of each second A shares 0.4 s with x and 0.6 s with y; of the scored half second 0.4 and 0.1 s
    reference = turns(*((2 * k, 2 * k + 1, "A") for k in range(4)))
    hypothesis = turns(
        *((2 * k, 2 * k + 0.25, "y") for k in range(4)),
        *((2 * k + 0.25, 2 * k + 0.65, "x") for k in range(4)),
        *((2 * k + 0.65, 2 * k + 1, "y") for k in range(4)),
    )
    score = score_recording("r", reference, hypothesis, options=ScoreOptions(collar=0.25))
    assert score.mapping == {"A": "y"}
    assert score.speaker_error_time == pytest.approx(4 * 0.4)


def test_speakers_are_mapped_within_the_uem() -> None:
    reference, hypothesis = turns((0, 10, "A")), turns((0, 7, "x"), (7, 10, "y"))
    assert score_recording("r", reference, hypothesis, [Segment(6, 10)], STRICT).mapping == {"A": "y"}


def test_without_uem_only_the_extent_of_the_reference_is_evaluated() -> None:
    reference, hypothesis = turns((5, 10, "A")), turns((0, 15, "x"))
    assert score_recording("r", reference, hypothesis, None, STRICT).der == 0
    assert score_recording("r", reference, hypothesis, [Segment(0, 15)], STRICT).der == 200


def test_without_uem_the_extent_counts_words_but_not_noscore() -> None:
    reference = rttm((1, 2, "NOSCORE"), (3, 4, "LEXEME"), (5, 10, "A"), (11, 12, "NON-LEX"), (13, 14, "NOSCORE"))
    assert score_set(lines(reference), [], options=STRICT).pooled.eval_time == 12 - 3


def test_dots_in_names_do_not_hide_the_uem() -> None:
    reference, hypothesis = rttm((5, 10, "A"), recording="a.b-c"), rttm((0, 15, "x"), recording="a.b-c")
    scores = score_set(lines(reference), lines(hypothesis), {"a.b-c": [Segment(0, 15)]}, STRICT)
    assert scores.pooled.der == 200
    assert scores.remarks == ("dot in the name, md-eval would not find the UEM's regions: a.b-c",)


def test_channels_do_not_matter_but_are_remarked(tmp_path: Path) -> None:
    case = md_eval.cases()["other channel"]
    scores = score_case(case, STRICT, tmp_path)
    assert scores.pooled.der == 0
    assert md_eval.recorded("other channel", 0.0, False).times["ALL"]["MISSED SPEAKER TIME"] == 10
    assert scores.remarks == (
        "channel 1 in the reference and 0 in the hypothesis, scored as one; "
        "md-eval would score each apart, unmatched ones as all missed: r",
    )


def test_the_reference_says_which_recordings_are_scored() -> None:
    reference = rttm((0, 10, "A")) + rttm((0, 30, "A"), recording="q")
    hypothesis = rttm((0, 9, "x")) + rttm((0, 15, "x"), recording="other")
    uem = {"r": [Segment(0, 10)], "another": [Segment(0, 10)]}
    scores = score_set(lines(reference), lines(hypothesis), uem, STRICT)
    assert [score.recording for score in scores.recordings] == ["q", "r"]
    assert [score.missed_speaker_time for score in scores.recordings] == [30, 1]
    assert scores.pooled.der == 100 * 31 / 40  # not the mean of 100 and 10
    assert scores.remarks == (
        "no hypothesis, counted as all missed: q",
        "in the hypothesis but not in the reference, ignored: other",
        "in the UEM but not in the reference, ignored: another",
        "not in the UEM, evaluated from the first to the last event of the reference: q",
    )


def test_non_lex_is_not_scored_and_grows_by_half_a_second() -> None:
    reference, hypothesis = lines(rttm((0, 20, "A"), (4, 5, "NON-LEX"))), lines(rttm((0, 10, "x")))
    score = score_set(reference, hypothesis, options=STRICT).pooled
    assert (score.eval_time, score.scored_time) == (20, 18)
    assert score.der == pytest.approx(100 * 10 / 18)


@pytest.mark.parametrize(
    ("objects", "zones"),
    [
        ([(4.0, 5.0, "NON-LEX"), (0.0, 9.0, "A")], [(3.5, 5.5)]),
        ([(0.25, 1.0, "NON-LEX"), (2.0, 9.0, "A")], [(0.0, 1.5)]),  # not before the beginning
        ([(0.0, 3.75, "A"), (4.0, 5.0, "NON-LEX"), (5.25, 9.0, "B")], [(3.75, 5.25)]),  # up to the turns
        ([(0.0, 9.0, "A"), (3.5, 4.5, "LEXEME"), (4.0, 5.0, "NON-LEX")], [(4.0, 5.5)]),  # not into the word
        ([(0.0, 9.0, "A"), (4.0, 5.0, "NON-LEX"), (4.5, 6.0, "LEXEME")], [(3.5, 5.0)]),
        ([(0.0, 9.0, "A"), (4.0, 5.0, "NON-LEX"), (5.75, 6.0, "NON-LEX")], [(3.5, 6.5)]),  # joined
        ([(0.0, 9.0, "A"), (4.0, 5.0, "NON-LEX"), (6.25, 7.0, "NON-LEX")], [(3.5, 5.5), (5.75, 7.5)]),
        ([(0.0, 3.0, "A"), (4.0, 5.0, "NON-LEX")], [(3.5, math.inf)]),  # nothing after it: no end
        ([(4.0, 4.0, "NON-LEX"), (0.0, 9.0, "A")], []),
    ],
)
def test_zones_of_non_lex(objects: list[tuple[float, float, str]], zones: list[tuple[float, float]]) -> None:
    assert excluded_zones(lines(rttm(*objects)), "NON-LEX", 0.5) == zones


def test_noscore_counts_for_nothing_not_even_the_mapping() -> None:
    reference = lines(rttm((0, 10, "A"), (0, 6, "NOSCORE")))
    score = score_set(reference, lines(rttm((0, 6, "x"), (6, 10, "y"))), options=STRICT).recordings[0]
    assert (score.eval_time, score.der, score.mapping) == (4, 0, {"A": "y"})


def test_a_hypothesis_speaker_twice_at_once_counts_once() -> None:
    score = score_recording("r", turns((0, 10, "A")), turns((0, 8, "x"), (5, 10, "x")), options=STRICT)
    assert score.der == 0


def test_the_collar_hides_short_turns() -> None:
    reference, hypothesis = turns((0, 10, "A"), (11, 11.4, "B"), (12, 22, "A")), turns((0, 10, "x"), (12, 22, "x"))
    assert score_recording("r", reference, hypothesis, options=STRICT).der == pytest.approx(100 * 0.4 / 20.4)
    assert score_recording("r", reference, hypothesis, options=ScoreOptions(collar=0.25)).der == 0


def test_turns_without_length_have_collars_only() -> None:
    score = score_recording("r", turns((0, 10, "A"), (5, 5, "B")), turns((0, 10, "x"), (3, 3, "y")))
    assert (score.scored_time, score.n_reference, score.n_hypothesis) == (9, 1, 1)


def test_speaker_info_changes_no_time() -> None:
    information = "SPKR-INFO r 1 <NA> <NA> <NA> adult_male A <NA>\n"
    text = rttm((3, 10, "A"))
    assert score_set(lines(information + text), lines(text)).pooled == score_set(lines(text), lines(text)).pooled


def test_turns_that_abut_do_not_overlap() -> None:
    reference = turns((0, 0.1 + 0.2, "A"), (0.3, 1, "B"))  # 0.1 + 0.2 > 0.3
    score = score_recording("r", reference, reference, options=ScoreOptions(collar=0.0))
    assert score.scored_speaker_time == pytest.approx(1)


# counts, JER, pooling, text


def test_speakers_of_both_sides_count_from_five_seconds_within_the_uem() -> None:
    reference = turns((0, 4.9, "A"), (10, 15, "B"), (20, 22.4, "C"), (22.4, 25, "C"), (30, 39, "D"))
    hypothesis = turns((0, 0.1, "x"), (10, 20, "y"), (50, 60, "z"))
    score = score_recording("r", reference, hypothesis, [Segment(0, 34)])
    assert (score.n_reference, score.n_true, score.n_hypothesis, score.n_found) == (4, 2, 2, 1)
    assert score.speaker_count_error == -1
    swapped = score_recording("r", hypothesis, reference, [Segment(0, 34)])
    assert (swapped.n_true, swapped.n_found, swapped.speaker_count_error) == (1, 2, 1)


def test_jaccard_error_is_a_mean_over_reference_speakers() -> None:
    # A: 8 s shared of 12 s; B: not mapped
    reference, hypothesis = turns((0, 10, "A"), (20, 25, "B")), turns((2, 12, "x"))
    score = score_recording("r", reference, hypothesis)
    assert score.jer == pytest.approx(100 * ((1 - 8 / 12) + 1) / 2)
    one = score_recording("q", turns((0, 10, "A")), turns((0, 5, "x")))
    assert (score + one).jer == pytest.approx(100 * (4 / 12 + 1 + 1 / 2) / 3)


def test_jaccard_error_has_its_own_mapping() -> None:
    # A shares most time with x, which is long; by Jaccard y is nearer: 5/10 against 6/60
    reference, hypothesis = turns((0, 10, "A")), turns((0, 6, "x"), (20, 74, "x"), (0, 5, "y"))
    score = score_recording("r", reference, hypothesis, EVERYTHING)
    assert score.mapping == {"A": "x"}
    assert score.jer == pytest.approx(50)


def test_purity_and_coverage_by_hand() -> None:
    # x has 8 of its 12 s from A, y 5 of 5 from B; A has 8 of 10 in x, B 5 of 10 in y
    reference, hypothesis = turns((0, 10, "A"), (10, 20, "B")), turns((2, 14, "x"), (14, 19, "y"))
    score = score_recording("r", reference, hypothesis)
    assert (score.purity, score.coverage) == pytest.approx((100 * 13 / 17, 100 * 13 / 20))
    assert score.purity_coverage_f == pytest.approx(2 * 13 / 37 * 100)
    one = score_recording("q", turns((0, 10, "A")), turns((0, 5, "x"), (5, 10, "y")))
    assert (one.purity, one.coverage) == (100, 50)
    assert ((score + one).purity, (score + one).coverage) == pytest.approx((100 * 23 / 27, 100 * 18 / 30))


def test_purity_without_a_hypothesis_is_not_a_number() -> None:
    score = score_recording("r", turns((0, 10, "A")), [])
    assert math.isnan(score.purity) and math.isnan(score.purity_coverage_f) and score.coverage == 0
    other = score_recording("r", turns((0, 10, "A")), turns((10, 20, "x")), EVERYTHING)
    assert (other.purity, other.coverage, other.purity_coverage_f) == (0, 0, 0)


def test_speakers_too_many_and_too_few_do_not_cancel() -> None:
    reference, both = rttm((0, 10, "A"), (10, 20, "B")), rttm((0, 10, "A"), (10, 20, "B"), recording="q")
    hypothesis = rttm((0, 20, "x")) + rttm((0, 5, "x"), (5, 10, "y"), (10, 20, "z"), recording="q")
    scores = score_set(lines(reference + both), lines(hypothesis))
    assert [score.speaker_count_error for score in scores.recordings] == [1, -1]
    assert (scores.pooled.speaker_count_error, scores.mean_count_error) == (0, 1)
    assert math.isnan(SetScore(()).mean_count_error)


def test_a_recording_without_scored_speech_has_no_rates() -> None:
    nothing = score_recording("r", turns((0, 0.4, "A")), turns((0, 1, "x")))
    assert nothing.scored_speaker_time == 0
    assert math.isnan(nothing.der) and math.isnan(nothing.ser)
    silent = score_recording("r", [], turns((0, 1, "x")), [Segment(0, 3)])
    assert (silent.falarm_speaker_time, silent.n_reference) == (1, 0)
    assert math.isnan(silent.der) and math.isnan(silent.jer)
    assert "nan" in format_scores(SetScore((nothing,)), ScoreOptions())


def test_an_empty_reference_is_an_error() -> None:
    with pytest.raises(DataError, match="no SPEAKER line"):
        score_set([], lines(rttm((0, 1, "x"))))


def test_options_are_checked() -> None:
    assert (ScoreOptions().collar, ScoreOptions().skip_overlap) == (0.25, True)
    with pytest.raises(DataError, match="--collar"):
        ScoreOptions(collar=-0.1)


def test_importing_scores_is_cheap() -> None:
    heavy = "{'scipy', 'pyannote', 'torch', 'pandas'}"
    program = f"import sys, diar.score; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_four_hours_are_scored_in_two_seconds() -> None:
    generator = random.Random(0)
    starts = [generator.uniform(0, 14400) for _ in range(12000)]
    spoken = [Turn(start, start + generator.uniform(0.2, 6), f"s{generator.randrange(8)}") for start in starts]
    begun = time.perf_counter()
    score_recording("r", spoken[:6000], spoken[6000:])
    assert time.perf_counter() - begun < 2


# invariances and brute force, on a grid of 1/4 s, on which sums are exact

TICKS = 4  # a second


def ticks(first: int, last: int, speaker: str) -> Turn:
    return Turn(first / TICKS, last / TICKS, speaker)


def tick_turns(names: str) -> st.SearchStrategy[list[Turn]]:
    span = st.tuples(st.integers(0, 60), st.integers(1, 20), st.sampled_from(names))
    return st.lists(span.map(lambda s: ticks(s[0], s[0] + s[1], s[2])), max_size=12)


conditions = st.builds(ScoreOptions, collar=st.sampled_from([0.0, 0.25, 0.5]), skip_overlap=st.booleans())
uems = st.none() | st.sets(st.integers(0, 90), min_size=4, max_size=4).map(
    lambda bounds: [Segment(a / TICKS, b / TICKS) for a, b in zip(*[iter(sorted(bounds))] * 2, strict=True)]
)


def brute_force(
    reference: list[Turn], hypothesis: list[Turn], uem: list[Segment] | None, options: ScoreOptions
) -> tuple[list[list[float]], float]:
    """Times of every mapping that is best, and the sum of Jaccard errors, counted tick by tick."""
    bounds = [bound for turn in reference for bound in (turn.start, turn.end)]
    uem = uem if uem is not None else [Segment(min(bounds), max(bounds))] if bounds else []

    def at(middle: float) -> tuple[set[str], set[str], bool]:
        """Who speaks, who is said to speak, and whether this tick is scored."""
        records = [turn.speaker for turn in reference if turn.start < middle < turn.end]
        guesses = {turn.speaker for turn in hypothesis if turn.start < middle < turn.end}
        near = any(abs(middle - bound) < options.collar for bound in bounds)
        return set(records), guesses, not near and not (options.skip_overlap and len(records) > 1)

    middles = ((tick + 0.5) / TICKS for tick in range(100))
    seen = [at(middle) for middle in middles if any(region.start < middle < region.end for region in uem)]
    speakers = sorted(set().union(*(refs for refs, _, _ in seen)))
    found = sorted(set().union(*(guesses for _, guesses, _ in seen)))
    padded = [*found, *("" for _ in speakers)]
    mappings = [dict(zip(speakers, chosen, strict=True)) for chosen in itertools.permutations(padded, len(speakers))]

    def best(gain: Callable[[str, str], float]) -> tuple[float, list[dict[str, str]]]:
        sums = [sum(gain(speaker, guess) for speaker, guess in mapping.items()) for mapping in mappings]
        return max(sums), [m for m, s in zip(mappings, sums, strict=True) if s > max(sums) - 1e-9]

    shared = {(s, g): sum(s in refs and g in guesses for refs, guesses, _ in seen) for s in speakers for g in padded}
    either = {(s, g): sum(s in refs or g in guesses for refs, guesses, _ in seen) for s in speakers for g in padded}
    outcomes = []
    for mapping in best(lambda s, g: shared[s, g])[1]:
        missed = false_alarm = error = 0
        for refs, guesses, is_scored in seen:
            right = sum(mapping[speaker] in guesses for speaker in refs)
            missed += is_scored * max(len(refs) - len(guesses), 0)
            false_alarm += is_scored * max(len(guesses) - len(refs), 0)
            error += is_scored * (min(len(refs), len(guesses)) - right)
        n_speaker = sum(len(refs) for refs, _, is_scored in seen if is_scored)
        n_scored = sum(is_scored for _, _, is_scored in seen)
        outcomes.append([count / TICKS for count in (n_scored, n_speaker, missed, false_alarm, error)])
    return outcomes, len(speakers) - best(lambda s, g: shared[s, g] / either[s, g])[0]


@settings(max_examples=150, deadline=None)
@given(tick_turns("ABCD"), tick_turns("wxyz"), uems, conditions)
def test_equals_brute_force(
    reference: list[Turn], hypothesis: list[Turn], uem: list[Segment] | None, options: ScoreOptions
) -> None:
    outcomes, jaccard_errors = brute_force(reference, hypothesis, uem, options)
    score = score_recording("r", reference, hypothesis, uem, options)
    parts = [score.missed_speaker_time, score.falarm_speaker_time, score.speaker_error_time]
    assert [score.scored_time, score.scored_speaker_time, *parts] in outcomes
    assert score.jaccard_errors == pytest.approx(jaccard_errors)


def pyannote_annotation(spoken: Sequence[Turn]):
    from pyannote.core import Annotation
    from pyannote.core import Segment as Span

    annotation = Annotation(uri="r")
    for track, turn in enumerate(spoken):
        annotation[Span(turn.start, turn.end), track] = turn.speaker
    return annotation


@settings(max_examples=60, deadline=None)
@given(tick_turns("ABC"), tick_turns("xyz"), uems)
def test_purity_and_coverage_are_pyannotes(
    reference: list[Turn], hypothesis: list[Turn], uem: list[Segment] | None
) -> None:
    from pyannote.core import Segment as Span
    from pyannote.core import Timeline
    from pyannote.metrics.diarization import DiarizationCoverage, DiarizationPurity

    bounds = [bound for turn in reference for bound in (turn.start, turn.end)]
    regions = uem if uem is not None else [Segment(min(bounds), max(bounds))] if bounds else []
    score = score_recording("r", reference, hypothesis, uem)
    timeline = Timeline([Span(*region) for region in regions])  # whose own uem= is not heeded by these two
    sides = [pyannote_annotation(side).crop(timeline) for side in (reference, hypothesis)]
    if score.hypothesis_time:
        assert score.purity == pytest.approx(100 * DiarizationPurity()(*sides))
    if score.reference_time:
        assert score.coverage == pytest.approx(100 * DiarizationCoverage()(*sides))


def seconds(score: RecordingScore) -> dict[str, float]:
    return {name: value for name, value in vars(score).items() if name not in ("mapping", "recording")}


# times that are not on a grid, so that no two mappings are equally good
real_turns = st.integers(0, 10**6).map(
    lambda seed: [Turn(*span) for span in md_eval.random_turns(random.Random(seed), 1 + seed % 5, "s")]
)


@settings(max_examples=40, deadline=None)
@given(real_turns, real_turns, conditions, st.permutations(range(5)))
def test_names_of_speakers_do_not_matter(
    reference: list[Turn], hypothesis: list[Turn], options: ScoreOptions, order: list[int]
) -> None:
    renamed = [turn._replace(speaker=f"x{order[int(turn.speaker[1:])]}") for turn in hypothesis]
    before, after = (score_recording("r", reference, guesses, None, options) for guesses in (hypothesis, renamed))
    assert seconds(after) == pytest.approx(seconds(before))
    assert after.mapping == {name: f"x{order[int(found[1:])]}" for name, found in before.mapping.items()}


@settings(max_examples=40, deadline=None)
@given(real_turns, real_turns, conditions, st.floats(0, 1000))
def test_a_shift_in_time_does_not_matter(
    reference: list[Turn], hypothesis: list[Turn], options: ScoreOptions, shift: float
) -> None:
    before = score_recording("r", reference, hypothesis, None, options)
    later, guesses = ([Turn(t.start + shift, t.end + shift, t.speaker) for t in s] for s in (reference, hypothesis))
    assert seconds(score_recording("r", later, guesses, None, options)) == pytest.approx(seconds(before), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(real_turns, real_turns, st.data())
def test_turns_may_be_split(reference: list[Turn], hypothesis: list[Turn], data: st.DataObject) -> None:
    # without collar, for which a split in the reference is a bound like any other
    options = ScoreOptions(collar=0.0, skip_overlap=data.draw(st.booleans()))
    before = score_recording("r", reference, hypothesis, None, options)
    for side in (reference, hypothesis):
        turn = side.pop(data.draw(st.integers(0, len(side) - 1)))
        middle = (turn.start + turn.end) / 2
        side += [turn._replace(end=middle), turn._replace(start=middle)]
    assert seconds(score_recording("r", reference, hypothesis, None, options)) == pytest.approx(seconds(before))


@settings(max_examples=40, deadline=None)
@given(real_turns, conditions)
def test_a_perfect_hypothesis_has_no_errors(reference: list[Turn], options: ScoreOptions) -> None:
    renamed = [turn._replace(speaker=turn.speaker.upper()) for turn in reference]
    score = score_recording("r", reference, renamed, None, options)
    assert score.missed_speaker_time == score.falarm_speaker_time == score.speaker_error_time == 0
    assert score.jaccard_errors == pytest.approx(0)


def test_pooling_adds_seconds() -> None:
    case = md_eval.cases()["random, uem"]
    reference, hypothesis = lines(case.reference), lines(case.hypothesis)
    whole = score_set(reference, hypothesis).pooled
    parts = [
        score_set([line for line in reference if line.recording == name], hypothesis).pooled
        for name in speaker_turns(reference)
    ]
    assert vars(sum(parts, Score())) == pytest.approx(vars(whole))
    wrong = sum(part.missed_speaker_time + part.falarm_speaker_time + part.speaker_error_time for part in parts)
    assert whole.der == pytest.approx(100 * wrong / sum(part.scored_speaker_time for part in parts))
