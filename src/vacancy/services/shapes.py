"""Facts as JSON values: the documents that programs rely on, one function each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from vacancy.store import tables


def instant(moment: datetime | None) -> str | None:
    """RFC 3339, UTC: `2027-01-10T09:00:00Z`."""
    if moment is None:
        return None
    # Spelt by hand, which takes half the time: lists are full of them. The store gives UTC.
    at = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{at.isoformat('T', 'seconds')[:19]}Z"


def booking(stay: Any, slug: str, uids: Sequence[str]) -> dict[str, Any]:
    """A stay, as people and programs call it a booking. `stay` is a row of `store.bookings`."""
    return {
        "id": stay.id,
        "unit": slug,
        "unit_id": stay.unit_id,
        "channel": stay.channel,
        "kind": stay.kind,
        "reason": stay.reason,
        "status": stay.status,
        "arrival": stay.arrival.isoformat(),
        "departure": stay.departure.isoformat(),
        "reservation_code": stay.reservation_code,
        "expires_at": instant(stay.expires_at),
        "uids": list(uids),
        "created_at": instant(stay.opened_at),
        "updated_at": instant(stay.updated_at),
    }


def conflict(row: Any, slug: str) -> dict[str, Any]:
    """A conflict; `stays` are the two sides, the one that wanted the nights first in front."""
    return {
        "id": row.id,
        "status": row.status,
        "kind": row.kind,
        "unit": slug,
        "nights": list(row.nights),
        "stays": [row.first_stay_id, row.second_stay_id],
        "opened_at": instant(row.opened_at),
        "resolved_at": instant(row.resolved_at),
    }


def feed(row: tables.Feed, slug: str) -> dict[str, Any]:
    """A feed and how it fares; of its address only the host and the last four characters."""
    return {
        "id": row.id,
        "unit": slug,
        "unit_id": row.unit_id,
        "feed": row.key,
        "channel": row.channel,
        "address": f"{row.host}/…{row.url_tail}",
        "health": row.health,
        "last_outcome": row.last_outcome,
        "last_reason": row.last_reason,
        "last_good_at": instant(row.last_good_at),
        "last_poll_at": instant(row.last_poll_at),
        "next_poll_at": None if row.retired_at else instant(row.next_poll_at),
        "every_seconds": row.every,
        "managed_by": row.managed_by,
    }


def poll(row: tables.Poll) -> dict[str, Any]:
    """One poll; `repeats` are the unchanged ones after it, of which each says the same."""
    return {
        "id": row.id,
        "started_at": instant(row.started_at),
        "outcome": row.outcome,
        "reason": row.reason,
        "counts": row.counts,
        "millis": row.millis,
        "repeats": row.repeats,
        "last_repeat_at": instant(row.last_repeat_at),
    }


def reading(row: tables.ExportReading) -> dict[str, Any]:
    """One reader of one version of an export."""
    return {
        "version": row.version,
        "reader": row.reader,
        "first_at": instant(row.first_at),
        "last_at": instant(row.last_at),
        "count": row.count,
    }


def parameter(row: tables.BookingParameter) -> dict[str, Any]:
    """One of the operator's own fields."""
    return {
        "id": row.id,
        "key": row.key,
        "name": row.name,
        "kind": row.kind,
        "created_at": instant(row.created_at),
    }


def user(row: tables.User) -> dict[str, Any]:
    """A user."""
    return {
        "id": row.id,
        "name": row.name,
        "email": row.email,
        "role": row.role,
        "created_at": instant(row.created_at),
    }


def key(row: tables.ApiKey) -> dict[str, Any]:
    """An API key: never the secret, of which only the last four letters are known."""
    return {
        "id": row.id,
        "user_id": row.user_id,
        "name": row.name,
        "scopes": list(row.scopes),
        "tail": row.tail,
        "created_at": instant(row.created_at),
        "last_used_at": instant(row.last_used_at),
        "expires_at": instant(row.expires_at),
        "replaced_by": row.replaced_by,
    }


def property_(row: tables.Property) -> dict[str, Any]:
    """A property."""
    return {
        "id": row.id,
        "name": row.name,
        "timezone": row.timezone,
        "check_in": row.check_in,
        "check_out": row.check_out,
        "address": row.address,
        "managed_by": row.managed_by,
        "created_at": instant(row.created_at),
    }


def unit(row: tables.Unit, parent: str | None) -> dict[str, Any]:
    """A unit; `parent` is the slug of the house that it is a room of."""
    return {
        "id": row.id,
        "property_id": row.property_id,
        "slug": row.slug,
        "name": row.name,
        "timezone": row.timezone,
        "max_guests": row.max_guests,
        "parent_id": row.parent_id,
        "parent": parent,
        "capacity": row.capacity,
        "buffer_before": row.buffer_before,
        "buffer_after": row.buffer_after,
        "managed_by": row.managed_by,
        "created_at": instant(row.created_at),
    }


def listed(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """A list as every list is given: `{"data": [...]}`."""
    return {"data": list(rows)}
