"""Builders for tests of exports: a house with one unit, its stays, exports with known tokens."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sqlmodel import select

from vacancy.domain.availability import Held
from vacancy.domain.claims import Kind
from vacancy.domain.nights import Nights
from vacancy.publisher.render import Imprint, NewVersion, publish
from vacancy.store import editions, exports, tables
from vacancy.store.exports import ExportWish, TokenMaker
from vacancy.store.session import Session, Store

NOW = datetime(2027, 5, 1, 12, 0, tzinfo=UTC)
DOMAIN = "h7k2.vacancy.invalid"


def nights(text: str) -> Nights:
    """`nights("2027-05-03 2027-05-07")`."""
    arrival, departure = text.split()
    return Nights(date.fromisoformat(arrival), date.fromisoformat(departure))


def held(stay_id: str, text: str, kind: Kind = Kind.RESERVATION) -> Held:
    return Held(stay_id, nights(text), kind)


def many(count: int = 60, *, first: date = date(2027, 5, 3)) -> list[Held]:
    """Stays of three nights, four days apart."""
    starts = [first + timedelta(days=4 * at) for at in range(count)]
    return [
        Held(f"stay_{at:04}", Nights(day, day + timedelta(days=3)), Kind.RESERVATION)
        for at, day in enumerate(starts)
    ]


@dataclass
class House:
    """One account, property and unit in a store. `tokens` are the exports' by key, as drawn."""

    store: Store
    unit_id: str = "unit_a"
    seed: int = 7
    tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.draw = random.Random(f"{self.unit_id} {self.seed}")
        self.imprint = Imprint("Sea View", DOMAIN, self.draw.randbytes)

    def build(
        self, *, created_at: datetime = NOW - timedelta(days=40), name: str = "Sea View"
    ) -> None:
        with self.store.write() as session:
            if session.get(tables.Account, "acc_a") is None:
                session.add(tables.Account(id="acc_a", name="us", created_at=created_at))
                session.flush()
                session.add(
                    tables.Property(
                        id="prop_a",
                        account_id="acc_a",
                        name="Casa",
                        timezone="Europe/Lisbon",
                        created_at=created_at,
                    )
                )
                session.flush()
            session.add(
                tables.Unit(
                    id=self.unit_id,
                    account_id="acc_a",
                    property_id="prop_a",
                    slug=self.unit_id,
                    name=name,
                    timezone="Europe/Lisbon",
                    created_at=created_at,
                )
            )

    def add_feed(self, key: str = "airbnb", *, answered_at: datetime | None = None) -> str:
        feed_id = f"feed_{self.unit_id}_{key}"
        with self.store.write() as session:
            session.add(
                tables.Feed(
                    id=feed_id,
                    account_id="acc_a",
                    unit_id=self.unit_id,
                    key=key,
                    channel=key,
                    url=b"sealed",
                    url_digest="d",
                    host="h",
                    url_tail="t",
                    next_poll_at=NOW,
                    last_good_at=answered_at,
                    created_at=NOW,
                )
            )
        return feed_id

    def maker(self, key: str) -> TokenMaker:
        def seal(token: str) -> bytes:
            self.tokens[key] = token
            return b"sealed:" + token[::-1].encode()

        return TokenMaker(seal, self.draw.randbytes)

    def mint(self, key: str = "everyone", *, feed_id: str | None = None) -> tables.Export:
        with self.store.write() as session:
            unit = session.get_one(tables.Unit, self.unit_id)
            wish = ExportWish(key, key, feed_id, "config")
            return exports.mint(session, unit, wish, NOW, self.maker(key))

    def export(self, session: Session, key: str = "everyone") -> tables.Export:
        return next(one for one in exports.of_unit(session, self.unit_id) if one.key == key)

    def edition(self, session: Session, key: str) -> editions.Edition:
        return next(one for one in editions.of_unit(session, self.unit_id) if one.key == key)

    def publish(
        self, holding: Sequence[Held], now: datetime = NOW, key: str = "everyone"
    ) -> NewVersion | None:
        """Publish in a transaction; the stays get the rows that publications refer to."""
        with self.store.write() as session:
            known = set(session.exec(select(tables.Stay.id)))
            session.add_all(
                self._stay(one)
                for one in {one.stay_id: one for one in holding}.values()
                if one.stay_id not in known
            )
            session.flush()
            return publish(session, self.edition(session, key), holding, now, self.imprint)

    def _stay(self, one: Held) -> tables.Stay:
        return tables.Stay(
            id=one.stay_id,
            account_id="acc_a",
            unit_id=self.unit_id,
            channel="direct",
            kind=one.kind.value,
            status="confirmed",
            arrival=one.nights.arrival,
            departure=one.nights.departure,
            opened_at=NOW,
            updated_at=NOW,
        )


def a_house(store: Store, *keys: str, unit_id: str = "unit_a") -> House:
    """A unit of 40 days' standing with these exports (by default `everyone`), nothing published."""
    house = House(store, unit_id)
    house.build()
    for key in keys or ("everyone",):
        house.mint(key)
    return house
