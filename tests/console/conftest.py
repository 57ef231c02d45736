"""A house with its console, and a browser: one that is pretended, and a real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from console import chromium
from console.browsing import Browser, ConsoleHouse
from console.chromium import Surfer


@pytest.fixture
def house(tmp_path: Path) -> Iterator[ConsoleHouse]:
    """A new house on 10 January 2027, in which nobody has a password."""
    made = ConsoleHouse(tmp_path)
    yield made
    made.close()


@pytest.fixture
def maya(house: ConsoleHouse) -> Browser:
    """The browser of an owner who is signed in."""
    return house.host()


@pytest.fixture
def surfer(house: ConsoleHouse) -> Iterator[Surfer]:
    """Somebody at a real browser, on that house; pages must not have complained."""
    if chromium.found() is None:
        pytest.skip("there is no chromium on the PATH: pages were not tried in a browser")
    with chromium.served(house) as address, chromium.launched() as browser:
        surfer = Surfer(house, browser, address)
        yield surfer
    assert surfer.troubles == []


@pytest.fixture
def axe() -> Callable[[Page], list[str]]:
    """What is inaccessible on a page."""
    if not chromium.AXE.exists():
        pytest.skip("axe-core is not installed (npm ci in tests/): pages were not judged by it")
    return chromium.inaccessible
