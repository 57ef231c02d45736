"""Every hostile answer the test server knows, beside feeds that must not feel it.

All at once through a real daemon, its limits scaled down but in the proof tier; and the failing
ones over and over through the house in this process.
"""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select

from flows.house import HouseUnderTest, house
from flows.invariants import broken
from flows.serving import Daemon, declare, free_port, serving, store_of, until, vault_of
from hostile import HostileServer
from hostile_answers import LOOPBACKS, PATHS, bomb, good, many_events
from vacancy.clock import SystemClock
from vacancy.services import bookings
from vacancy.store import accounts
from vacancy.store.session import Store
from vacancy.store.tables import Feed

PROOF = bool(os.environ.get("VACANCY_PROOF"))
#: Seconds for a whole answer, and how often the good feed is asked.
TOTAL = 30 if PROOF else 3
EVERY = 20 if PROOF else 5
MIB = 1024 * 1024

#: What is no good answer, and its name in the outcome.
REASONS: dict[str, str] = {
    **dict.fromkeys(("/slow", "/slow-headers", "/hang", "/hang-in-body"), "timeout"),
    **dict.fromkeys(("/endless", "/endless-chunked", "/endless-gzip"), "too_large"),
    "/huge-events": "too_large",
    "/gzip-bomb": "too_large_inflated",
    "/many-events": "too_many_events",
    "/rrule-bomb": "recurrence_bound",
    "/deep-nesting": "nesting",
    "/one-line": "no_calendar",
    "/html": "html",
    "/json": "json",
    "/empty": "empty_body",
    "/cut": "cut",
    "/cut-gzip": "cut_compression",
    **dict.fromkeys(("/bad-gzip", "/not-gzip"), "bad_compression"),
    **dict.fromkeys(("/brotli", "/zstd"), "unknown_encoding"),
    **dict.fromkeys(("/cut-chunked", "/promises-more", "/reset-in-body"), "wrong_length"),
    **dict.fromkeys(("/promises-less", "/garbage", "/big-header", "/many-headers"), "protocol"),
    **dict.fromkeys(("/reset", "/closes"), "reset"),
    **{f"/{status}": f"http_{status}" for status in (401, 403, 404, 410, 429, 500, 502, 503)},
    **dict.fromkeys(("/redirect-loop", "/redirect-4"), "too_many_redirects"),
    **dict.fromkeys(("/redirect-nowhere", "/redirect-file", "/redirect-user"), "bad_redirect"),
    "/redirect-port": "forbidden_port",
    **{f"/redirect-private/{n}": "forbidden_address" for n in range(len(LOOPBACKS))},
    "/redirect-private/9": "bad_redirect",
}
#: What is noticed first depends on how the bytes arrive: each of these is true of the answer.
AS_TRUE = {("/promises-less", "cut"), ("/reset-in-body", "reset")}
GONE = ("/404", "/410")
#: Whole calendars that lack the five stays that were there: what they lack is held back.
ODD = (
    *("/bad-dates", "/empty-calendar", "/folded-bomb", "/inject"),
    *("/latin1", "/long-stay", "/wrong-charset"),
)
#: The five stays as they were, however they are sent, and a calendar with more of them.
GOOD = (
    *("/good", "/good-60", "/good-gzip", "/good-deflate", "/good-chunked", "/until-close"),
    *("/etag", "/user-agent", "/cookies", "/nul", "/utf16"),
    *("/redirect-good", "/redirect-2", "/redirect-3"),
)


def test_every_path_is_judged() -> None:
    """A path that the server learns must be given its place here."""
    assert sorted((*REASONS, *ODD, *GOOD)) == sorted(PATHS)


def rows_of(store: Store) -> dict[str, set[tuple[str, ...]]]:
    """Each unit's stays: what holds which nights. An odd calendar may have other words for it."""
    with store.read() as session:
        found = bookings.find(session, accounts.the_account(session).id, bookings.Filter())["data"]
    rows: dict[str, set[tuple[str, ...]]] = {}
    for one in found:
        row = (one["id"], one["status"], one["arrival"], one["departure"])
        rows.setdefault(one["unit"], set()).add(row)
    return rows


