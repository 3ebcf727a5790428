"""Scores and figures of speech detection as text: score.txt, and the report of a folder of vad."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from diar.frames import to_seconds
from diar.score import SPEAKER_SECONDS, Score, ScoreOptions, SetScore
from diar.segments import runs
from diar.vad import Speech

_POOLED = "OVERALL"


def format_scores(scores: SetScore, options: ScoreOptions, uem: str = "none", vad: str = "unknown") -> str:
    """The text of a score file: condition, a line a recording, the pooled line, the same of speech alone, remarks.

    SER, DER, miss, false alarm (FA) and JER are percentages; ``seconds`` is the scored speaker time, to which the first
    four refer. The last line is md-eval's own last word. ``uem`` and ``vad`` tell where the regions and the speech of
    the hypothesis came from.
    """
    return "\n".join(
        [
            *score_table(scores, options, uem, vad),
            *_speech_errors(scores),
            *(f"# {remark}" for remark in scores.remarks),
            last_word(scores),
            "",
        ]
    )


def score_table(scores: SetScore, options: ScoreOptions, uem: str, vad: str) -> list[str]:
    """The condition, and a line a recording."""
    titles = ("SER", "DER", "miss", "FA", "JER", "found", "true", "seconds")
    return [
        f"# {condition_text(options, uem, vad)} speakers counted from {SPEAKER_SECONDS:g} s",
        *table(titles, [(name, _score_cells(score)) for name, score in score_rows(scores)]),
    ]


def last_word(scores: SetScore) -> str:
    """md-eval's own last line."""
    return f" OVERALL SPEAKER DIARIZATION ERROR = {scores.pooled.der:.2f} percent of scored speaker time  `(ALL)"


def format_speech(
    found: Mapping[str, Speech], scores: SetScore | None, options: ScoreOptions, uem: str = "none", vad: str = "unknown"
) -> str:
    """The report of a speech detector: how much speech it found, in how many regions, and, with ``scores``, its errors.

    ``found`` is (T,) speech by recording.
    """
    rows = []
    for recording, speech in found.items():
        seconds, regions = to_seconds(int(speech.sum())), sum(bool(speech[first]) for first, _ in runs(speech))
        rows.append((recording, to_seconds(len(speech)), seconds, regions))
    rows.append((_POOLED, *(sum(column) for column in list(zip(*rows, strict=True))[1:])))
    cells = [
        (name, f"{seconds:>8.1f}{100 * seconds / length if length else 0:>8.2f}{regions:>8}")
        for name, length, seconds, regions in rows
    ]
    lines = [f"# speech found: seconds, percent of the recording, regions; vad={vad}"]
    lines += table(("seconds", "percent", "regions"), cells)
    if scores is not None:
        lines += [f"# {condition_text(options, uem, vad)}", *_speech_errors(scores)]
        lines += [f"# {remark}" for remark in scores.remarks]
    return "\n".join([*lines, ""])


def condition_text(options: ScoreOptions, uem: str = "none", vad: str = "") -> str:
    """Under which condition errors were counted, and where regions and speech came from; ``vad`` may be left out."""
    overlap = "skipped" if options.skip_overlap else "scored"
    return f"collar={options.collar:g} overlap={overlap} uem={uem}" + (f" vad={vad}" if vad else "")


def _speech_errors(scores: SetScore) -> list[str]:
    """Miss and false alarm of speech, whoever talks, and the sum of both."""
    titles = ("miss", "FA", "sum", "miss s", "FA s", "speech s")
    cells = [(name, _speech_cells(score)) for name, score in score_rows(scores)]
    return ["# speech: miss and false alarm in percent of scored speech, and in seconds", *table(titles, cells)]


def score_rows(scores: SetScore) -> list[tuple[str, Score]]:
    """The scores of a table's lines: a recording each, then all of them."""
    return [*((score.recording, score) for score in scores.recordings), (_POOLED, scores.pooled)]


def table(titles: Sequence[str], rows: Sequence[tuple[str, str]], first: str = "recording") -> list[str]:
    """Lines of a table: a header, with ``first`` above the names, and rows of a name and its cells."""
    width = max(len(first), *(len(name) for name, _ in rows))
    header = "".join(f"{title:>{max(8, len(title) + 1)}}" for title in titles)
    return [f"{first:<{width}}{header}", *(name.ljust(width) + cells for name, cells in rows)]


def _score_cells(score: Score) -> str:
    rates = (score.ser, score.der, score.miss, score.false_alarm, score.jer)
    counts = f"{score.n_found:>8}{score.n_true:>8}{score.scored_speaker_time:>8.1f}"
    return "".join(f"{rate:>8.2f}" for rate in rates) + counts


def _speech_cells(score: Score) -> str:
    wrong = score.speech_miss + score.speech_false_alarm
    rates = f"{score.speech_miss:>8.2f}{score.speech_false_alarm:>8.2f}{wrong:>8.2f}"
    return f"{rates}{score.missed_speech:>8.1f}{score.falarm_speech:>8.1f}{score.scored_speech:>9.1f}"
