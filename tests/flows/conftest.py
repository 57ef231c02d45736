"""A house under test, with one Airbnb feed unless a test builds its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.house import HouseUnderTest, house


@pytest.fixture
def home(tmp_path: Path) -> Iterator[HouseUnderTest]:
    with house(tmp_path) as opened:
        yield opened
