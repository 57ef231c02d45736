"""The installation and its account: drawn on an empty store, once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from vacancy.domain.errors import Unknown
from vacancy.ids import Chance, new_id
from vacancy.store import tables
from vacancy.store.rows import Question
from vacancy.store.session import once
from vacancy.store.tables import Account, Installation

_DOMAIN = Question(select(tables.metadata.tables["installation"].c.domain))


def installation(session: Session) -> Installation | None:
    """This installation's row; None in a store that nobody has settled in yet."""
    return session.get(Installation, 1)


def domain(session: Session) -> str:
    """What ends the UIDs of every export. Raises Unknown on an empty store."""
    found = once(session, ("installation",), lambda: _DOMAIN.rows(session, {}))
    if not found:
        raise Unknown("installation", "1")
    return found[0][0]


def the_account(session: Session) -> Account:
    """The one account of an installation for one operator. Raises Unknown on an empty store."""
    account = session.execute(select(Account).order_by(Account.id)).scalars().first()
    if account is None:
        raise Unknown("account", "first")
    return account


def settle_in(session: Session, now: datetime, chance: Chance) -> bool:
    """Draw the installation's domain and make its account; False if that was done before.

    Of two processes that start together one settles in and the other finds it done.
    """
    if installation(session) is not None:
        return False
    try:
        with session.begin_nested():
            domain = f"{chance(8).hex()}.vacancy"
            session.add(Installation(id=1, domain=domain, created_at=now))
    except IntegrityError:
        return False
    session.add(Account(id=new_id("acc", now, chance), name="Home", created_at=now))
    session.flush()
    return True


def set_domain(session: Session, domain: str) -> None:
    """End the UIDs of every export with this from now on."""
    row = installation(session)
    if row is not None and row.domain != domain:
        row.domain = domain
        session.flush()
