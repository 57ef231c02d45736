"""What a poll, an import, an export and the daemon cost, each beside the bare thing in one run."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import conflicts
import exports
import listeners
import listing
import lists
import memory
import polls
import radicale
import vdirsyncer
from machine import OUR_CORE, describe, median, pin
from report import by_hand, page
from rows import Row, table
from server import channel
from year import Size as Year


@dataclass(frozen=True, slots=True)
class Size:
    """How much of each is measured: `feeds` imported `imports` times, `runs` of everything else.

    The usual size ends in ten minutes on two cores; the budgets speak of 1,000 feeds imported and
    10,000 in the daemon, which `--feeds` and `--daemon-feeds` give for more time.
    """

    runs: int = 5
    feeds: int = 400
    imports: int = 1
    peer_imports: int = 1
    daemon_feeds: int = 1000
    requests: int = 8_000
    stays: int = 1_000_000
    bookings: int = 640
    listeners: int = 1000
    seconds: float = 60.0
    year: Year = field(default_factory=Year)


_QUICK = Size(
    runs=2,
    feeds=60,
    daemon_feeds=64,
    requests=2000,
    stays=50_000,
    bookings=96,
    listeners=100,
    seconds=5.0,
    year=Year(stays=4_000, events=40_000),
)


def main(args: list[str]) -> int:
    wish = _parser().parse_args(args)
    size = _QUICK if wish.quick else Size()
    given = {name: getattr(wish, name) for name in ("runs", "feeds", "daemon_feeds")}
    size = Size(**{**_fields(size), **{name: n for name, n in given.items() if n}})
    pin(OUR_CORE)
    began = time.monotonic()
    rows = measure(size)
    said = f"{describe()}; {size.runs} runs, {size.feeds:,} feeds of 60 stays"
    _say("lists of a year")
    told = lists.section(lists.measure(size.year, size.runs))
    _say(f"done in {time.monotonic() - began:.0f} s")
    print(f"{said}\n\n{table(rows)}\n\n{told}")
    if wish.write:
        wish.write.write_text(f"{page(said, rows)}\n{told}{by_hand(wish.write)}")
    return 0


def measure(size: Size) -> list[Row]:
    """Every budget's row, in the order of the design."""
    with channel() as feeds:
        _say(f"polls of {size.feeds:,} feeds")
        polled = polls.measure(feeds, size.feeds, size.runs, size.imports)
        _say("vdirsyncer")
        peer = vdirsyncer.measure(feeds, size.feeds, size.peer_imports, size.runs)
        _say(f"a daemon with {size.daemon_feeds:,} feeds")
        weighed = memory.measure(feeds, size.daemon_feeds)
        _say("exports")
        served = exports.measure(feeds, size.runs, size.requests)
    _say("Radicale")
    calendars = radicale.measure(size.runs, size.requests // 20)
    _say("a list of bookings")
    listed = listing.measure(size.runs, size.bookings)
    _say(f"{size.listeners:,} listeners")
    heard = listeners.measure(size.listeners, size.seconds)
    _say("conflicts")
    audited = conflicts.measure(size.stays, size.runs)
    return [
        *polls.rows(polled),
        *vdirsyncer.rows(peer, polled),
        *memory.rows(weighed),
        *exports.rows(served),
        *radicale.rows(calendars, median(served.whole)),
        *listing.rows(listed),
        *listeners.rows(heard),
        *conflicts.rows(audited),
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke run: figures mean little")
    parser.add_argument("--runs", type=int, help="runs of each kind; medians are taken")
    parser.add_argument("--feeds", type=int, help="feeds polled and imported")
    parser.add_argument("--daemon-feeds", type=int, help="feeds of the daemon that is weighed")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page that tells it")
    return parser


def _fields(size: Size) -> dict[str, int]:
    return {name: getattr(size, name) for name in Size.__dataclass_fields__}


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
