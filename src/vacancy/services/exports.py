"""Exports: their addresses (secrets), who reads them, and opening a new unit's early."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from vacancy.services import propagation, shapes
from vacancy.services.at import At
from vacancy.services.config import EXPORT_TOKEN
from vacancy.store import exports, feeds, tables, units
from vacancy.store.session import Session
from vacancy.vault import Vault


def find(
    session: Session,
    account_id: str,
    unit: str | None,
    addresses: tuple[Vault, str],
    now: datetime,
) -> dict[str, Any]:
    """The live exports of a unit, or of all, with their addresses and how they are read.

    `addresses` is the vault that opens the tokens, and what addresses begin with. Raises Unknown.
    """
    rows = (
        [units.find(session, account_id, unit)]
        if unit
        else units.of_account(session, account_id, retired=True)
    )
    return shapes.listed(
        document for row in rows for document in _of_unit(session, row, addresses, now)
    )


def publish(session: Session, account_id: str, unit: str, at: At) -> tables.Unit:
    """Open a new unit's exports before every feed has had a good answer. Raises Unknown."""
    row = units.find(session, account_id, unit)
    units.publish(session, row, at.now)
    at.publish(session, row.id, at.now)
    return row


def _of_unit(
    session: Session, unit: tables.Unit, addresses: tuple[Vault, str], now: datetime
) -> list[dict[str, Any]]:
    vault, base = addresses
    rows = exports.of_unit(session, unit.id)
    read = propagation.of_exports(session, rows, now)
    keys = {feed.id: feed.key for feed in feeds.of_unit(session, unit.id, retired=True)}
    return [
        {
            "id": row.id,
            "unit": unit.slug,
            "key": row.key,
            "feed": keys.get(row.feed_id or ""),
            "channel": row.channel,
            "url": f"{base}/ical/{vault.open(row.token, EXPORT_TOKEN)}.ics",
            "version": row.version,
            **read[row.id],
        }
        for row in rows
    ]
