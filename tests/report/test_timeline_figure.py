"""The figure of the timeline, as drawn and as PNG."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from report_content import meeting, small

from diar.io.figure import write_png
from diar.report.colours import ERRORS, SPEAKERS, SPEECH
from diar.report.timeline_figure import timeline_figure
from diar.score_errors import ErrorSegment
from diar.segments import Segment

NAMES = ["spk1", "spk2", "A", "B", "missed", "false alarm", "confusion", "speech found"]


def pixel(figure: object, time: float, row: int) -> str:
    """The colour in the middle of a row at a time."""
    (panel,) = figure.axes
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    image = np.asarray(canvas.buffer_rgba())
    x, y = panel.transData.transform((time, panel.get_yticks()[row]))
    return to_hex(image[image.shape[0] - 1 - int(y), int(x)] / 255)


def test_the_timelines_rows_have_names_and_colours_where_they_belong() -> None:
    figure = timeline_figure(small())
    (panel,) = figure.axes
    assert [label.get_text() for label in panel.get_yticklabels()] == NAMES
    assert panel.get_xlim() == (0, 24) and panel.yaxis_inverted()
    seen = {
        (2, 0): SPEAKERS[0], (5.5, 1): SPEAKERS[1], (12, 2): SPEAKERS[0], (7, 3): SPEAKERS[1], (15, 4): ERRORS["miss"],
        (8.5, 5): ERRORS["false_alarm"], (7, 6): ERRORS["confusion"], (2, 7): SPEECH,
    }  # fmt: skip
    for (time, row), colours in seen.items():
        assert pixel(figure, time, row) == colours[0], (time, row)
    assert {pixel(figure, time, row) for time, row in ((5.5, 0), (2, 4), (15, 6), (22, 7))} == {"#ffffff"}


def test_a_part_is_shown_from_start_to_end() -> None:
    figure = timeline_figure(small(), Segment(6, 12))
    assert figure.axes[0].get_xlim() == (6, 12)
    assert pixel(figure, 8.5, 5) == ERRORS["false_alarm"][0]


def test_the_axis_tells_minutes_and_hours() -> None:
    def labels(content: object, *part: object) -> list[str]:
        figure = timeline_figure(content, *part)
        FigureCanvasAgg(figure).draw()
        return [label.get_text() for label in figure.axes[0].get_xticklabels()]

    assert {"0:00", "2:00", "10:00"} <= set(labels(meeting(20, 600)))
    assert {"0:00", "45:00", "1:00:00", "2:00:00"} <= set(labels(meeting(20, 7200)))
    assert {"0:06", "0:06.5", "0:08"} <= set(labels(small(), Segment(6, 8.5)))
    assert {"0:59.9", "1:00"} <= set(labels(small(), Segment(59.8, 60.2)))
    FigureCanvasAgg(timeline_figure(small(duration=0.0))).draw()


@pytest.mark.parametrize("duration", [0.5, 7200 * 16, 7200 * 16 + 1, 1e9, 1e12])
def test_there_are_few_ticks_however_long_it_is(duration: float) -> None:
    figure = timeline_figure(small(duration=duration))
    assert 3 <= len(figure.axes[0].get_xticks()) <= 12


def test_the_shortest_marks_are_seen() -> None:
    short = ErrorSegment(Segment(5000, 5000.01), "miss", ("A",), ())
    figure = timeline_figure(small(duration=7200.0, errors=(short,)))
    assert pixel(figure, 5000, 4) == ERRORS["miss"][0]
    assert pixel(figure, 4970, 4) == pixel(figure, 5030, 4) == "#ffffff"


def test_what_is_not_known_has_no_row() -> None:
    bare = small(reference=None, mapping={}, errors=(), scored=None, vad=None)
    assert [label.get_text() for label in timeline_figure(bare).axes[0].get_yticklabels()] == ["spk1", "spk2"]
    FigureCanvasAgg(timeline_figure(replace(bare, hypothesis=()))).draw()


def test_more_rows_make_it_higher() -> None:
    few, many = (timeline_figure(meeting(100, 600, n)) for n in (2, 12))
    assert many.get_figheight() - few.get_figheight() == pytest.approx(20 * 0.2)


def test_names_are_no_formulas_and_the_same_figure_has_the_same_bytes(tmp_path: Path) -> None:
    name = r"$\nonsense{$_^"
    turns = tuple(turn._replace(speaker=turn.speaker + name) for turn in small().hypothesis)
    for copy in "ab":
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            write_png(tmp_path / f"{copy}.png", timeline_figure(small(hypothesis=turns, mapping={}), title=name))
    a, b = ((tmp_path / f"{copy}.png").read_bytes() for copy in "ab")
    assert a == b and a.startswith(b"\x89PNG")
