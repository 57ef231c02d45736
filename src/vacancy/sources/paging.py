"""All pages of a listing, or none of it.

A page that cannot be had fails the whole. A list that moves while it is read (an item on two pages,
a total that changes or does not come out) is read again from its start, and fails if it will not
hold still. What neither shows (one item gone and another come, between two pages) is missed by this
reading alone; the next one shows it, and nothing is released for one absence.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from vacancy.sources import fields
from vacancy.sources.fields import Paths
from vacancy.sources.port import SourceFailed
from vacancy.sources.wire import Json, Wire, unexpected

Query = dict[str, str | int | None]
#: Asks for one page with these words in the query.
Turn = Callable[[Query], Awaitable[Json]]

#: Bounds of one listing.
MOST_PAGES = 500
MOST_ITEMS = 25_000
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """How a system pages, as data. `items` are the paths of the list; "" is the document itself.

    `number` names the page, counted from `first`, or, with `by_item`, the item that it begins
    with. `size` names how many are asked for: `most`, None where that is not to be said. `total`
    counts items, `pages` pages, where the answer says so; where it says neither, pages are read
    until one is empty or says nothing new.
    """

    items: Paths
    number: str = "page"
    first: int = 1
    by_item: bool = False
    size: str | None = "limit"
    most: int = 100
    total: Paths = (
        "pagination.total",
        "pagination.totalItems",
        "total",
        "totalItems",
        "meta.total",
    )
    pages: Paths = ("pagination.totalPages", "totalPages", "pages", "meta.totalPages")
    ids: Paths = ("id",)


class _Moved(Exception):
    """The list is not what it was a page ago."""


@dataclass(slots=True)
class _Reading:
    """What one pass through the pages has gathered."""

    paging: Paging
    items: list[Any]
    seen: set[str]
    total: int | None = None
    pages: int | None = None
    begun: bool = False

    def take(self, answer: Json) -> int:
        """Add a page; how many items it has. Raises _Moved."""
        page = _items(answer, self.paging)
        total, pages = _count(answer, self.paging.total), _count(answer, self.paging.pages)
        if self.begun and (total, pages) != (self.total, self.pages):
            raise _Moved
        self.begun, self.total, self.pages = True, total, pages
        ids = [_id(item, self.paging, at) for at, item in enumerate(page, len(self.items))]
        if self._says_it_again(ids):
            return 0
        if len({*ids}) < len(ids) or not self.seen.isdisjoint(ids):
            raise _Moved
        self.items.extend(page)
        self.seen.update(ids)
        return len(page)

    def _says_it_again(self, ids: list[str]) -> bool:
        """A server that pages nothing gives all of it each time."""
        untold = self.total is None and self.pages is None
        return untold and bool(ids) and self.seen == {*ids}

    def ends(self, count: int, turn: int) -> bool:
        """Whether the page just taken, of `count` items, was the last. Raises _Moved."""
        if self.pages is not None:
            done = turn >= self.pages
        elif self.total is not None:
            done = len(self.items) >= self.total or not count
        else:
            done = not count
        if done and self.total is not None and len(self.items) != self.total:
            raise _Moved
        return done


async def all_items(turn: Turn, paging: Paging, **query: str | int | None) -> list[Any]:
    """Every item of every page, in order. Raises SourceFailed, also where it will not hold still.

    `query`: what is asked besides, the same for every page.
    """
    for _ in range(_TRIES):
        try:
            return await _through(turn, paging, query)
        except _Moved:
            continue
    raise SourceFailed(
        "unexpected",
        f"The list changed each time while its pages were read, {_TRIES} times: it is asked again.",
    )


async def listed(wire: Wire, path: str, paging: Paging, **query: str | int | None) -> list[Any]:
    """Every item of the listing at a path of a system. Raises SourceFailed."""

    async def turn(words: Query) -> Json:
        return await wire.get(path, **words)

    return await all_items(turn, paging, **query)


async def _through(turn: Turn, paging: Paging, query: Query) -> list[Any]:
    reading = _Reading(paging, [], set())
    for at in range(MOST_PAGES):
        number = len(reading.items) if paging.by_item else at
        words: Query = {**query, paging.number: paging.first + number}
        if paging.size is not None:
            words[paging.size] = paging.most
        count = reading.take(await turn(words))
        if reading.ends(count, at + 1):
            return reading.items
        if len(reading.items) > MOST_ITEMS:
            break
    raise unexpected(f"its list has more than {MOST_PAGES} pages or {MOST_ITEMS} items")


def _items(answer: Json, paging: Paging) -> list[Any]:
    for path in paging.items:
        found = answer if not path else fields.value(answer, (path,))
        if isinstance(found, list):
            return found
    raise unexpected(f"no list of {paging.items[0] or 'items'} is in it")


def _id(item: Any, paging: Paging, at: int) -> str:
    """What tells items apart; one without an id is told by its place."""
    return fields.text(item, paging.ids) or f"#{at}"


def _count(answer: Json, paths: Paths) -> int | None:
    found = fields.value(answer, paths)
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) < 10:
        return int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) else None
