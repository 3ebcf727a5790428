"""Score files and the report of a speech detector, line by line."""

from __future__ import annotations

import numpy as np

from diar.io.rttm import RttmLine
from diar.score import ScoreOptions, SetScore, score_set
from diar.score_text import format_scores, format_speech
from diar.segments import Segment

STRICT = ScoreOptions(collar=0.0, skip_overlap=False)


def rttm(*turns: tuple[float, float, str], recording: str) -> list[RttmLine]:
    return [RttmLine("SPEAKER", recording, "1", start, end - start, "<NA>", who) for start, end, who in turns]


def scores(options: ScoreOptions = STRICT) -> SetScore:
    """A speaker two seconds too long, another's end a second beyond; a recording that is missed; some overlap."""
    reference = rttm((0, 10, "A"), (10, 20, "B"), (18, 20, "A"), recording="meeting1")
    reference += rttm((0, 40, "A"), recording="m2")
    hypothesis = rttm((1, 12, "x"), (12, 21, "y"), recording="meeting1")
    uem = {"meeting1": [Segment(0, 25)], "m2": [Segment(0, 40)]}
    return score_set(reference, hypothesis, uem, options)


def test_the_text_of_a_score_file() -> None:
    """Overlap counts twice for speakers, once for speech: 3 s of speaker time are missed, but 1 s of speech."""
    assert format_scores(scores(), STRICT, uem="all.uem", vad="webrtc").split("\n") == [
        "# collar=0 overlap=scored uem=all.uem vad=webrtc speakers counted from 5 s",
        "recording     SER     DER    miss      FA     JER   found    true seconds",
        "m2           0.00  100.00  100.00    0.00  100.00       0       1    40.0",
        "meeting1     9.09   27.27   13.64    4.55   31.49       2       2    22.0",
        "OVERALL      3.23   74.19   69.35    1.61   54.33       2       3    62.0",
        "# speech: miss and false alarm in percent of scored speech, and in seconds",
        "recording    miss      FA     sum  miss s    FA s speech s",
        "m2         100.00    0.00  100.00    40.0     0.0     40.0",
        "meeting1     5.00    5.00   10.00     1.0     1.0     20.0",
        "OVERALL     68.33    1.67   70.00    41.0     1.0     60.0",
        "# no hypothesis, counted as all missed: m2",
        " OVERALL SPEAKER DIARIZATION ERROR = 74.19 percent of scored speaker time  `(ALL)",
        "",
    ]


def test_the_condition_is_told() -> None:
    assert format_scores(scores(), ScoreOptions()).startswith("# collar=0.25 overlap=skipped uem=none vad=unknown ")


def speech(*spans: tuple[float, float], seconds: float) -> np.ndarray:
    found = np.zeros(round(100 * seconds), dtype=np.float32)
    for start, end in spans:
        found[round(100 * start) : round(100 * end)] = 1
    return found


FOUND = {"a": speech((0.5, 2), (3, 5.25), seconds=10), "b_long_name": speech(seconds=4), "c": speech((0, 2), seconds=2)}


def test_speech_without_a_reference_is_counted() -> None:
    assert format_speech(FOUND, None, STRICT, vad="energy").split("\n") == [
        "# speech found: seconds, percent of the recording, regions; vad=energy",
        "recording   seconds percent regions",
        "a               3.8   37.50       2",
        "b_long_name     0.0    0.00       0",
        "c               2.0  100.00       1",
        "OVERALL         5.8   35.94       3",
        "",
    ]


def test_speech_with_a_reference_is_scored_too() -> None:
    lines = format_speech(FOUND, scores(), STRICT, "all.uem", "energy").split("\n")
    assert lines[:6] == format_speech(FOUND, None, STRICT, vad="energy").split("\n")[:6]
    assert lines[6] == "# collar=0 overlap=scored uem=all.uem vad=energy"
    assert lines[7:12] == format_scores(scores(), STRICT).split("\n")[5:10]
    assert lines[12:] == ["# no hypothesis, counted as all missed: m2", ""]
