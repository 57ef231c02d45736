"""A system's documents, read by a layout: the mapping is data, the reader is one for all.

What a document leaves out is left out of what is read. A status, a kind or a channel that is not
known closes nights: doubt never frees any.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from vacancy.domain.claims import Kind, Reason, Skipped
from vacancy.domain.nights import ONE_NIGHT, Nights
from vacancy.sources import fields
from vacancy.sources.fields import Paths
from vacancy.sources.port import Listing, Money, RemoteBooking, RemoteGuest
from vacancy.sources.times import NoNight, Unreadable, instant, moment, nights_of
from vacancy.sources.words import KINDS, Standing, channel, folded, standing

#: A stay of ours, wherever it stands in a text.
_OURS = re.compile(r"stay_[0-9a-hjkmnp-tv-z]{26}(?![0-9a-z])")
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_LONGEST_STAY = 366
_LONGEST_NOTES = 2000
_MORE = 3  # words in a sentence about what is too long


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where one system's documents of one kind hold what; every field is a list of paths.

    `rule` begins the name of what decided, as in `nowistay.booking`. `default` is the kind where
    no word tells it: None makes it a block of unknown reason. `prefix` is put before ids that
    another kind of document may use as well. `count` gives nights where there is no departure.
    `ours` are the places that may hold the id of a stay of ours, among whatever else. `statuses`,
    `kinds` and `channels` are the system's own words, folded, before those that are common.
    `one_day` lets a block whose two dates are equal take the night of that day.
    """

    rule: str
    arrival: Paths
    departure: Paths
    remote_id: Paths = ("id",)
    property_id: Paths = ()
    prefix: str = ""
    count: Paths = ()
    status: Paths = ("status",)
    kind: Paths = ()
    default: Kind | None = None
    one_day: bool = False
    channel: Paths = ()
    code: Paths = ()
    ours: Paths = ()
    name: Paths = ()
    email: Paths = ()
    phone: Paths = ()
    adults: Paths = ()
    children: Paths = ()
    notes: Paths = ()
    amount: Paths = ()
    currency: Paths = ()
    updated: Paths = ()
    statuses: Mapping[str, Standing] = field(default_factory=dict[str, Standing])
    kinds: Mapping[str, Kind | None] = field(default_factory=dict[str, "Kind | None"])
    channels: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])


def read(
    layout: Layout, document: Any, wanted: Mapping[str, str], at: str | None = None
) -> RemoteBooking | Skipped | None:
    """What a document says; None where it is of another property than those `wanted`.

    `at`: the property whose listing this is, for documents that do not name it.
    """
    found = fields.text(document, layout.remote_id)
    uid = f"{layout.prefix}{found}" if found else ""
    place = fields.text(document, layout.property_id) or at
    if place is not None and place not in wanted:
        return None
    if not uid or place is None:
        return Skipped(uid, "it has no id" if place else "its property is not named", True)
    if _kind(layout, document) is _NOTHING:
        return Skipped(uid, "it holds no nights")
    try:
        nights = _nights(layout, document, wanted[place])
    except NoNight as why:
        return Skipped(uid, str(why))
    except Unreadable as why:
        return Skipped(uid, str(why), unreadable=True)
    return _booking(layout, document, RemoteBooking(uid, place, nights, Kind.BLOCK, layout.rule))


def listing(
    layout: Layout,
    documents: Iterable[Any],
    wanted: Mapping[str, str],
    since: date,
    at: str | None = None,
) -> Listing:
    """What these documents say of the properties wanted, without what departs up to `since`."""
    bookings: list[RemoteBooking] = []
    skipped: list[Skipped] = []
    for document in documents:
        found = read(layout, document, wanted, at)
        if isinstance(found, Skipped):
            skipped.append(found)
        elif found is not None and found.nights.departure > since:
            bookings.append(found)
    long = [one for one in bookings if one.rule.endswith(_TOO_LONG)]
    return Listing(tuple(bookings), skipped=tuple(skipped), warnings=_warnings(long))


