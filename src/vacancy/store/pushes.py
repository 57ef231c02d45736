"""Stays of ours at booking systems: what is wanted there, what is due, and how each try went."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Table, bindparam, exists, insert, select, update
from sqlmodel import Session

from vacancy.domain.pushes import Pushed, PushState
from vacancy.ids import Chance, new_id
from vacancy.store import jobs, owned, tables
from vacancy.store.tables import Push

_PUSH: Table = tables.metadata.tables["push"]
_TRY: Table = tables.metadata.tables["push_try"]
_FEED: Table = tables.metadata.tables["feed"]
_SOURCE: Table = tables.metadata.tables["source"]
_UNIT: Table = tables.metadata.tables["unit"]
_CLAIM: Table = tables.metadata.tables["claim"]

_PUSHED = select(
    *(_PUSH.c[name] for name in ("stay_id", "property_id", "wanted", "done", "trying")),
    *(_PUSH.c[name] for name in ("remote_id", "updated_at")),
).where(_PUSH.c.source_id == bindparam("source"))

# Built once: it is asked at every change of a unit.
_TARGETS = (
    select(_SOURCE.c.id, _SOURCE.c.account_id, _FEED.c.id, _FEED.c.remote_id)
    .join(_SOURCE, _SOURCE.c.id == _FEED.c.source_id)
    .where(_FEED.c.unit_id == bindparam("unit"), _FEED.c.retired_at.is_(None))
    .where(_SOURCE.c.retired_at.is_(None), _SOURCE.c.push)
)


@dataclass(frozen=True, slots=True)
class Target:
    """A system that is told of a unit's own stays."""

    source_id: str
    account_id: str
    feed_id: str
    property_id: str


def targets(session: Session, unit_id: str) -> list[Target]:
    """The systems that are told of a unit's own stays."""
    return [Target(*row) for row in session.connection().execute(_TARGETS, {"unit": unit_id})]


def of_source(session: Session, source_id: str) -> list[Pushed]:
    """All that a system was to hold, the latest last."""
    rows = session.execute(_PUSHED.order_by(_PUSH.c.created_at), {"source": source_id})
    return [Pushed(*row) for row in rows]


def wanted_of_unit(session: Session, source_id: str, unit_id: str) -> dict[str, str]:
    """The states wanted at a system, by stay of the unit."""
    query = select(_PUSH.c.stay_id, _PUSH.c.wanted).where(
        _PUSH.c.source_id == source_id, _PUSH.c.unit_id == unit_id
    )
    return {row.stay_id: row.wanted for row in session.execute(query)}


def upheld_by(session: Session, feed_id: str) -> set[str]:
    """The stays that claims of a feed stand for, or stood."""
    query = select(_CLAIM.c.stay_id).where(
        _CLAIM.c.feed_id == feed_id, _CLAIM.c.stay_id.is_not(None), _CLAIM.c.echo_of.is_(None)
    )
    return set(session.execute(query.distinct()).scalars())


def want(
    session: Session,
    target: Target,
    unit_id: str,
    changes: Mapping[str, str],
    at: tuple[datetime, Chance],
) -> None:
    """Have a system hold these states of stays; each is due at once."""
    now, chance = at
    known = wanted_of_unit(session, target.source_id, unit_id)
    again = {"state": PushState.WAITING.value, "tries": 0, "next_at": now, "updated_at": now}
    for stay_id, state in changes.items():
        if stay_id in known:
            mine = (_PUSH.c.source_id == target.source_id, _PUSH.c.stay_id == stay_id)
            query = update(_PUSH).where(*mine)
            session.execute(query.values(**again, wanted=state, version=_PUSH.c.version + 1))
    rows = [
        {
            "id": new_id("push", now, chance),
            "account_id": target.account_id,
            "source_id": target.source_id,
            "unit_id": unit_id,
            "stay_id": stay_id,
            "property_id": target.property_id,
            "wanted": state,
            "version": 1,
            "created_at": now,
            **again,
        }
        for stay_id, state in changes.items()
        if stay_id not in known
    ]
    if rows:
        session.execute(insert(_PUSH), rows)
    jobs.put(session, "push", [target.source_id])


@dataclass(frozen=True, slots=True)
class InHand:
    """One push that this process tries now: the row as it was taken."""

    id: str
    account_id: str
    source_id: str
    unit_id: str
    stay_id: str
    property_id: str
    wanted: str
    version: int
    done: str | None
    trying: str | None
    trying_key: str | None
    remote_id: str | None
    tries: int
    timezone: str

    @property
    def key(self) -> str:
        """The same for every try of the same state."""
        return f"{self.id}-{self.version}"


_IN_HAND = tuple(_PUSH.c[name] for name in InHand.__dataclass_fields__ if name != "timezone")


def due_sources(session: Session, now: datetime, busy: Collection[str], limit: int) -> list[str]:
    """Systems in use that something is due for, but those that this process tells already."""
    waiting = exists().where(_PUSH.c.source_id == _SOURCE.c.id, _PUSH.c.next_at <= now)
    query = select(_SOURCE.c.id).where(waiting, _SOURCE.c.retired_at.is_(None))
    query = query.where(_SOURCE.c.id.not_in(busy)).order_by(_SOURCE.c.id).limit(limit)
    return list(session.execute(query).scalars())


