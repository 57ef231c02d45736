"""Exports in the store: tokens, what was published from version to version, and who read it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from exporting import NOW, House, a_house, held
from vacancy.domain.claims import Kind
from vacancy.store import exports, served, tables
from vacancy.store.exports import Reading, token_hash
from vacancy.store.session import Store


def test_a_token_has_256_bits_and_is_kept_only_sealed_and_hashed(store: Store) -> None:
    """43 characters that are safe in a URL; the row holds no text of it."""
    house = a_house(store)
    token = house.tokens["everyone"]
    assert len(token) == 43
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    with store.read() as session:
        export = exports.by_token_hash(session, token_hash(token))
        assert export is not None
        assert token not in repr(export)
        assert token.encode() not in export.token


def test_minting_twice_changes_nothing(store: Store) -> None:
    """Applying the same config again keeps the address that the channel has."""
    house = a_house(store)
    token = house.tokens["everyone"]
    again = house.mint()
    assert house.tokens["everyone"] == token
    assert again.token_hash == token_hash(token)


def test_a_revoked_or_rotated_out_token_finds_nothing(store: Store) -> None:
    """From the commit on; a revoked export minted again has a new address and its old versions."""
    house = a_house(store)
    first = house.tokens["everyone"]
    house.publish([held("stay_1", "2027-05-03 2027-05-06")])
    with store.write() as session:
        exports.rotate(house.export(session), house.maker("everyone"))
    second = house.tokens["everyone"]
    with store.write() as session:
        assert exports.by_token_hash(session, token_hash(first)) is None
        export = exports.by_token_hash(session, token_hash(second))
        assert export is not None
        exports.revoke(export, NOW)
    with store.read() as session:
        assert exports.by_token_hash(session, token_hash(second)) is None
        assert exports.of_unit(session, house.unit_id) == []
    again = house.mint()
    assert again.version == 1
    assert house.tokens["everyone"] not in (first, second)


def test_each_feed_has_its_own_export(store: Store) -> None:
    """Listed by key, live ones only."""
    house = a_house(store, "everyone")
    feed_id = house.add_feed("airbnb")
    house.mint("airbnb", feed_id=feed_id)
    with store.read() as session:
        found = exports.of_unit(session, house.unit_id)
    assert [(one.key, one.channel, one.feed_id) for one in found] == [
        ("airbnb", "airbnb", feed_id),
        ("everyone", "everyone", None),
    ]


def read(house: House, *readings: tuple[int, str, datetime, int]) -> None:
    with house.store.write() as session:
        export_id = house.export(session).id
        rows = [Reading(export_id, version, who, at, at, n) for version, who, at, n in readings]
        exports.record_readings(session, rows, house.draw.randbytes)


def test_readings_add_up_per_version_and_reader(store: Store) -> None:
    """First and last are the ends of all that was told, in whatever order it was told."""
    house = a_house(store)
    read(house, (1, "Airbnb", NOW, 2))
    read(house, (1, "Airbnb", NOW + timedelta(hours=1), 1), (1, "Google", NOW, 1))
    read(house, (1, "Airbnb", NOW - timedelta(hours=1), 4))
    with store.read() as session:
        export_id = house.export(session).id
        assert exports.readings(session, export_id) == [
            Reading(
                export_id, 1, "Airbnb", NOW - timedelta(hours=1), NOW + timedelta(hours=1), 7, 3
            ),
            Reading(export_id, 1, "Google", NOW, NOW, 1),
        ]
        assert exports.last_read(session, [export_id, "exp_x"]) == {
            export_id: NOW + timedelta(hours=1)
        }


def test_a_reading_of_an_export_that_is_no_more_is_passed_over(store: Store) -> None:
    """It fails no other reading that was gathered with it."""
    house = a_house(store)
    with store.write() as session:
        export_id = house.export(session).id
        rows = [Reading(one, 1, "Airbnb", NOW, NOW) for one in ("exp_gone", export_id)]
        exports.record_readings(session, rows, house.draw.randbytes)
    with store.read() as session:
        assert len(exports.readings(session, export_id)) == 1


def test_the_reader_that_reads_most_is_the_channel(store: Store) -> None:
    """A second reader of the same address proves nothing about the channel."""
    house = a_house(store)
    read(house, (1, "Booking.com", NOW, 9), (2, "Booking.com", NOW + timedelta(days=1), 3))
    read(house, (2, "curl", NOW, 1), (3, "curl", NOW + timedelta(days=2), 1))
    with store.read() as session:
        counted = exports.readings_that_count(session, house.export(session).id)
    assert [(one.version, one.reader) for one in counted] == [
        (1, "Booking.com"),
        (2, "Booking.com"),
    ]


def test_a_reader_that_has_fallen_silent_gives_way(store: Store) -> None:
    """An importer that changed its name is known by the new one a month later."""
    house = a_house(store)
    read(house, (1, "Old-Importer", NOW, 500), (2, "New-Importer", NOW + timedelta(days=31), 1))
    with store.read() as session:
        counted = exports.readings_that_count(session, house.export(session).id)
    assert {one.reader for one in counted} == {"New-Importer"}


def test_history_tells_what_the_reader_could_know(store: Store) -> None:
    """Which nights each version held, and when it was first read."""
    house = a_house(store)
    one, two = held("stay_1", "2027-05-03 2027-05-06"), held("stay_2", "2027-06-01 2027-06-03")
    house.publish([one])
    house.publish([one, two])
    house.publish([two])
    read(house, (1, "Airbnb", NOW, 1), (3, "Airbnb", NOW + timedelta(days=2), 1))
    with store.read() as session:
        export_id = house.export(session).id
        whole = exports.history(session, export_id)
        late = exports.history(session, export_id, NOW + timedelta(days=3))
    assert whole.version_read_before(NOW + timedelta(days=1)) == 1
    assert set(whole.held(1).values()) == {"stay_1"}
    assert set(whole.held(2).values()) == {"stay_1", "stay_2"}
    assert set(whole.held(3).values()) == {"stay_2"}
    assert late.held(3) == whole.held(3)
    assert [reading.version for reading in late.readings] == [3]
    assert len(late.publications) == 1


def test_an_export_never_read_has_no_history(store: Store) -> None:
    """Then nothing can be an echo."""
    house = a_house(store)
    house.publish([held("stay_1", "2027-05-03 2027-05-06")])
    with store.read() as session:
        history = exports.history(session, house.export(session).id)
    assert not history.publications
    assert not history.readings


def test_totals_move_with_every_change_that_a_server_must_learn(store: Store) -> None:
    """Minting, publishing, rotating and revoking each show in the sum; reading rows do not."""
    house = a_house(store)
    seen = []

    def note() -> None:
        with store.read() as session:
            seen.append(served.totals(session))
            by_unit = [totals for _, *totals in served.totals_by_unit(session)]
            assert tuple(by_unit[0] if by_unit else (0, 0)) == seen[-1]

    note()
    house.publish([held("stay_1", "2027-05-03 2027-05-06", Kind.BLOCK)])
    note()
    with store.write() as session:
        exports.rotate(house.export(session), house.maker("everyone"))
    note()
    with store.write() as session:
        exports.revoke(house.export(session), NOW)
    note()
    house.mint()
    note()
    assert len(set(seen)) == 5
    read(house, (1, "Airbnb", NOW, 1))
    note()
    assert seen[-1] == seen[-2]


def test_a_pulse_is_felt_after_a_commit_of_another_connection(store: Store) -> None:
    """SQLite tells it exactly, PostgreSQL is listened to; an idle store costs no look."""
    pulse = served.Pulse(store)
    assert pulse.beat()
    assert not pulse.beat()
    a_house(store)
    assert pulse.beat()
    assert not pulse.beat()
    pulse.missed()
    assert pulse.beat()
    pulse.close()


def test_what_changes_no_export_is_no_news_on_postgresql(store: Store) -> None:
    """A poll that said nothing new wakes nobody; a feed's first good answer may open an export."""
    house = a_house(store)
    with store.write() as session:
        export = house.export(session)
        named = {"id": "feed_1", "account_id": export.account_id, "unit_id": export.unit_id}
        sealed = {"url": b"", "url_digest": "", "host": "", "url_tail": ""}
        moments = {"next_poll_at": NOW, "created_at": NOW}
        session.add(tables.Feed(**named, **sealed, **moments, key="airbnb", channel="airbnb"))
    pulse = served.Pulse(store)
    pulse.beat()
    felt: list[bool] = []
    for change in ("repeats = repeats + 1", "last_good_at = '2027-01-10'", "repeats = repeats + 1"):
        with store.write() as session:
            session.execute(text(f"UPDATE feed SET {change}"))
        felt.append(pulse.beat())
    house.publish([held("stay_1", "2027-05-03 2027-05-06")])
    felt.append(pulse.beat())
    pulse.close()
    assert felt == [store.is_sqlite, True, store.is_sqlite, True]


@pytest.mark.parametrize("column", ["token", "body"])
def test_the_row_says_nothing_secret(store: Store, column: str) -> None:
    """The sealed token and the bytes are bytes, not text that a log would show plainly."""
    house = a_house(store)
    house.publish([held("stay_1", "2027-05-03 2027-05-06")])
    with store.read() as session:
        row = session.get_one(tables.Export, house.export(session).id)
        assert isinstance(getattr(row, column), bytes)
