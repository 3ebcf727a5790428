"""The page of experiments on images as HTML: what stands where, whole in itself, whatever names are like."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from image_results import png, result, write_experiments, write_gif
from test_page import NASTY, Page, words

from diar.images.experiments import put_together, to_run
from diar.io.images.picture import to_picture
from diar.io.images.runs import read_pictures, read_runs, read_shared_pictures
from diar.report.images_page import ImagesContent, images_page
from diar.report.pictures import caption


@pytest.fixture(scope="module")
def exp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_experiments(tmp_path_factory.mktemp("exp"))


def content_of(exp: Path) -> ImagesContent:
    runs, unfinished = read_runs(exp)
    pictures = {(run.name, run.folder): read_pictures(exp, run) for run in runs}
    shared = read_shared_pictures(exp)
    return ImagesContent(put_together(runs), pictures, shared, unfinished, {"diar": "1.0"})


@pytest.fixture(scope="module")
def page(exp: Path) -> Page:
    return Page(images_page(content_of(exp)))


def called(name: str, **changes: Any) -> ImagesContent:
    """A content in which everything that has a name is called ``name``."""
    choices = {"net": name, name: name}
    content = result(title=name, machine=name, choices=choices, figures={name: 1.0}, **changes)
    run = to_run(content, f"x_{name}", "seed1", "here")
    picture = to_picture(name, png(), name)
    pictures = {(run.name, run.folder): [picture]}
    return ImagesContent(put_together([run]), pictures, {f"x_{name}": [picture]}, [name], {name: name})


def test_sections_stand_in_the_recipes_order_and_the_contents_lead_to_them(page: Page) -> None:
    titles = re.findall(r"Classifiers|Autoencoders|Generative adversarial networks", page.texts["nav"])
    assert titles == ["Classifiers", "Autoencoders", "Generative adversarial networks"]
    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))
    assert [name for name in ids if name.startswith("kind-") and not name.endswith("-title")] == [
        "kind-classifier", "kind-sae", "kind-gan",
    ]  # fmt: skip
    assert {f"#{name}" for name in ids} >= {link["href"] for link in page.attributes("a")}
    for _, attributes in page.elements:
        assert attributes.get("aria-labelledby") in {None, *ids}


def test_tables_and_what_is_unfinished_are_there(page: Page) -> None:
    assert page.texts["h1"] == page.texts["title"] == "Experiments on CIFAR-10 (JPEG pixels)"
    header = words(page.texts["header"])
    assert all(told in header for told in ("experiments5", "runs7", "unfinished1"))
    assert "61 %62.501.5061.0064.001 2 3" in page.texts["#all"] and "not run" in page.texts["#all"]
    assert page.texts["#unfinished"] == "Unfinished: in no tableclassifier_resnet_fast/seed2"
    assert "pca psnr" in page.texts["#kind-sae"] and "side by side" in page.texts["#kind-sae"]
    assert "code size 64, latent true, epochs 16" in page.texts["#all"]
    for box in [attributes for _, attributes in page.elements if attributes.get("class") == "scroll"]:
        assert box["tabindex"] == "0" and box["role"] == "region" and box["aria-label"]
    assert "fid12.25" in page.texts["#kind-gan"] and "versionsdiar1.0" in page.texts["#settings"]


def test_every_picture_is_in_the_page_with_a_text_in_its_stead(exp: Path, page: Page) -> None:
    files = [path for path in exp.rglob("*") if path.suffix in (".png", ".gif")]
    images = page.attributes("img")
    embedded = {base64.b64decode(image["src"].partition(",")[2]) for image in images}
    assert len(images) == len(files) == 29 and embedded == {path.read_bytes() for path in files}
    for image in images:
        assert re.fullmatch(r"[A-Z].+; \w+, CIFAR-10 \(JPEG pixels\)(, seed \d)?", image["alt"]), image["alt"]
        assert image["src"].startswith("data:image/gif" if "animation" in image["alt"] else "data:image/png")
    captions = page.texts["figcaption"]
    assert "Confusion matrix: a row is a class" in captions and "Epoch 1 to Epoch 12" in captions
    assert captions.count("JPEG pixels") == len(page.attributes("figure")) == 18


def test_small_pictures_are_whole_times_as_large(page: Page) -> None:
    sizes = {(image["width"], image["height"], image.get("class")) for image in page.attributes("img")}
    assert sizes == {("318", "212", "pixels"), ("320", "240", "pixels"), ("400", "30", None), ("300", "200", "pixels")}


def test_of_a_series_one_is_seen(page: Page) -> None:
    hidden = [image["data-name"] for image in page.attributes("img") if "hidden" in image]
    assert hidden == [f"Epoch {number}" for number in range(1, 12)]
    (slider,) = page.attributes("input")
    assert (slider["min"], slider["max"], slider["value"]) == ("0", "11", "11")


def test_other_seeds_pictures_are_folded(page: Page) -> None:
    summaries = page.texts["summary"]
    assert "Pictures of seed 2Pictures of seed 3" in summaries and "Pictures of seed 1" not in summaries


def test_nothing_comes_from_elsewhere(exp: Path) -> None:
    text = images_page(content_of(exp))
    assert not re.findall(r"https?:|@import|url\(|\bfetch\(|XMLHttpRequest|import\(", text)
    assert {name for name, _ in Page(text).elements} & {"link", "iframe", "object", "embed"} == {"link"}
    assert [link["href"] for link in Page(text).attributes("link")] == ["data:,"]


@pytest.mark.parametrize("name", NASTY)
def test_names_are_text_whatever_they_are(name: str) -> None:
    plain, nasty = Page(images_page(called("x"))), Page(images_page(called(name)))
    assert [tag for tag, _ in nasty.elements] == [tag for tag, _ in plain.elements]
    assert nasty.texts["h1"] == f"Experiments on {name}" and name in nasty.texts["#all"]
    captions = {image["data-name"] for image in nasty.attributes("img")}
    assert captions == {caption(to_picture(name, png(), name))}
    assert all(image["alt"].endswith(f"x_{name}, {name}, seed 1") for image in nasty.attributes("img")[1:])
    assert name in nasty.texts["#settings"] and len(nasty.attributes("script")) == 1


def test_an_experiment_without_pictures_or_figures_has_a_section() -> None:
    run = to_run(result(figures={}), "odd", "seed1", "here")
    page = Page(images_page(ImagesContent(put_together([run]))))
    assert "seconds" in page.texts["#kind-odd"] and not page.attributes("figure")
    assert "unfinished" not in page.texts["header"]


def test_an_animation_is_one(tmp_path: Path) -> None:
    write_gif(tmp_path / "a.gif")
    run = to_run(result(), "gan_x", "seed1", "here")
    picture = to_picture("a", (tmp_path / "a.gif").read_bytes(), "a")
    page = Page(images_page(ImagesContent(put_together([run]), {("gan_x", "seed1"): [picture]})))
    assert "A, an animation" in page.texts["figcaption"] and "Stop" in page.texts["figcaption"]
