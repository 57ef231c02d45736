"""A listing is all of its pages or none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vacancy.sources.paging import MOST_PAGES, Paging, Query, all_items
from vacancy.sources.port import SourceFailed

pytestmark = pytest.mark.anyio

NUMBERED = Paging(items=("data",), most=2)
ZERO = Paging(items=("bookings",), first=0, size="size", most=2)
OFFSET = Paging(items=("data",), number="offset", first=0, by_item=True, most=2)
BARE = Paging(items=("",), most=2)
EVERY = [NUMBERED, ZERO, OFFSET, BARE]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def things(count: int) -> list[Any]:
    return [{"id": number} for number in range(count)]


class Shelf:
    """A server that holds a list and pages it as it is asked; `meddle` is called at each page."""

    def __init__(
        self,
        paging: Paging,
        holds: list[Any],
        says: Callable[[int], dict[str, Any]],
        meddle: Callable[[Shelf], None] = lambda _: None,
    ) -> None:
        self.paging, self.holds, self.says, self.meddle = paging, holds, says, meddle
        self.turns = 0

    async def turn(self, query: Query) -> Any:
        self.turns += 1
        size = int(query[self.paging.size or ""] or 0)
        number = int(query[self.paging.number] or 0)
        begin = number if self.paging.by_item else (number - self.paging.first) * size
        page = self.holds[begin : begin + size]
        told = self.says(len(self.holds))
        self.meddle(self)
        if self.paging.items == ("",):
            return page
        return {self.paging.items[0]: page, **told}


def total(count: int) -> dict[str, Any]:
    return {"total": count}


def pages(count: int) -> dict[str, Any]:
    return {"pagination": {"totalItems": count, "totalPages": -(-count // 2)}}


def nothing(count: int) -> dict[str, Any]:
    return {}


@pytest.mark.parametrize("paging", EVERY)
@pytest.mark.parametrize("says", [total, pages, nothing])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 6])
async def test_every_item_of_every_page_comes(
    paging: Paging, says: Callable[[int], dict[str, Any]], count: int
) -> None:
    """However pages are named, and whatever the answer says of their number."""
    shelf = Shelf(paging, things(count), says)
    assert await all_items(shelf.turn, paging) == things(count)
    assert shelf.turns <= count // 2 + 2


async def test_what_is_asked_besides_is_asked_of_every_page() -> None:
    """A filter that held for the first page alone would mix two lists."""
    heard: list[Query] = []
    shelf = Shelf(NUMBERED, things(3), total)

    async def turn(query: Query) -> Any:
        heard.append(query)
        return await shelf.turn(query)

    await all_items(turn, NUMBERED, room="7")
    assert heard == [{"room": "7", "page": n, "limit": 2} for n in (1, 2)]


async def test_a_server_that_pages_nothing_gives_all_at_once() -> None:
    """It says the same again, which is no sign that anything moved."""

    async def turn(query: Query) -> Any:
        return things(7)

    assert await all_items(turn, BARE) == things(7)


@pytest.mark.parametrize("says", [total, nothing])
async def test_a_list_that_moved_is_read_again(says: Callable[[int], dict[str, Any]]) -> None:
    """What was inserted before the second page pushes an item onto it twice."""

    def insert(shelf: Shelf) -> None:
        if shelf.turns == 1:
            shelf.holds.insert(0, {"id": "new"})

    shelf = Shelf(NUMBERED, things(5), says, insert)
    assert await all_items(shelf.turn, NUMBERED) == [{"id": "new"}, *things(5)]


async def test_an_item_that_went_is_missed_by_nobody() -> None:
    """Where the total tells that one went, an item that slipped between pages is read after all."""

    def remove(shelf: Shelf) -> None:
        if shelf.turns == 1:
            shelf.holds.pop(0)

    shelf = Shelf(NUMBERED, things(5), total, remove)
    assert await all_items(shelf.turn, NUMBERED) == things(5)[1:]


async def test_a_list_that_never_holds_still_fails() -> None:
    """Rather than be taken in half."""

    def insert(shelf: Shelf) -> None:
        shelf.holds.insert(0, {"id": f"new-{shelf.turns}"})

    with pytest.raises(SourceFailed) as failed:
        await all_items(Shelf(NUMBERED, things(5), total, insert).turn, NUMBERED)
    assert failed.value.reason == "unexpected"


async def test_a_page_that_fails_fails_all() -> None:
    """The first pages alone would look as though the rest were gone."""
    shelf = Shelf(NUMBERED, things(6), total)

    async def turn(query: Query) -> Any:
        if shelf.turns == 2:
            raise SourceFailed("http_500", "It has trouble.")
        return await shelf.turn(query)

    with pytest.raises(SourceFailed, match="trouble"):
        await all_items(turn, NUMBERED)


@pytest.mark.parametrize("answer", [None, [], {"data": None}, {"items": []}, "x", {"data": {}}])
async def test_an_answer_without_its_list_fails(answer: Any) -> None:
    """No list is not an empty list."""

    async def turn(query: Query) -> Any:
        return answer

    with pytest.raises(SourceFailed) as failed:
        await all_items(turn, NUMBERED)
    assert failed.value.reason == "unexpected"


async def test_a_total_that_does_not_come_out_fails() -> None:
    """Fewer items than were said to be there are not all of them."""

    async def turn(query: Query) -> Any:
        return {"data": things(2), "total": 9, "totalPages": 1}

    with pytest.raises(SourceFailed):
        await all_items(turn, NUMBERED)


async def test_pages_without_end_are_left() -> None:
    """A server that always has more is not read for ever."""
    turns: list[Query] = []

    async def turn(query: Query) -> Any:
        turns.append(query)
        return {"data": [{"id": str(query)}]}

    with pytest.raises(SourceFailed, match="more than"):
        await all_items(turn, NUMBERED)
    assert len(turns) <= MOST_PAGES


@given(
    st.lists(st.integers(0, 40), unique=True, max_size=9),
    st.integers(1, 4),
    st.sampled_from([total, nothing]),
    st.sampled_from([False, True]),
)
async def test_any_list_comes_whole(
    holds: list[int], most: int, says: Callable[[int], dict[str, Any]], by_item: bool
) -> None:
    """Of any length, in pages of any size."""
    paging = Paging(items=("data",), first=0, by_item=by_item, most=most)
    items = [{"id": number} for number in holds]
    assert await all_items(Shelf(paging, items, says).turn, paging) == items
