"""What instances on PostgreSQL rely on beyond the common promises."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib.resources import files

import pytest
from sqlalchemy import text

from runner.conftest import QUICK
from runner.piles import Pile, until
from vacancy.runner.procrastinate import Procrastinate
from vacancy.store import jobs
from vacancy.store.session import Store

#: The last of the queue's own migrations that is in the schema of the locked release: a later one
#: needs a migration of ours.
NEWEST = "03.04.00_50"

pytestmark = pytest.mark.postgres


def sharing(store: Store, pile: Pile, then: Callable[[], Awaitable[None]], **wish: object) -> None:
    """One instance is at work on the pile while `then` goes on."""

    async def run() -> None:
        runner = Procrastinate(store, [pile.work(**wish)], QUICK)
        await runner.start()
        try:
            await then()
        finally:
            await runner.stop()

    asyncio.run(run())


def queued(store: Store) -> list[tuple[str, str]]:
    """The jobs in the queue, as (queueing lock, status)."""
    with store.read() as session:
        query = text("SELECT queueing_lock, status::text FROM procrastinate_jobs ORDER BY 1, 2")
        return [(row[0], row[1]) for row in session.execute(query)]


def test_the_queue_is_the_release_that_our_migration_knows() -> None:
    """A newer release with migrations of its own is not taken by accident."""
    scripts = files("procrastinate") / "sql" / "migrations"
    names = [entry.name for entry in scripts.iterdir() if entry.name.endswith(".sql")]
    assert max(names).startswith(NEWEST)


def test_a_job_is_put_with_what_causes_it_or_not_at_all(postgres_store: Store) -> None:
    """A transaction that is rolled back puts nothing; one piece waits once."""
    with pytest.raises(RuntimeError), postgres_store.write() as session:
        jobs.put(session, "piece", ["a"])
        raise RuntimeError("in the middle")
    assert queued(postgres_store) == []
    for _ in range(2):
        with postgres_store.write() as session:
            jobs.put(session, "piece", ["b", "a", "b"])
    assert queued(postgres_store) == [("piece:a", "todo"), ("piece:b", "todo")]


def test_a_committed_job_is_done_without_a_look(postgres_store: Store) -> None:
    """The instance is woken by the commit."""
    pile = Pile("a")

    async def then() -> None:
        await asyncio.sleep(1)
        began = asyncio.get_running_loop().time()
        with postgres_store.write() as session:
            jobs.put(session, "piece", ["a"])
        await until(lambda: pile.done, "the piece is done")
        assert asyncio.get_running_loop().time() - began < 2

    sharing(postgres_store, pile, then)
    assert queued(postgres_store) == []


def test_a_job_too_many_finds_nothing_to_do(postgres_store: Store) -> None:
    """The store alone says what is due."""
    pile = Pile("a")

    async def then() -> None:
        for key in ("b", "a"):
            with postgres_store.write() as session:
                jobs.put(session, "piece", [key])
        await until(lambda: pile.done and not queued(postgres_store), "the queue is empty")

    sharing(postgres_store, pile, then)
    assert pile.times == {"a": 1}


def test_what_a_dead_instance_had_in_hand_is_given_back(postgres_store: Store) -> None:
    """Its heart has stopped: the others take over, also a piece that waits for it already."""
    pile = Pile("a", "b")
    pile.in_hand = {"a", "b"}
    with postgres_store.write() as session:
        jobs.put(session, "piece", ["a", "b"])
        session.execute(
            text("""
                WITH dead AS (
                    INSERT INTO procrastinate_workers (last_heartbeat)
                    VALUES (now() - interval '1 minute') RETURNING id
                )
                UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM dead)
            """)
        )
        jobs.put(session, "piece", ["a"])
    work = pile.work()

    async def then() -> None:
        looking = Procrastinate(postgres_store, [], QUICK)
        while pile.due:
            await looking.look(work)
            await asyncio.sleep(0.1)

    sharing(postgres_store, pile, then)
    assert sorted(pile.given_back) == ["a", "b"]
    assert pile.times == {"a": 1, "b": 1}


def test_what_is_paced_is_done_once_in_a_pace_by_all_together(postgres_store: Store) -> None:
    """Three instances ask for it every half second: each second has it once."""
    pile, moments = Pile(), list[float]()

    async def then() -> None:
        loop = asyncio.get_running_loop()
        work = pile.work(every=1.0, paced=True)
        end = loop.time() + 5
        while loop.time() < end:
            pile.add("all")
            moments.append(loop.time())
            for _ in range(3):
                await Procrastinate(postgres_store, [], QUICK).look(work)
            await asyncio.sleep(0.5)

    sharing(postgres_store, pile, then, every=1.0, paced=True)
    assert 3 <= pile.times["all"] <= 6


def test_it_works_on_when_its_connections_were_cut(postgres_store: Store) -> None:
    """Every session but ours is ended by the server; the pieces are done all the same."""
    pile = Pile(*"abcdefgh", takes=0.05)
    work = pile.work()

    async def then() -> None:
        looking = Procrastinate(postgres_store, [], QUICK)
        await looking.look(work)
        await until(lambda: pile.done, "it is at work")
        with postgres_store.read() as session:
            session.execute(
                text("""
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()
                """)
            )
        pile.add(*"ijkl")
        while pile.due:
            await looking.look(work)
            await asyncio.sleep(0.1)
        await until(lambda: not queued(postgres_store), "no job stays behind")

    sharing(postgres_store, pile, then)
    assert pile.times == dict.fromkeys("abcdefghijkl", 1)
