"""A booking system that is nothing but this: bookings in memory, under a test's hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from hashlib import sha256
from hmac import compare_digest
from itertools import count

import pytest

from vacancy.domain.claims import Kind, Reason
from vacancy.domain.nights import Nights
from vacancy.sources import catalog
from vacancy.sources.catalog import Parts, System
from vacancy.sources.port import (
    Listing,
    Push,
    RemoteBooking,
    RemoteProperty,
    SourceFailed,
    Takes,
)

KIND = "imagined"


@dataclass
class Imagined:
    """One account there. `down` fails everything; `asked` and `told` are what was asked of it."""

    bookings: dict[str, RemoteBooking] = field(default_factory=dict)
    takes: Takes = field(default_factory=lambda: Takes(True, True, True, True, True))
    down: SourceFailed | None = None
    refuses: bool = False
    gives_back_ours: bool = True
    asked: list[str] = field(default_factory=list)
    told: list[tuple[str, Push]] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def add(self, arrival: str, departure: str, **said: object) -> RemoteBooking:
        """A booking, or a block; what it says besides as in RemoteBooking."""
        wish = {"property_id": "101", "kind": Kind.RESERVATION, "rule": f"{KIND}.booking", **said}
        number = str(wish.pop("remote_id", None) or next(self.numbers))
        nights = Nights(date.fromisoformat(arrival), date.fromisoformat(departure))
        booking = RemoteBooking(remote_id=number, nights=nights, **wish)  # type: ignore[arg-type]
        return self.keep(booking)

    def block(self, arrival: str, departure: str, **said: object) -> RemoteBooking:
        return self.add(arrival, departure, kind=Kind.BLOCK, reason=Reason.OWNER, **said)

    def keep(self, booking: RemoteBooking, **other: object) -> RemoteBooking:
        """The booking with these other values, from now on."""
        kept = replace(booking, **other)  # type: ignore[arg-type]
        self.bookings[kept.remote_id] = kept
        self.changed.append(kept.remote_id)
        return kept

    def drop(self, booking: RemoteBooking) -> None:
        del self.bookings[booking.remote_id]

    async def properties(self) -> Sequence[RemoteProperty]:
        self._answer("properties")
        return [
            RemoteProperty("101", "Sea View", "Europe/Rome"),
            RemoteProperty("102", "Garden", "Europe/Rome"),
        ]

    async def list_all(self, wanted: Mapping[str, str], since: date) -> Listing:
        self._answer("all")
        found = [b for b in self.bookings.values() if b.property_id in wanted]
        return Listing(tuple(b for b in found if b.nights.departure > since), self._cursor())

    async def list_changes(
        self, wanted: Mapping[str, str], since: date, cursor: str | None
    ) -> Listing:
        self._answer("changes")
        names = self.changed[int(cursor or 0) :]
        found = [self.bookings[name] for name in dict.fromkeys(names) if name in self.bookings]
        return Listing(tuple(b for b in found if b.property_id in wanted), self._cursor())

    async def push_booking(self, push: Push) -> str:
        return self._pushed("booking", push, Kind.RESERVATION)

    async def push_block(self, push: Push) -> str:
        return self._pushed("block", push, Kind.BLOCK)

    async def withdraw(self, push: Push) -> None:
        self._answer("withdraw")
        self.told.append(("withdraw", push))
        self.bookings.pop(push.remote_id or "", None)

    def verify_webhook(
        self, headers: Mapping[str, str], body: bytes, secret: str, now: datetime
    ) -> bool:
        del now
        return compare_digest(headers.get("x-imagined", ""), signed(body, secret))

    def _pushed(self, what: str, push: Push, kind: Kind) -> str:
        self._answer(what)
        self.told.append((what, push))
        if self.refuses:
            raise SourceFailed("refused", "The imagined system has these nights taken.")
        number = push.remote_id or self.keys.get(push.attempt_key) or f"r{next(self.numbers)}"
        self.keys[push.attempt_key] = number
        reason = Reason.OWNER if kind is Kind.BLOCK else None
        self.add(
            push.nights.arrival.isoformat(),
            push.nights.departure.isoformat(),
            remote_id=number,
            property_id=push.property_id,
            kind=kind,
            reason=reason,
            ours=push.stay_id if self.gives_back_ours else None,
        )
        return number

    def _answer(self, what: str) -> None:
        self.asked.append(what)
        if self.down is not None:
            raise self.down

    def _cursor(self) -> str:
        return str(len(self.changed))


def signed(body: bytes, secret: str) -> str:
    """What its webhooks bear."""
    return sha256(secret.encode() + body).hexdigest()


@contextmanager
def known(monkeypatch: pytest.MonkeyPatch) -> Iterator[Imagined]:
    """A system of this kind stands in the catalogue, and is this one account."""
    account = Imagined()

    def make(_parts: Parts) -> Imagined:
        return account

    system = System(KIND, "Imagined", make, base="https://imagined.example")
    monkeypatch.setitem(catalog.SYSTEMS, KIND, system)  # type: ignore[arg-type]
    yield account
