"""The figure of a training: a panel a phase, a curve a loss."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from diar.io.figure import write_png
from diar.report.loss_curves import loss_figure


def line(phase: str, epoch: int, **losses: float) -> dict[str, object]:
    return {"phase": phase, "epoch": epoch, "of": 9, "rate": 0.1, "losses": losses}


HISTORY = [
    line("layer 1", 0, loss=1.0), line("layer 1", 1, loss=0.5), line("layer 1", 2, loss=0.25),
    line("clustering", 0, loss=3.0), line("clustering", 1, loss=2.0, label_change=0.5, clustering=1e-4),
]  # fmt: skip


def test_a_phase_has_a_panel_and_a_loss_a_curve() -> None:
    figure = loss_figure(HISTORY, "sae of r1")
    assert figure.get_suptitle() == "sae of r1"
    layer, clustering = figure.axes
    assert [panel.get_title() for panel in (layer, clustering)] == ["layer 1", "clustering"]
    assert [panel.get_xlabel() for panel in figure.axes] == ["epoch", "interval"] and layer.get_yscale() == "log"
    curves = {curve.get_label(): curve.get_xydata().tolist() for curve in clustering.get_lines()}
    assert [curve.get_xydata().tolist() for curve in layer.get_lines()] == [[[0, 1.0], [1, 0.5], [2, 0.25]]]
    assert curves == {"loss": [[0, 3.0], [1, 2.0]], "label change": [[1, 0.5]], "clustering": [[1, 1e-4]]}
    assert [text.get_text() for text in clustering.get_legend().get_texts()] == ["clustering", "label change", "loss"]


@pytest.mark.parametrize("history", [[], [line("a", 0, loss=0.0)], [line("a", 0, loss=1.0), line("a", 1, loss=-1e-9)]])
def test_nothing_and_losses_of_nothing_are_drawn_without_a_word(history: list, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_png(tmp_path / "a.png", loss_figure(history, "a"))
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_recordings_name_is_no_formula(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", loss_figure(HISTORY, r"sae of r$\nonsense{$_^"))
    assert (tmp_path / "a.png").exists()


def test_the_same_figure_has_the_same_bytes_and_no_temporary_file_stays(tmp_path: Path) -> None:
    for name in ("a.png", "another.png"):
        write_png(tmp_path / name, loss_figure(HISTORY, "x"))
    a, b = ((tmp_path / name).read_bytes() for name in ("a.png", "another.png"))
    assert a == b and sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "another.png"]
    from matplotlib.image import imread

    image = imread(tmp_path / "a.png")
    assert image.shape[0] > 300 and image.shape[1] > image.shape[0] and image.std() > 0.05


def test_more_phases_make_it_wider() -> None:
    one, two = (loss_figure(history, "x") for history in (HISTORY[:3], HISTORY))
    assert two.get_figwidth() == 2 * one.get_figwidth() and two.get_figheight() == one.get_figheight()
    FigureCanvasAgg(two).draw()
