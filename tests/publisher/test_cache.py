"""Exports in memory: never more than a look behind, standing when the store does not."""

from __future__ import annotations

import gc
import threading
import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest

from exporting import NOW, House, a_house, held, many
from vacancy.publisher.bodies import Bodies
from vacancy.publisher.cache import ExportCache
from vacancy.publisher.edition import Edition
from vacancy.store import exports, served, tables
from vacancy.store.session import Store, open_store

MAY = held("stay_1", "2027-05-03 2027-05-06")


def looked(store: Store) -> ExportCache:
    cache = ExportCache(store)
    assert cache.look(NOW)
    return cache


def version_of(cache: ExportCache, house: House, key: str = "everyone") -> int | None:
    edition = cache.find(house.tokens[key])
    return None if edition is None else edition.version


def test_what_another_process_commits_is_seen_at_the_next_look(
    store_url: str, store: Store
) -> None:
    """Minting, publishing, rotating and revoking: each through a store of its own."""
    cache = looked(store)
    other = open_store(store_url)
    house = a_house(other)
    cache.look(NOW)
    assert version_of(cache, house) == 0
    house.publish([MAY])
    cache.look(NOW)
    assert version_of(cache, house) == 1
    old = house.tokens["everyone"]
    with other.write() as session:
        exports.rotate(house.export(session), house.maker("everyone"))
    cache.look(NOW)
    assert cache.find(old) is None
    assert version_of(cache, house) == 1
    with other.write() as session:
        exports.revoke(house.export(session), NOW)
    cache.look(NOW)
    assert version_of(cache, house) is None
    assert len(cache) == 0
    other.close()


def test_revoking_one_and_minting_another_between_two_looks_is_seen(store: Store) -> None:
    """Neither count nor sum hides a swap."""
    house = a_house(store, "airbnb")
    cache = looked(store)
    with store.write() as session:
        exports.revoke(house.export(session, "airbnb"), NOW)
    house.mint("airbnb_2")
    cache.look(NOW)
    assert version_of(cache, house, "airbnb") is None
    assert version_of(cache, house, "airbnb_2") == 0


def test_this_process_need_not_wait_for_a_look(sqlite_store: Store) -> None:
    """`refresh` follows a commit at once, and the next look finds nothing left to do."""
    house = a_house(sqlite_store)
    cache = looked(sqlite_store)
    house.publish([MAY])
    assert version_of(cache, house) == 0
    assert cache.refresh({house.unit_id}, NOW)
    assert version_of(cache, house) == 1


