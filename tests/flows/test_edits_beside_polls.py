"""Feeds and units are edited while answers are being written down."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from threading import Thread
from time import sleep

import pytest
from sqlalchemy import select, update

from flows.house import house
from vacancy.daemon.compose import House, open_rounds
from vacancy.domain.events import EventType, Fact
from vacancy.poller.conclusion import write_failure
from vacancy.poller.fetch import Failed
from vacancy.poller.tools import Span
from vacancy.store import feeds, journal, leasing, polls, stays
from vacancy.store.leasing import Room
from vacancy.store.polls import Finished
from vacancy.store.tables import Feed, Unit

ROOM = Room(limit=1, per_host=1)


@pytest.mark.parametrize("where", ["sqlite_url", "postgres_url"])
def test_the_mark_of_an_edit_outlives_the_answer_before_it(
    tmp_path: Path, where: str, request: pytest.FixtureRequest
) -> None:
    """What is missing after an edited address is in doubt, also where a poll was just ending."""
    with house(tmp_path, database=request.getfixturevalue(where)) as home:
        home.step()
        now = home.clock.now()
        with home.store.write() as session:
            feed_id = session.execute(select(Feed.id)).scalar_one()
            session.execute(update(Feed).values(last_good_at=now))
            (due,) = leasing.lease(session, now, timedelta(minutes=3), ROOM, [feed_id])

        def edit() -> None:
            with home.store.write() as session:
                feeds.read_anew(session, session.get_one(Feed, feed_id), now)

        editing = Thread(target=edit)
        with home.store.write() as session:
            stays.lock_unit(session, due.unit_id)
            habits = polls.habits_as_leased(session, due)
            assert habits is not None
            editing.start()
            sleep(0.5)
            session.execute(update(Feed).values(habits={**habits, "empty": True}))
        editing.join()
        with home.store.read() as session:
            assert session.execute(select(Feed.habits)).scalar_one().get(feeds.EDITED)


def test_a_config_is_applied_while_a_unit_is_being_decided_about(
    tmp_path: Path, postgres_url: str
) -> None:
    """Neither takes what the other has and then waits for it: both are done."""
    with house(tmp_path, database=postgres_url) as home:
        home.step()
        home.declare({"airbnb": "", "vrbo": ""})
        with home.store.read() as session:
            unit = session.execute(select(Unit)).scalar_one()
        failures: list[Exception] = []

        def apply() -> None:
            try:
                home.apply()
            except Exception as failure:
                failures.append(failure)

        applying = Thread(target=apply)
        with home.store.write() as session:
            stays.lock_unit(session, unit.id)
            applying.start()
            sleep(0.5)
            fact = Fact(EventType.CONFIG_APPLIED, unit_id=unit.id)
            journal.append(session, unit.account_id, [fact], home.clock.now(), home.chance)
        applying.join()
        assert failures == []
        assert set(home.exports()) >= {"airbnb", "vrbo"}


def test_an_unchanged_answer_of_before_an_edit_puts_the_feed_off_no_longer(tmp_path: Path) -> None:
    """What was edited meanwhile is asked at once, and counts no answer of before."""
    with house(tmp_path) as home:
        home.step()
        now = home.clock.now()
        with home.store.write() as session:
            feed_id = session.execute(select(Feed.id)).scalar_one()
            (due,) = leasing.lease(session, now, timedelta(minutes=3), ROOM, [feed_id])
            feeds.read_anew(session, session.get_one(Feed, feed_id), now)
            later = now + timedelta(minutes=15)
            same = Finished(feed_id, due.account_id, now, later, "unchanged", later, "ok", 0)
            polls.touch(session, [(due, same)])
        with home.store.read() as session:
            feed = session.get_one(Feed, feed_id)
            assert feed.next_poll_at < now
            assert feed.last_good_at != later


def test_a_failure_of_the_address_before_an_edit_is_none_of_the_new_one(tmp_path: Path) -> None:
    """Its health is as it was, and it is asked at once."""
    with house(tmp_path) as home:
        whole = House(home.settings, home.store, home.vault, home.clock, home.chance)
        home.step()
        now = home.clock.now()
        with home.store.write() as session:
            feed_id = session.execute(select(Feed.id)).scalar_one()
            before = session.get_one(Feed, feed_id).failures
            (due,) = leasing.lease(session, now, timedelta(minutes=3), ROOM, [feed_id])
            feeds.read_anew(session, session.get_one(Feed, feed_id), now)

        async def fail() -> str:
            async with open_rounds(whole, lambda: None, lambda _: None) as rounds:
                gone = Failed("http_404", "gone", gone=True)
                return write_failure(rounds._tools, due, gone, Span(now, now)).text

        assert "left aside" in asyncio.run(fail())
        with home.store.read() as session:
            feed = session.get_one(Feed, feed_id)
            assert (feed.failures, feed.next_poll_at < now) == (before, True)
