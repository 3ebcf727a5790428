"""The text of a report, line by line."""

from __future__ import annotations

import re

from fixtures.md_eval.record import rttm
from test_score_report import DRAWS, REFERENCE, lines, report

from diar.score import ScoreOptions
from diar.score_report import ReportOptions, Stamp, make_report
from diar.score_report_text import format_report
from diar.segments import Segment

STRICT = ScoreOptions(collar=0.0, skip_overlap=False)
TWO = lines(rttm((0, 10, "A"), (10, 30, "B")) + rttm((0, 40, "A"), recording="meeting2"))
FOUND = lines(rttm((2, 14, "x"), (14, 27, "y")) + rttm((0, 30, "one"), (30, 40, "two"), recording="meeting2"))
BETTER = lines(rttm((0, 10, "x"), (10, 27, "y")) + rttm((0, 40, "one"), recording="meeting2"))
UEM = {"r": [Segment(0, 40)], "meeting2": [Segment(0, 40)]}
STAMP = Stamp("ref.rttm", "hyp.rttm", "all.uem", "other.rttm")


def test_the_text_of_a_report() -> None:
    asked = ReportOptions(all_conditions=True, explain=True)
    text = format_report(make_report(TWO, FOUND, UEM, (STRICT, DRAWS, asked), BETTER), STAMP)
    assert text.split("\n") == [
        "# reference=ref.rttm hypothesis=hyp.rttm",
        "# collar=0 overlap=scored uem=all.uem speakers counted from 5 s",
        "recording     SER     DER    miss      FA     JER   found    true seconds",
        "meeting2    25.00   25.00    0.00    0.00   25.00       2       1    40.0",
        "r           13.33   30.00   16.67    0.00   38.93       2       2    30.0",
        "OVERALL     20.00   27.14    7.14    0.00   34.29       4       3    70.0",
        "# 95 % intervals over 2 recordings, 200 draws, seed 0: DER 25.00 to 30.00  SER 13.33 to 25.00  "
        "JER 25.00 to 38.93",
        "# 2 recordings: intervals of so few are too narrow",
        "# clusters, in the evaluated time: purity, coverage and their F in percent",
        "# count: speakers found less true ones, both with 5 s or more",
        "recording  purity coverage       F   count",
        "meeting2   100.00    75.00   85.71      +1",
        "r           84.00    70.00   76.36      +0",
        "OVERALL     93.85    72.86   82.03      +1",
        "# mean speaker count error: 0.50",
        "# reference speakers, in scored seconds: of each, what was missed, given to others, and found",
        "recording speaker seconds  mapped to  missed confused found %",
        "meeting2 A           40.0        one     0.0     10.0   75.00",
        "r B                  20.0          y     3.0      4.0   65.00",
        "r A                  10.0          x     2.0      0.0   80.00",
        "# usual conditions, pooled, uem=all.uem; VBx, NeMo and VoxSRC call the last one fair",
        "condition    collar  overlap     DER    miss      FA     SER     JER     interval of DER",
        "forgiving      0.25  skipped   26.28    6.57    0.00   19.71   34.29      24.68 to 28.45",
        "fair              0  skipped   27.14    7.14    0.00   20.00   34.29      25.00 to 30.00",
        "full              0   scored   27.14    7.14    0.00   20.00   34.29      25.00 to 30.00",
        "fair of VBx    0.25   scored   26.28    6.57    0.00   19.71   34.29      24.68 to 28.45",
        "# second system: other.rttm; DER of both, difference: second less first",
        "recording   first  second difference seconds",
        "meeting2    25.00    0.00     -25.00    40.0",
        "r           30.00   10.00     -20.00    30.0",
        "OVERALL     27.14    4.29     -22.86    70.0",
        "# DER 27.14 -> 4.29: -22.86, 95 % interval -25.00 to -20.00, p = 0.5 "
        "(paired bootstrap over 2 recordings, two-sided)",
        "# SER 20.00 -> 0.00: -20.00, 95 % interval -25.00 to -13.33, p = 0.5 "
        "(paired bootstrap over 2 recordings, two-sided)",
        "# traps found: 0",
        " OVERALL SPEAKER DIARIZATION ERROR = 27.14 percent of scored speaker time  `(ALL)",
        "",
    ]


def test_one_recording_has_no_interval() -> None:
    one = [line for line in REFERENCE if line.recording == "rec00"]
    text = format_report(make_report(one, one, None, (DRAWS,)), STAMP)
    assert "DER none  SER none  JER none\n# one recording: there is no interval\n" in text


def test_enough_recordings_need_no_warning() -> None:
    assert "too narrow" not in format_report(report(), STAMP)


def test_traps_are_listed_with_their_number() -> None:
    text = format_report(report(ReportOptions(explain=True)), STAMP)
    n_traps = int(re.findall(r"^# traps found: (\d+)$", text, re.MULTILINE)[0])
    assert n_traps == len(re.findall("^#   ", text, re.MULTILINE)) > 4


def test_remarks_of_the_second_system_are_told() -> None:
    text = format_report(make_report(TWO, FOUND, UEM, (STRICT, DRAWS), BETTER[:2]), STAMP)
    assert "# second system: no hypothesis, counted as all missed: meeting2\n" in text
    assert "# no hypothesis" not in text


def test_without_a_uem_the_stamp_says_so() -> None:
    assert " uem=none " in format_report(make_report(TWO, FOUND, None, (DRAWS,)), Stamp("ref", "hyp"))
