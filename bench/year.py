"""A year's store, drawn from a seed: stays with their claims and nights, the journal, deliveries.

At its full size there are 1,000,000 events and 100,000 stays of 1,250 units in four accounts; the
same size gives the same rows. Everything lies around `NOW`.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from bulk import Load, loading

from vacancy.ids import new_id
from vacancy.store.session import Store

NOW = datetime(2027, 1, 10, 9, 0, tzinfo=UTC)
BEGAN = NOW - timedelta(days=365)
#: Stays of a unit, from a year ago to four months from now.
PER_UNIT = 80
_UNTIL = NOW.date() + timedelta(days=120)
_SHARES = (0.4, 0.3, 0.2, 0.1)
_CHANNELS = ("airbnb", "booking_com", "vrbo")
_TYPES = (
    *("booking.updated",) * 50,
    *("booking.created",) * 20,
    *("booking.canceled", "block.created", "block.removed") * 4,
    *("feed.failing", "feed.recovered") * 8,
    "conflict.opened",
    "export.unread",
)


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything; a stay has ten events in a whole year."""

    stays: int = 100_000
    events: int = 1_000_000


@dataclass(slots=True)
class Year:
    """What was drawn, to be asked for: all of the largest account but `accounts`."""

    accounts: list[str] = field(default_factory=list[str])
    property_id: str = ""
    unit_id: str = ""
    slug: str = ""
    endpoint_id: str = ""
    stays: int = 0
    events: int = 0

    @property
    def account_id(self) -> str:
        return self.accounts[0]


@dataclass(frozen=True, slots=True)
class _Unit:
    """A unit as it is drawn; the units of a house name it as their parent."""

    account: str
    property: str
    id: str
    slug: str
    feeds: tuple[str, str]
    parent: str | None
    buffer: int


@dataclass(frozen=True, slots=True)
class _Stay:
    id: str
    unit: _Unit
    channel: str
    block: bool
    status: str
    arrival: date
    departure: date
    opened: datetime
    code: str


def fill(store: Store, size: Size, seed: int = 1) -> Year:
    """Draw a year into an empty, migrated store."""
    chance = random.Random(seed)
    units = list(_units(chance, size))
    accounts = list(dict.fromkeys(unit.account for unit in units))
    stays = [stay for unit in units for stay in _stays(chance, unit)]
    hooks = {account: _id("hook", BEGAN, chance) for account in accounts}
    with loading(store) as load:
        told = Counter(_about(number, stays).unit.account for number in range(size.events))
        _places(load, units, told)
        _load_stays(load, chance, stays)
        _conflicts(load, chance, stays)
        load("endpoint", _ENDPOINT, _endpoints(hooks))
        _journal(load, chance, (stays, hooks), size.events)
    first = units[0]
    return Year(
        accounts=accounts,
        property_id=first.property,
        unit_id=first.id,
        slug=first.slug,
        endpoint_id=hooks[first.account],
        stays=len(stays),
        events=size.events,
    )


def _id(prefix: str, at: datetime, chance: random.Random) -> str:
    return new_id(prefix, at, chance.randbytes)


def _units(chance: random.Random, size: Size) -> Iterator[_Unit]:
    """Ten to a property; of the ten of every twentieth the first is a house of three rooms, and
    one unit in ten keeps a night free before each guest.
    """
    make = partial(_id, at=BEGAN, chance=chance)
    for place, share in enumerate(_SHARES):
        account = make(f"acc_{place}")
        house = home = ""
        for number in range(max(4, round(size.stays * share / PER_UNIT))):
            tenth = number % 10
            home = make("prop") if tenth == 0 else home
            unit_id = make("unit")
            house = unit_id if number % 200 == 0 else house
            parent = house if number % 200 in (1, 2, 3) else None
            feeds = (make("feed"), make("feed"))
            yield _Unit(account, home, unit_id, f"u-{number:04}", feeds, parent, int(tenth == 9))


def _stays(chance: random.Random, unit: _Unit) -> Iterator[_Stay]:
    day = BEGAN.date() + timedelta(days=chance.randint(0, 4))
    while (_UNTIL - day).days > 7:
        departure = day + timedelta(days=chance.randint(1, 6))
        block = chance.random() < 0.15
        opened = _opened(chance, day)
        channel = "direct" if block else chance.choice(_CHANNELS)
        yield _Stay(
            _id("stay", opened, chance),
            unit,
            channel,
            block,
            _status(chance, departure),
            day,
            departure,
            opened,
            f"HM{chance.randbytes(4).hex().upper()}",
        )
        day = departure + timedelta(days=chance.choice((0, 1, 2, 3, 4, 5)))


