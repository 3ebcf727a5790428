"""Folders of experiments: what is read, what is unfinished, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from image_results import png, write_experiments, write_run

from diar.errors import DataError
from diar.io.images.runs import read_pictures, read_runs, read_shared_pictures


def test_runs_come_in_the_recipes_order_and_unfinished_ones_apart(tmp_path: Path) -> None:
    write_experiments(tmp_path)
    write_run(tmp_path, "vae_fast", 10)
    write_run(tmp_path, "vae_fast", 9)
    (tmp_path / "report").mkdir()
    (tmp_path / "vae_fast" / "seeds").mkdir()  # no run
    runs, unfinished = read_runs(tmp_path)
    assert [f"{run.name}/{run.folder}" for run in runs] == [
        *(f"classifier_basic_fast/seed{seed}" for seed in (1, 2, 3)), "classifier_resnet_fast/seed1",
        "sae_64_latent_fast/seed1", "sae_512_latent_fast/seed1", "vae_fast/seed9", "vae_fast/seed10", "gan_fast/seed1",
    ]  # fmt: skip
    assert unfinished == ["classifier_resnet_fast/seed2"]


def test_pictures_lie_beside_the_result(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "gan_fast", pictures=("b", "a"))
    (folder / ".c.png.1.tmp").write_bytes(b"of a killed run")
    (folder / ".d.png").write_bytes(b"hidden")
    (folder / "E.PNG").write_bytes(png())
    runs, _ = read_runs(tmp_path)
    assert [picture.name for picture in read_pictures(tmp_path, runs[0])] == ["E", "a", "b"]


def test_pictures_of_several_runs_lie_beside_their_folders(tmp_path: Path) -> None:
    write_experiments(tmp_path)
    (tmp_path / "a.png").write_bytes(png())
    (tmp_path / "report").mkdir()
    found = read_shared_pictures(tmp_path)
    assert {name: [one.name for one in pictures] for name, pictures in found.items()} == {
        "sae_fast": ["size512", "size64", "sizes"],
    }  # fmt: skip
    (tmp_path / "sae_fast" / "sizes.png").write_bytes(b"none")
    with pytest.raises(DataError, match="sizes.png: found no PNG"):
        read_shared_pictures(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("[]", "found no result of a training; remove it and run its stage again"),
        ('{"figures": {}}', "found no 'options'; wanted the result of a training; remove it and run its stage again"),
    ],
)
def test_a_broken_result_is_refused_by_name(tmp_path: Path, content: str, message: str) -> None:
    write_experiments(tmp_path)
    path = tmp_path / "gan_fast" / "seed1" / "result.json"
    path.write_text(content)
    with pytest.raises(DataError) as error:
        read_runs(tmp_path)
    assert str(error.value).startswith(f"{path}: ") and message in str(error.value)


def test_without_any_result_there_is_no_report(tmp_path: Path) -> None:
    for exp in (tmp_path / "none", tmp_path):
        with pytest.raises(DataError, match="^\\S+: found no .*; run a stage of 1 to 6 first$"):
            read_runs(exp)
    (tmp_path / "gan_fast" / "seed2").mkdir(parents=True)
    with pytest.raises(DataError, match="found no result.json in gan_fast/seed2; "):
        read_runs(tmp_path)
