"""Figures that every page of the console shows."""

from __future__ import annotations

from sqlalchemy import Table, bindparam, func, select
from sqlmodel import Session

from vacancy.store import tables

_CONFLICT: Table = tables.metadata.tables["conflict"]
_FEED: Table = tables.metadata.tables["feed"]
_OPEN_CONFLICTS = (
    select(func.count())
    .select_from(_CONFLICT)
    .where(_CONFLICT.c.account_id == bindparam("account"), _CONFLICT.c.status == "open")
)
_FEEDS_IN_NEED = select(func.count()).where(
    _FEED.c.account_id == bindparam("account"),
    _FEED.c.retired_at.is_(None),
    _FEED.c.health.in_(("suspicious", "stale", "gone")),
)


def open_conflicts(session: Session, account_id: str) -> int:
    """How many of the account's conflicts nobody has seen, put off or resolved."""
    return int(session.connection().execute(_OPEN_CONFLICTS, {"account": account_id}).scalar_one())


def feeds_in_need(session: Session, account_id: str) -> int:
    """How many of the account's feeds a person should look at: doubted, silent or gone."""
    return int(session.connection().execute(_FEEDS_IN_NEED, {"account": account_id}).scalar_one())
