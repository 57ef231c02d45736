"""A house with its console, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from console.browsing import Browser, ConsoleHouse


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