def together(*listings: Listing) -> Listing:
    """Several listings as one, with the cursor of the last that has one."""
    cursors = [one.cursor for one in listings if one.cursor is not None]
    return Listing(
        tuple(booking for one in listings for booking in one.bookings),
        cursors[-1] if cursors else None,
        tuple(skipped for one in listings for skipped in one.skipped),
        tuple(warning for one in listings for warning in one.warnings),
    )


#: Of a kind that is known to hold no nights.
_NOTHING = object()
_TOO_LONG = ".too_long"


def _kind(layout: Layout, document: Any) -> Any:
    """Kind, or None where it cannot be told, or `_NOTHING`."""
    said = folded(fields.text(document, layout.kind) or "")
    for known in (layout.kinds, KINDS):
        if said in known:
            found = known[said]
            return _NOTHING if found is None else found
    return layout.default


def _nights(layout: Layout, document: Any, zone: str) -> Nights:
    arrival = fields.value(document, layout.arrival)
    departure = fields.value(document, layout.departure)
    count = fields.whole(document, layout.count)
    if departure is None and count:
        first = moment(arrival)
        departure = (first + timedelta(days=count)).isoformat() if first else None
    try:
        return nights_of(arrival, departure, zone)
    except NoNight:
        day = moment(arrival)
        if layout.one_day and day == moment(departure) and not isinstance(day, datetime) and day:
            return Nights(day, day + ONE_NIGHT)
        raise


def _booking(layout: Layout, document: Any, bare: RemoteBooking) -> RemoteBooking:
    kind, reason, rule = _decided(layout, document, bare.nights)
    status = standing(fields.text(document, layout.status), layout.statuses)
    return replace(
        bare,
        kind=kind,
        reason=reason,
        rule=f"{layout.rule}.{rule}",
        canceled=status is Standing.CANCELED,
        channel=channel(fields.text(document, layout.channel), layout.channels),
        code=fields.text(document, layout.code),
        ours=_ours(layout, document),
        guest=_guest(layout, document),
        money=_money(layout, document),
        updated_at=instant(fields.value(document, layout.updated)),
    )


def _decided(layout: Layout, document: Any, nights: Nights) -> tuple[Kind, Reason | None, str]:
    """Kind, reason and the end of the rule's name."""
    kind = _kind(layout, document)
    if kind is None:
        return Kind.BLOCK, Reason.UNKNOWN, "unknown"
    if kind is Kind.BLOCK:
        return Kind.BLOCK, Reason.OWNER, "block"
    status = standing(fields.text(document, layout.status), layout.statuses)
    if status is Standing.TENTATIVE:
        return Kind.BLOCK, Reason.TENTATIVE, "tentative"
    if len(nights) > _LONGEST_STAY:
        return Kind.BLOCK, Reason.UNKNOWN, _TOO_LONG.strip(".")
    return Kind.RESERVATION, None, "booking"


def _ours(layout: Layout, document: Any) -> str | None:
    for path in layout.ours:
        found = _OURS.search(fields.text(document, (path,), _LONGEST_NOTES) or "")
        if found:
            return found[0]
    return None


def _guest(layout: Layout, document: Any) -> RemoteGuest | None:
    found = RemoteGuest(
        name=fields.text(document, layout.name),
        email=fields.text(document, layout.email),
        phone=fields.text(document, layout.phone),
        adults=fields.whole(document, layout.adults),
        children=fields.whole(document, layout.children),
        notes=fields.text(document, layout.notes, _LONGEST_NOTES),
    )
    return None if found == RemoteGuest() else found


def _money(layout: Layout, document: Any) -> Money | None:
    amount = fields.amount(document, layout.amount)
    currency = (fields.text(document, layout.currency) or "").upper()
    if amount is None or not _CURRENCY.fullmatch(currency):
        return None
    return Money(amount, currency)


def _warnings(long: list[RemoteBooking]) -> tuple[str, ...]:
    if not long:
        return ()
    ids = ", ".join(one.remote_id for one in long[:_MORE])
    return (f"{len(long)} longer than a year, kept as blocks: {ids}.",)
