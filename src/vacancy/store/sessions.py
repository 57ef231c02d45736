"""Who is signed in, the links that let somebody in once, and tries that have not succeeded."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Table, bindparam, delete, func, select, update
from sqlmodel import Session

from vacancy.store import owned, tables
from vacancy.store.tables import OneTimeLink, SignedIn, SignInTry, User

#: A browser that was not seen for so long is signed in no more.
IDLE = timedelta(days=14)

_SIGNED_IN: Table = tables.metadata.tables["signed_in"]
_USER: Table = tables.metadata.tables["user"]
_LINK: Table = tables.metadata.tables["one_time_link"]
_TRY: Table = tables.metadata.tables["sign_in_try"]

# Built once: building a statement costs more than running it, and every page asks this.
_LIVE = (
    _SIGNED_IN.c.expires_at > bindparam("now"),
    _SIGNED_IN.c.seen_at > bindparam("seen"),
    _USER.c.revoked_at.is_(None),
)
_BY_HASH = (
    select(
        *(_SIGNED_IN.c[name] for name in ("id", "account_id", "user_id", "seen_at")),
        *(_USER.c[name] for name in ("name", "role", "preferences")),
    )
    .join(_USER, _USER.c.id == _SIGNED_IN.c.user_id)
    .where(_SIGNED_IN.c.token_hash == bindparam("hash"), *_LIVE)
)
_VALID = (
    select(_SIGNED_IN.c.id)
    .join(_USER, _USER.c.id == _SIGNED_IN.c.user_id)
    .where(_SIGNED_IN.c.id.in_(bindparam("ids", expanding=True)), *_LIVE)
)


def add(session: Session, row: SignedIn) -> None:
    """Keep who signed in; those who were gone for good are forgotten."""
    gone = (_SIGNED_IN.c.expires_at <= row.created_at) | (
        _SIGNED_IN.c.seen_at <= row.created_at - IDLE
    )
    session.execute(delete(SignedIn).where(gone))
    session.add(row)
    session.flush()


def by_hash(session: Session, token_hash: str, now: datetime) -> Row[Any] | None:
    """Who is signed in by the token of this hash; None where nobody is, by now."""
    asked = {"hash": token_hash, "now": now, "seen": now - IDLE}
    return session.connection().execute(_BY_HASH, asked).one_or_none()


def valid(session: Session, ids: Collection[str], now: datetime) -> set[str]:
    """Which of these are signed in still."""
    if not ids:
        return set()
    asked = {"ids": list(ids), "now": now, "seen": now - IDLE}
    return set(session.execute(_VALID, asked).scalars())


def of_user(session: Session, user_id: str, now: datetime) -> list[SignedIn]:
    """Where the user is signed in, last seen first."""
    query = (
        select(SignedIn)
        .where(SignedIn.user_id == user_id)  # type: ignore[arg-type]
        .where(_SIGNED_IN.c.expires_at > now, _SIGNED_IN.c.seen_at > now - IDLE)
        .order_by(_SIGNED_IN.c.seen_at.desc(), _SIGNED_IN.c.id)
    )
    return list(session.execute(query).scalars())


def note_seen(session: Session, signed_in_id: str, now: datetime) -> None:
    """Say that the browser was seen."""
    session.execute(update(_SIGNED_IN).where(_SIGNED_IN.c.id == signed_in_id).values(seen_at=now))


def end(session: Session, user_id: str, signed_in_id: str | None = None, but: str = "") -> int:
    """Sign the user out, in one browser or in all, except in that of the id `but`; how many."""
    ending = delete(_SIGNED_IN).where(_SIGNED_IN.c.user_id == user_id, _SIGNED_IN.c.id != but)
    if signed_in_id is not None:
        ending = ending.where(_SIGNED_IN.c.id == signed_in_id)
    return session.execute(ending).rowcount  # pyright: ignore[reportAttributeAccessIssue]


def user_by_name(session: Session, name: str) -> User | None:
    """The user of this name who may sign in; of several accounts' the first."""
    query = (
        select(User)
        .where(User.name == name)  # type: ignore[arg-type]
        .where(_USER.c.revoked_at.is_(None))
        .order_by(_USER.c.account_id)
    )
    return session.execute(query).scalars().first()


def user(session: Session, account_id: str, user_id: str) -> User:
    """A user by id. Raises Unknown."""
    return owned.get(session, User, account_id, user_id, "user")


def add_link(session: Session, row: OneTimeLink) -> None:
    """Keep a new link, which is the only one of its user from now on."""
    same = _LINK.c.user_id == row.user_id if row.user_id else _LINK.c.user_id.is_(None)
    session.execute(delete(_LINK).where(_LINK.c.account_id == row.account_id, same))
    session.add(row)
    session.flush()


def link(session: Session, token_hash: str, now: datetime) -> OneTimeLink | None:
    """The link of this hash, while it works."""
    query = select(OneTimeLink).where(_LINK.c.token_hash == token_hash, _LINK.c.expires_at > now)
    return session.execute(query).scalars().first()


def use_link(session: Session, token_hash: str, now: datetime) -> bool:
    """Use a link up: True for one of those who try it, while it works."""
    using = delete(_LINK).where(_LINK.c.token_hash == token_hash, _LINK.c.expires_at > now)
    return session.execute(using).rowcount == 1  # pyright: ignore[reportAttributeAccessIssue]


def note_tries(session: Session, subjects: Collection[str], now: datetime) -> None:
    """Write down one try of each subject."""
    session.add_all([SignInTry(subject=subject, tried_at=now) for subject in subjects])
    session.flush()


def tries(session: Session, subject: str, since: datetime) -> tuple[int, datetime | None]:
    """How often a subject tried since then, and when first."""
    counted = select(func.count(), func.min(_TRY.c.tried_at)).where(
        _TRY.c.subject == subject, _TRY.c.tried_at > since
    )
    count, first = session.execute(counted).one()
    return count, first


def forget_tries(session: Session, before: datetime, subjects: Collection[str] = ()) -> None:
    """Forget what was tried before an instant, and all tries of these subjects."""
    old = _TRY.c.tried_at <= before
    session.execute(delete(_TRY).where(old | _TRY.c.subject.in_(list(subjects))))
