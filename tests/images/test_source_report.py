"""The source report's figures, as they are told beside ours."""

from __future__ import annotations

import pytest

from diar.images.source_report import NO_FIGURE, SOURCE_ROWS, source_rows, told_of


@pytest.mark.parametrize(
    ("kind", "dataset", "net", "told"),
    [
        ("classifier", "cifar10", "basic", "61 %"),
        ("classifier", "cifar10", "resnet", "91 %"),
        ("dec", "mnist", "fc", "84.8 %"),
        ("idec", "mnist", "fc", "88 %"),
        ("dec", "fashion", "fc", "44.8 %"),
        ("idec", "fashion", "fc", "49.8 %"),
        ("dec", "cifar10", "fc", "23.3 %"),
        ("idec", "cifar10", "fc", "28.3 %"),
        ("dec", "mnist", "conv", "92 %"),
        ("idec", "mnist", "conv", "96.5 %"),
        ("dec", "fashion", "conv", "66 %"),
        ("idec", "fashion", "conv", "70.5 %"),
        ("dec", "cifar10", "conv", "29 %"),
        ("idec", "cifar10", "conv", "34.5 %"),
        ("vae", "mnist", "", "pictures only"),
        ("vae", "mnist", "linear", "pictures only"),
        ("vae", "fashion", "", NO_FIGURE),
        ("classifier", "mnist", "basic", NO_FIGURE),
        ("dec", "digits", "fc", NO_FIGURE),
    ],
)
def test_what_the_report_tells(kind: str, dataset: str, net: str, told: str) -> None:
    assert told_of(kind, dataset, net) == told


def test_every_row_is_of_a_set_and_none_is_doubled() -> None:
    assert len({row[:3] for row in SOURCE_ROWS}) == len(SOURCE_ROWS) == 17
    assert sum(len(source_rows(name)) for name in ("digits", "mnist", "fashion", "cifar10")) == 17
    assert [row.kind for row in source_rows("mnist")] == ["dec", "dec", "idec", "idec", "vae", "gan"]
