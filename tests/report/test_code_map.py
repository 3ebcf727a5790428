"""The map of codes: its axes against those of a singular value decomposition, points by class, panels side by side."""

from __future__ import annotations

import numpy as np
import pytest

from diar.report.code_map import map_figure

CLASSES = ("zero", "one", "$two$")


def drawn(dim: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    codes = rng.standard_normal((40, dim)) * np.arange(1, dim + 1)[::-1]
    return codes.astype(np.float32), rng.integers(0, 3, 40)


@pytest.mark.parametrize("dim", [2, 5])
def test_points_are_on_the_principal_axes_of_all_codes_together(dim: int) -> None:
    (before, labels), (after, _) = drawn(dim), drawn(dim, 1)
    figure = map_figure({"before: 5 %": before, "after: 9 %": 3 * after}, labels, CLASSES, "DEC on $x")
    panels = figure.axes
    assert [panel.get_title() for panel in panels] == ["before: 5 %", "after: 9 %"]
    assert figure.get_suptitle() == "DEC on $x" and panels[0].get_xlim() == panels[1].get_xlim()
    together = np.concatenate([before, 3 * after]).astype(np.float64)
    together -= together.mean(axis=0)
    axes = np.linalg.svd(together)[2][:2]
    axes *= [[np.sign(max(axis, key=abs))] for axis in axes]  # an axis has no sign of its own
    wanted = together @ axes.T
    for panel, places in zip(panels, np.split(wanted, 2), strict=True):
        assert len(panel.collections) == 3
        for number, points in enumerate(panel.collections):
            np.testing.assert_allclose(points.get_offsets(), places[labels == number], rtol=1e-5, atol=1e-6)
    colours = {tuple(points.get_facecolor()[0]) for points in panels[0].collections}
    assert len(colours) == 3
    assert [text.get_text() for text in panels[-1].get_legend().get_texts()] == list(CLASSES)


def test_a_code_of_one_value_is_a_line() -> None:
    codes, labels = drawn(1)
    points = map_figure({"x": codes}, labels, CLASSES, "y").axes[0].collections[0].get_offsets()
    assert not points[:, 1].any() and points[:, 0].any()
