"""The journal, read from a cursor on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from vacancy.domain.errors import Malformed
from vacancy.store import journal, places
from vacancy.store.session import Session

MOST = 1000


def find(
    session: Session,
    account_id: str,
    after: str = "",
    limit: int = 100,
    types: Sequence[str] = (),
) -> dict[str, Any]:
    """Facts later than the cursor `after` ("" = from the first), oldest first.

    `next_cursor` is to be given as `after` the next time. Raises Malformed.
    """
    rows = journal.after(session, account_id, _number(after), min(limit, MOST), types)
    return _told(map(journal.told, rows), after)


def of_property(
    session: Session, owner: tuple[str, str], after: str, limit: int, types: Sequence[str] = ()
) -> dict[str, Any]:
    """The same of one property, each with `actor`: who did it, a key's id or `vacancy` itself.

    `owner` is (account id, property id). Raises Unknown (property), Malformed.
    """
    row = places.property_(session, *owner)
    rows = journal.of_property(session, row.id, _number(after), min(limit, MOST), types)
    return _told(({**journal.told(row), "actor": row.actor} for row in rows), after)


def _told(events: Iterable[dict[str, Any]], after: str) -> dict[str, Any]:
    data = list(events)
    return {"data": data, "next_cursor": str(data[-1]["sequence"]) if data else after or "0"}


def _number(after: str) -> int:
    if after and not (after.isascii() and after.isdigit() and len(after) < 19):
        raise Malformed(f"a cursor is what `next_cursor` gave before, not {after!r}")
    return int(after or 0)
