"""The audit of all conflicts: our sweep beside the same question asked of SQLite."""

from __future__ import annotations

import random
import sqlite3
from dataclasses import dataclass
from itertools import groupby

from machine import cpu_of, median
from rows import Row, micros

from vacancy.domain.conflicts import sweep

_PER_UNIT = 100
#: Bounded on both sides by the index, which is the best that SQLite can do with it.
_JOIN = """
SELECT count(*) FROM stay AS a JOIN stay AS b
ON b.unit = a.unit AND b.arrival >= a.arrival AND b.arrival < a.departure AND b.id <> a.id
AND (b.arrival > a.arrival OR b.id > a.id)
"""


@dataclass(frozen=True, slots=True)
class Audited:
    """CPU seconds of each run of both, and the pairs that both found."""

    stays: int
    pairs: int
    ours: list[float]
    joined: list[float]


def measure(stays: int, runs: int) -> Audited:
    """Audit so many stays of units with 100 each; one in 200 shares a night with the one before.

    Raises RuntimeError unless both find the same number of pairs.
    """
    wants = _wants(stays)
    by_unit = [list(group) for _, group in groupby(wants, lambda want: want[0])]
    units = [[(arrival, departure, key) for _, arrival, departure, key in one] for one in by_unit]
    database = _database(wants)
    found = [sum(len(sweep(unit)) for unit in units), database.execute(_JOIN).fetchone()[0]]
    if found[0] != found[1]:
        raise RuntimeError(f"{found[0]} pairs by sweep, {found[1]} by join")
    ours, joined = [], []
    for _ in range(runs):
        ours.append(cpu_of(lambda: [sweep(unit) for unit in units]))
        joined.append(cpu_of(lambda: database.execute(_JOIN).fetchone()))
    database.close()
    return Audited(stays, found[0], ours, joined)


def rows(audited: Audited) -> list[Row]:
    ours, joined = median(audited.ours), median(audited.joined)
    what = f"conflict audit of {audited.stays:,} stays"
    return [Row(what, micros(ours), ours / joined, f"SQLite {micros(joined)}", 2.0, 1.0)]


def _wants(stays: int) -> list[tuple[int, int, int, str]]:
    chance = random.Random(1)
    wants = []
    day = 20_000
    for number in range(stays):
        unit, place = divmod(number, _PER_UNIT)
        nights = chance.randint(2, 7)
        arrival = day - (place > 0 and chance.random() < 0.005)
        wants.append((unit, arrival, day + nights, f"stay_{number}"))
        day += nights + chance.randint(0, 3)
    return wants


def _database(wants: list[tuple[int, int, int, str]]) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE stay (unit INT, arrival INT, departure INT, id TEXT)")
    database.executemany("INSERT INTO stay VALUES (?, ?, ?, ?)", wants)
    database.execute("CREATE INDEX by_nights ON stay (unit, arrival, departure, id)")
    database.execute("ANALYZE")
    return database
