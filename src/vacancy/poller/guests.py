"""Who stays, as a booking system tells it: kept beside the stay, sealed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from vacancy.domain.events import EventType, Fact, stay_data
from vacancy.domain.stays import Stay
from vacancy.ids import Chance
from vacancy.poller.listing import details, merged, uid_of
from vacancy.sources.port import RemoteBooking
from vacancy.store import claims, journal, stays
from vacancy.store import details as kept
from vacancy.store.leasing import Due
from vacancy.store.session import Session
from vacancy.vault import Vault

#: What the fact of a change names, of what a source may tell.
_PRICE, _GUEST = "price", "guest"


def furnish(
    session: Session,
    due: Due,
    listed: tuple[str, Sequence[RemoteBooking]],
    vault: Vault,
    at: tuple[datetime, Chance],
) -> None:
    """Keep what the bookings of a system (its kind, and they) tell of guest and price with the
    stays that they stand for.
    """
    kind, bookings = listed
    told = {uid_of(kind, one.remote_id): details(one) for one in bookings}
    told = {uid: said for uid, said in told.items() if said}
    found = claims.stays_of_uids(session, due.feed_id, sorted(told))
    if not found:
        return
    known = stays.by_ids(session, sorted(set(found.values())))
    rows = kept.told(session, sorted(known))
    now, chance = at
    for uid, stay_id in found.items():
        stay = known[stay_id]
        if stay.feed_id != due.feed_id:
            continue
        changed = _keep(session, (due.account_id, stay_id), told[uid], (vault, rows, now))
        if changed and stay.opened_at < now:
            fact = _fact(stay, changed)
            stays.save(session, due.account_id, [stay], now)
            journal.append(session, due.account_id, [fact], now, chance)


def _keep(
    session: Session,
    owner: tuple[str, str],
    tells: Mapping[str, Any],
    by: tuple[Vault, Mapping[str, tuple[bytes, bytes | None]], datetime],
) -> list[str]:
    """Keep what a source tells of a stay; what of it changed: guest, price."""
    vault, rows, now = by
    purpose = kept.sealed_as(owner[1])
    sealed, sealed_told = rows.get(owner[1], (None, None))
    told = {} if sealed_told is None else json.loads(vault.open(sealed_told, purpose))
    if told == tells:
        return []
    entered = {} if sealed is None else json.loads(vault.open(sealed, purpose))
    after = merged(entered, told, tells)
    as_sealed = vault.seal(json.dumps(after), purpose)
    kept.put_told(session, owner, (as_sealed, vault.seal(json.dumps(dict(tells)), purpose)), now)
    other = {name for name in after if after[name] != entered.get(name)}
    price, guest = _PRICE in other, bool(other - {_PRICE})
    return [name for name, is_other in ((_GUEST, guest), (_PRICE, price)) if is_other]


def _fact(stay: Stay, changed: list[str]) -> Fact:
    data = {**stay_data(stay), "changed": changed}
    return Fact(EventType.BOOKING_UPDATED, stay.unit_id, data)
