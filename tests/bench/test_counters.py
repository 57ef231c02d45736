"""What is never done on an unchanged feed, counted exactly.

That an unchanged export touches neither database nor renderer is counted in publisher/test_serve.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from calendars import Shown, airbnb, calendar
from flows.house import HouseUnderTest, house
from vacancy.daemon.compose import House, open_rounds
from vacancy.ical import read as reader
from vacancy.poller import intake, poll
from vacancy.poller.tools import Polled
from vacancy.store.session import Store

KEYS = ("airbnb", "airbnb_2", "airbnb_3")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[HouseUnderTest]:
    """Three feeds of 60 stays, each read once."""
    feeds = {key: ', channel = "airbnb"' for key in KEYS}
    with house(tmp_path, feeds=feeds) as opened:
        say(opened)
        assert {one.finished.outcome for one in once(opened)} == {"fresh"}
        yield opened


def sixty(place: int, *, longer: bool) -> list[Shown]:
    """Sixty stays of a night each, apart from those of other places; the first may be `longer`."""
    arrivals = [date(2027, 2, 1) + timedelta(days=180 * place + 3 * at) for at in range(60)]
    spans = [1 + (longer and at == 0) for at in range(60)]
    return [
        airbnb(f"{place}A{at}", f"{arrival}", f"{arrival + timedelta(days=span)}")
        for at, (arrival, span) in enumerate(zip(arrivals, spans, strict=True))
    ]


def say(home: HouseUnderTest, *, longer: bool = False, etag: str = '"1"', **more: Any) -> None:
    for place, key in enumerate(KEYS):
        body = calendar(*sixty(place, longer=longer), **more)
        home.says(key, body, headers={"ETag": etag})


def once(home: HouseUnderTest) -> list[Polled]:
    """Every feed polled an interval later, the way the daemon polls."""
    home.pass_time(minutes=16)
    whole = House(home.settings, home.store, home.vault, home.clock, random.Random(1).randbytes)

    async def all_of_them() -> list[Polled]:
        async with open_rounds(whole, lambda: None, lambda _polled: None) as rounds:
            return await rounds.once()

    return asyncio.run(all_of_them())


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each body that is taken apart and each entry that is parsed, as they are."""
    calls: list[str] = []
    counting(monkeypatch, calls, "body", intake, "read")
    counting(monkeypatch, calls, "entry", reader, "_read_block")
    return calls


def counting(
    patch: pytest.MonkeyPatch, calls: list[str], word: str, module: Any, name: str
) -> None:
    """Have each call of a function of a module add a word to `calls`."""
    whole = getattr(module, name)

    def counted(*args: Any, **more: Any) -> Any:
        calls.append(word)
        return whole(*args, **more)

    patch.setattr(module, name, counted)


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """The statements that reach the database while the block runs."""
    seen: list[str] = []

    def look(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(" ".join(statement.split()))

    event.listen(store.engine, "before_cursor_execute", look)
    yield seen
    event.remove(store.engine, "before_cursor_execute", look)


def test_nothing_is_parsed_for_a_304(home: HouseUnderTest, parsed: list[str]) -> None:
    """The validators are sent, and the answer is taken for what it is."""
    assert [one.finished.outcome for one in once(home)] == ["unchanged"] * 3
    assert "if-none-match" in home.server.requests("/airbnb.ics")[-1].headers
    assert parsed == []


def test_nothing_is_parsed_where_only_dtstamp_is_new(
    home: HouseUnderTest, parsed: list[str]
) -> None:
    """A whole answer is known by its digest."""
    say(home, etag='"2"', stamp=home.clock.now().replace(tzinfo=None))
    assert [one.finished.outcome for one in once(home)] == ["unchanged"] * 3
    assert parsed == []


def test_one_entry_is_parsed_where_one_of_sixty_changed(
    home: HouseUnderTest, parsed: list[str]
) -> None:
    """The other 59 are known by the digests of their lines."""
    say(home, longer=True, etag='"2"')
    assert [one.finished.outcome for one in once(home)] == ["fresh"] * 3
    assert parsed == ["body", "entry"] * 3


@pytest.mark.parametrize("etag", ['"1"', '"2"'], ids=["304", "200"])
def test_unchanged_polls_write_in_one_statement(home: HouseUnderTest, etag: str) -> None:
    """Beside the lease there is one write, of the time of all three polls."""
    say(home, etag=etag)
    with statements(home.store) as seen:
        once(home)
    written = [one for one in seen if not one.startswith(("SELECT", "BEGIN"))]
    assert len(written) == 2
    assert written[0].startswith("UPDATE feed SET leased_until=? WHERE feed.id IN")
    assert "repeats=(feed.repeats + ?)" in written[1]
    assert sum(one == "BEGIN IMMEDIATE" for one in seen) == 3  # taken, written down, nothing left


def test_unchanged_polls_take_no_thread_each(
    home: HouseUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A poll that says nothing new is concluded where it was asked."""
    concluded: list[str] = []
    counting(monkeypatch, concluded, "concluded", poll, "_conclude")
    once(home)
    assert concluded == []
