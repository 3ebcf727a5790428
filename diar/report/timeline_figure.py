"""The figure of who spoke when: hypothesis, reference and errors, a row each, in the colours of the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, count
from typing import TYPE_CHECKING, Any

from diar.report.colours import ERRORS, SPEECH, speaker_colour
from diar.report.content import RecordingContent, SpeakerRow, speaker_rows
from diar.report.page_data import KIND_NAMES
from diar.segments import Segment, Turn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH, _ROW, _MARGIN = 7.0, 0.2, 0.8  # inches
_GAP = 0.6  # rows between the hypothesis, the reference and so on

_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)  # seconds between ticks
_MOST_TICKS = 8
_LEAST_WIDTH = 0.003  # of what is shown: two pixels on the screen; shorter marks would not be seen

# the rows' names, colours and spans
_Row = tuple[str, str, list[tuple[float, float]]]


def timeline_figure(content: RecordingContent, part: Segment | None = None, title: str = "") -> Figure:
    """The rows of the page's timeline over ``part`` of the recording (default: all of it)."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    groups = [group for group in _groups(content) if group]
    heights = sum(len(group) for group in groups) + _GAP * (len(groups) - 1)
    figure = Figure(figsize=(_WIDTH, _MARGIN + _ROW * max(heights, 1)), layout="constrained")
    panel = figure.subplots()
    places, names, at = [], [], 0.0
    start, end = part if part is not None else Segment(0.0, content.duration)
    least = _LEAST_WIDTH * (end - start)
    for group in groups:
        for name, colour, spans in group:
            marks = [_widened(span, least) for span in spans]
            panel.broken_barh(marks, (at + 0.15, 0.7), facecolors=colour, linewidth=0)
            places.append(at + 0.5)
            names.append(name)
            at += 1
        at += _GAP
    panel.set(xlim=(start, max(end, start + 0.1)), ylim=(max(heights, 1), 0), xlabel="time (min:s)")
    if end >= 3600:
        panel.set_xlabel("time (h:min:s)")
    panel.set_yticks(places, names, fontsize="small", parse_math=False)
    panel.tick_params(axis="y", length=0)
    panel.xaxis.set_major_locator(MultipleLocator(_step(end - start)))
    panel.xaxis.set_major_formatter(FuncFormatter(_clock))
    panel.spines[["top", "right", "left"]].set_visible(False)
    if title:
        panel.set_title(title, fontsize="medium", parse_math=False)
    return figure


def _groups(content: RecordingContent) -> Iterable[list[_Row]]:
    found, true = speaker_rows(content)
    yield _speakers(found, content.hypothesis)
    yield _speakers(true, content.reference or ())
    if content.scored is not None:
        yield [
            (KIND_NAMES[kind], colours[0], _spans(error.segment for error in content.errors if error.kind == kind))
            for kind, colours in ERRORS.items()
        ]
    if content.vad is not None:
        yield [("speech found", SPEECH[0], _spans(content.vad.regions))]


def _speakers(rows: Sequence[SpeakerRow], turns: Sequence[Turn]) -> list[_Row]:
    return [
        (row.name, speaker_colour(row.colour), _spans(turn for turn in turns if turn.speaker == row.name))
        for row in rows
    ]


def _spans(segments: Iterable[Segment | Turn]) -> list[tuple[float, float]]:
    return [(segment.start, segment.duration) for segment in segments]


def _widened(span: tuple[float, float], least: float) -> tuple[float, float]:
    """Start and duration of what lasts ``least`` at least, around the same middle."""
    start, duration = span
    return (start, duration) if duration >= least else (start - (least - duration) / 2, least)


def _step(length: float) -> float:
    """The seconds between ticks, so that there are few however long the recording is."""
    steps = chain(_STEPS, (_STEPS[-1] * 2.0**power for power in count(1)))
    return next(step for step in steps if length <= _MOST_TICKS * step)


def _clock(seconds: float, _: Any) -> str:
    whole = round(seconds, 2)
    minutes, rest = divmod(whole, 60)
    text = f"{rest:05.2f}".rstrip("0").rstrip(".") if rest % 1 else f"{rest:02.0f}"
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{text}" if hours else f"{minutes}:{text}"
