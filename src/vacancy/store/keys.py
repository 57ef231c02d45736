"""Users and their API keys."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, bindparam, select, update
from sqlmodel import Session

from vacancy.domain.errors import Refused, Unknown
from vacancy.store import owned, tables
from vacancy.store.tables import ApiKey, User

_KEY: Table = tables.metadata.tables["api_key"]
_USER: Table = tables.metadata.tables["user"]

# Built once: building a statement costs more than running it, and every request asks this.
_BY_HASH = (
    select(
        *(_KEY.c[name] for name in ("id", "account_id", "user_id", "scopes")),
        *(_KEY.c[name] for name in ("last_used_at", "expires_at", "revoked_at")),
        _USER.c.role,
    )
    .join(_USER, _USER.c.id == _KEY.c.user_id)
    .where(_KEY.c.token_hash == bindparam("hash"))
)


def users(session: Session, account_id: str) -> list[User]:
    """The account's users by name."""
    query = owned.of(User, account_id).order_by(User.name)  # type: ignore[arg-type]
    return list(session.execute(query).scalars())


def user(session: Session, account_id: str, name: str) -> User:
    """A user by name or id. Raises Unknown."""
    query = owned.of(User, account_id).where(
        (User.name == name) | (User.id == name)  # type: ignore[arg-type, operator]
    )
    row = session.execute(query).scalars().first()
    if row is None:
        raise Unknown("user", name)
    return row


def add_user(session: Session, row: User) -> None:
    """Keep a new user. Raises Refused (`name_taken`)."""
    if any(one.name == row.name for one in users(session, row.account_id)):
        raise Refused("name_taken", f"there is a user {row.name!r} already: choose another name")
    session.add(row)
    session.flush()


def add(session: Session, row: ApiKey) -> None:
    """Keep a new key."""
    session.add(row)
    session.flush()


def by_hash(session: Session, token_hash: str) -> Row[Any] | None:
    """Of the key of this hash what tells whether it opens, and what; with its user's `role`. None
    where there is none.
    """
    return session.connection().execute(_BY_HASH, {"hash": token_hash}).one_or_none()


def of_user(session: Session, user_id: str) -> list[ApiKey]:
    """The user's keys that are not revoked."""
    query = select(ApiKey).where(
        ApiKey.user_id == user_id,  # type: ignore[arg-type]
        ApiKey.revoked_at.is_(None),  # type: ignore[union-attr]
    )
    return list(session.execute(query).scalars())


def page(session: Session, account_id: str, offset: int, limit: int) -> tuple[list[ApiKey], int]:
    """The account's keys that are not revoked, newest first."""
    query = (
        owned.of(ApiKey, account_id)
        .where(ApiKey.revoked_at.is_(None))  # type: ignore[union-attr]
        .order_by(ApiKey.created_at.desc(), ApiKey.id.desc())  # type: ignore[attr-defined]
    )
    return owned.page(session, query, offset, limit)


def get(session: Session, account_id: str, key_id: str) -> ApiKey:
    """A key that is not revoked. Raises Unknown."""
    row = owned.get(session, ApiKey, account_id, key_id, "key")
    if row.revoked_at is not None:
        raise Unknown("key", key_id)
    return row


def valid(session: Session, key_ids: Collection[str], now: datetime) -> set[str]:
    """Which of these keys still open anything."""
    query = select(ApiKey.id).where(  # type: ignore[call-overload]
        ApiKey.id.in_(key_ids),  # type: ignore[attr-defined]
        ApiKey.revoked_at.is_(None),  # type: ignore[union-attr]
        ApiKey.expires_at.is_(None) | (ApiKey.expires_at > now),  # type: ignore[union-attr, operator]
    )
    return set(session.execute(query).scalars())


def note_use(session: Session, key_id: str, now: datetime) -> None:
    """Say that the key was used."""
    session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=now))  # type: ignore[arg-type]
