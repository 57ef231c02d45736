"""/v1/conflicts."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query

from vacancy.api.deps import Desk
from vacancy.api.room import Room
from vacancy.api.shapes import calendar as shape
from vacancy.api.shapes.values import Id, Page, paged
from vacancy.domain.scopes import Scope
from vacancy.services import conflicts, places
from vacancy.store.bookings import ConflictsWanted

room = Room("conflicts")


@room.list("/v1/conflicts", Scope.CONFLICTS_READ, Page[shape.Conflict], told=True)
def list_conflicts(desk: Desk, asked: Annotated[shape.ConflictQuery, Query()]) -> Any:
    """List conflicts, by first night: those that are not resolved, unless a status is named."""
    wanted = ConflictsWanted(
        asked.status,
        places.unit_id(desk.session, desk.account_id, asked.unit_id),
        places.property_id(desk.session, desk.account_id, asked.property_id),
    )
    now = desk.at.now
    return paged(conflicts.page(desk.session, desk.account_id, wanted, asked.place, now), asked)


@room.one("/v1/conflicts/{conflict_id}", Scope.CONFLICTS_READ, shape.Conflict)
def get_conflict(desk: Desk, conflict_id: Id) -> Any:
    """Read a conflict, with the evidence of both sides."""
    return conflicts.get(desk.session, desk.account_id, conflict_id, desk.at.now)


@room.post(
    "/v1/conflicts/{conflict_id}/acknowledge", Scope.CONFLICTS_WRITE, shape.Conflict, status=200
)
def acknowledge_conflict(desk: Desk, conflict_id: Id) -> Any:
    """Say that a conflict was seen."""
    return conflicts.acknowledge(desk.session, desk.account_id, conflict_id, desk.at)


@room.post("/v1/conflicts/{conflict_id}/snooze", Scope.CONFLICTS_WRITE, shape.Conflict, status=200)
def snooze_conflict(desk: Desk, conflict_id: Id, wish: shape.Snooze) -> Any:
    """Put a conflict aside for a while. It returns by itself, and where it gets worse."""
    return conflicts.snooze(desk.session, desk.account_id, conflict_id, wish.until, desk.at)


@room.post("/v1/conflicts/{conflict_id}/resolve", Scope.CONFLICTS_WRITE, shape.Conflict, status=200)
def resolve_conflict(desk: Desk, conflict_id: Id, wish: shape.Resolution) -> Any:
    """Decide a conflict. Our own stay is canceled at once, an imported one at its channel."""
    word = wish.resolution
    return conflicts.resolve(desk.session, desk.account_id, conflict_id, word, desk.at)