def test_a_look_reads_no_body_that_it_has(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commits about other things, or about another unit, load nothing of this one."""
    first = a_house(store)
    second = a_house(store, unit_id="unit_b")
    first.publish([MAY])
    cache = looked(store)
    loaded: list[str] = []
    load = served.load

    def watched(session, unit_ids, **how):
        loaded.extend(unit_ids)
        return load(session, unit_ids, **how)

    monkeypatch.setattr(served, "load", watched)
    with store.write() as session:
        session.get_one(tables.Account, "acc_a").name = "them"
    cache.look(NOW)
    assert loaded == []
    second.publish([held("stay_9", "2027-05-03 2027-05-06")])
    cache.look(NOW)
    assert loaded == ["unit_b"]


def test_an_idle_look_opens_no_session(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite, a second in which nobody committed costs one PRAGMA."""
    a_house(sqlite_store)
    cache = looked(sqlite_store)
    monkeypatch.setattr(sqlite_store, "read", None)
    assert cache.look(NOW)


def test_a_new_unit_opens_when_each_feed_has_answered(store: Store) -> None:
    """Until then what was published is not shown."""
    house = House(store)
    house.build(created_at=NOW - timedelta(minutes=5))
    feed_id = house.add_feed()
    house.mint()
    house.publish([MAY])
    cache = looked(store)
    edition = cache.find(house.tokens["everyone"])
    assert edition is not None
    assert not edition.is_open(NOW)
    with store.write() as session:
        session.get_one(tables.Feed, feed_id).last_good_at = NOW
    cache.look(NOW)
    edition = cache.find(house.tokens["everyone"])
    assert edition is not None
    assert edition.is_open(NOW)


def test_a_new_unit_opens_when_a_person_says_so(sqlite_store: Store) -> None:
    """`exports publish UNIT`."""
    house = House(sqlite_store)
    house.build(created_at=NOW - timedelta(minutes=5))
    house.add_feed()
    house.mint()
    cache = looked(sqlite_store)
    with sqlite_store.write() as session:
        session.get_one(tables.Unit, house.unit_id).published_at = NOW
    cache.look(NOW)
    edition = cache.find(house.tokens["everyone"])
    assert edition is not None
    assert edition.is_open(NOW)


def test_a_new_unit_opens_after_a_day_whatever_its_feeds_say(sqlite_store: Store) -> None:
    """Without another look: memory knows when."""
    house = House(sqlite_store)
    house.build(created_at=NOW - timedelta(hours=23))
    house.add_feed()
    house.mint()
    edition = looked(sqlite_store).find(house.tokens["everyone"])
    assert edition is not None
    assert not edition.is_open(NOW + timedelta(minutes=59))
    assert edition.is_open(NOW + timedelta(hours=1))


def test_a_retired_feed_keeps_nothing_closed(sqlite_store: Store) -> None:
    """Only feeds in use are waited for."""
    house = House(sqlite_store)
    house.build(created_at=NOW)
    feed_id = house.add_feed()
    house.mint()
    with sqlite_store.write() as session:
        session.get_one(tables.Feed, feed_id).retired_at = NOW
    edition = looked(sqlite_store).find(house.tokens["everyone"])
    assert edition is not None
    assert edition.is_open(NOW)


def test_a_reader_never_misses_what_is_being_renewed(sqlite_store: Store) -> None:
    """Asked while the unit is put into memory again and again, its token always finds it."""
    house = a_house(sqlite_store)
    house.publish([MAY])
    cache = looked(sqlite_store)
    missed: list[int] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            if version_of(cache, house) != 1:
                missed.append(1)

    asking = threading.Thread(target=ask)
    asking.start()
    for _ in range(100):
        cache.refresh({house.unit_id}, NOW)
    done.set()
    asking.join()
    assert missed == []


def test_a_store_that_fails_leaves_the_memory_as_it_was(
    sqlite_url: str, sqlite_store: Store
) -> None:
    """A look says so, and catches up when the store is back."""
    house = a_house(sqlite_store)
    house.publish([MAY])
    cache = looked(sqlite_store)
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    sqlite_store.close()
    cache.close()
    hidden = file.with_suffix(".hidden")
    file.rename(hidden)
    file.mkdir()
    assert not cache.look(NOW)
    assert not cache.refresh({house.unit_id}, NOW)
    assert version_of(cache, house) == 1
    file.rmdir()
    hidden.rename(file)
    house.publish([])
    assert cache.look(NOW)
    assert version_of(cache, house) == 2


def test_a_cache_that_never_read_the_store_is_not_ready(tmp_path: Path) -> None:
    """Then an unknown token is not known to be unknown."""
    store = open_store(f"sqlite:///{tmp_path / 'empty.db'}")
    cache = ExportCache(store)
    assert not cache.look(NOW)
    assert not cache.ready
    store.close()


def test_bytes_take_no_more_room_than_there_is(sqlite_store: Store) -> None:
    """What was not asked for longest goes; its export is known on, and read from the store."""
    houses = many_houses(sqlite_store, 12)
    cache = ExportCache(sqlite_store, room=3000)
    cache.look(NOW)
    editions = [edition_of(cache, house) for house in houses]
    kept = [cache.kept(edition) is not None for edition in editions]
    assert 0 < sum(kept) < len(houses)
    absent = editions[kept.index(False)]
    first = editions[kept.index(True)]
    fetched = cache.fetch(absent)
    assert fetched is not None
    assert fetched[0] == absent
    assert cache.kept(absent) == fetched[1]
    for edition in editions:
        cache.kept(first)
        cache.fetch(edition)
    assert cache.kept(first) is not None


def test_bytes_without_room_are_those_of_the_version_that_stands(sqlite_store: Store) -> None:
    """Published or revoked between the last look and the question: what the store says now."""
    house = a_house(sqlite_store)
    house.publish([MAY])
    cache = ExportCache(sqlite_store, room=0)
    cache.look(NOW)
    edition = edition_of(cache, house)
    house.publish([], NOW + timedelta(minutes=1))
    fetched = cache.fetch(edition)
    assert fetched is not None
    assert fetched[0].version == 2
    assert fetched[0].etag != edition.etag
    with sqlite_store.write() as session:
        exports.revoke(house.export(session), NOW)
    assert cache.fetch(edition) is None


def test_a_house_that_finds_room_is_in_memory_whole(sqlite_store: Store) -> None:
    """Before anybody asked: whoever does is told, though the store be gone by then."""
    houses = many_houses(sqlite_store, 12)
    cache = looked(sqlite_store)
    assert all(cache.kept(edition_of(cache, house)) for house in houses)


def test_what_changes_is_in_memory_at_once(sqlite_store: Store) -> None:
    """Also where there is no room for all."""
    houses = many_houses(sqlite_store, 12)
    cache = ExportCache(sqlite_store, room=3000)
    cache.look(NOW)
    for house in houses:
        house.publish([], NOW + timedelta(minutes=1))
        cache.refresh({house.unit_id}, NOW)
        edition = edition_of(cache, house)
        assert edition.version == 2
        assert cache.kept(edition) is not None


def test_bytes_of_another_version_are_nobodys() -> None:
    """A version takes the place of the one before it."""
    bodies = Bodies(3000)
    bodies.put("exp_a", 1, b"one")
    bodies.put("exp_a", 2, b"two")
    assert bodies.get("exp_a", 1) is None
    assert bodies.get("exp_a", 2) == b"two"
    assert not bodies.full


def test_one_enormous_body_drives_nothing_out() -> None:
    """It is read from the store each time; no room is kept for what is not there."""
    bodies = Bodies(3000)
    bodies.put("exp_a", 1, b"small")
    bodies.put("exp_b", 1, b"x" * 2000)
    assert bodies.get("exp_b", 1) is None
    assert bodies.get("exp_a", 1) == b"small"
    for at in range(1000):
        bodies.put(f"exp_{at}", 1, b"x" * (at % 700))
        assert bodies.weight <= 3000
    assert bodies.full


def test_an_export_costs_little_memory_beside_its_bytes(sqlite_store: Store) -> None:
    """A feed brings two exports and a unit: under 0.8 KB, so 100,000 are under 80 MB."""
    count = 200
    for at in range(count):
        house = House(sqlite_store, f"unit_{at:026}")
        house.build()
        house.mint()
        house.mint("airbnb")
    looked(sqlite_store).close()
    cache = ExportCache(sqlite_store)
    gc.collect()
    tracemalloc.start()
    try:
        cache.look(NOW)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        cache._editions, cache._shelves = {}, {}
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    each = (before - after) / count
    print(f"{each:.0f} bytes a unit of two exports")
    assert each < 800


def many_houses(store: Store, count: int) -> list[House]:
    """Each with one published export of some stays."""
    houses = [a_house(store, unit_id=f"unit_{at}") for at in range(count)]
    for at, house in enumerate(houses):
        draw = house.draw.randbytes(13).hex()
        stays = [
            held(f"stay_{draw}{at}", f"{one.nights.arrival} {one.nights.departure}")
            for at, one in enumerate(many(6))
        ]
        house.publish(stays, NOW + timedelta(minutes=at))
    return houses


def edition_of(cache: ExportCache, house: House) -> Edition:
    edition = cache.find(house.tokens["everyone"])
    assert edition is not None
    return edition
