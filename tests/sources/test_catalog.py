"""The catalogue: every system in it can be tried and is told of, and no other is."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from vacancy.sources.catalog import SYSTEMS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sources.md"


@pytest.mark.parametrize("kind", SYSTEMS)
def test_every_system_has_a_simulated_one(kind: str) -> None:
    """Nothing is offered that was never asked."""
    assert find_spec(f"vacancy.simulator.systems.{kind}") is not None


def test_the_page_names_the_systems_that_there_are() -> None:
    """The first column of its first table, exactly."""
    table = PAGE.read_text().partition("|---|---|\n")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(SYSTEMS)
