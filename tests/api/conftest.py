"""A house behind its API: a real store, real keys, no network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.asking import ApiHouse


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiHouse]:
    """A new house with an owner's key in hand, on 10 January 2027."""
    house = ApiHouse(tmp_path)
    yield house
    house.close()
