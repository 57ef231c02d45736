"""A real browser on a house that is served: Playwright drives the Chromium of the system."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from console.browsing import PASSWORD, ConsoleHouse
from vacancy.console.app import ROOMS

AXE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
#: The widths that pages are looked at: a desk, a phone, and the narrowest one.
DESK, PHONE, NARROW = (1440, 900), (390, 844), (360, 740)

_QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--disable-extensions"),
)
_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
#: In milliseconds, on a machine that does much else.
_PATIENCE = 20_000


def paths() -> list[str]:
    """Every page that is looked at as it is, without naming a thing."""
    ways = [way for room in ROOMS for way in room.ways if way.method == "GET"]
    return [way.path for way in ways if "{" not in way.path and not way.public]


def found() -> str | None:
    """The Chromium of the system."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser for the block. Not for longer than a test: until it is closed, Playwright has this
    thread's event loop.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found(), args=list(_QUIET))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def served(house: ConsoleHouse) -> Iterator[str]:
    """The address of the house while the block runs."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        house.app,
        lifespan="off",
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        house.listeners.close()
        server.should_exit = True
        thread.join()


class Surfer:
    """A person at a browser, on a house that is served.

    `troubles` are what the pages complained of: refused by their policy, or raised by their script.
    """

    def __init__(self, house: ConsoleHouse, browser: Browser, address: str) -> None:
        self.house = house
        self.address = address
        self.troubles: list[str] = []
        self._browser = browser

    def page(
        self,
        size: tuple[int, int] = DESK,
        *,
        dark: bool = False,
        script: bool = True,
        language: str = "en-GB",
    ) -> Page:
        """A new window in which nobody is signed in."""
        context: BrowserContext = self._browser.new_context(
            base_url=self.address,
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            locale=language,
            reduced_motion="reduce",
        )
        context.set_default_timeout(_PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("console", lambda said: self._hear(said.type, said.text))
        return page

    def signed_in(self, name: str = "Maya", **more: Any) -> Page:
        """A new window in which a user is signed in by the form."""
        page = self.page(**more)
        page.goto("/sign-in")
        page.fill("input[name=name]", name)
        page.fill("input[name=password]", PASSWORD)
        page.click("main button")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error":
            self.troubles.append(text)


def inaccessible(page: Page) -> list[str]:
    """What axe finds on a page, WCAG A to 2.2 AA and best practice: a line each."""
    page.evaluate(AXE.read_text())
    asked = json.dumps({"runOnly": list(_RULES)})
    result = page.evaluate(f"async () => await axe.run(document, {asked})")
    return [
        f"{one['id']}: {one['help']} at {node['target']}: {node['failureSummary']}"
        for one in result["violations"]
        for node in one["nodes"]
    ]


def overflows(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return page.evaluate(
        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
