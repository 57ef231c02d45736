"""Watches the wall clock by the one that never jumps."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import structlog

from vacancy.clock import Clock
from vacancy.store import spans
from vacancy.store.session import Store

_LOG = structlog.get_logger(__name__)

#: Less than this is how clocks are kept right, a second at a time.
_A_JUMP = timedelta(minutes=1)


def believe(store: Store, now: datetime) -> bool:
    """After a restart the wall clock is believed. Where it stands before what was written down, it
    was set back while nobody ran: what is under way starts anew then, and True is given.

    Raises a StoreFailure.
    """
    with store.read() as session:
        latest = spans.latest(session)
    if latest is None or now >= latest - _A_JUMP:
        return False
    with store.write() as session:
        spans.start_anew(session, now, now - latest)
    _LOG.warning("clock.set_back", seconds=int((latest - now).total_seconds()), now=now.isoformat())
    return True


class Clocks:
    """Compares how far both clocks came since they last agreed.

    After a restart the wall clock is believed: nobody knows how long the process was away.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall, self._steady = clock.now(), clock.monotonic()
        self._turn = threading.Lock()

    def parted(self) -> timedelta:
        """By how much the wall clock was set on, or (less than zero) back; zero under a minute."""
        wall, steady = self._clock.now(), self._clock.monotonic()
        by = (wall - self._wall) - timedelta(seconds=steady - self._steady)
        return by if abs(by) > _A_JUMP else timedelta()

    def agree(self, by: timedelta) -> None:
        """The parting by so much is dealt with."""
        self._wall += by

    def watch(self, store: Store) -> datetime | None:
        """Starts every span under way anew when the clocks parted; the new time then, else None.

        Any thread may look. Raises a StoreFailure; the next look finds the same.
        """
        with self._turn:
            by = self.parted()
            if not by:
                return None
            now = self._clock.now()
            with store.write() as session:
                spans.start_anew(session, now, by)
            self.agree(by)
        _LOG.warning("clock.jumped", seconds=int(by.total_seconds()), now=now.isoformat())
        return now
