"""One beat of the poller: places are filled as polls end, not at the next beat."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from calendars import calendar
from flows.house import house
from vacancy.daemon.compose import House, open_rounds
from vacancy.poller import round as round_
from vacancy.poller.tools import Polled

MANY = 8


def test_a_beat_goes_on_as_places_are_freed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at once, eight due: one beat that is long enough polls each of them once."""
    monkeypatch.setattr(round_, "REFILLED_FOR", 30.0)
    feeds = {f"airbnb_{number}": ', channel = "airbnb"' for number in range(1, MANY + 1)}
    polled: list[Polled] = []
    with house(tmp_path, feeds=feeds) as home:
        home.declare(feeds, "[polling]\nat_once = 2")
        for key in feeds:
            home.says(key, calendar())
        composed = House(home.settings, home.store, home.vault, home.clock, home.chance)

        async def beat() -> None:
            async with open_rounds(composed, lambda: None, polled.append) as rounds:
                await rounds.tick()

        asyncio.run(beat())
    assert sorted(one.due.key for one in polled) == sorted(feeds)
