"""Sixteen writers in two processes want the same nights: each night is sold once, and none idly."""

from __future__ import annotations

import os
import random
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from flows.invariants import broken
from vacancy.domain.claims import Kind
from vacancy.domain.errors import NightsTaken
from vacancy.domain.nights import Nights
from vacancy.publisher.unit import publish_unit
from vacancy.services import bookings, config, holds
from vacancy.services.at import At
from vacancy.services.taking import Wish
from vacancy.settings import load
from vacancy.store import accounts, journal, stays
from vacancy.store.session import Session, Store, migrate, open_store
from vacancy.vault import open_vault

ROUNDS = 200 if os.environ.get("VACANCY_PROOF") else 12
WRITERS = 8
NOW = datetime(2027, 1, 10, 9, tzinfo=UTC)
FIRST = date(2027, 3, 1)

UNITS = """
[[units]]
slug = "alone"
timezone = "Europe/Rome"
[[units]]
slug = "house"
timezone = "Europe/Rome"
property = "house"
[[units]]
slug = "room"
timezone = "Europe/Rome"
property = "house"
parent = "house"
"""

#: What a writer wants in a round: unit, arrival and departure (nights from the round's first).
Want = tuple[str, int, int]
#: Who took what: unit, arrival, departure, or why not.
Told = tuple[str, str, str, str]


def at(actor: str = "person") -> At:
    def publish(session: Session, unit_id: str, now: datetime) -> None:
        publish_unit(session, unit_id, now, secrets.token_bytes)

    return At(NOW, secrets.token_bytes, publish, actor)


def wants(round_: int) -> list[Want]:
    """What sixteen writers want: the same nights, overlapping, adjacent ones; house or room."""
    chance = random.Random(round_)
    shape = round_ % 4
    if shape == 0:
        return [("alone", 0, 3)] * 2 * WRITERS
    if shape == 1:
        return [("alone", start, start + 3) for start in chance.choices(range(8), k=2 * WRITERS)]
    if shape == 2:
        return [("alone", start, start + 2) for start in (0, 2, 4, 6) * (WRITERS // 2)]
    return [
        (chance.choice(["house", "room"]), start, start + chance.randint(1, 3))
        for start in chance.choices(range(6), k=2 * WRITERS)
    ]


def write(store: Store, round_: int, number: int, want: Want) -> Told:
    """One writer's try, by whichever of the three ways its number says."""
    unit, start, end = want
    day = FIRST + timedelta(days=20 * round_)
    nights = Nights(day + timedelta(days=start), day + timedelta(days=end))
    asked = (unit, nights.arrival.isoformat(), nights.departure.isoformat())
    kind = Kind.BLOCK if number % 3 == 1 else Kind.RESERVATION
    try:
        with store.write() as session:
            account = accounts.the_account(session).id
            if number % 3 == 2:
                who = at(f"actor {round_} {number}")
                holds.create(session, account, Wish(unit, nights), who)
            else:
                bookings.create(session, account, Wish(unit, nights, kind), at())
    except NightsTaken:
        return (*asked, "taken")
    except Exception as trouble:
        return (*asked, f"error {trouble!r}")
    return (*asked, "done")


def write_rounds(url: str, half: int, rounds: range) -> Iterator[Told]:
    """Half of the writers of each round, all at once: the other half is another process."""
    store = open_store(url)
    with ThreadPoolExecutor(WRITERS) as pool:
        for round_ in rounds:
            mine = list(enumerate(wants(round_)))[half::2]
            gate = threading.Barrier(len(mine))

            def go(
                one: tuple[int, Want], gate: threading.Barrier = gate, round_: int = round_
            ) -> Told:
                gate.wait()
                return write(store, round_, *one)

            yield from pool.map(go, mine)
    store.close()


@pytest.fixture
def sold(store_url: str, tmp_path: Path) -> Iterator[tuple[str, Store]]:
    """A store with a unit alone, and a house with a room."""
    file = tmp_path / "vacancy.toml"
    file.write_text(UNITS)
    settings = load(file, {})
    store = open_store(store_url)
    migrate(store)
    with store.write() as session:
        accounts.settle_in(session, NOW, secrets.token_bytes)
    with store.write() as session:
        config.apply(session, settings, open_vault(tmp_path / "var"), at())
    yield store_url, store
    store.close()


def run_both(url: str, rounds: range) -> list[Told]:
    """One half of the writers here, the other in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    words = [sys.executable, "-m", "flows.test_writers", url, str(rounds.start), str(rounds.stop)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        told = list(write_rounds(url, 0, rounds))
        said = other.stdout.read()
    assert other.returncode == 0
    theirs = [line.split("|") for line in said.splitlines()]
    return told + [(unit, arrival, departure, end) for unit, arrival, departure, end in theirs]


@pytest.mark.timeout(900 if os.environ.get("VACANCY_PROOF") else 120)
def test_each_night_is_sold_once_and_nobody_is_refused_without_cause(
    sold: tuple[str, Store], tmp_path: Path
) -> None:
    """By bookings, blocks and holds, of a unit alone, and of a house and its room."""
    url, store = sold
    told = run_both(url, range(ROUNDS))
    assert len(told) == ROUNDS * 2 * WRITERS
    assert [one for one in told if one[3] not in ("done", "taken")] == []
    holders: dict[tuple[str, date], int] = {}
    for unit, arrival, departure, end in told:
        if end == "done":
            for night in Nights(date.fromisoformat(arrival), date.fromisoformat(departure)):
                key = ("alone" if unit == "alone" else "house and room", night)
                holders[key] = holders.get(key, 0) + 1
    assert max(holders.values()) == 1
    idle = [
        (unit, arrival, departure)
        for unit, arrival, departure, end in told
        if end == "taken"
        and not any(
            ("alone" if unit == "alone" else "house and room", night) in holders
            for night in Nights(date.fromisoformat(arrival), date.fromisoformat(departure))
        )
    ]
    assert idle == []
    assert broken(store, open_vault(tmp_path / "var"), NOW) == []


@pytest.mark.postgres
def test_without_any_lock_the_key_of_night_refuses_a_second_holder(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database has the last word, and its refusal reads like ours."""
    url = request.getfixturevalue("postgres_url")
    file = tmp_path / "vacancy.toml"
    file.write_text(UNITS)
    store = open_store(url)
    migrate(store)
    with store.write() as session:
        accounts.settle_in(session, NOW, secrets.token_bytes)
    with store.write() as session:
        config.apply(session, load(file, {}), open_vault(tmp_path / "var"), at())
    monkeypatch.setattr(stays, "lock_unit", lambda session, unit_id: None)
    gate = threading.Barrier(2)
    put = stays.put_night_map

    def together(*arguments: object) -> bool:
        gate.wait(timeout=20)
        return put(*arguments)  # pyright: ignore[reportArgumentType]

    # The journal makes writers queue as well: without it neither sees the other's stay.
    monkeypatch.setattr(journal, "append", lambda *arguments: [])
    monkeypatch.setattr(stays, "put_night_map", together)
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda number: write(store, 0, number, ("alone", 0, 3)), (0, 3)))
    assert sorted(one[3] for one in told) == ["done", "taken"]
    store.close()


if __name__ == "__main__":
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in write_rounds(sys.argv[1], 1, range(int(sys.argv[2]), int(sys.argv[3]))):
        sys.stdout.write("|".join(line) + "\n")
