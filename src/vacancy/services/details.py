"""What bookings have beside their nights: the guest, sealed, and the operator's own fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vacancy.domain.claims import Kind
from vacancy.domain.errors import Malformed
from vacancy.domain.events import EventType, Fact, stay_data
from vacancy.ids import new_id
from vacancy.services import shapes
from vacancy.services.at import At
from vacancy.store import bookings, details, journal, owned, stays, tables, units
from vacancy.store.owned import Wanted
from vacancy.store.session import Session
from vacancy.vault import Vault

Document = dict[str, Any]

#: What each kind of field holds, in words.
_KINDS = {"text": str, "number": int, "boolean": bool}
#: In what is sealed of a stay, beside what its guest is.
PRICE = "price"
#: A guest of whom nothing was said.
_UNSAID = dict.fromkeys(("name", "email", "phone", "adults", "children", "notes"))


def dress(session: Session, documents: list[Document], vault: Vault | None) -> list[Document]:
    """Bookings with their own fields, and with their guests where `vault` may open them.

    Without it a guest is None, like one that nobody entered.
    """
    ids = [one["id"] for one in documents]
    values = details.values(session, ids)
    sealed = details.guests(session, ids) if vault is not None else {}
    guests = {key: _opened(vault, key, found) for key, found in sealed.items()}
    return [
        {
            **one,
            "custom_parameters": values[one["id"]],
            **_told(guests.get(one["id"])),
        }
        for one in documents
    ]


def _told(said: Document | None) -> Document:
    """A stay's guest and price; None each where nothing is said of it."""
    known = {**(said or {})}
    price = known.pop(PRICE, None)
    return {"guest": {**_UNSAID, **known} if known else None, "price": price}


def put_guest(
    session: Session,
    owner: tuple[str, str],
    wish: Mapping[str, Any] | None,
    vault: Vault,
    at: At,
) -> None:
    """Set what is named of a stay's guest and keep the rest; None forgets the guest.

    `owner` is (account id, stay id).
    """
    known = details.guests(session, [owner[1]]).get(owner[1])
    before = _opened(vault, owner[1], known) or {}
    after = None if wish is None else {**before, **wish}
    sealed = None if after is None else vault.seal(json.dumps(after), details.sealed_as(owner[1]))
    details.put_guest(session, owner, sealed, at.now)


def put_values(
    session: Session, owner: tuple[str, str], wish: Mapping[str, str | int | bool | None]
) -> None:
    """Set what is named of a stay's own fields; None clears one. Raises Malformed."""
    known = details.parameters(session, owner[0])
    for key, value in wish.items():
        parameter = known.get(key)
        if parameter is None:
            raise Malformed(f"custom_parameters.{key}: there is no booking parameter of this key")
        if value is not None and type(value) is not _KINDS[parameter.kind]:
            raise Malformed(f"custom_parameters.{key} must be a {parameter.kind}")
        details.put_value(session, owner[1], parameter, value)


def tell(session: Session, account_id: str, stay_id: str, changed: list[str], at: At) -> None:
    """Write down that these details of a stay changed: which, never what they are."""
    row = bookings.get(session, account_id, stay_id)
    stay = stays.by_ids(session, [stay_id])[stay_id]
    stays.save(session, account_id, [stay], at.now)
    unit = units.by_id(session, row.unit_id)
    booking = stay.kind is Kind.RESERVATION
    fact = Fact(
        EventType.BOOKING_UPDATED if booking else EventType.BLOCK_UPDATED,
        unit.id,
        {**stay_data(stay), "changed": changed},
        property_id=unit.property_id,
        actor=at.actor,
        silent=at.silent,
    )
    journal.append(session, account_id, [fact], at.now, at.chance)


def find(session: Session, account_id: str, place: tuple[int, int]) -> tuple[list[Document], int]:
    """One page of the operator's own fields, by key."""
    wanted = Wanted(order=("key",))
    rows, total = owned.rows(session, tables.BookingParameter, account_id, wanted, place)
    return [shapes.parameter(row) for row in rows], total


def get(session: Session, account_id: str, parameter_id: str) -> Document:
    """One of the operator's own fields. Raises Unknown."""
    return shapes.parameter(details.parameter(session, account_id, parameter_id))


def add(session: Session, account_id: str, wish: Mapping[str, str], at: At) -> Document:
    """A new field. Raises Refused (`key_taken`)."""
    row = tables.BookingParameter(
        id=new_id("param", at.now, at.chance), account_id=account_id, created_at=at.now, **wish
    )
    details.add_parameter(session, row)
    return shapes.parameter(row)


def rename(session: Session, account_id: str, parameter_id: str, name: str | None) -> Document:
    """Call a field otherwise (None: as before). Raises Unknown."""
    row = details.parameter(session, account_id, parameter_id)
    row.name = name or row.name
    session.flush()
    return shapes.parameter(row)


def remove(session: Session, account_id: str, parameter_id: str) -> None:
    """Drop a field, and what bookings have in it. Raises Unknown."""
    details.remove_parameter(session, details.parameter(session, account_id, parameter_id))


def _opened(vault: Vault | None, stay_id: str, sealed: bytes | None) -> Document | None:
    if vault is None or sealed is None:
        return None
    return json.loads(vault.open(sealed, details.sealed_as(stay_id)))
