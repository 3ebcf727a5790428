"""The page of experiments on images in a real browser: what is seen, and what pointer and keys do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from image_results import write_experiments
from report_browser import Browser, started_browser
from step_runner import run_step


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started_browser() as one:
        yield one


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    exp = write_experiments(tmp_path_factory.mktemp("tree") / "exp")
    run_step(exp.parent, "images_to_report.py", "exp", job=False)
    return exp / "report" / "index.html"


@pytest.fixture
def page(browser: Browser, path: Path) -> Iterator[Browser]:
    """The page; the console stays silent whatever a test does."""
    browser.open(path)
    yield browser
    assert browser.log() == []


def contrast(first: list[float], second: list[float]) -> float:
    """WCAG's contrast of two colours, red, green and blue from 0 to 255."""
    def luminance(colour: list[float]) -> float:
        shares = [value / 255 for value in colour]
        linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
        return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))

    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def test_every_picture_is_decoded(page: Browser) -> None:
    page.run("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    page.run("Promise.all([...document.images].map(image => image.decode())).then(() => 1)")
    assert page.run("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert page.run("document.images.length") == 29


@pytest.mark.parametrize("dark", [False, True])
def test_text_can_be_read_in_light_and_dark(browser: Browser, path: Path, dark: bool) -> None:
    browser.open(path, dark=dark)
    colour = "(text => text.match(/[\\d.]+/g).slice(0, 3).map(Number))"
    panel = browser.run(f"{colour}(getComputedStyle(document.querySelector('.panel')).backgroundColor)")
    assert (max(panel) < 60) == dark
    for selector in ("h1", "h3", ".results td", ".results .quiet td", "figcaption small", "summary", ".contents a"):
        text = browser.run(f"{colour}(getComputedStyle(document.querySelector('{selector}')).color)")
        assert contrast(text, panel) >= 4.5, selector
    assert browser.log() == []


@pytest.mark.parametrize("width", [1280, 800, 420, 320])
def test_nothing_overflows_a_narrow_window(browser: Browser, path: Path, width: int) -> None:
    browser.open(path, width=width)
    browser.run("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert browser.run("document.documentElement.scrollWidth") <= width
    boxes = "document.querySelectorAll('figure, figcaption, article, .scroll')"
    beyond = "one => one.getBoundingClientRect().right > innerWidth"
    wide = browser.run(f"[...{boxes}].filter({beyond}).map(one => one.outerHTML)")
    assert wide == [] and browser.log() == []


def test_what_stands_below_does_not_lie_upon_what_stands_above(page: Browser) -> None:
    ends = page.run("[...document.querySelectorAll('main > *')].filter(one => one.checkVisibility())"
                    ".map(one => [one.getBoundingClientRect().top, one.getBoundingClientRect().bottom])")  # fmt: skip
    assert len(ends) == 6 and all(above[1] <= below[0] for above, below in zip(ends, ends[1:], strict=False))
    below = "one.getBoundingClientRect().bottom > one.closest('.panel').getBoundingClientRect().bottom"
    out = page.run(f"[...document.querySelectorAll('.panel *')].filter(one => one.checkVisibility() && {below})"
                   ".map(one => one.outerHTML)")  # fmt: skip
    assert out == []


def test_tables_wider_than_the_window_scroll_by_keys(browser: Browser, path: Path) -> None:
    browser.open(path, width=420)
    browser.run("document.querySelector('#all .scroll').focus()")
    for _ in range(3):
        browser.key("ArrowRight")
    browser.wait("document.querySelector('#all .scroll').scrollLeft > 0")
    # the experiment's name stays in sight
    left, _, width, _ = browser.box("#all tbody th")
    assert left >= 0 and width > 0


def test_pictures_are_enlarged_and_stepped_through_by_keys(page: Browser) -> None:
    page.run("document.querySelector('.enlarge').focus()")
    page.key("Enter")
    page.wait("document.getElementById('large').open")
    title = "document.getElementById('large-title').textContent"
    assert page.run(title).startswith("Confusion matrix") and "seed 1" in page.run(title)
    page.key("ArrowRight")
    assert page.run(title).startswith("Losses")
    page.key("ArrowRight")  # over the seeds that are folded away
    assert "classifier_resnet_fast" in page.run(title)
    page.key("ArrowLeft")
    page.key("ArrowLeft")
    page.key("ArrowLeft")  # there is nothing before
    assert page.run(title).startswith("Confusion matrix")
    assert page.run("document.querySelector('#large img').getBoundingClientRect().width") > 300
    page.key("ArrowRight")
    page.key("Escape")
    page.wait("!document.getElementById('large').open")
    assert page.run("document.activeElement.getAttribute('aria-label')").startswith("enlarge: Losses")


def test_the_dialogs_buttons_step_and_close(page: Browser) -> None:
    page.run("document.querySelector('.enlarge').click()")
    page.run("document.querySelector('[data-step=\"1\"]').click()")
    assert page.run("document.getElementById('large-title').textContent").startswith("Losses")
    page.run("document.querySelector('#large form button:last-child').click()")
    page.wait("!document.getElementById('large').open")


def test_a_series_shows_one_picture_at_a_time(page: Browser) -> None:
    images = "[...document.querySelectorAll('.series img')]"
    seen = f"{images}.filter(one => one.checkVisibility()).map(one => one.dataset.name)"
    assert page.run(seen) == ["Epoch 12"]
    page.run("document.querySelector('.series input').focus()")
    page.key("ArrowLeft")
    assert page.run(seen) == ["Epoch 11"] == [page.run("document.querySelector('.series output').textContent")]
    page.key("Home")
    assert page.run(seen) == ["Epoch 1"]
    page.run("document.querySelector('.series .enlarge').click()")
    assert page.run("document.getElementById('large-title').textContent").startswith("Epoch 1;")


# whether something is drawn on a canvas
DRAWN = """(canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(x => x))"""


def test_animations_stop_and_go_on(page: Browser) -> None:
    button = "document.querySelector('.still')"
    assert page.run(f"{button}.textContent") == "Stop"
    page.run(f"{button}.click()")
    page.wait(f"{button}.textContent === 'Play'")
    assert page.run("document.querySelectorAll('canvas').length") == 1
    assert page.box("canvas")[2] == 300
    assert page.run(f"{DRAWN}(document.querySelector('canvas'))")
    page.run("document.querySelector('canvas').closest('button').click()")
    assert page.run("document.querySelectorAll('dialog canvas').length") == 1, "it stands still enlarged, too"
    assert page.run("document.querySelectorAll('dialog img').length") == 0
    assert page.run(f"{DRAWN}(document.querySelector('dialog canvas'))")
    page.run("document.querySelector('dialog').close()")
    page.run(f"{button}.click()")
    assert page.run(f"{button}.textContent") == "Stop"
    assert page.run("document.querySelectorAll('figure canvas').length") == 0


def test_who_wants_no_motion_has_none(browser: Browser, path: Path) -> None:
    browser.open(path)
    features = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    browser.command("Emulation.setEmulatedMedia", features=features, media="")
    browser.driver.get(path.as_uri())
    browser.wait("document.querySelector('.still').textContent === 'Play'")
    browser.run("document.querySelector('canvas').closest('button').click()")
    assert browser.run("[...document.querySelectorAll('dialog canvas, dialog img')].map(x => x.tagName)") == ["CANVAS"]
    assert browser.log() == []


@pytest.mark.skipif("DIAR_SCREENSHOTS" not in os.environ, reason="DIAR_SCREENSHOTS names no folder for pictures")
def test_pictures_to_look_at(browser: Browser, path: Path) -> None:
    folder = Path(os.environ["DIAR_SCREENSHOTS"])
    for name, width, dark in (("light", 1280, False), ("dark", 1280, True), ("narrow", 420, True)):
        browser.open(path, width=width, height=2200, dark=dark)
        browser.frame()
        browser.screenshot(folder / f"images_{name}.png")
        assert (folder / f"images_{name}.png").stat().st_size > 10_000
