"""The battery's checks of exports: what breaks the synchronisers in use today."""

from __future__ import annotations

import gzip
from datetime import date, timedelta

import icalendar

from exporting import DOMAIN, NOW, House, a_house, held, nights
from vacancy.domain.availability import ExportFacts, contents
from vacancy.domain.claims import Claim, ClaimStatus, Identity, Kind, KnownClaim
from vacancy.domain.stays import Span, Stay, StayStatus
from vacancy.publisher.cache import ExportCache
from vacancy.store.session import Store

TODAY = date(2027, 5, 1)
MAY = held("stay_1", "2027-05-03 2027-05-06")
JUNE = held("stay_2", "2027-06-01 2027-06-08")


def body_of(house: House) -> bytes:
    with house.store.read() as session:
        return gzip.decompress(house.export(session).body or b"")


def test_b04_an_export_has_dtstamp(sqlite_store: Store) -> None:
    """Each event has one, in UTC, and it is the LAST-MODIFIED of its content."""
    house = a_house(sqlite_store)
    house.publish([MAY, JUNE])
    events = icalendar.Calendar.from_ical(body_of(house)).walk("VEVENT")
    assert len(events) == 2
    for event in events:
        assert event["DTSTAMP"].dt == NOW
        assert event["LAST-MODIFIED"].dt == NOW


def test_b05_an_unchanged_export_is_answered_by_its_validators(sqlite_store: Store) -> None:
    """The ETag stays while the content does, and moves with it."""
    house = a_house(sqlite_store)
    cache = ExportCache(sqlite_store)
    seen = []
    for holding in ([MAY], [MAY], [MAY, JUNE]):
        house.publish(holding, NOW + timedelta(hours=len(seen)))
        cache.look(NOW)
        edition = cache.find(house.tokens["everyone"])
        assert edition is not None
        seen.append((edition.etag, edition.last_modified))
    assert seen[0] == seen[1]
    assert seen[1][0] != seen[2][0]
    assert seen[1][1] != seen[2][1]


def stay(stay_id: str, feed_id: str, text: str) -> Stay:
    return Stay(
        id=stay_id,
        unit_id="unit_a",
        kind=Kind.RESERVATION,
        reason=None,
        status=StayStatus.CONFIRMED,
        channel=feed_id,
        feed_id=feed_id,
        spans=(Span(nights(text), NOW),),
        opened_at=NOW,
    )


def claim(claim_id: str, feed_id: str, text: str, **more: str) -> KnownClaim:
    said = Claim(
        uid=f"{claim_id}@channel.invalid",
        nights=nights(text),
        kind=Kind.RESERVATION,
        reason=None,
        provider=feed_id,
        rule=f"{feed_id}.any",
        identity=Identity.HINT,
    )
    return KnownClaim(claim_id, feed_id, said, ClaimStatus.LIVE, NOW, NOW, **more)


def test_b18_an_echo_is_not_sent_back_to_its_origin() -> None:
    """Airbnb's stay goes to Booking.com and comes back: Airbnb hears nothing of it, and nobody
    hears of it twice.
    """
    stays = [stay("stay_1", "airbnb", "2027-05-03 2027-05-06")]
    claims = [
        claim("c1", "airbnb", "2027-05-03 2027-05-06", stay_id="stay_1"),
        claim("c2", "booking", "2027-05-03 2027-05-06", echo_of="stay_1"),
    ]

    def sent_to(feed_id: str | None) -> list[str]:
        export = ExportFacts(feed_id or "everyone", feed_id, feed_id or "everyone")
        return [one.stay_id for one in contents(export, stays, claims, NOW, TODAY)]

    assert sent_to("airbnb") == []
    assert sent_to("booking") == ["stay_1"]
    assert sent_to(None) == ["stay_1"]


def test_b20_an_unchanged_export_is_byte_stable(sqlite_store: Store) -> None:
    """A day, another order and a renewed process later: the same bytes."""
    house = a_house(sqlite_store)
    house.publish([MAY, JUNE])
    before = body_of(house)
    assert house.publish([JUNE, MAY], NOW + timedelta(days=1)) is None
    assert body_of(house) == before


def test_b21_the_uid_of_an_unchanged_stay_is_stable_when_another_is_added(
    sqlite_store: Store,
) -> None:
    """Its event is the same to the letter, before and behind whatever comes and goes."""
    house = a_house(sqlite_store)

    def event() -> bytes:
        return next(
            part for part in body_of(house).split(b"BEGIN:VEVENT") if b"UID:stay_2@" in part
        ).split(b"END:VEVENT")[0]

    house.publish([JUNE])
    before = event()
    assert f"UID:stay_2@{DOMAIN}".encode() in before
    house.publish([MAY, JUNE])
    assert event() == before
    house.publish([JUNE, held("stay_3", "2027-07-01 2027-07-02")])
    assert event() == before
