"""Who stays, as a booking system is told it."""

from __future__ import annotations

import json
from decimal import Decimal

from vacancy.sources.port import Money, RemoteGuest
from vacancy.store import details
from vacancy.store.session import Session
from vacancy.vault import Vault


def guest_of(
    session: Session, stay_id: str, vault: Vault
) -> tuple[RemoteGuest | None, Money | None]:
    """The guest and the price of a stay, as far as anybody entered them."""
    sealed = details.guests(session, [stay_id]).get(stay_id)
    if sealed is None:
        return None, None
    said = json.loads(vault.open(sealed, details.sealed_as(stay_id)))
    price = said.pop("price", None)
    known = {name: said.get(name) for name in RemoteGuest.__dataclass_fields__}
    guest = RemoteGuest(**known) if any(known.values()) else None
    money = Money(Decimal(price["amount"]), price["currency"]) if price else None
    return guest, money
