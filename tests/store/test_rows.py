"""Many rows at once are told to the database the way SQLAlchemy tells one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Table, bindparam, delete, insert, select, update

from exporting import NOW, a_house
from vacancy.store import tables
from vacancy.store.rows import Question, Rows, Statement, words
from vacancy.store.session import Store, once, places_stand, read_again

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


def test_a_question_is_answered_as_sqlalchemy_answers_it(store: Store) -> None:
    """Dates, instants, JSON, truth and nothing; and by words that stand in it."""
    a_house(store)
    known = (_EVENT.c.type.in_(words(["booking.created", "it"])), _EVENT.c.sequence > 0)
    query = select(_EVENT).where(*known, _EVENT.c.occurred_at >= bindparam("since"))
    query = query.order_by(_EVENT.c.id).limit(2)
    with store.write() as session:
        rows = [an_event("evt_1", previous={"a": ["b"]}), an_event("evt_2"), an_event("evt_3")]
        Rows(_EVENT, _EVENT.c.keys()).write(session, rows)
        asked = {"since": NOW}
        told = Question(query).rows(session, asked)
        assert told == [tuple(row) for row in session.execute(query, asked)]
        assert len(told) == 2
        assert Question(query).rows(session, {"since": NOW + timedelta(days=1)}) == []


def test_a_statement_is_run_once_or_for_each(store: Store) -> None:
    """With the values that its columns keep, and tells how many rows it changed."""
    a_house(store)
    renamed = update(_EVENT).where(_EVENT.c.id == bindparam("which"))
    renamed = renamed.values(occurred_at=bindparam("at"), sequence=_EVENT.c.sequence + 10)
    gone = Statement(delete(_EVENT).where(_EVENT.c.id == bindparam("which")))
    with store.write() as session:
        rows = [an_event("evt_1"), an_event("evt_2"), an_event("evt_3")]
        Rows(_EVENT, _EVENT.c.keys()).write(session, rows)
        later = NOW + timedelta(days=1)
        assert Statement(renamed).run(session, {"which": "evt_1", "at": later}).rowcount == 1
        gone.run_each(session, [{"which": "evt_2"}, {"which": "evt_3"}])
        gone.run_each(session, [])
        query = select(_EVENT.c.id, _EVENT.c.occurred_at, _EVENT.c.sequence)
        assert [tuple(row) for row in session.execute(query)] == [("evt_1", later, 11)]


def test_places_are_read_once_only_where_they_stand(store: Store) -> None:
    """A transaction that may declare something asks each time."""
    answers = iter("abcd")
    with store.write() as session:
        assert [once(session, ("it", "1"), lambda: next(answers)) for _ in range(2)] == ["a", "b"]
        places_stand(session)
        assert [once(session, ("it", "1"), lambda: next(answers)) for _ in range(2)] == ["c", "c"]
        read_again(session, "it")
        assert once(session, ("it", "1"), lambda: next(answers)) == "d"