def _opened(chance: random.Random, arrival: date) -> datetime:
    """Up to three months ahead; what is still to come, in the last two."""
    ahead = datetime.combine(arrival, NOW.timetz()) - timedelta(days=chance.randint(1, 90))
    if ahead >= NOW:
        return NOW - timedelta(days=chance.randint(1, 60))
    return max(ahead, BEGAN)


def _status(chance: random.Random, departure: date) -> str:
    if chance.random() < 0.08:
        return "canceled"
    if departure <= NOW.date():
        return "completed"
    return "missing" if chance.random() < 0.01 else "confirmed"


def _places(load: Load, units: Sequence[_Unit], told: Mapping[str, int]) -> None:
    accounts = dict.fromkeys(unit.account for unit in units)
    named = ("id", "name", "sequence", "created_at")
    load("account", named, [(one, one, told[one], BEGAN) for one in accounts])
    homes = {unit.property: unit for unit in units}
    load(
        "property",
        ("id", "account_id", "name", "timezone", "managed_by", "created_at"),
        [(key, one.account, key, "Europe/Lisbon", "api", BEGAN) for key, one in homes.items()],
    )
    load(
        "unit",
        (
            *("id", "account_id", "property_id", "slug", "name", "timezone", "max_guests"),
            *("revision", "managed_by", "created_at", "parent_id"),
            *("buffer_before", "buffer_after"),
        ),
        [
            (
                *(one.id, one.account, one.property, one.slug, one.slug, "Europe/Lisbon"),
                *(2 + len(one.slug) % 4, 1, "api", BEGAN, one.parent, one.buffer, 0),
            )
            for one in units
        ],
    )
    load("feed", _FEED, [row for unit in units for row in _feeds(unit)])


_FEED = (
    *("id", "account_id", "unit_id", "key", "channel", "url", "url_digest", "host", "url_tail"),
    *("settings", "settings_digest", "managed_by", "every", "rereads_daily", "waiting", "health"),
    *("failures", "next_poll_at", "repeats", "habits", "created_at", "last_good_at"),
)


def _feeds(unit: _Unit) -> Iterator[tuple[Any, ...]]:
    for channel, feed in zip(_CHANNELS, unit.feeds, strict=False):
        yield (
            *(feed, unit.account, unit.id, channel, channel, b"sealed", feed, "feeds.test", "abcd"),
            *("{}", "", "api", 900, False, False, "ok", 0, NOW, 5, "{}", BEGAN, NOW),
        )


def _load_stays(load: Load, chance: random.Random, stays: Sequence[_Stay]) -> None:
    """Stays; the nights of those that hold any; a claim each for those that were imported."""
    columns = (
        *("id", "account_id", "unit_id", "feed_id", "channel", "kind", "reason", "status"),
        *("arrival", "departure", "spans", "reservation_code", "mirrored"),
        *("opened_at", "updated_at", "closed_at"),
    )
    load("stay", columns, (_stay_row(stay) for stay in stays))
    load(
        "night",
        ("unit_id", "night", "stay_id"),
        (
            (stay.unit.id, stay.arrival + timedelta(days=day), stay.id)
            for stay in stays
            if stay.status != "canceled"
            for day in range((stay.departure - stay.arrival).days)
        ),
    )
    claim = (
        *("id", "account_id", "unit_id", "feed_id", "uid", "arrival", "departure", "kind"),
        *("provider", "rule", "identity", "worded", "status", "first_seen", "last_seen"),
        *("absences", "masked", "stay_id", "proven"),
    )
    load("claim", claim, (_claim_row(chance, stay) for stay in stays if not stay.block))


def _stay_row(stay: _Stay) -> tuple[Any, ...]:
    span = [stay.arrival.isoformat(), stay.departure.isoformat(), stay.opened.isoformat()]
    ended = stay.status == "canceled"
    kind, reason = ("block", "owner") if stay.block else ("reservation", None)
    feed = None if stay.block else stay.unit.feeds[0]
    return (
        *(stay.id, stay.unit.account, stay.unit.id, feed, stay.channel, kind, reason),
        *(stay.status, stay.arrival, stay.departure, json.dumps([span])),
        *(None if stay.block else stay.code, False, stay.opened, stay.opened),
        stay.opened if ended else None,
    )


