"""Users and their keys: made, shown once, rotated, revoked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vacancy.access.keys import OVERLAP, draw, hashed
from vacancy.access.roles import ALLOWED
from vacancy.domain.errors import Refused
from vacancy.domain.events import EventType, Fact
from vacancy.domain.scopes import Role, Scope, in_order
from vacancy.ids import new_id
from vacancy.services import shapes
from vacancy.services.at import At
from vacancy.store import journal, keys, tables
from vacancy.store.session import Session


@dataclass(frozen=True, slots=True)
class Wish:
    """A key for a user (name or id); `scopes` None gives all that the user's role may."""

    user: str
    name: str
    scopes: Sequence[Scope] | None = None
    expires_at: datetime | None = None


def create_user(
    session: Session, account_id: str, wish: tuple[str, str | None, Role], at: At
) -> dict[str, Any]:
    """A new user of this name, address and role. Raises Refused (`name_taken`)."""
    name, email, role = wish
    row = tables.User(
        id=new_id("user", at.now, at.chance),
        account_id=account_id,
        name=name,
        email=email,
        role=role.value,
        created_at=at.now,
    )
    keys.add_user(session, row)
    return shapes.user(row)


def users(session: Session, account_id: str) -> dict[str, Any]:
    """The account's users who were not revoked."""
    rows = (row for row in keys.users(session, account_id) if row.revoked_at is None)
    return shapes.listed(map(shapes.user, rows))


def reset(session: Session, account_id: str, name: str, at: At) -> int:
    """Revoke every key of a user; how many. Raises Unknown."""
    user = keys.user(session, account_id, name)
    held = keys.of_user(session, user.id)
    for row in held:
        _end(session, row, at)
    return len(held)


def create(
    session: Session, account_id: str, wish: Wish, held: Iterable[Scope] | None, at: At
) -> dict[str, Any]:
    """A new key, whose `key` is shown this once.

    `held` are the scopes of whoever makes it (None: the operator at the machine): no new key may
    more. Raises Unknown (user), or Refused (`user_revoked`, `missing_scope`, `already_over`).
    """
    user = keys.user(session, account_id, wish.user)
    if user.revoked_at is not None:
        raise Refused("user_revoked", f"{user.name!r} was revoked: make another user")
    most = ALLOWED[Role(user.role)] if held is None else ALLOWED[Role(user.role)] & set(held)
    wanted = most if wish.scopes is None else set(wish.scopes)
    beyond = in_order(wanted - most)
    if beyond:
        raise Refused("missing_scope", f"a key may not have more than its maker: {beyond[0]}")
    if wish.expires_at is not None and wish.expires_at <= at.now:
        raise Refused("already_over", "expires_at must be later than now")
    return _made(session, user, (wish.name, in_order(wanted), wish.expires_at), at)


def find(session: Session, account_id: str, offset: int, limit: int) -> tuple[list[Any], int]:
    """One page of the account's keys, and how many there are."""
    rows, total = keys.page(session, account_id, offset, limit)
    return [shapes.key(row) for row in rows], total


def get(session: Session, account_id: str, key_id: str) -> dict[str, Any]:
    """One key, without its secret. Raises Unknown."""
    return shapes.key(keys.get(session, account_id, key_id))


def holder(session: Session, account_id: str, user_id: str, key_id: str) -> dict[str, Any]:
    """Whose key this is. Raises Unknown."""
    account = session.get_one(tables.Account, account_id)
    return {
        "account": {"id": account.id, "name": account.name},
        "user": shapes.user(keys.user(session, account_id, user_id)),
        "key": shapes.key(keys.get(session, account_id, key_id)),
    }


def rotate(
    session: Session, account_id: str, key_id: str, held: Iterable[Scope] | None, at: At
) -> dict[str, Any]:
    """A new key in the place of one, which goes on working for a day beside it.

    Raises Unknown, or Refused (it was rotated before; it may more than `held`, see `create`).
    """
    old = keys.get(session, account_id, key_id)
    beyond = set() if held is None else {Scope(scope) for scope in old.scopes} - set(held)
    if beyond:
        raise Refused("missing_scope", f"that key may more than yours: {in_order(beyond)[0]}")
    if old.replaced_by is not None:
        raise Refused("already_rotated", f"this key was replaced by {old.replaced_by} before")
    if old.expires_at is not None and old.expires_at <= at.now:
        raise Refused("key_expired", "this key has expired: create another one")
    user = keys.user(session, account_id, old.user_id)
    told = _made(session, user, (old.name, old.scopes, old.expires_at), at)
    ends = at.now + OVERLAP
    old.expires_at = ends if old.expires_at is None else min(ends, old.expires_at)
    old.replaced_by = told["id"]
    session.flush()
    return told


def revoke(session: Session, account_id: str, key_id: str, at: At) -> None:
    """End a key now. Raises Unknown."""
    _end(session, keys.get(session, account_id, key_id), at)


def _made(
    session: Session, user: tables.User, wish: tuple[str, list[str], datetime | None], at: At
) -> dict[str, Any]:
    name, scopes, expires_at = wish
    text = draw(at.chance)
    row = tables.ApiKey(
        id=new_id("key", at.now, at.chance),
        account_id=user.account_id,
        user_id=user.id,
        name=name,
        scopes=scopes,
        token_hash=hashed(text),
        tail=text[-4:],
        created_at=at.now,
        expires_at=expires_at,
    )
    keys.add(session, row)
    _tell(session, EventType.KEY_CREATED, row, at)
    return {**shapes.key(row), "key": text}


def _end(session: Session, row: tables.ApiKey, at: At) -> None:
    row.revoked_at = at.now
    session.flush()
    _tell(session, EventType.KEY_REVOKED, row, at)


def _tell(session: Session, kind: EventType, row: tables.ApiKey, at: At) -> None:
    data = {"id": row.id, "name": row.name, "user_id": row.user_id, "scopes": row.scopes}
    fact = Fact(kind, data=data, actor=at.actor, silent=at.silent)
    journal.append(session, row.account_id, [fact], at.now, at.chance)
