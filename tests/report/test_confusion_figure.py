"""The confusion matrix as a figure: every cell in percent of its row."""

from __future__ import annotations

from pathlib import Path

from diar.io.figure import write_png
from diar.report.confusion_figure import confusion_figure


def test_cells_are_percent_of_their_rows(tmp_path: Path) -> None:
    figure = confusion_figure([[3, 1, 0], [0, 0, 0], [0, 1, 1]], ["a", "b", "$c"], "title $x")
    (panel,) = figure.axes
    cells = {tuple(map(int, text.get_position())): text.get_text() for text in panel.texts}
    assert cells == {(0, 0): "75.0", (1, 0): "25.0", (1, 2): "50.0", (2, 2): "50.0"}  # column, row
    assert [label.get_text() for label in panel.get_yticklabels()] == ["a", "b", "$c"]
    assert (panel.get_xlabel(), panel.get_ylabel(), panel.get_title()) == ("taken for", "class", "title $x")
    write_png(tmp_path / "a.png", confusion_figure([[1, 0], [0, 1]], ["a", "b"], "t"))
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_images_that_are_taken_for_nothing_count_in_their_row() -> None:
    figure = confusion_figure([[5, 0], [0, 10]], ["a", "b"], "half of a is in a further cluster", [10, 10])
    cells = {tuple(map(int, text.get_position())): text.get_text() for text in figure.axes[0].texts}
    assert cells == {(0, 0): "50.0", (1, 1): "100.0"}
