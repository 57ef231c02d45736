"""The facts of the journal, past tense, with the types that programs know (docs/events.md).

`data` and `previous` hold what JSON can say: text, true and false, lists. Never guest data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum

from vacancy.domain.claims import Kind
from vacancy.domain.conflicts import severity, to_be_canceled
from vacancy.domain.stays import Conflict, ConflictStatus, Stay, StayStatus
from vacancy.domain.support import owns_nights

#: What JSON can say of one fact.
Value = str | bool | list[str] | None
Facts = dict[str, Value]


class EventType(StrEnum):
    """Every fact of the journal; docs/events.md shows one of each. The names are fixed."""

    BOOKING_CREATED = "booking.created"
    BOOKING_UPDATED = "booking.updated"
    BOOKING_CANCELED = "booking.canceled"
    BLOCK_CREATED = "block.created"
    BLOCK_UPDATED = "block.updated"
    BLOCK_REMOVED = "block.removed"
    CONFLICT_OPENED = "conflict.opened"
    CONFLICT_UPDATED = "conflict.updated"
    CONFLICT_RESOLVED = "conflict.resolved"
    FEED_FAILING = "feed.failing"
    FEED_RECOVERED = "feed.recovered"
    FEED_SUSPICIOUS = "feed.suspicious"
    FEED_STALE = "feed.stale"
    FEED_GONE = "feed.gone"
    EXPORT_UNREAD = "export.unread"
    EXPORT_READ_AGAIN = "export.read_again"
    HOLD_EXPIRED = "hold.expired"
    WEBHOOK_DISABLED = "webhook.disabled"
    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    PUSH_REFUSED = "push.refused"
    PUSH_TAKEN = "push.taken"
    CONFIG_APPLIED = "config.applied"


@dataclass(frozen=True, slots=True)
class Fact:
    """One event to be: the store gives it its id, number and instant.

    `data` is the thing as it is now; `previous` holds only what was different before, None where
    there was nothing before. `actor` is who did it: a person, the config, or Vacancy itself.
    `silent`: whoever did it wants nobody notified; programs are told all the same.
    """

    type: str
    unit_id: str | None = None
    data: Mapping[str, object] = field(default_factory=dict[str, object])
    previous: Mapping[str, object] | None = None
    property_id: str | None = None
    actor: str = "vacancy"
    silent: bool = False


#: The word for a health that is news; `ok` after any other is `feed.recovered`.
_HEALTH = {
    "failing": EventType.FEED_FAILING,
    "suspicious": EventType.FEED_SUSPICIOUS,
    "stale": EventType.FEED_STALE,
    "gone": EventType.FEED_GONE,
}
_UNWELL = frozenset(_HEALTH)


def stay_facts(before: Iterable[Stay], after: Iterable[Stay]) -> tuple[Fact, ...]:
    """What happened to stays; `after` are those new or changed, `before` all that were known.

    Rule blocks are no news, and neither is a stay that is over.
    """
    known = {stay.id: stay for stay in before}
    found = (_stay_fact(known.get(stay.id), stay) for stay in after)
    return tuple(fact for fact in found if fact is not None)


def conflict_facts(
    before: Iterable[Conflict], after: Iterable[Conflict], today: date
) -> tuple[Fact, ...]:
    """What happened to conflicts; `after` are those new or changed, `before` all known ones."""
    known = {conflict.id: conflict for conflict in before}
    found = (_conflict_fact(known.get(conflict.id), conflict, today) for conflict in after)
    return tuple(fact for fact in found if fact is not None)


def health_fact(unit_id: str, feed_id: str, was: str, health: str) -> Fact | None:
    """The event of a feed's change of health, or None where that is no news."""
    if was == health:
        return None
    recovered = EventType.FEED_RECOVERED if health == "ok" and was in _UNWELL else None
    kind = _HEALTH.get(health, recovered)
    if kind is None:
        return None
    return Fact(kind, unit_id, {"id": feed_id, "health": health}, {"health": was})


def reading_fact(unit_id: str, export_id: str, key: str, *, unread: bool) -> Fact:
    """The event that an export is read no more, or again."""
    kind = EventType.EXPORT_UNREAD if unread else EventType.EXPORT_READ_AGAIN
    return Fact(kind, unit_id, {"id": export_id, "key": key})


def stay_data(stay: Stay) -> Facts:
    """A stay as programs see it in an event."""
    return {
        "id": stay.id,
        "unit_id": stay.unit_id,
        "channel": stay.channel,
        "feed_id": stay.feed_id,
        "kind": stay.kind.value,
        "reason": None if stay.reason is None else stay.reason.value,
        "status": stay.status.value,
        "arrival": stay.nights.arrival.isoformat(),
        "departure": stay.nights.departure.isoformat(),
        "reservation_code": stay.reservation_code,
        "mirrored": stay.mirrored,
        "expires_at": _instant(stay.expires_at),
    }


def conflict_data(conflict: Conflict, today: date) -> Facts:
    """A conflict as programs see it in an event; its severity is that of `today`."""
    return {
        "id": conflict.id,
        "unit_id": conflict.unit_id,
        "kind": conflict.kind.value,
        "status": conflict.status.value,
        "severity": severity(conflict, today),
        "stays": [conflict.first, conflict.second],
        "nights": [night.isoformat() for night in conflict.nights],
        "resolution": conflict.resolution,
        "to_cancel": to_be_canceled(conflict),
        "snoozed_until": _instant(conflict.snoozed_until),
    }


def _instant(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _stay_fact(old: Stay | None, new: Stay) -> Fact | None:
    booking = new.kind is Kind.RESERVATION
    data = stay_data(new)
    if old is None or not owns_nights(old.reason):
        created = EventType.BOOKING_CREATED if booking else EventType.BLOCK_CREATED
        return Fact(created, new.unit_id, data) if _holds(new) else None
    previous = _differences(stay_data(old), data)
    if not previous or new.status is StayStatus.COMPLETED:
        return None
    if _holds(new):
        updated = EventType.BOOKING_UPDATED if booking else EventType.BLOCK_UPDATED
        return Fact(updated, new.unit_id, data, previous)
    return Fact(_gone(old, new), new.unit_id, data, previous) if old.live else None


def _gone(old: Stay, new: Stay) -> EventType:
    if old.status is StayStatus.HELD and new.status is StayStatus.WITHDRAWN:
        return EventType.HOLD_EXPIRED
    booking = new.kind is Kind.RESERVATION
    return EventType.BOOKING_CANCELED if booking else EventType.BLOCK_REMOVED


def _holds(stay: Stay) -> bool:
    return stay.live and owns_nights(stay.reason)


def _conflict_fact(old: Conflict | None, new: Conflict, today: date) -> Fact | None:
    data = conflict_data(new, today)
    if old is None:
        return Fact(EventType.CONFLICT_OPENED, new.unit_id, data)
    previous = _differences(conflict_data(old, today), data)
    if not previous:
        return None
    return Fact(_conflict_type(old, new), new.unit_id, data, previous)


def _conflict_type(old: Conflict, new: Conflict) -> EventType:
    if new.status is ConflictStatus.RESOLVED:
        return EventType.CONFLICT_RESOLVED
    if old.status is ConflictStatus.RESOLVED:
        return EventType.CONFLICT_OPENED
    return EventType.CONFLICT_UPDATED


def _differences(before: Facts, after: Facts) -> Facts:
    return {name: value for name, value in before.items() if value != after[name]}
