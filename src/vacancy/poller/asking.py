"""One asking of one booking system: all its properties in one listing, each taken in for itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import structlog

from vacancy.domain import cadence
from vacancy.domain.claims import Snapshot
from vacancy.domain.feed import FeedState
from vacancy.domain.pushes import Pushed
from vacancy.poller.conclusion import Heard, at_rest, conclude, say_nothing, write_failure
from vacancy.poller.fetch import Failed
from vacancy.poller.guests import furnish
from vacancy.poller.listing import Listed, snapshot_of
from vacancy.poller.timing import EARLY_LEAST, EARLY_MOST, local_date, reading_key
from vacancy.poller.tools import Polled, Span, Tools
from vacancy.sources.port import Listing, Source, SourceFailed
from vacancy.store import polls, pushes, sources
from vacancy.store.leasing import Due
from vacancy.store.session import Session
from vacancy.store.sources import Asked, DueSource

_LOG = structlog.get_logger(__name__)

#: Makes the adapter that speaks for a source. Raises SourceFailed where its credentials are no use.
Connect = Callable[[DueSource], Source]

#: What departed so long ago is not asked for.
LOOK_BACK = timedelta(days=2)
#: Seconds for a whole listing, with every page of it.
PATIENCE = 120.0

_FAULT = "Vacancy itself failed at this answer: please report it with its log."
_SLOW = "The booking system took too long for one listing."


@dataclass(frozen=True, slots=True)
class Asking:
    """What asking a source is done with. `before` runs ahead of any judgement."""

    tools: Tools
    connect: Connect
    before: Callable[[], None]

    async def ask(self, due: DueSource) -> list[Polled]:
        """Ask a source and take in what it lists: how each of its feeds was polled.

        A listing that fails changes nothing anywhere. Where a webhook or a person asked, what
        changed is read first; it adds, and the whole is read at once where it gave something up.
        """
        started = self.tools.clock.now()
        try:
            source = self.connect(due)
            if due.triggered and due.cursor is not None and not due.failures:
                changes = await _listed(self._changes(source, due, started))
                span = Span(started, self.tools.clock.now())
                polled, again = await asyncio.to_thread(self._add, due, changes, span)
                if again is None:
                    return polled
                due, started = again, self.tools.clock.now()
            if not due.feeds:
                return await asyncio.to_thread(
                    self._take_in, due, Listing(()), Span(started, started)
                )
            listing = await _listed(source.list_all(_wanted(due), _since(due, started)))
        except SourceFailed as failure:
            span = Span(started, self.tools.clock.now())
            return await asyncio.to_thread(self._failed, due, failure, span)
        except Exception:
            _LOG.exception("source.broke", source=due.key, kind=due.kind)
            span = Span(started, self.tools.clock.now())
            failure = SourceFailed("fault", _FAULT)
            return await asyncio.to_thread(self._failed, due, failure, span)
        span = Span(started, self.tools.clock.now())
        return await asyncio.to_thread(self._take_in, due, listing, span)

    def _changes(self, source: Source, due: DueSource, now: datetime) -> Awaitable[Listing]:
        return source.list_changes(_wanted(due), _since(due, now), due.cursor)

    def _add(
        self, due: DueSource, listing: Listing, span: Span
    ) -> tuple[list[Polled], DueSource | None]:
        """Take in what changed; the source in hand again where the whole has to be read."""
        self.before()
        touched = {booking.property_id for booking in listing.bookings}
        known = self._pushes(due)
        polled = [
            self._one(due, feed, (listing, known), span, partial=True)
            for feed in due.feeds
            if feed.remote_id in touched
        ]
        if any(one.wants_whole for one in polled):
            with self.tools.store.write() as session:
                return polled, sources.keep_hold(session, due)
        self._write(due, span, listing.cursor)
        return polled, None

    def _take_in(self, due: DueSource, listing: Listing, span: Span) -> list[Polled]:
        """Take in a whole listing, each property in a transaction of its own."""
        self.before()
        known = self._pushes(due)
        polled = [self._one(due, feed, (listing, known), span, partial=False) for feed in due.feeds]
        quiet = [(one.due, one.finished) for one in polled if one.quiet]
        with self.tools.store.write() as session:
            polls.touch(session, quiet)
        self._write(due, span, listing.cursor)
        return polled

    def _pushes(self, due: DueSource) -> Sequence[Pushed]:
        with self.tools.store.read() as session:
            return pushes.of_source(session, due.id)

    def _one(
        self,
        due: DueSource,
        feed: Due,
        found: tuple[Listing, Sequence[Pushed]],
        span: Span,
        *,
        partial: bool,
    ) -> Polled:
        listing, known = found
        listed = Listed(
            kind=due.kind,
            bookings=tuple(b for b in listing.bookings if b.property_id == feed.remote_id),
            skipped=listing.skipped,
            pushes=tuple(push for push in known if push.property_id == feed.remote_id),
            asked_at=span.started,
            partial=partial,
        )
        digest = self.tools.vault.fingerprint(listed.text()).encode()
        same = digest == feed.digest and reading_key(feed) == feed.reading_key
        if same and not partial and at_rest(feed, span.ended):
            return say_nothing(self.tools, feed, span)
        return conclude(self.tools, feed, self._heard(due, feed, listed, digest, span), span)

    def _heard(self, due: DueSource, feed: Due, listed: Listed, digest: bytes, span: Span) -> Heard:
        tools, today = self.tools, local_date(span.ended, feed.timezone)

        def understand(state: FeedState, _habits: Mapping[str, Any]) -> Snapshot:
            return snapshot_of(listed, state.known, state.own_domain, today)

        def keep(snapshot: Snapshot) -> dict[str, Any]:
            if snapshot.partial:
                return {}
            return {"digest": digest, "read_on": today, "settings_digest": reading_key(feed)}

        def tell(session: Session) -> None:
            at = (span.ended, tools.chance)
            furnish(session, feed, (due.kind, listed.bookings), tools.vault, at)

        return Heard(len(listed.bookings), len(listed.bookings), understand, keep, tell)

    def _write(self, due: DueSource, span: Span, cursor: str | None) -> None:
        """Write down that the source was read, and when to ask again."""
        early = EARLY_LEAST + self.tools.chance(1)[0] / 255 * (EARLY_MOST - EARLY_LEAST)
        asked = Asked(
            started_at=span.started,
            ended_at=span.ended,
            outcome="read",
            next_poll_at=span.ended + due.every * self.tools.defaults.scale * (1 - early),
            health="ok",
            failures=0,
            cursor=cursor,
        )
        with self.tools.store.write() as session:
            sources.record(session, due, asked)

    def _failed(self, due: DueSource, failure: SourceFailed, span: Span) -> list[Polled]:
        """Write down that there was no whole listing: of the source, and of each of its feeds."""
        tools = self.tools
        failed = Failed(failure.reason, failure.text, retry_after=failure.retry_after)
        wait = failure.retry_after
        if isinstance(wait, datetime):
            wait = max(wait - span.ended, timedelta())
        jitter = tools.chance(1)[0] / 127.5 - 1
        every, failures = due.every * tools.defaults.scale, due.failures + 1
        good_at = due.last_good_at or due.created_at
        pulse = cadence.Pulse(
            interval=due.every, good_at=good_at, failures=failures, gone=False, doubted=False
        )
        asked = Asked(
            started_at=span.started,
            ended_at=span.ended,
            outcome="failed",
            next_poll_at=cadence.next_poll(span.ended, every, failures, jitter, wait),
            health=cadence.health(pulse, span.ended).value,
            failures=failures,
            reason=failure.reason,
            trouble=failure.text,
        )
        polled = [write_failure(tools, feed, failed, span) for feed in due.feeds]
        with tools.store.write() as session:
            sources.record(session, due, asked)
        return polled


async def _listed(listing: Awaitable[Listing]) -> Listing:
    try:
        async with asyncio.timeout(PATIENCE):
            return await listing
    except TimeoutError:
        raise SourceFailed("timeout", _SLOW) from None


def _wanted(due: DueSource) -> dict[str, str]:
    return {feed.remote_id: feed.timezone for feed in due.feeds if feed.remote_id is not None}


def _since(due: DueSource, now: datetime) -> date:
    days = (local_date(now, feed.timezone) for feed in due.feeds)
    return min(days, default=now.date()) - LOOK_BACK
