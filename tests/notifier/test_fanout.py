"""Facts become deliveries: each exactly once, whoever fans out and whenever endpoints come."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from notifier.endpoints import NOW, Telling
from vacancy.notifier.fanout import fan_out
from vacancy.store import deliveries, journal, units
from vacancy.store.session import Store
from vacancy.store.tables import Endpoint, Event, Unit
from webhook_receiver import Receiver

_MISSED = """
SELECT count(*) FROM event, endpoint WHERE event.sequence > endpoint.since AND NOT EXISTS
(SELECT 1 FROM delivery WHERE event_id = event.id AND endpoint_id = endpoint.id)
"""
_EARLY = """
SELECT count(*) FROM delivery JOIN event ON event.id = delivery.event_id
JOIN endpoint ON endpoint.id = delivery.endpoint_id WHERE event.sequence <= endpoint.since
"""


def counted(telling: Telling, query: str) -> int:
    with telling.store.read() as session:
        return session.execute(text(query)).scalar_one()


def test_many_at_once(store: Store) -> None:
    """Facts are written, endpoints made and facts fanned out side by side: none is missed."""
    with Receiver() as receiver, ThreadPoolExecutor(6) as pool:
        telling, done = Telling(store, receiver), threading.Event()

        def write() -> None:
            for _ in range(15):
                telling.facts(3)

        def make() -> None:
            for number in range(3):
                telling.endpoint(receiver, f"/{number}")
                telling.facts(2)

        def fan() -> None:
            while not done.is_set():
                fan_out(store, NOW, telling.chance)

        fanning = [pool.submit(fan) for _ in range(2)]
        working = [pool.submit(one) for one in (write, make, write)]
        wait(working, timeout=60)
        done.set()
        assert [one.exception(timeout=60) for one in working + fanning] == [None] * 5
    fan_out(store, NOW, telling.chance)
    assert counted(telling, "SELECT count(*) FROM unsent") == 0
    assert counted(telling, _MISSED) == 0
    assert counted(telling, _EARLY) == 0
    assert counted(telling, "SELECT count(*) FROM delivery") > 0


def test_several_instances_share_the_work(store: Store) -> None:
    """Each delivery is in one hand at a time: three that deliver together tell each fact once."""
    with Receiver() as receiver, ThreadPoolExecutor(3) as pool:
        telling = Telling(store, receiver)
        for path in ("/a", "/b"):
            telling.endpoint(receiver, path)
        ids = telling.facts(30)
        made = list(pool.map(lambda _: telling.step(), range(3)))
        assert sum(made) == 60
        told = [(one.path, one.id) for one in receiver.sent]
        assert sorted(told) == sorted((path, one) for path in ("/a", "/b") for one in ids)


def test_the_database_refuses_a_second_delivery(store: Store) -> None:
    """One fact, one endpoint, one delivery: whatever the code says."""
    with Receiver() as receiver:
        telling = Telling(store, receiver)
        hook = telling.endpoint(receiver)
        (fact,) = telling.facts()
        fan_out(store, NOW, telling.chance)
        with pytest.raises(IntegrityError), store.write() as session:
            pair = (session.get_one(Endpoint, hook["id"]), session.get_one(Event, fact))
            deliveries.add(session, [pair], NOW, telling.chance)


def test_without_endpoints_nothing_waits(sqlite_store: Store) -> None:
    """A house that tells no program pays nothing for those that do."""
    telling = Telling(sqlite_store)
    telling.facts(5)
    assert counted(telling, "SELECT count(*) FROM unsent") == 0
    assert fan_out(sqlite_store, NOW, telling.chance) == 0


def test_a_fact_knows_its_property(sqlite_store: Store) -> None:
    """Also where whoever wrote it named the unit alone."""
    telling = Telling(sqlite_store)
    with sqlite_store.write() as session:
        row = Unit(id="", account_id=telling.account_id, property_id="prop_b", slug="b", name="B")
        row.timezone, row.created_at = "UTC", NOW
        unit = units.add_unit(session, row, NOW, telling.chance)
    (fact,) = telling.facts(unit_id=unit.id, property_id=None)
    with sqlite_store.read() as session:
        (told,) = journal.after(session, telling.account_id, 0)
        assert (told.id, told.property_id) == (fact, "prop_b")


def test_old_deliveries_are_forgotten(sqlite_store: Store) -> None:
    """Those that are over; what waits is kept however old it is."""
    with Receiver() as receiver:
        telling = Telling(sqlite_store, receiver)
        telling.endpoint(receiver)
        telling.facts(3)
        telling.step()
        telling.turn(days=40)
        telling.facts()
        fan_out(sqlite_store, NOW, telling.chance)  # as if it had waited for all that time
        with sqlite_store.write() as session:
            assert deliveries.forget(session, telling.clock.at - timedelta(days=30)) == 3
        assert counted(telling, "SELECT count(*) FROM attempt") == 0
        assert telling.step() == 1
