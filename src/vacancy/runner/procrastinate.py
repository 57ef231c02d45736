"""Due work shared among instances, through procrastinate's queue on PostgreSQL.

Whoever finds something due puts it into the queue; whichever instance comes first does it. The
queue holds back a second job of a piece that waits or is being done (its two locks), wakes idle
instances, and by their heartbeats knows the dead ones, whose work the others give back. It never
decides what is due: a job too many finds nothing to do, and one too few is put anew by the next
look.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DeleteJobCondition, Job, Status
from procrastinate.manager import JobManager
from psycopg import Error as PostgresError
from psycopg.errors import RaiseException
from psycopg_pool import AsyncConnectionPool

from vacancy.runner.work import Work
from vacancy.store import jobs
from vacancy.store.served import StoreFailure
from vacancy.store.session import Store
from vacancy.store.upkeep import describe

_LOG = structlog.get_logger(__name__)

#: How a server that is away or silent is borne with, in libpq's words.
_PATIENCE = {"connect_timeout": 5, "keepalives_idle": 10, "tcp_user_timeout": 10_000}


#: Seconds for taking leave of a server that may not answer.
_TO_LEAVE = 3.0


@dataclass(frozen=True, slots=True)
class Rhythm:
    """In seconds: how often an instance says that it lives, after what silence it is taken for
    dead, how often the others look, how often the queue is asked without being told, how soon a
    lost server is tried again, and how long a stop waits for work to end before it leaves that to
    the work's owner.
    """

    beat: float = 5.0
    dead_after: float = 15.0
    look_after: float = 3.0
    ask: float = 1.0
    again: float = 1.0
    patience: float = 1.0


class Procrastinate:
    """One instance's share. `works` are the kinds that it does; it may look for others as well."""

    def __init__(self, store: Store, works: Sequence[Work], rhythm: Rhythm | None = None) -> None:
        self._store = store
        self._works = works
        self._rhythm = rhythm or Rhythm()
        self._unfinished: set[int] = set()
        self._running: asyncio.Task[None] | None = None
        self._failing = self._over = False

    async def start(self) -> None:
        """Begin to take work from the queue; while the server is away, as soon as it is back."""
        self._running = asyncio.create_task(self._work_on())

    async def look(self, work: Work) -> None:
        """Put what is due into the queue."""
        keys = await work.due()
        if keys:
            await asyncio.to_thread(self._put, work, keys)

    async def stop(self) -> None:
        """What is not done in time is cut off; its owner gives it back."""
        self._over = True
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running], timeout=self._rhythm.patience + _TO_LEAVE)

    def _put(self, work: Work, keys: Sequence[str]) -> None:
        with self._store.write() as session:
            jobs.put(session, work.kind, keys, work.every if work.paced else None)

    async def _work_on(self) -> None:
        """A worker falls with its connection to the server: it is made anew until told to stop."""
        while not self._over:
            try:
                await self._work_connected()
            except (ConnectorException, PostgresError, *StoreFailure) as trouble:
                self._tell(trouble)
            except Exception:
                _LOG.exception("queue.broke")
            await asyncio.sleep(self._rhythm.again)

    async def _work_connected(self) -> None:
        async with self._opened() as app:
            parts = [asyncio.create_task(self._worker(app, work)) for work in self._works]
            parts.append(asyncio.create_task(self._look_after(app.job_manager)))
            if self._failing:
                self._failing = False
                _LOG.info("queue.works_again")
            try:
                ended, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
                for part in ended:
                    part.result()
                raise ConnectorException("a worker stopped by itself")
            finally:
                for part in parts:
                    part.cancel()
                await asyncio.gather(*parts, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def _opened(self) -> AsyncIterator[App]:
        connector = PsycopgConnector()
        app = App(connector=connector)
        app.job_manager = _Jobs(connector, self._unfinished)
        for work in self._works:
            app.task(name=work.kind, queue=work.kind)(_piece(work))
        # A pool that lost its server comes back later and later: a new one is made instead.
        pool = AsyncConnectionPool(
            self._store.conninfo,
            kwargs=_PATIENCE,
            min_size=1,
            max_size=6,
            timeout=5,
            reconnect_timeout=1,
            open=False,
            check=AsyncConnectionPool.check_connection,
        )
        try:
            await pool.open(wait=True, timeout=5)
            async with app.open_async(pool):
                yield app
        finally:
            await pool.close(timeout=1)

    async def _worker(self, app: App, work: Work) -> None:
        await app.run_worker_async(
            queues=[work.kind],
            name=work.kind,
            concurrency=work.at_once,
            fetch_job_polling_interval=self._rhythm.ask,
            shutdown_graceful_timeout=self._rhythm.patience,
            listen_notify=not work.paced,
            delete_jobs=DeleteJobCondition.ALWAYS,
            install_signal_handlers=False,
            update_heartbeat_interval=self._rhythm.beat,
            stalled_worker_timeout=self._rhythm.dead_after,
        )

    async def _look_after(self, manager: JobManager) -> None:
        """Give back what dead instances had in hand, and end jobs that could not be ended."""
        while True:
            for work in self._works:
                stalled = await manager.get_stalled_jobs(
                    queue=work.kind, seconds_since_heartbeat=self._rhythm.dead_after
                )
                await self._take_over(manager, work, list(stalled))
            for job_id in list(self._unfinished):
                await manager.finish_job_by_id_async(job_id, Status.ABORTED, delete_job=True)
                self._unfinished.discard(job_id)
            await asyncio.sleep(self._rhythm.look_after)

    async def _take_over(self, manager: JobManager, work: Work, stalled: Sequence[Job]) -> None:
        """The job goes, and the next look finds its work due: a job that waits for the same piece
        would refuse this one's return.
        """
        if not stalled:
            return
        _LOG.warning("queue.taken_over", kind=work.kind, pieces=len(stalled))
        await work.let_go([str(job.task_kwargs["key"]) for job in stalled])
        for job in stalled:
            await manager.finish_job(job, Status.ABORTED, delete_job=True)

    def _tell(self, trouble: BaseException) -> None:
        if not self._failing:
            cause = trouble.__cause__ or trouble
            error = describe(cause if isinstance(cause, Exception) else RuntimeError())
            _LOG.error("store.failed", during="queue", error=error)
        self._failing = True


class _Jobs(JobManager):
    """Jobs that can always be ended: sooner or later, or somebody else has ended them.

    One that is done but not ended would stand in the way of its piece as long as we live.
    """

    def __init__(self, connector: PsycopgConnector, unfinished: set[int]) -> None:
        super().__init__(connector)
        self._unfinished = unfinished

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        try:
            await super().finish_job(job, status, delete_job)
        except ConnectorException:
            if job.id is not None:
                self._unfinished.add(job.id)

    async def finish_job_by_id_async(self, job_id: int, status: Status, delete_job: bool) -> None:
        try:
            await super().finish_job_by_id_async(job_id, status, delete_job)
        except ConnectorException as trouble:
            if not isinstance(trouble.__cause__, RaiseException):  # "not found": it has ended
                raise


def _piece(work: Work) -> Callable[[str], Awaitable[None]]:
    """Doing one piece as a job, which never fails: what went wrong is due again."""

    async def piece(key: str) -> None:
        try:
            await work.do(key)
        except StoreFailure as failure:
            _LOG.error("store.failed", during=work.kind, error=describe(failure))
        except Exception:
            _LOG.exception("work.broke", kind=work.kind, key=key)

    return piece
