"""Tables of autoencoders by size."""

from __future__ import annotations

import pytest

from diar.errors import DataError
from diar.images.size_table import curves, size_rows, table_text

DATASET = {"name": "digits", "crc32": {"train": "1"}}


def result(size: int, latent: bool, psnr: float, seed: int = 1, **changes: object) -> dict:
    figures = {"psnr": psnr, "mse": 10 ** (-psnr / 10), "ssim": psnr / 40}
    figures |= {f"pca_{name}": value / 2 for name, value in figures.items()} | {"pca_components": size}
    options = {"code_size": size, "latent": latent, "judged_on": "test", "epochs": 3}
    known = {"seed": seed, "title": "Digits", "n_train": 9, "n_test": 5, "dataset": DATASET, "options": options}
    return known | {"figures": figures} | changes


RESULTS = [result(64, True, 24.0), result(8, False, 19.5), result(8, True, 20.0), result(8, True, 22.0, seed=2)]


def test_seeds_are_averaged_and_pca_has_none() -> None:
    rows = size_rows(RESULTS, "out")
    assert [(row.size, row.system) for row in rows] == [
        (8, "PCA"), (8, "latent layer"), (8, "no latent layer"), (64, "PCA"), (64, "latent layer"),
    ]  # fmt: skip
    both = rows[1]
    assert (both.psnr, both.n_seeds, both.least, both.greatest) == (21.0, 2, 20.0, 22.0)
    assert both.mse == pytest.approx((10**-2 + 10**-2.2) / 2) and both.ssim == pytest.approx(21 / 40)
    assert size_rows(RESULTS[::-1], "out")[1] == both and rows[3].psnr == 12
    text = table_text(rows, "Digits: 5 test images")
    assert text.startswith("Digits: 5 test images\n\n| size | system | seeds | PSNR (dB) |")
    assert "| 8 | latent layer | 2 | 21.00 | 20.00 to 22.00 | 0.00815 | 0.5250 |\n" in text
    assert text.endswith("| 64 | PCA | - | 12.00 | - | 0.00199 | 0.3000 |\n"
                         "| 64 | latent layer | 1 | 24.00 | 24.00 to 24.00 | 0.00398 | 0.6000 |\n")  # fmt: skip
    found = curves(rows)
    assert list(found) == ["PCA", "latent layer", "no latent layer"]
    assert found["latent layer"] == [
        {"size": 8, "psnr": 21.0, "ssim": 21 / 40}, {"size": 64, "psnr": 24.0, "ssim": 0.6},
    ]  # fmt: skip


def test_what_cannot_be_compared_is_refused() -> None:
    others = ({"name": "mnist"}, {"name": "digits", "crc32": {"train": "2"}})
    for change in (*({"dataset": other} for other in others), {"n_train": 8}, {"n_test": 4}):
        with pytest.raises(DataError, match=r"^out: found results of 2 data sets, parts or settings; wanted those of "):
            size_rows([*RESULTS, result(8, True, 1.0, seed=3, **change)], "out")
    other = result(8, True, 1.0, seed=3)
    other["options"]["epochs"] = 4
    with pytest.raises(DataError, match=r"^out: found results of 2 data sets, parts or settings; "):
        size_rows([*RESULTS, other], "out")
    with pytest.raises(DataError, match=r"^out: found size 8, seed 2 twice; wanted each once$"):
        size_rows([*RESULTS, result(8, True, 1.0, seed=2)], "out")
    message = r"^out: not all are results of autoencoders \('code_size'\); run stage 2 again$"
    with pytest.raises(DataError, match=message):
        size_rows([result(8, True, 1.0, 1, options={"judged_on": "test"})], "out")
    with pytest.raises(DataError, match=r"^out: found results of 0 data sets"):
        size_rows([], "out")
