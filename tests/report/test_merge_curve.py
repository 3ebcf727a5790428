"""The figure of merge curves, as drawn and as PNG."""

from __future__ import annotations

import warnings
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from report_content import small

from diar.io.figure import write_png
from diar.report.content import MergeCurve
from diar.report.merge_curve import merge_curve_figure


def test_the_curve_has_its_points_and_the_cut() -> None:
    curves = small().curves + (MergeCurve("delta-BIC", (3, 2), (5.0, -1.0), None),)
    figure = merge_curve_figure(curves, "r1")
    assert figure.get_suptitle() == "r1"
    nmi, bic = figure.axes
    assert nmi.get_lines()[0].get_xydata().tolist() == [[4, 0.8], [3, 0.7], [2, 0.5], [1, 0]]
    assert [float(x) for x in nmi.get_lines()[1].get_xdata()] == [2, 2] and nmi.texts[0].get_text() == "cut: 2"
    assert (nmi.get_ylabel(), bic.get_ylabel(), nmi.get_xlabel()) == ("NMI", "delta-BIC", "number of clusters")
    assert len(bic.get_lines()) == 1


def test_names_are_no_formulas_and_the_same_figure_has_the_same_bytes(tmp_path: Path) -> None:
    name = r"$\nonsense{$_^"
    for copy in "ab":
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            write_png(tmp_path / f"{copy}.png", merge_curve_figure([MergeCurve(name, (2, 1), (1, 0), 1)], name))
    a, b = ((tmp_path / f"{copy}.png").read_bytes() for copy in "ab")
    assert a == b and a.startswith(b"\x89PNG")


def test_no_curve_is_an_empty_figure() -> None:
    figure = merge_curve_figure([])
    FigureCanvasAgg(figure).draw()
    assert not any(axes.lines for axes in figure.axes)
