"""What a poll costs beside the bare fetch, and how often a calendar is parsed for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from httpx_aiohttp import HttpxAiohttpClient
from machine import median
from rig import Rig
from rows import Row, counted, micros
from server import Channel

from vacancy.poller import intake
from vacancy.poller.round import Rounds

_AT_ONCE = 64


@dataclass(slots=True)
class Parsing:
    """How often a calendar was read, and how many of its entries were parsed."""

    bodies: int = 0
    entries: int = 0


@contextmanager
def parses() -> Iterator[Parsing]:
    """Counts every call of the reader that the poller makes."""
    read, parsing = intake.read, Parsing()

    def counting(*said: Any) -> Any:
        reading = read(*said)
        parsing.bodies += 1
        parsing.entries += reading.parsed
        return reading

    intake.read = counting
    try:
        yield parsing
    finally:
        intake.read = read


@dataclass(slots=True)
class Measured:
    """CPU seconds of one feed in each pass, and what was parsed in all of them."""

    bare: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    ours: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    parsing: dict[str, Parsing] = field(default_factory=dict[str, Parsing])
    feeds: int = 0
    runs: int = 0

    def ratio(self, name: str, beside: str) -> float:
        """Of medians: both sides took turns in one run."""
        return median(self.ours[name]) / median(self.bare[beside])


def measure(channel: Channel, feeds: int, runs: int, imports: int) -> Measured:
    """Import all feeds `imports` times, each into a new house; then `runs` passes of each kind."""
    measured = Measured(feeds=feeds, runs=runs)
    for at in range(imports):
        with TemporaryDirectory(prefix="vacancy-bench-") as folder:
            rig = Rig(Path(folder), channel, feeds)
            last = at == imports - 1
            asyncio.run(_passes(rig, channel, measured, runs if last else 0))
            rig.close()
    return measured


async def _passes(rig: Rig, channel: Channel, measured: Measured, runs: int) -> None:
    async with rig.rounds() as rounds, _Bare(channel, rig.units) as bare:
        channel.says(0, "kept")
        await _ours(measured, "first", rig, rounds, "fresh")
        for run in range(runs):
            channel.says(run, "kept")
            await _bare(measured, "200", bare, run, conditional=False)
            await _ours(measured, "304", rig, rounds, "unchanged")
            await _bare(measured, "304", bare, run, conditional=True)
            channel.says(run, "stamped")
            await _ours(measured, "200", rig, rounds, "unchanged")
            channel.says(run + 1, "kept")
            await _ours(measured, "changed", rig, rounds, "fresh")


async def _ours(measured: Measured, name: str, rig: Rig, rounds: Rounds, outcome: str) -> None:
    with parses() as parsing:
        seconds = await _cpu(lambda: rig.once(rounds, outcome))
    measured.ours.setdefault(name, []).append(seconds / rig.units)
    all_of_it = measured.parsing.setdefault(name, Parsing())
    all_of_it.bodies += parsing.bodies
    all_of_it.entries += parsing.entries


async def _bare(
    measured: Measured, name: str, bare: _Bare, changed: int, *, conditional: bool
) -> None:
    etags = changed if conditional else None
    seconds = await _cpu(lambda: bare.fetch_all(etags))
    measured.bare.setdefault(name, []).append(seconds / measured.feeds)


async def _cpu(work: Callable[[], Awaitable[None]]) -> float:
    before = time.process_time()
    await work()
    return time.process_time() - before


class _Bare:
    """httpx over its aiohttp transport, as net/client has it, and nothing else: every body is
    read, nothing is checked, kept or written.
    """

    def __init__(self, channel: Channel, feeds: int) -> None:
        self._urls = [(number, channel.url(number)) for number in range(1, feeds + 1)]
        self._client = HttpxAiohttpClient(
            limits=httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE),
            headers={"User-Agent": "Bare/1", "Accept-Encoding": "gzip"},
            timeout=30,
            trust_env=False,
        )

    async def __aenter__(self) -> _Bare:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def fetch_all(self, changed: int | None) -> None:
        """Fetch every feed once; with the ETag of that state of the feeds, where it is given."""
        waiting = iter(self._urls)
        await asyncio.gather(*(self._work(waiting, changed) for _ in range(_AT_ONCE)))

    async def _work(self, waiting: Iterator[tuple[int, str]], changed: int | None) -> None:
        for number, url in waiting:
            had = {} if changed is None else {"If-None-Match": f'"{number}-{changed}-0"'}
            response = await self._client.get(url, headers=had)
            if response.status_code != (200 if changed is None else 304):
                raise RuntimeError(f"the bare fetch was answered {response.status_code}")


def rows(measured: Measured) -> list[Row]:
    """The budgets of a poll."""
    parsing, passes = measured.parsing, measured.feeds * measured.runs
    unchanged = parsing["304"].bodies + parsing["200"].bodies
    per_change = parsing["changed"].entries / passes
    return [
        _poll(measured, "unchanged poll, 304", "304", "304", (2.0, 1.3)),
        _poll(measured, "unchanged poll, 200, DTSTAMP rewritten", "200", "200", (2.5, 1.6)),
        _poll(measured, "one stay of 60 changed", "changed", "200", (6.0, 3.5)),
        _poll(measured, "first import of 60 stays", "first", "200", (None, None)),
        counted("parser calls on an unchanged feed", unchanged, 0),
        counted("entries parsed when one of 60 changed", per_change, 1),
    ]


def _poll(
    measured: Measured, what: str, name: str, beside: str, bounds: tuple[float | None, float | None]
) -> Row:
    return Row(
        what,
        micros(median(measured.ours[name])),
        measured.ratio(name, beside),
        f"bare {beside} {micros(median(measured.bare[beside]))}",
        *bounds,
    )
