"""The daemon: rounds on a metronome, a web server, signals, and word to systemd."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

import structlog
import uvicorn
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from vacancy import log
from vacancy.api.health import Health, Metrics
from vacancy.api.listening import Listeners
from vacancy.clock import Clock
from vacancy.daemon.clocks import Clocks, believe
from vacancy.daemon.compose import House, open_deliveries, open_polling
from vacancy.daemon.connection import speaking_within
from vacancy.daemon.following import Following
from vacancy.daemon.gauge import gauge
from vacancy.daemon.notify import Systemd
from vacancy.daemon.polling import Polling
from vacancy.daemon.probe import DISK_FULL, trouble
from vacancy.daemon.web import Beside, Web, listen, make_web
from vacancy.daemon.works import Beat, Hands, make_runner, works
from vacancy.domain.errors import VacancyError
from vacancy.notifier.deliver import Deliveries
from vacancy.poller.tools import Polled
from vacancy.publisher.cache import ExportCache
from vacancy.publisher.readings import Readings
from vacancy.publisher.serve import ExportApp
from vacancy.services import config
from vacancy.services.at import At
from vacancy.services.publishing import publisher
from vacancy.settings import Settings, SettingsError
from vacancy.store.served import StoreFailure
from vacancy.store.session import open_store
from vacancy.store.upkeep import describe
from vacancy.vault import open_vault

_LOG = structlog.get_logger(__name__)

#: Seconds for open requests to end at a stop, after the polls in flight.
WEB_PATIENCE = 5
#: The metronome is stuck when it has not ticked for so many seconds.
TICK_HOLDS_FOR = 30.0


def serve(
    settings: Settings, clock: Clock, reload: Callable[[], Settings], roles: Collection[str]
) -> int:
    """Run until SIGTERM or SIGINT; the exit code. The store is made, migrated and configured.

    `reload` reads the config again at SIGHUP; one that cannot be read leaves the old in force.
    """
    by_place = "console" if sys.stderr.isatty() else "json"
    log.configure(kind=settings.server.log or by_place, level=settings.server.log_level)
    # They tell of every beat, job and lost connection.
    for teller in ("apscheduler", "procrastinate", "psycopg"):
        logging.getLogger(teller).setLevel(logging.CRITICAL)
    store = open_store(settings.server.database_url)
    house = House(settings, store, open_vault(settings.server.data_dir), clock, secrets.token_bytes)
    try:
        listening = listen(settings) if "api" in roles else None
        return asyncio.run(Daemon(house, reload, roles).run(listening))
    finally:
        store.close()


def _keep_for_good() -> None:
    """Whatever is there by now stays to the end: two hundred thousand objects, by which every look
    for garbage would go.
    """
    gc.collect()
    gc.freeze()


class Daemon:
    """One running daemon."""

    def __init__(
        self, house: House, reload: Callable[[], Settings], roles: Collection[str]
    ) -> None:
        self._house = house
        self._reload = reload
        self._roles = frozenset(roles)
        self._health = Health()
        self._metrics = Metrics()
        self._cache = ExportCache(house.store)
        self._following = Following(self._cache, house.store, house.clock)
        self._readings = Readings(house.chance)
        self._clocks = Clocks(house.clock)
        self._listeners = Listeners()
        self._stop = asyncio.Event()
        self._polling = contextlib.AsyncExitStack()
        self._telling = contextlib.AsyncExitStack()
        self._rounds: Polling | None = None
        self._deliveries: Deliveries | None = None
        by_role = works(Hands(lambda: self._house, self._poller, self._teller, self._goes_on))
        self._beats = [beat for role in sorted(self._roles) for beat in by_role[role]]
        self._runner = make_runner(house.store, [work for beat in self._beats for work in beat])
        self._ticked_at = 0.0
        self._failing: set[str] = set()
        self._notify = Systemd()

    async def run(self, listening: socket.socket | None) -> int:
        """Start everything, wait for the word to stop, stop everything in order.

        The web is served on `listening`; None serves none.
        """
        self._handle_signals()
        await asyncio.to_thread(self._believe_the_clock)
        await asyncio.to_thread(self._probe)
        if listening is not None:
            await asyncio.to_thread(self._following.look)
        web = Web(self._web_config())
        serving = None if listening is None else asyncio.create_task(web.serve([listening]))
        await self._work_by_settings()
        await self._runner.start()
        scheduler = self._metronome()
        scheduler.start()
        watching = (
            None if listening is None else asyncio.create_task(self._following.run(self._survive))
        )
        await self._announce(web, serving)
        _keep_for_good()
        await self._until_stopped(serving)
        self._notify.stopping()
        scheduler.shutdown(wait=False)
        if watching is not None:
            watching.cancel()
        self._listeners.close()
        await self._runner.stop()
        await asyncio.gather(self._polling.aclose(), self._telling.aclose())
        if serving is not None:
            web.should_exit = True
            await serving
        await asyncio.to_thread(self._last_words)
        return 0 if self._stop.is_set() else 1

    async def _work_by_settings(self) -> None:
        """Poll and tell endpoints by the settings in force; what is in flight ends by those that it
        began with.
        """
        before = self._polling, self._telling
        self._polling, self._telling = contextlib.AsyncExitStack(), contextlib.AsyncExitStack()
        self._rounds = await self._polling.enter_async_context(
            open_polling(self._house, self._before_judging, self._polled)
        )
        self._deliveries = await self._telling.enter_async_context(open_deliveries(self._house))
        await asyncio.gather(*(stack.aclose() for stack in before))

    def _poller(self) -> Polling:
        if self._rounds is None:
            raise RuntimeError("nothing is polled before the daemon runs")
        return self._rounds

    def _teller(self) -> Deliveries:
        if self._deliveries is None:
            raise RuntimeError("nobody is told before the daemon runs")
        return self._deliveries

    def _goes_on(self) -> bool:
        return not self._stop.is_set()

    def _web_config(self) -> uvicorn.Config:
        metrics = self._metrics if self._house.settings.server.metrics else None
        rest = make_web(
            Beside(lambda: self._house, self._health, self._listeners, metrics, self._ask)
        )
        return uvicorn.Config(
            ExportApp(self._cache, self._readings, self._house.clock.now, rest),
            host=self._house.settings.server.host,
            port=self._house.settings.server.port,
            http=speaking_within(self._house.settings.api.body_within.total_seconds()),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=WEB_PATIENCE,
        )

    def _metronome(self) -> AsyncIOScheduler:
        """A handful of jobs, never one a feed. A late beat is made up for once, not repeated."""
        scheduler = AsyncIOScheduler(
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        scheduler.add_job(self._tick, "interval", seconds=1)
        for beat in self._beats:
            scheduler.add_job(self._beat, "interval", [beat], seconds=beat[0].every)
        scheduler.add_job(self._write, "interval", seconds=1)
        scheduler.add_job(self._check, "interval", seconds=2)
        scheduler.add_job(self._gauge, "interval", seconds=10)
        return scheduler

    async def _tick(self) -> None:
        self._ticked_at = self._house.clock.monotonic()
        with self._survive("clock"):
            if "poller" in self._roles and self._clocks.parted():
                await asyncio.to_thread(self._clocks.watch, self._house.store)

    async def _beat(self, beat: Beat) -> None:
        """Look for work of these kinds. A kind that is slow keeps the others of its beat alone."""
        for work in beat:
            with self._survive(work.kind):
                await self._runner.look(work)

    async def _ask(self, feed_ids: Sequence[str]) -> list[Polled]:
        """Poll feeds for a request; without a poller of ours running, too."""
        patience = self._house.settings.api.refresh_within.total_seconds()
        return [] if self._rounds is None else await self._rounds.ask(feed_ids, patience)

    async def _write(self) -> None:
        with self._survive("readings"):
            await asyncio.to_thread(self._write_readings)

    async def _gauge(self) -> None:
        with self._survive("gauge"):
            await asyncio.to_thread(gauge, self._house, self._metrics)

    async def _check(self) -> None:
        """Probe the store, and tell systemd that we live while starting anew would not help."""
        await asyncio.to_thread(self._probe)
        now = self._house.clock.monotonic()
        reason = self._health.reason_not_ready(now)
        if reason in (None, DISK_FULL) and now - self._ticked_at < TICK_HOLDS_FOR:
            self._notify.ping()

    def _probe(self) -> None:
        self._health.note(trouble(self._house), self._house.clock.monotonic())

    def _believe_the_clock(self) -> None:
        with self._survive("clock"):
            believe(self._house.store, self._house.clock.now())

    def _before_judging(self) -> None:
        """An answer that comes in between two ticks must not be judged by a clock that jumped."""
        self._clocks.watch(self._house.store)
        self._write_readings()

    def _write_readings(self) -> None:
        self._readings.flush(self._house.store, self._house.clock.now())

    def _polled(self, polled: Polled) -> None:
        finished = polled.finished
        seconds = (finished.ended_at - finished.started_at).total_seconds()
        self._metrics.polls.labels(finished.outcome).inc()
        self._metrics.poll_seconds.observe(max(0.0, seconds))
        tell = _LOG.debug if polled.quiet else _LOG.info
        tell(
            "feed.polled",
            unit=polled.due.unit_slug,
            feed=polled.due.key,
            host=polled.due.host,
            outcome=finished.outcome,
            reason=finished.reason,
            changes=len(polled.changes),
            millis=int(seconds * 1000),
        )

    @contextlib.contextmanager
    def _survive(self, what: str) -> Iterator[None]:
        """A beat that fails is missed, and the next one comes; told once until it works again."""
        try:
            yield
        except StoreFailure as failure:
            if what not in self._failing:
                _LOG.error("store.failed", during=what, error=describe(failure))
            self._failing.add(what)
        except Exception:
            _LOG.exception("beat.failed", during=what)
        else:
            if what in self._failing:
                _LOG.info("store.works_again", during=what)
            self._failing.discard(what)

    async def _announce(self, web: uvicorn.Server, serving: asyncio.Task[None] | None) -> None:
        while serving is not None and not web.started and not serving.done():
            await asyncio.sleep(0.02)
        address = self._house.settings.server.listen
        _LOG.info("daemon.ready", listen=address, roles=sorted(self._roles))
        self._notify.ready()

    async def _until_stopped(self, serving: asyncio.Task[None] | None) -> None:
        stopped = asyncio.create_task(self._stop.wait())
        waited = {stopped} if serving is None else {stopped, serving}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()

    def _last_words(self) -> None:
        with self._survive("stop"):
            self._readings.flush(self._house.store, self._house.clock.now(), repeats=True)
        self._cache.close()
        _LOG.info("daemon.stopped")

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._asked_to_stop)
        loop.add_signal_handler(signal.SIGHUP, self._asked_to_reload)

    def _asked_to_stop(self) -> None:
        if self._stop.is_set():
            _LOG.warning("daemon.stopping_at_once")
            os._exit(130)
        self._stop.set()

    def _asked_to_reload(self) -> None:
        self._reloading = asyncio.create_task(self._apply_config())

    async def _apply_config(self) -> None:
        """A config that cannot be read, or meant, leaves the old one in force."""
        try:
            done = await asyncio.to_thread(self._apply)
        except (SettingsError, VacancyError) as error:
            _LOG.error("config.refused", problems=str(error))
        except StoreFailure as failure:
            _LOG.error("store.failed", during="reload", error=describe(failure))
        else:
            _LOG.info("config.applied", differences=[str(one) for one in done])
            await self._work_by_settings()

    def _apply(self) -> list[config.Difference]:
        """What the units say goes into the store; the server's own address and places stay."""
        house, settings = self._house, self._reload()
        at = At(house.clock.now(), house.chance, publisher(house.chance))
        with house.store.write() as session:
            done = config.apply(session, settings, house.vault, at)
        if settings.server != house.settings.server:
            _LOG.warning("config.needs_restart", section="server")
        kept = settings.model_copy(update={"server": house.settings.server, "units": ()})
        self._house = replace(house, settings=kept)
        return done
