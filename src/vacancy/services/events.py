"""The journal, read from a cursor on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vacancy.domain.errors import Malformed
from vacancy.store import journal
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
    if after and not (after.isascii() and after.isdigit() and len(after) < 19):
        raise Malformed(f"a cursor is what `next_cursor` gave before, not {after!r}")
    rows = journal.after(session, account_id, int(after or 0), min(limit, MOST), types)
    cursor = str(rows[-1].sequence) if rows else after or "0"
    return {"data": [journal.told(row) for row in rows], "next_cursor": cursor}
