"""A browser without a screen for tests of pages: Debian's Chromium, driven by Selenium; skips where either lacks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_SWITCHES = (
    "--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--force-device-scale-factor=1",
    "--autoplay-policy=no-user-gesture-required", "--no-first-run", "--disable-background-networking",
)  # fmt: skip
SHIFT = 8
_CODES = {"Enter": (13, "\r"), " ": (32, " "), "Escape": (27, ""), "Home": (36, ""), "End": (35, ""),
          "ArrowLeft": (37, ""), "ArrowRight": (39, ""), "Tab": (9, "")}  # fmt: skip


class Browser:
    """A page in a browser: what a person does there, and what is seen."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, path: Path, *, width: int = 1200, height: int = 900, dark: bool = False) -> None:
        """Load a page into a window of that size; the log is emptied first."""
        self.driver.get("about:blank")
        self.log()
        self.resize(width, height)
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.command("Emulation.setEmulatedMedia", features=features, media="")
        self.driver.get(path.as_uri())

    def resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.command("Emulation.setDeviceMetricsOverride", **size)

    def log(self) -> list[str]:
        """What the console was told since it was last asked."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def run(self, script: str, *arguments: Any) -> Any:
        """The value of a JavaScript expression; ``arguments[0]`` is the first argument. Promises are waited for."""
        body = "const done = arguments[arguments.length - 1];"
        body += f"Promise.resolve(0).then(() => ({script})).then(done, error => done({{wrong: String(error)}}))"
        value = self.driver.execute_async_script(body, *arguments)
        assert not (isinstance(value, dict) and "wrong" in value), value
        return value

    def wait(self, condition: str, seconds: float = 5.0) -> None:
        """Wait until a JavaScript expression is true."""
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.driver, seconds, 0.02).until(lambda _: self.run(condition), f"never true: {condition}")

    def frame(self) -> None:
        """Wait until what was asked for is drawn."""
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")

    def command(self, name: str, **arguments: Any) -> None:
        self.driver.execute_cdp_cmd(name, arguments)

    def box(self, selector: str) -> tuple[float, float, float, float]:
        """Left, top, width and height of an element in the window."""
        found = self.run(f"(b => [b.x, b.y, b.width, b.height])(document.querySelector('{selector}')"
                         ".getBoundingClientRect())")  # fmt: skip
        return tuple(found)

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        held = {"mousePressed": 1, "mouseMoved": more.pop("buttons", 0), "mouseReleased": 0}.get(kind, 0)
        button = "left" if kind in ("mousePressed", "mouseReleased") or held else "none"
        more = {"clickCount": 1, "button": button, "buttons": held} | more
        self.command("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(self, x: float, y: float, modifiers: int = 0) -> None:
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.mouse(kind, x, y, modifiers=modifiers)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.mouse("mouseMoved", *start)
        self.mouse("mousePressed", *start)
        for part in (0.3, 0.7, 1.0):
            at = [a + part * (b - a) for a, b in zip(start, end, strict=True)]
            self.mouse("mouseMoved", *at, buttons=1)
        self.mouse("mouseReleased", *end)
        self.frame()

    def key(self, key: str, modifiers: int = 0) -> None:
        code, text = _CODES.get(key, (0, key))
        for kind in ("keyDown", "keyUp"):
            self.command("Input.dispatchKeyEvent", type=kind, key=key, text=text if kind == "keyDown" else "",
                         windowsVirtualKeyCode=code, modifiers=modifiers)  # fmt: skip
        self.frame()

    def screenshot(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(path))


@contextmanager
def started_browser(*more: str) -> Iterator[Browser]:
    """A browser with ``more`` switches."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="no selenium: pip install -e .[browser]")
    from selenium.webdriver.chrome.service import Service

    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("no browser: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for switch in (*_SWITCHES, *more, *(["--no-sandbox"] if os.geteuid() == 0 else [])):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    session = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield Browser(session)
    finally:
        session.quit()
