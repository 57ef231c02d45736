"""Publishing: a version rises only with the content, and each stay moves only with its own."""

from __future__ import annotations

import gzip
import itertools
from datetime import timedelta

import icalendar
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from exporting import DOMAIN, NOW, House, a_house, held, many
from vacancy.domain.availability import Held
from vacancy.domain.claims import Kind
from vacancy.store import editions, tables
from vacancy.store.session import Session, Store

UNITS = itertools.count()

MAY = held("stay_1", "2027-05-03 2027-05-06")
JUNE = held("stay_2", "2027-06-01 2027-06-08", Kind.BLOCK)


def body_of(house: House) -> bytes:
    with house.store.read() as session:
        return gzip.decompress(house.export(session).body or b"")


def rows_of(session: Session, house: House) -> list[tables.Publication]:
    """Every publication of the house's export, withdrawn ones too, by version."""
    of_export = tables.Publication.export_id == house.export(session).id
    return list(session.exec(select(tables.Publication).where(of_export).order_by("from_version")))


def events_of(house: House) -> dict[str, icalendar.Event]:
    calendar = icalendar.Calendar.from_ical(body_of(house))
    return {str(event["UID"]): event for event in calendar.walk("VEVENT")}


def test_same_content_is_the_same_version_and_bytes(store: Store) -> None:
    """However late it is asked, and in whatever order: nothing is written."""
    house = a_house(store)
    first = house.publish([MAY, JUNE])
    assert first is not None
    assert first.version == 1
    before = body_of(house)
    assert house.publish([JUNE, MAY], NOW + timedelta(days=3)) is None
    with store.read() as session:
        export = house.export(session)
        assert (export.version, export.etag) == (1, first.etag)
    assert body_of(house) == before


def test_a_stay_that_does_not_change_keeps_uid_number_and_stamp(store: Store) -> None:
    """When another comes, only the other is new to a reader."""
    house = a_house(store)
    house.publish([MAY])
    before = events_of(house)[f"stay_1@{DOMAIN}"]
    house.publish([MAY, JUNE], NOW + timedelta(hours=1))
    after = events_of(house)
    assert after[f"stay_1@{DOMAIN}"] == before
    assert after[f"stay_2@{DOMAIN}"]["LAST-MODIFIED"].dt == NOW + timedelta(hours=1)
    assert str(after[f"stay_2@{DOMAIN}"]["SUMMARY"]) == "Blocked"


def test_a_moved_stay_has_the_next_number(store: Store) -> None:
    """Also after it left the export and came back: SEQUENCE never goes down."""
    house = a_house(store)
    uid = f"stay_1@{DOMAIN}"
    numbers = []
    for holding in ([MAY], [held("stay_1", "2027-05-04 2027-05-06")], [], [MAY]):
        house.publish(holding)
        numbers.append(int(events_of(house)[uid]["SEQUENCE"]) if holding else None)
    assert numbers == [0, 1, None, 2]


def test_last_modified_rises_whatever_the_clock_says(store: Store) -> None:
    """A clock put back by a day does not make a change look old."""
    house = a_house(store)
    stamps = []
    for holding, now in (([MAY], NOW), ([], NOW - timedelta(days=1)), ([MAY], NOW)):
        version = house.publish(holding, now)
        assert version is not None
        stamps.append(version.modified)
    assert stamps == [NOW, NOW + timedelta(seconds=1), NOW + timedelta(seconds=2)]


def test_publications_tell_from_which_version_to_which(store: Store) -> None:
    """The first version without a stay's nights closes their row."""
    house = a_house(store)
    for holding in ([MAY], [MAY, JUNE], [JUNE], [held("stay_2", "2027-06-01 2027-06-05")]):
        house.publish(holding)
    with store.read() as session:
        rows = rows_of(session, house)
        told = [(row.stay_id, row.from_version, row.to_version) for row in rows]
        now_held = editions.publications(session, house.export(session).id)
    assert told == [("stay_1", 1, 3), ("stay_2", 2, 4), ("stay_2", 4, None)]
    assert [str(one.nights.departure) for one in now_held] == ["2027-06-05"]


def test_an_export_that_holds_nothing_is_published_too(store: Store) -> None:
    """Free on purpose is a version; never published is none."""
    house = a_house(store)
    version = house.publish([])
    assert version is not None
    assert version.version == 1
    assert events_of(house) == {}


def test_a_stay_named_twice_is_refused(store: Store) -> None:
    """One UID is one event; half of a stay must not be lost in silence."""
    house = a_house(store)
    with pytest.raises(ValueError, match="once"):
        house.publish([MAY, held("stay_1", "2027-05-10 2027-05-12")])


def test_a_new_version_says_what_came_and_what_went(store: Store) -> None:
    """For those who wake the feeds that subtract what they import."""
    house = a_house(store)
    house.publish([MAY])
    version = house.publish([JUNE])
    assert version is not None
    assert [one.stay_id for one in version.opened] == ["stay_2"]
    assert [one.stay_id for one in version.withdrawn] == ["stay_1"]


holdings = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 9), st.sampled_from(list(Kind))),
    max_size=6,
    unique_by=lambda one: one[0],
).map(
    lambda drawn: [
        held(f"stay_{who}", f"2027-05-{10 + day} 2027-05-{12 + day}", kind)
        for who, day, kind in drawn
    ]
)


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(holdings, min_size=1, max_size=6))
def test_every_version_can_be_told_from_its_publications(
    store: Store, history: list[list[Held]]
) -> None:
    """What a version held, as bytes and as rows, is what it was given; numbers never go down."""
    drawn = next(UNITS)
    house = House(store, f"unit_{drawn}", seed=drawn)
    house.build()
    house.mint()
    given_at: dict[int, list[Held]] = {}
    numbers: dict[str, int] = {}
    for holding in history:
        version = house.publish(holding)
        if version is None:
            assert sorted(map(repr, holding)) == sorted(map(repr, given_at[max(given_at)]))
            continue
        given_at[version.version] = holding
        for uid, event in events_of(house).items():
            assert int(event["SEQUENCE"]) >= numbers.get(uid, 0)
            numbers[uid] = int(event["SEQUENCE"])
    with store.read() as session:
        rows = rows_of(session, house)
    for version, holding in given_at.items():
        held_then = {
            (row.stay_id, row.arrival, row.kind)
            for row in rows
            if row.from_version <= version and (row.to_version is None or version < row.to_version)
        }
        assert held_then == {(one.stay_id, one.nights.arrival, one.kind) for one in holding}


def test_sixty_stays_are_one_small_body(store: Store) -> None:
    """Gzipped in the store, plain for the ETag."""
    house = a_house(store)
    house.publish(many(60))
    with store.read() as session:
        stored = house.export(session).body or b""
    assert len(gzip.decompress(stored)) > 3 * len(stored)
