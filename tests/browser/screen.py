"""JupyterLab on a screen that nobody sees: headless Chromium, and what it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from ..programs import CHROMIUM
from .lab import Lab
from .notebook import PATIENCE

SHORT = 10_000  # milliseconds for what is there already
SCRIPTS = sorted(Path(__file__).parent.glob("*.js"))
SIZE = {"width": 1180, "height": 900}
FLAGS = (
    "--no-sandbox",  # root may not use it
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--no-first-run",
)
IS_READY = "() => window.jupyterapp?.restored.then(() => true)"
INSIDE = ("about", "blob", "data")
"""Schemes of addresses at which nobody is asked."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a browser; end it afterwards."""
    path = CHROMIUM.found()
    assert path, CHROMIUM.how
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Screen:
    """JupyterLab in its tab, and the tabs that are opened from there."""

    lab: Lab
    context: BrowserContext
    asked: list[str] = field(default_factory=list)
    """The addresses that JupyterLab's page has asked for, those of sockets among them."""
    asked_elsewhere: list[str] = field(default_factory=list)
    """Those that other tabs have asked for."""

    def __post_init__(self) -> None:
        self.context.set_default_timeout(SHORT)
        for script in SCRIPTS:
            self.context.add_init_script(path=script)
        self.page = self.context.new_page()
        self.page.on("request", lambda it: self.asked.append(it.url))
        self.page.on("websocket", lambda it: self.asked.append(it.url))
        self.context.on("page", lambda tab: tab.on("request", lambda it: self.asked_elsewhere.append(it.url)))
        self.page.goto(self.lab.front_door)
        self.page.wait_for_function(IS_READY, timeout=3 * PATIENCE)

    def strangers(self) -> list[str]:
        """Whom JupyterLab's page has asked but its own server, and other tabs but this machine."""
        server = urlsplit(self.lab.address).netloc
        from_lab = [it for it in self.asked if urlsplit(it).netloc != server]
        from_tabs = [it for it in self.asked_elsewhere if urlsplit(it).hostname != "127.0.0.1"]
        return [it for it in from_lab + from_tabs if urlsplit(it).scheme not in INSIDE]

    def forget(self) -> None:
        """Begin to listen anew."""
        self.asked.clear()
        self.asked_elsewhere.clear()


@contextmanager
def screen(browser: Browser, lab: Lab) -> Iterator[Screen]:
    """Open JupyterLab."""
    context = browser.new_context(viewport=SIZE)
    try:
        yield Screen(lab, context)
    finally:
        context.close()
