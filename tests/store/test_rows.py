"""Many rows at once are told to the database the way SQLAlchemy tells one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Table, insert, select

from exporting import NOW, a_house
from vacancy.store import tables
from vacancy.store.rows import Rows
from vacancy.store.session import Store

_EVENT: Table = tables.metadata.tables["event"]


def an_event(id_: str, **said: object) -> dict[str, object]:
    event = {
        "id": id_,
        "account_id": "acc_a",
        "sequence": int(id_[-1]),
        "type": "booking.created",
        "occurred_at": NOW,
        "property_id": None,
        "unit_id": None,
        "actor": "vacancy",
        "data": {"guest": "Zoë", "nights": [1, None]},
        "silent": True,
        "previous": None,
    }
    return event | said


def test_what_is_written_is_what_sqlalchemy_writes(store: Store) -> None:
    """To the byte where SQLite keeps text: instants of any zone, JSON, truth and nothing."""
    a_house(store)
    at = datetime(2027, 3, 1, 1, 2, 3, 45, tzinfo=timezone(timedelta(hours=2)))
    with store.write() as session:
        session.execute(insert(_EVENT), [an_event("evt_1", occurred_at=at)])
        Rows(_EVENT, _EVENT.c.keys()).write(session, [an_event("evt_2", occurred_at=at)])
    with store.read() as session:
        names = "occurred_at, actor, data, silent, previous, unit_id"
        raw = session.connection().exec_driver_sql(f"SELECT {names} FROM event ORDER BY id").all()
        assert tuple(raw[0]) == tuple(raw[1])
        kept = session.execute(select(_EVENT.c.occurred_at).order_by(_EVENT.c.id)).scalars()
        assert list(kept) == [at.astimezone(UTC)] * 2


def test_a_row_that_is_there_is_changed_but_for_what_is_kept(store: Store) -> None:
    """And a new one among them is written with all it has."""
    a_house(store)
    rows = Rows(_EVENT, _EVENT.c.keys(), keep=("account_id", "type"))
    with store.write() as session:
        rows.write(session, [an_event("evt_1")])
        rows.write(
            session, [an_event("evt_1", type="x", actor="host"), an_event("evt_2", type="y")]
        )
        query = select(_EVENT.c.id, _EVENT.c.type, _EVENT.c.actor).order_by(_EVENT.c.id)
        told = [tuple(row) for row in session.execute(query)]
    assert told == [("evt_1", "booking.created", "host"), ("evt_2", "y", "vacancy")]


def test_an_instant_without_a_zone_is_refused(store: Store) -> None:
    """Nobody could say later which instant it was."""
    a_house(store)
    naive = datetime(2027, 1, 10, 9)
    with store.write() as session, pytest.raises(ValueError, match="without a zone"):
        Rows(_EVENT, _EVENT.c.keys()).write(session, [an_event("evt_1", occurred_at=naive)])
