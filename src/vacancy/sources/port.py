"""The port: what every booking system is asked, and the words it answers in.

A system's adapter turns its own documents into these values and back, and knows nothing of the
store. Nights are dates of the property, its times already turned by its time zone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from vacancy.domain.claims import Kind, Reason, Skipped
from vacancy.domain.nights import Nights


@dataclass(frozen=True, slots=True)
class RemoteProperty:
    """What the system lets: `remote_id` is what a unit is mapped to in the config."""

    remote_id: str
    name: str
    timezone: str | None = None
    capacity: int | None = None


@dataclass(frozen=True, slots=True)
class RemoteGuest:
    """Who stays, as far as the system says; contact data is sealed as soon as it is stored."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    adults: int | None = None
    children: int | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the units of its currency (ISO 4217)."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class RemoteBooking:
    """A booking or a block of one property, as the system has it now.

    `channel`: where it was sold, in the house's words (`airbnb`), None where the system sold it
    itself or does not say. `code`: that channel's confirmation code. `ours`: the id of the stay of
    ours that it was pushed for, where the system gives back what it was told. `canceled`: it is
    listed, and holds nothing. `reason` stands with blocks alone. `rule` names what decided how it
    was read, as `nowistay.booking`.
    """

    remote_id: str
    property_id: str
    nights: Nights
    kind: Kind
    rule: str
    reason: Reason | None = None
    canceled: bool = False
    channel: str | None = None
    code: str | None = None
    ours: str | None = None
    guest: RemoteGuest | None = None
    money: Money | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What one reading gave. `cursor` is what the next `list_changes` starts from.

    `skipped`: what was listed and could not be read, and why; `property_id` and dates may be what
    is wrong with it, so it stands for the whole listing. `warnings` are sentences for the host.
    """

    bookings: tuple[RemoteBooking, ...]
    cursor: str | None = None
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Push:
    """A stay of ours as the system is to hold it.

    `stay_id` is given along wherever the system keeps such a thing; `attempt_key` is the same for
    every try of the same state, for systems that know idempotency keys. `remote_id` is what the
    system calls it since an earlier push, None before the first. `timezone` is the property's, for
    systems that speak of instants.
    """

    stay_id: str
    property_id: str
    nights: Nights
    kind: Kind
    attempt_key: str
    remote_id: str | None = None
    reason: Reason | None = None
    guest: RemoteGuest | None = None
    money: Money | None = None
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Takes:
    """What a system accepts of us. What it does not take is not pushed, and the host is told.

    `moves`: new dates of what was pushed, in place; without it a move is withdrawn and made anew.
    """

    bookings: bool = False
    blocks: bool = False
    moves: bool = False
    cancellations: bool = False
    webhooks: bool = False


class SourceFailed(Exception):
    """The system gave no whole, usable answer; nothing of it may be believed.

    `reason` is a stable name: those of `net.client.FetchFailed`, `http_STATUS`, `bad_json`,
    `unexpected` (a document that is not shaped as documented), `unauthorized`, `forbidden`,
    `not_found`, `refused` (it does not accept what was pushed), `rate_limited`. `text` is a
    sentence for the host. `retry_after`: how long it wants to be left alone.
    """

    def __init__(
        self, reason: str, text: str, retry_after: timedelta | datetime | None = None
    ) -> None:
        super().__init__(text)
        self.reason, self.text, self.retry_after = reason, text, retry_after


class Source(Protocol):
    """One account at one booking system. Every method raises SourceFailed, and nothing else.

    A listing is whole or it fails: a page that cannot be had fails all of it.
    """

    @property
    def takes(self) -> Takes: ...

    async def properties(self) -> Sequence[RemoteProperty]:
        """All that the account may see, page by page."""
        ...

    async def list_all(self, wanted: Mapping[str, str], since: date) -> Listing:
        """Everything of these properties that departs after `since`: a snapshot of each.

        `wanted`: time zone by remote id of the property, for systems that speak of instants.
        """
        ...

    async def list_changes(
        self, wanted: Mapping[str, str], since: date, cursor: str | None
    ) -> Listing:
        """What changed since the cursor, or everything where the system cannot tell.

        What it leaves out says nothing: a delta releases nothing.
        """
        ...

    async def push_booking(self, push: Push) -> str:
        """Make it so, whether it is new or moved: the id that the system has for it.

        Exactly once in effect: a system without idempotency keys is looked through first for what
        an earlier try may have made. Raises SourceFailed(`refused`) where the nights are taken.
        """
        ...

    async def push_block(self, push: Push) -> str:
        """The same for withheld nights."""
        ...

    async def withdraw(self, push: Push) -> None:
        """Cancel or lift what was pushed as `push.remote_id`; what is gone already is fine."""
        ...

    def verify_webhook(
        self, headers: Mapping[str, str], body: bytes, secret: str, now: datetime
    ) -> bool:
        """Whether it was signed with this secret, lately where the signature says when.

        Header names are lower case. Touches nothing but its arguments, and never raises.
        """
        ...
