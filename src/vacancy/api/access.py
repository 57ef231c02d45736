"""/v1/me, /v1/keys and /v1/events."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query

from vacancy.api.deps import Desk
from vacancy.api.room import Room
from vacancy.api.shapes import access as shape
from vacancy.api.shapes.values import Id, Page, Paged, paged
from vacancy.domain.scopes import Scope, in_order
from vacancy.services import events, keys

room = Room("access")
journal = Room("events")


@room.one("/v1/me", None, shape.Me)
def get_me(desk: Desk) -> Any:
    """Read whose key this is and what it may do."""
    actor = desk.actor
    told = keys.holder(desk.session, desk.account_id, actor.user_id, actor.key_id)
    return {**told, "scopes": in_order(actor.scopes)}


@room.list("/v1/keys", Scope.KEYS_MANAGE, Page[shape.Key])
def list_keys(desk: Desk, asked: Annotated[Paged, Query()]) -> Any:
    """List the keys that are not revoked, newest first."""
    return paged(keys.find(desk.session, desk.account_id, *asked.place), asked)


@room.post("/v1/keys", Scope.KEYS_MANAGE, shape.NewKey)
def create_key(desk: Desk, wish: shape.KeyIn) -> Any:
    """Make a key. It is shown in this answer only."""
    wanted = keys.Wish(desk.actor.user_id, wish.name, wish.scopes, wish.expires_at)
    return keys.create(desk.session, desk.account_id, wanted, desk.actor.scopes, desk.at)


@room.one("/v1/keys/{key_id}", Scope.KEYS_MANAGE, shape.Key)
def get_key(desk: Desk, key_id: Id) -> Any:
    """Read a key, without its secret."""
    return keys.get(desk.session, desk.account_id, key_id)


@room.post("/v1/keys/{key_id}/rotate", Scope.KEYS_MANAGE, shape.NewKey, status=200)
def rotate_key(desk: Desk, key_id: Id) -> Any:
    """Put a new key in the place of one, which goes on working for 24 hours."""
    return keys.rotate(desk.session, desk.account_id, key_id, desk.actor.scopes, desk.at)


@room.delete("/v1/keys/{key_id}", Scope.KEYS_MANAGE, current=get_key)
def revoke_key(desk: Desk, key_id: Id) -> None:
    """Revoke a key, at once."""
    keys.revoke(desk.session, desk.account_id, key_id, desk.at)


@journal.list("/v1/events", Scope.ACTIVITY_READ, shape.Events, told=True)
def list_events(desk: Desk, asked: Annotated[shape.EventQuery, Query()]) -> Any:
    """Read the journal from a cursor on, oldest first."""
    return events.find(desk.session, desk.account_id, asked.after, asked.limit, asked.wanted)


@journal.list(
    "/v1/properties/{property_id}/activity", Scope.ACTIVITY_READ, shape.Activity, told=True
)
def list_activity(desk: Desk, property_id: Id, asked: Annotated[shape.EventQuery, Query()]) -> Any:
    """Read what happened at a property and who did it, from a cursor on, oldest first."""
    owner = (desk.account_id, property_id)
    return events.of_property(desk.session, owner, asked.after, asked.limit, asked.wanted)
