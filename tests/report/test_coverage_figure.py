"""Class coverage as a figure: a bar a class and kind of images, in percent."""

from __future__ import annotations

from pathlib import Path

import pytest

from diar.io.figure import write_png
from diar.report.coverage_figure import coverage_figure


def test_bars_are_percent_side_by_side(tmp_path: Path) -> None:
    figure = coverage_figure({"samples": [0.5, 0.0, 0.5], "real images": [0.3, 0.3, 0.4]}, ["a", "$b", "c"], "title $x")
    (panel,) = figure.axes
    assert [bar.get_height() for bar in panel.containers[0]] == [50, 0, 50]
    assert [bar.get_height() for bar in panel.containers[1]] == pytest.approx([30, 30, 40])
    for place, bars in enumerate(zip(*panel.containers, strict=True)):
        first, second = (bar.get_x() for bar in bars)
        assert place - 0.5 < first < second < place + 0.5 and first + bars[0].get_width() == pytest.approx(second)
    assert [label.get_text() for label in panel.get_xticklabels()] == ["a", "$b", "c"]
    assert [text.get_text() for text in panel.get_legend().get_texts()] == ["samples", "real images"]
    assert (panel.get_xlabel(), panel.get_title()) == ("taken for", "title $x")
    write_png(tmp_path / "a.png", figure)
    assert (tmp_path / "a.png").stat().st_size > 1000
