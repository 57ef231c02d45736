"""What every runner promises, whether one process does the work or many share it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from runner.conftest import Make
from runner.piles import Pile, until
from vacancy.runner.work import Runner, Work

KEYS = [f"key {number:02}" for number in range(20)]


@asynccontextmanager
async def running(make: Make, *works: Work) -> AsyncIterator[Runner]:
    """A runner that was started, and is stopped as the block ends."""
    runner = make(works)
    await runner.start()
    try:
        yield runner
    finally:
        await runner.stop()


async def looked(runner: Runner, works: Sequence[Work], pile: Pile) -> None:
    """Look as the daemon does, until nothing is due."""
    for _ in range(100):
        for work in works:
            await runner.look(work)
        await asyncio.sleep(0.05)
        if not pile.due:
            return
    raise AssertionError(f"never done: {pile.due}")


def test_what_is_due_is_done_once(make: Make) -> None:
    """However often it is looked for."""
    pile = Pile(*KEYS)

    async def run() -> None:
        work = pile.work()
        async with running(make, work) as runner:
            await looked(runner, [work], pile)
            for _ in range(3):
                await runner.look(work)
            await asyncio.sleep(0.3)

    asyncio.run(run())
    assert pile.times == dict.fromkeys(KEYS, 1)


def test_two_that_share_do_each_piece_once(make: Make) -> None:
    """Both look for the same, at the same time."""
    pile = Pile(*KEYS, takes=0.02)

    async def run() -> None:
        mine, yours = pile.work("one"), pile.work("other")
        async with running(make, mine) as one, running(make, yours) as other:
            await asyncio.gather(looked(one, [mine], pile), looked(other, [yours], pile))

    asyncio.run(run())
    assert pile.times == dict.fromkeys(KEYS, 1)
    assert pile.begun == dict.fromkeys(KEYS, 1)


def test_a_piece_that_fails_stops_no_other_and_comes_again(make: Make) -> None:
    """It is due as long as it is not done."""
    pile = Pile(*KEYS)
    pile.fails = {KEYS[0]: OSError("the first try is in vain"), KEYS[7]: ValueError("a fault")}

    async def run() -> None:
        work = pile.work()
        async with running(make, work) as runner:
            for _ in range(100):
                try:
                    await runner.look(work)
                except (OSError, ValueError):
                    continue
                await asyncio.sleep(0.05)
                if not pile.due:
                    return

    asyncio.run(run())
    assert pile.times == dict.fromkeys(KEYS, 1)
    assert pile.fails == {}


def test_a_look_that_fails_says_so_and_loses_nothing(make: Make) -> None:
    """The store was away: the next look finds the same."""
    pile = Pile(*KEYS)
    work = pile.work()

    async def away() -> Sequence[str]:
        raise OSError("the store is away")

    async def run() -> None:
        async with running(make, work) as runner:
            with pytest.raises(OSError, match="away"):
                await runner.look(Work("piece", away, work.do))
            await looked(runner, [work], pile)

    asyncio.run(run())
    assert pile.times == dict.fromkeys(KEYS, 1)


def test_no_more_are_done_side_by_side_than_there_are_places(make: Make) -> None:
    """The bound is a process's own."""
    pile = Pile(*KEYS, takes=0.05)

    async def run() -> None:
        work = pile.work(at_once=3)
        async with running(make, work) as runner:
            await looked(runner, [work], pile)

    asyncio.run(run())
    assert 1 <= pile.most_at_once <= 3


def test_what_is_under_way_at_a_stop_ends(make: Make) -> None:
    """Nothing new is begun, and nothing is left in hand."""
    pile = Pile(*KEYS, takes=0.3)

    async def run() -> None:
        work = pile.work()
        async with running(make, work) as runner:
            looking = asyncio.create_task(runner.look(work))
            await until(lambda: pile.in_hand, "a piece is in hand")
        await looking

    asyncio.run(run())
    assert pile.in_hand == set()
    assert pile.done
    assert {key for key, _ in pile.done} | pile.due == set(KEYS)
