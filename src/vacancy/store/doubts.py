"""What a feed has shown without a break, and what is doubted of it: rows to values and back."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlmodel import Session

from vacancy.domain.doubt import Doubt, DoubtKind
from vacancy.domain.echoes import Sighting
from vacancy.domain.nights import Nights
from vacancy.ids import Chance, new_id
from vacancy.store import tables
from vacancy.store.rows import Question, Rows, Statement

_SIGHTING: Table = tables.metadata.tables["sighting"]
_DOUBT: Table = tables.metadata.tables["doubt"]

#: Claim ids that a doubt keeps in mind, by the name of the field.
_CLAIM_SETS = ("held", "kept", "believed")
_INSTANTS = ("agreeing_since", "last_agreed_at")

# Built once: building a statement costs three times as much as running it.
_SIGHTINGS = Question(
    select(
        *(_SIGHTING.c[name] for name in ("arrival", "departure")),
        *(_SIGHTING.c[name] for name in ("first_shown", "good_before", "last_shown")),
    )
    .where(_SIGHTING.c.feed_id == bindparam("feed_id"))
    .order_by(_SIGHTING.c.arrival)
)
_SHOW = Rows(_SIGHTING, _SIGHTING.c.keys())
_SHOWN_AGAIN = (
    update(_SIGHTING)
    .where(_SIGHTING.c.feed_id == bindparam("of_feed"))
    .values(last_shown=bindparam("at"))
)
_ALL_SHOWN_AGAIN = Statement(_SHOWN_AGAIN)
_HIDE = Statement(
    delete(_SIGHTING).where(
        _SIGHTING.c.feed_id == bindparam("feed_id"), _SIGHTING.c.arrival == bindparam("arrival")
    )
)
_DoubtRow = namedtuple("_DoubtRow", _DOUBT.c.keys())  # type: ignore[misc]
_STANDING = Question(
    select(_DOUBT)
    .where(_DOUBT.c.feed_id == bindparam("feed_id"), _DOUBT.c.settled_at.is_(None))
    .order_by(_DOUBT.c.since.desc())
)


def sightings(session: Session, feed_id: str) -> tuple[Sighting, ...]:
    """What the feed shows at present, by first night."""
    return tuple(
        Sighting(Nights(arrival, departure), *shown)
        for arrival, departure, *shown in _SIGHTINGS.rows(session, {"feed_id": feed_id})
    )


def save_sightings(
    session: Session,
    owner: tuple[str, str],
    known: Sequence[Sighting],
    shown: Sequence[Sighting],
    at: tuple[datetime, Chance],
) -> None:
    """Put `shown` in the place of `known`, for the feed of `owner` (account id, feed id).

    Where the same nights are shown since the same time only the time of the last showing moves.
    A feed's sightings share no night, so that their first nights tell them apart.
    """
    account_id, feed_id = owner
    before, after = ({_start(one): one for one in some} for some in (known, shown))
    gone = [one.nights.arrival for start, one in before.items() if start not in after]
    new = [one for start, one in after.items() if start not in before]
    _HIDE.run_each(session, [{"feed_id": feed_id, "arrival": arrival} for arrival in gone])
    if len(gone) < len(before):
        _show_again(session, feed_id, shown, at[0])
    rows = [
        {
            "id": new_id("sight", *at),
            "account_id": account_id,
            "feed_id": feed_id,
            "arrival": one.nights.arrival,
            "departure": one.nights.departure,
            "first_shown": one.first_shown,
            "good_before": one.good_before,
            "last_shown": one.last_shown,
        }
        for one in new
    ]
    _SHOW.write(session, rows)


def _show_again(session: Session, feed_id: str, shown: Sequence[Sighting], now: datetime) -> None:
    kept = [one.nights.arrival for one in shown if one.last_shown != now]
    if kept:
        again = _SHOWN_AGAIN.where(_SIGHTING.c.arrival.not_in(kept))
        session.execute(again, {"of_feed": feed_id, "at": now})
    else:
        _ALL_SHOWN_AGAIN.run(session, {"of_feed": feed_id, "at": now})


def _start(sighting: Sighting) -> tuple[Nights, datetime, datetime | None]:
    return sighting.nights, sighting.first_shown, sighting.good_before


def standing(session: Session, feed_id: str) -> Doubt | None:
    """The feed's doubt that still matters: open, or decided with claims it keeps in mind."""
    rows = _STANDING.rows(session, {"feed_id": feed_id})
    return _doubt(_DoubtRow(*rows[0])) if rows else None


def _doubt(row: Any) -> Doubt:
    state = row.state
    return Doubt(
        id=row.id,
        kind=DoubtKind(row.kind),
        since=row.since,
        needs_person=row.needs_person,
        alarmed_at=row.alarmed_at,
        answer_digest=row.answer_digest,
        decision=row.decision,
        decided_at=row.decided_at,
        agreeing_since=_instant(state["agreeing_since"]),
        last_agreed_at=_instant(state["last_agreed_at"]),
        held=frozenset(state["held"]),
        kept=frozenset(state["kept"]),
        believed=frozenset(state["believed"]),
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def save(
    session: Session,
    owner: tuple[str, str],
    known: Doubt | None,
    doubt: Doubt | None,
    now: datetime,
) -> None:
    """Write what became of the feed's doubt; `owner` is (account id, feed id)."""
    if known == doubt:
        return
    if known is not None and (doubt is None or doubt.id != known.id):
        session.execute(update(_DOUBT).where(_DOUBT.c.id == known.id).values(settled_at=now))
    if doubt is None:
        return
    values = _values(doubt)
    if known is not None and known.id == doubt.id:
        session.execute(update(_DOUBT).where(_DOUBT.c.id == doubt.id).values(values))
    else:
        whose = {"id": doubt.id, "account_id": owner[0], "feed_id": owner[1]}
        session.execute(insert(_DOUBT).values({**whose, **values}))


def _values(doubt: Doubt) -> dict[str, Any]:
    state: dict[str, Any] = {name: sorted(getattr(doubt, name)) for name in _CLAIM_SETS}
    for name in _INSTANTS:
        instant = getattr(doubt, name)
        state[name] = None if instant is None else instant.isoformat()
    return {
        "kind": doubt.kind.value,
        "since": doubt.since,
        "state": state,
        "answer_digest": doubt.answer_digest,
        "needs_person": doubt.needs_person,
        "alarmed_at": doubt.alarmed_at,
        "decision": doubt.decision,
        "decided_at": doubt.decided_at,
    }