def _claim_row(chance: random.Random, stay: _Stay) -> tuple[Any, ...]:
    status = {"canceled": "withdrawn", "missing": "missing"}.get(stay.status, "live")
    return (
        *(_id("claim", stay.opened, chance), stay.unit.account, stay.unit.id, stay.unit.feeds[0]),
        *(f"{stay.code.lower()}@airbnb.com", stay.arrival, stay.departure, "reservation"),
        *("airbnb", "airbnb.reserved", "key", True, status, stay.opened, NOW),
        *(0, False, stay.id, True),
    )


def _conflicts(load: Load, chance: random.Random, stays: Sequence[_Stay]) -> None:
    """One stay in a hundred once wanted nights of the next one; one in ten of those still does."""

    def rows() -> Iterator[tuple[Any, ...]]:
        for first, second in zip(stays[::100], stays[1::100], strict=False):
            if first.unit is not second.unit:
                continue
            coming = first.arrival > NOW.date()
            status = chance.choice(("open", "acknowledged", "snoozed")) if coming else "resolved"
            ended = None if coming else first.opened
            yield (
                *(_id("conflict", first.opened, chance), first.unit.account, first.unit.id),
                *("double_booking", status, first.id, second.id),
                *(json.dumps([second.arrival.isoformat()]), second.arrival),
                *(first.opened, first.opened, ended),
            )

    columns = (
        *("id", "account_id", "unit_id", "kind", "status", "first_stay_id", "second_stay_id"),
        *("nights", "first_night", "opened_at", "updated_at", "resolved_at"),
    )
    load("conflict", columns, rows())


_ENDPOINT = (
    *("id", "account_id", "url", "host", "types", "secret", "since", "failures", "created_at"),
)


def _endpoints(hooks: dict[str, str]) -> Iterator[tuple[Any, ...]]:
    for account, hook in hooks.items():
        yield hook, account, b"sealed", "hooks.test", "[]", b"sealed", 0, 0, BEGAN


def _journal(
    load: Load,
    chance: random.Random,
    drawn: tuple[Sequence[_Stay], dict[str, str]],
    events: int,
) -> None:
    """The facts, evenly over the year; those of the last 30 days were delivered, at one try."""
    stays, hooks = drawn
    told = {stay.id: _told(stay) for stay in stays}
    step = (NOW - BEGAN) / events
    lately: list[tuple[str, str, str, datetime]] = []
    counts: Counter[str] = Counter()

    def rows() -> Iterator[tuple[Any, ...]]:
        for number in range(events):
            at, stay = BEGAN + number * step, _about(number, stays)
            unit, kind = stay.unit, _TYPES[number % len(_TYPES)]
            kind = "feed.gone" if number % 50_000 == 49_999 else kind
            counts[unit.account] += 1
            event = _id("evt", at, chance)
            if (NOW - at).days < 30:
                lately.append((unit.account, event, kind, at))
            yield (
                *(event, unit.account, counts[unit.account], kind, at, unit.property, unit.id),
                *("vacancy", told[stay.id], False),
            )

    columns = (
        *("id", "account_id", "sequence", "type", "occurred_at", "property_id", "unit_id"),
        *("actor", "data", "silent"),
    )
    load("event", columns, rows())
    _deliveries(load, chance, hooks, lately)


def _about(number: int, stays: Sequence[_Stay]) -> _Stay:
    """Which stay an event is about: all in turn, in no order that an index could profit from."""
    return stays[number * 7919 % len(stays)]


def _told(stay: _Stay) -> str:
    return json.dumps(
        {
            "id": stay.id,
            "unit_id": stay.unit.id,
            "channel": stay.channel,
            "kind": "block" if stay.block else "reservation",
            "status": stay.status,
            "arrival": stay.arrival.isoformat(),
            "departure": stay.departure.isoformat(),
        }
    )


def _deliveries(
    load: Load,
    chance: random.Random,
    hooks: dict[str, str],
    lately: Sequence[tuple[str, str, str, datetime]],
) -> None:
    ids = [_id("dlv", at, chance) for *_, at in lately]
    load(
        "delivery",
        (
            *("id", "account_id", "endpoint_id", "event_id", "message_id", "type", "state"),
            *("tries", "created_at", "delivered_at"),
        ),
        (
            (
                *(key, account, hooks[account], event, event, kind),
                *("failed" if place % 1000 == 0 else "delivered", 1, at, at),
            )
            for place, (key, (account, event, kind, at)) in enumerate(zip(ids, lately, strict=True))
        ),
    )
    load(
        "attempt",
        ("id", "account_id", "delivery_id", "started_at", "status", "millis", "answer"),
        (
            (_id("try", at, chance), account, key, at, 204, 12, "")
            for key, (account, _, _, at) in zip(ids, lately, strict=True)
        ),
    )