def take(session: Session, source_id: str, at: tuple[datetime, timedelta]) -> InHand | None:
    """Take what waits longest for a system in hand: nobody else is given it for the span."""
    now, hold = at
    mapped = exists().where(
        _FEED.c.source_id == _PUSH.c.source_id,
        _FEED.c.unit_id == _PUSH.c.unit_id,
        _FEED.c.retired_at.is_(None),
    )
    query = (
        select(*_IN_HAND, _UNIT.c.timezone)
        .join(_UNIT, _UNIT.c.id == _PUSH.c.unit_id)
        .where(_PUSH.c.source_id == source_id, _PUSH.c.next_at <= now, mapped)
        .order_by(_PUSH.c.next_at, _PUSH.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=_PUSH)
    )
    row: Row[Any] | None = session.execute(query).one_or_none()
    if row is None:
        return None
    _set(session, row.id, next_at=now + hold)
    return InHand(**row._mapping)


def begin(session: Session, hand: InHand, state: str, key: str) -> None:
    """Write down, ahead of a try, which state the system may have from now on."""
    _set(session, hand.id, trying=state, trying_key=key)


def made(
    session: Session, hand: InHand, state: str | None, remote_id: str | None, now: datetime
) -> bool:
    """The system has this state (None: nothing, and what is wanted comes next); whether the host,
    who was told that it has not what is wanted, is to be told that it has.
    """
    row = session.execute(
        select(_PUSH.c.wanted, _PUSH.c.told_at).where(_PUSH.c.id == hand.id).with_for_update()
    ).one()
    over = state == row.wanted
    _set(
        session,
        hand.id,
        done=state,
        remote_id=remote_id,
        trying=None,
        trying_key=None,
        state=(PushState.DONE if over else PushState.WAITING).value,
        next_at=None if over else now,
        tries=0,
        reason=None,
        trouble=None,
        told_at=None if over else row.told_at,
        updated_at=now,
    )
    return over and row.told_at is not None


@dataclass(frozen=True, slots=True)
class Setback:
    """A try in vain, and what follows: `next_at` None ends it. `known`: nothing was made."""

    state: PushState
    next_at: datetime | None
    reason: str
    trouble: str
    known: bool = False


def failed(session: Session, hand: InHand, setback: Setback, now: datetime) -> None:
    """Write what follows from a try in vain, unless another state is wanted by now."""
    if setback.known:
        _set(session, hand.id, trying=None, trying_key=None)
    query = update(_PUSH).where(_PUSH.c.id == hand.id, _PUSH.c.version == hand.version)
    session.execute(
        query.values(
            state=setback.state.value,
            next_at=setback.next_at,
            tries=hand.tries + 1,
            reason=setback.reason,
            trouble=setback.trouble,
            told_at=_PUSH.c.told_at if setback.next_at is not None else now,
            updated_at=now,
        )
    )
    newer = update(_PUSH).where(_PUSH.c.id == hand.id, _PUSH.c.version != hand.version)
    session.execute(newer.values(next_at=now))


def note(
    session: Session,
    hand: InHand,
    tried: tuple[datetime, str, str, int, str | None],
    chance: Chance,
) -> None:
    """Keep how a try went: when, what was asked, its outcome, how long it took, and why."""
    started, action, outcome, millis, text = tried
    row = {
        "id": new_id("try", started, chance),
        "account_id": hand.account_id,
        "push_id": hand.id,
        "started_at": started,
        "action": action,
        "outcome": outcome,
        "millis": millis,
        "text": text,
    }
    session.execute(insert(_TRY), [row])


def listed(session: Session, source_id: str) -> list[Row[Any]]:
    """The pushes to a system, the latest first, as rows of the table."""
    query = select(_PUSH).where(_PUSH.c.source_id == source_id)
    return list(session.execute(query.order_by(_PUSH.c.created_at.desc(), _PUSH.c.id.desc())))


def get(session: Session, account_id: str, push_id: str) -> Push:
    """One push. Raises Unknown."""
    return owned.get(session, Push, account_id, push_id, "push")


def tries_of(session: Session, push_ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """The tries of these pushes, oldest first."""
    query = select(_TRY).where(_TRY.c.push_id.in_(push_ids))
    found: dict[str, list[Row[Any]]] = {push_id: [] for push_id in push_ids}
    for row in session.execute(query.order_by(_TRY.c.started_at, _TRY.c.id)):
        found[row.push_id].append(row)
    return found


def let_go(session: Session, source_ids: Sequence[str], at: tuple[datetime, timedelta]) -> None:
    """Pushes to these systems that may have been in hand of who died are due now."""
    now, hold = at
    query = update(_PUSH).where(
        _PUSH.c.source_id.in_(source_ids),
        _PUSH.c.state == PushState.WAITING.value,
        _PUSH.c.next_at <= now + hold,
    )
    session.execute(query.values(next_at=now))


def _set(session: Session, push_id: str, **values: Any) -> None:
    session.execute(update(_PUSH).where(_PUSH.c.id == push_id).values(**values))
