"""The figure of reconstructions by size."""

from __future__ import annotations

from diar.report.reconstruction_figure import size_figure


def test_it_has_a_line_a_system_and_a_panel_a_figure() -> None:
    points = [{"size": 8, "psnr": 20.0, "ssim": 0.5}, {"size": 64, "psnr": 24.0, "ssim": 0.75}]
    figure = size_figure({"PCA": points[:1], "latent layer": points}, "Digits: $5")
    psnr, ssim = figure.axes
    assert figure.get_suptitle() == "Digits: $5"
    assert [line.get_label() for line in psnr.lines] == ["PCA", "latent layer"]
    assert psnr.lines[1].get_xydata().tolist() == [[8, 20], [64, 24]]
    assert ssim.lines[1].get_ydata().tolist() == [0.5, 0.75] and psnr.get_ylabel() == "PSNR (dB)"
    assert [tick.get_text() for tick in psnr.get_xticklabels()] == ["8", "64"]
