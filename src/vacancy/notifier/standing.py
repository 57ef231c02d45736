"""How an incident stands now, read from the store whatever the journal said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from vacancy.domain.alerts import Standing
from vacancy.domain.conflicts import severity, suggestion
from vacancy.domain.errors import Unknown
from vacancy.domain.pushes import meant
from vacancy.domain.stays import Conflict, ConflictStatus, Stay
from vacancy.store import (
    bookings,
    claims,
    doubts,
    propagation,
    pushes,
    sources,
    stays,
    tables,
    units,
)
from vacancy.store.session import Session

_SEVERITIES = ("low", "medium", "high", "critical")
_HEALTHS = ("failing", "stale", "gone")


@dataclass(frozen=True, slots=True)
class Incident:
    """How an incident stands, and what a message about it needs. `facts` go into its words."""

    subject: str
    standing: Standing
    unit: tables.Unit
    facts: dict[str, str]


def look(session: Session, account_id: str, subject: str, now: datetime) -> Incident | None:
    """The incident of a subject; None where what it is about is no more."""
    kind, _, about = subject.partition(":")
    try:
        return _LOOKS[kind](session, account_id, about, now)
    except Unknown:
        return None


def _today(unit: tables.Unit, now: datetime) -> date:
    return now.astimezone(ZoneInfo(unit.timezone)).date()


def _conflict(session: Session, account_id: str, about: str, now: datetime) -> Incident:
    conflict = stays.as_conflict(bookings.conflict(session, account_id, about))
    unit = units.by_id(session, conflict.unit_id)
    today = _today(unit, now)
    over = conflict.status is ConflictStatus.RESOLVED
    sides = stays.by_ids(session, [conflict.first, conflict.second], account_id)
    first, second = sides.get(conflict.first), sides.get(conflict.second)
    advice = suggestion(conflict, first, second) if first and second else ""
    standing = Standing(
        level=0 if over else 1 + _SEVERITIES.index(severity(conflict, today)),
        type="conflict.opened",
        over_type="conflict.resolved",
        extent=frozenset({conflict.kind.value, *(n.isoformat() for n in conflict.nights)}),
        known=conflict.status is not ConflictStatus.OPEN,
        arrival=next((night for night in conflict.nights if night >= today), None),
    )
    facts = {
        "kind": conflict.kind.value,
        "nights": _nights(conflict),
        "first": _side(first),
        "second": _side(second),
        "advice": advice,
    }
    return Incident(f"conflict:{about}", standing, unit, facts)


def _nights(conflict: Conflict) -> str:
    nights = [night.isoformat() for night in conflict.nights]
    return nights[0] if len(nights) == 1 else f"{len(nights)} nights, {nights[0]} to {nights[-1]}"


def _side(stay: Stay | None) -> str:
    if stay is None:
        return "a stay"
    where = "your own" if stay.feed_id is None else f"{stay.channel}'s"
    return f"{where} {stay.kind.value}, {stay.nights.arrival} to {stay.nights.departure}"


def _feed(session: Session, account_id: str, about: str, _now: datetime) -> Incident:
    feed = _feed_row(session, account_id, about)
    used = feed.retired_at is None and feed.health in _HEALTHS
    standing = Standing(
        level=1 + _HEALTHS.index(feed.health) if used else 0,
        type=f"feed.{feed.health}",
        over_type="feed.recovered",
    )
    good = feed.last_good_at
    facts = {
        "feed": feed.key,
        "health": feed.health,
        "reason": feed.last_reason or "",
        "good": f"{good:%Y-%m-%d %H:%M} UTC" if good else "never",
    }
    return Incident(f"feed:{about}", standing, units.by_id(session, feed.unit_id), facts)


def _doubt(session: Session, account_id: str, about: str, now: datetime) -> Incident:
    feed = _feed_row(session, account_id, about)
    unit = units.by_id(session, feed.unit_id)
    doubt = doubts.standing(session, about)
    asked = doubt is not None and (doubt.open or doubt.needs_person)
    held = doubt.held | doubt.kept if doubt is not None else frozenset[str]()
    today = _today(unit, now)
    coming = [
        claim.nights.arrival
        for claim in claims.of_feed(session, about, now)
        if claim.id in held and claim.nights.departure > today
    ]
    waits = doubt is not None and doubt.needs_person
    standing = Standing(
        level=int(asked and feed.retired_at is None),
        type="feed.suspicious",
        over_type="feed.recovered",
        extent=frozenset({doubt.id}) if doubt is not None else frozenset(),
        arrival=min(coming, default=None),
        reminded_at=doubt.alarmed_at if doubt is not None and waits else None,
    )
    facts = {
        "feed": feed.key,
        "stays": str(len(coming)),
        "doubt": doubt.kind.value if doubt is not None else "",
        "waits": "yes" if waits else "",
    }
    return Incident(f"doubt:{about}", standing, unit, facts)


def _export(session: Session, account_id: str, about: str, now: datetime) -> Incident:
    export = session.get(tables.Export, about, populate_existing=True)
    if export is None or export.account_id != account_id:
        raise Unknown("export", about)
    unit = units.by_id(session, export.unit_id)
    unread = export.unread_since is not None and export.revoked_at is None
    reach = propagation.reach(session, [about], _today(unit, now))[about]
    waiting = reach.unread()
    standing = Standing(
        level=int(unread),
        type="export.unread",
        over_type="export.read_again",
        arrival=min((one.nights.arrival for one in waiting), default=None),
    )
    since = export.unread_since
    facts = {
        "export": export.key,
        "since": f"{since:%Y-%m-%d %H:%M} UTC" if since else "",
        "stays": str(len(waiting)),
    }
    return Incident(f"export:{about}", standing, unit, facts)


def _push(session: Session, account_id: str, about: str, _now: datetime) -> Incident:
    push = pushes.get(session, account_id, about)
    state = meant(push.wanted)
    standing = Standing(
        level=int(push.told_at is not None),
        type="push.refused",
        over_type="push.taken",
        extent=frozenset({push.wanted}),
        arrival=state[1].arrival if state else None,
    )
    stay = stays.by_ids(session, [push.stay_id], account_id)[push.stay_id]
    facts = {
        "source": sources.name_of(session, push.source_id),
        "stay": f"{stay.kind.value}, {stay.nights.arrival} to {stay.nights.departure}",
        "gone": "" if state else "yes",
        "why": push.trouble or "",
    }
    return Incident(f"push:{about}", standing, units.by_id(session, push.unit_id), facts)


def _feed_row(session: Session, account_id: str, feed_id: str) -> tables.Feed:
    row = session.get(tables.Feed, feed_id, populate_existing=True)
    if row is None or row.account_id != account_id:
        raise Unknown("feed", feed_id)
    return row


_LOOKS: dict[str, Callable[[Session, str, str, datetime], Incident]] = {
    "conflict": _conflict,
    "feed": _feed,
    "doubt": _doubt,
    "export": _export,
    "push": _push,
}