@pytest.mark.timeout(600 if PROOF else 200)
def test_all_at_once(tmp_path: Path) -> None:
    """0 stays changed, each over in time and named, memory bounded, the good feed on time."""
    port = free_port()
    units = {f"u{place}": path for place, path in enumerate((*REASONS, *ODD))}
    # Made before they are asked for: the server is one thread, and what it does is not measured.
    bomb(), many_events(300_000), many_events(30_000)
    with HostileServer() as server:
        feeds = {slug: {"other": f"/{slug}.ics"} for slug in (*units, "beside")}
        for slug in feeds:
            server.serve(f"/{slug}.ics", good())
        more = f'[polling]\nevery = "{EVERY * 10}m"\nscale = {1 / 600}\n'
        more += f'[limits]\ntotal = "{TOTAL}s"\n'
        declare(tmp_path, server, port, feeds, more)
        with serving(tmp_path, port) as daemon, store_of(tmp_path) as store:
            until(lambda: polled(daemon) >= feeds.keys(), "every feed is polled")
            before = rows_of(store)
            assert {len(rows) for rows in before.values()} == {5}
            process = psutil.Process(daemon.process.pid)
            memory, seen = process.memory_info().rss, len(daemon.logged("feed.polled"))
            for slug, path in units.items():
                server.handle(f"/{slug}.ics", PATHS[path])
            grown = watch(daemon, process, units, seen) - memory
            lines = daemon.logged("feed.polled")[seen:]
            assert daemon.get("/readyz").status == 200
            assert daemon.stop() == 0
            assert "poll.broke" not in daemon.output
            after = rows_of(store)
            assert {s: rows - after[s] for s, rows in before.items() if rows - after[s]} == {}
            assert broken(store, vault_of(tmp_path), SystemClock().now()) == []
        named = {
            (units[line["unit"]], line["outcome"], told_reason(units[line["unit"]], line["reason"]))
            for line in lines
        }
        assert named == {(path, "suspicious", None) for path in ODD} | {
            (path, "gone" if path in GONE else "failed", reason) for path, reason in REASONS.items()
        }
        assert max(line["millis"] for line in lines) < (TOTAL + 5) * 1000
        assert grown < 200 * MIB, f"grew by {grown // MIB} MiB"
        times = [request.at for request in server.requests("/beside.ics")]
        assert max(after - at for at, after in pairwise(times)) < EVERY + 10


def told_reason(path: str, reason: str | None) -> str | None:
    """The reason as the table has it."""
    return REASONS[path] if (path, reason) in AS_TRUE else reason


def polled(daemon: Daemon, seen: int = 0) -> set[str]:
    return {line["unit"] for line in daemon.logged("feed.polled")[seen:]}


def watch(daemon: Daemon, process: psutil.Process, units: dict[str, str], seen: int) -> int:
    """Wait until each has ended in a hostile poll; the most memory held meanwhile."""
    most = 0

    def done() -> bool:
        nonlocal most
        most = max(most, process.memory_info().rss)
        return polled(daemon, seen) >= units.keys()

    until(done, "every hostile feed is polled", patience=TOTAL * 20)
    return most


@pytest.mark.timeout(200)
def test_failing_over_and_over(tmp_path: Path) -> None:
    """Each failing answer five times: nothing moves, `failing` at the third, well at once."""
    bomb(), many_events(300_000), many_events(30_000)
    units = {f"u{place}": path for place, path in enumerate(REASONS)}
    with house(tmp_path) as home:
        for path, handler in PATHS.items():
            home.server.handle(path, handler)
        more = "".join(
            f'[[units]]\nslug = "{slug}"\ntimezone = "Europe/Rome"\n'
            f'[units.feeds]\nother = "{home.server.url(f"/{slug}.ics")}"\n'
            for slug in units
        )
        # Smaller bounds, so that what is too large is told from what is too slow in less time.
        limits = f'[limits]\ntotal = "3s"\nraw_bytes = {3 * MIB}\ninflated_bytes = {3 * MIB}\n'
        home.declare({"airbnb": ""}, more + limits)
        home.apply()
        for slug in ("airbnb", *units):
            home.server.serve(f"/{slug}.ics", good())
        assert not home.poll().failed
        before = rows_of(home.store)
        assert {len(rows) for rows in before.values()} == {5}
        told = len(home.events())
        for slug, path in units.items():
            home.server.handle(f"/{slug}.ics", PATHS[path])
        for failures in range(1, 6):
            ended = [one for one in home.poll(minutes=1).polls if one.due.key == "other"]
            reasons = {units[one.due.unit_slug]: one.finished.reason for one in ended}
            reasons = {path: told_reason(path, reason) for path, reason in reasons.items()}
            assert reasons == REASONS | {"/one-line": "too_large"}
            assert rows_of(home.store) == before
            assert healths(home, units) == {
                path: "gone" if path in GONE else "failing" if failures >= 3 else "ok"
                for path in REASONS
            }
        assert len(home.events()) == told + len(REASONS), "one event each, however often it fails"
        assert home.exported("everyone")
        for slug in units:
            home.server.serve(f"/{slug}.ics", good())
        assert not home.poll(minutes=1).failed
        assert rows_of(home.store) == before
        assert set(healths(home, units).values()) == {"ok"}
        assert broken(home.store, home.vault, home.clock.now()) == []


def healths(home: HouseUnderTest, units: dict[str, str]) -> dict[str, str]:
    """How each path's feed is doing."""
    with home.store.read() as session:
        rows = session.execute(select(Feed).where(Feed.key == "other")).scalars()
        return {units[slug_of(home, row)]: row.health for row in rows}


def slug_of(home: HouseUnderTest, row: Feed) -> str:
    url = home.vault.open(row.url, "feed.url")
    return url.rsplit("/", 1)[1].removesuffix(".ics")
