"""Taking in one answer: read, understand, settle, reconcile, publish, write down."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from vacancy.channels.classify import classify
from vacancy.domain import events
from vacancy.domain.claims import Snapshot
from vacancy.domain.events import EventType, Fact
from vacancy.domain.feed import Settlement
from vacancy.domain.settle import settle
from vacancy.failpoints import reach
from vacancy.ical.read import Block, Reading, ReadSettings, digest, dump_blocks, load_blocks, read
from vacancy.ical.settings import horizon
from vacancy.ids import new_id
from vacancy.poller.fetch import Body, Failed, NotModified
from vacancy.poller.state import CLOSES_ALL, feed_state, with_our_stays
from vacancy.poller.timing import health_after, local_date, next_regular, next_try, reading_key
from vacancy.poller.tools import Polled, Span, Tools
from vacancy.reconciler import reconcile_unit
from vacancy.store import claims, doubts, journal, leasing, polls, stays
from vacancy.store.leasing import Due
from vacancy.store.polls import Finished
from vacancy.store.session import Session
from vacancy.vault import VaultError

_LOG = structlog.get_logger(__name__)

#: What kept answers are bound to in the vault: a channel may write a guest's name into its feed.
_BODY, _ENTRIES = "feed.body", "feed.entries"

#: A quarter larger than level 6 makes a calendar, in a third of the time.
_ZIPPED_AT = 1


@dataclass(frozen=True, slots=True)
class Taken:
    """An answer with all that was made of it; `content` is its bytes, the kept ones after a 304."""

    fetched: Body | NotModified
    content: bytes
    reading: Reading
    snapshot: Snapshot
    settled: Settlement


def take_in(tools: Tools, due: Due, fetched: Body | NotModified, span: Span) -> Polled:
    """Take in one good answer. Raises NotACalendar where its bytes are no complete calendar.

    The bytes are read before the transaction begins; everything that follows from them is written
    in it, or nothing is.
    """
    content = _content(tools, due, fetched)
    reading = _read(tools, due, content, span)
    with tools.store.write() as session:
        stays.lock_unit(session, due.unit_id)
        habits = polls.habits_as_leased(session, due)
        if habits is None:
            leasing.let_go(session, due)
            return _of_another_feed(due, span)
        snapshot, settled = _settle(session, tools, due, (reading, habits), span)
        taken = Taken(fetched, content, reading, snapshot, settled)
        finished = _finished(tools, due, taken, span)
        # Ahead of the plan, which asks when the feed was first read, and may wake the feed again.
        polls.record(session, finished, tools.chance, _kept(tools, due, taken, span))
        advice = _plan(session, tools, due, settled, finished)
        _tell(session, tools, due, settled, finished)
        tools.publish(session, due.unit_id, span.ended)
        reach("after_publish")
        reach("before_commit")
    reach("after_commit")
    text = " ".join([*(notice.text for notice in settled.notices), *advice])
    return Polled(due, finished, settled.changes, text)


def _plan(
    session: Session, tools: Tools, due: Due, settled: Settlement, finished: Finished
) -> list[str]:
    """Decide anew about the unit where the answer changed anything; what the host is advised."""
    if not (settled.claims or settled.changes):
        return []
    plan = reconcile_unit(session, due.unit_id, finished.ended_at, tools.chance)
    advice = [notice.text for notice in plan.notices]
    if advice:
        told = [*finished.counts["notices"], *advice]
        polls.recount(session, due.feed_id, {**finished.counts, "notices": told})
    return advice


def write_failure(tools: Tools, due: Due, failed: Failed, span: Span) -> Polled:
    """Write down that there was no good answer: nothing changes but the time of the next try."""
    doubted = due.health == "suspicious"
    finished = Finished(
        feed_id=due.feed_id,
        account_id=due.account_id,
        started_at=span.started,
        ended_at=span.ended,
        outcome="gone" if failed.gone else "failed",
        next_poll_at=next_try(tools, due, failed, span.ended),
        health=health_after(due, span.ended, failed=failed, doubted=doubted),
        failures=due.failures + 1,
        reason=failed.reason,
    )
    with tools.store.write() as session:
        if polls.habits_as_leased(session, due) is None:
            leasing.let_go(session, due)
            return _of_another_feed(due, span)
        polls.record(session, finished, tools.chance)
        _tell_health(session, tools, due, finished)
    return Polled(due, finished, text=failed.text)


def _of_another_feed(due: Due, span: Span) -> Polled:
    """Edited, retired or asked again meanwhile: the answer says nothing about the feed as it is."""
    text = "the feed was edited or asked again meanwhile: this answer is left aside"
    finished = Finished(
        feed_id=due.feed_id,
        account_id=due.account_id,
        started_at=span.started,
        ended_at=span.ended,
        outcome="failed",
        next_poll_at=span.ended,
        health=due.health,
        failures=due.failures,
        reason="overtaken",
    )
    return Polled(due, finished, text=text)


def _content(tools: Tools, due: Due, fetched: Body | NotModified) -> bytes:
    if isinstance(fetched, Body):
        return fetched.content
    with tools.store.read() as session:
        kept = polls.kept_body(session, due.feed_id)
    return b"" if kept is None else zlib.decompress(tools.vault.open_bytes(kept, _BODY))


def _read(tools: Tools, due: Due, content: bytes, span: Span) -> Reading:
    today = local_date(span.ended, due.timezone)
    settings = ReadSettings(
        zone=ZoneInfo(due.timezone),
        today=today,
        horizon=horizon(today, tools.defaults.horizon_years),
        end_is_last_night=due.settings.get("end_is_last_night", False),
        transparent=due.settings.get("transparent", "busy"),
    )
    return read(content, settings, _known_blocks(tools, due))


def _known_blocks(tools: Tools, due: Due) -> dict[bytes, Block]:
    """What was read of the last answer, where it was read the same way and is undamaged."""
    if reading_key(due) != due.reading_key:
        return {}
    with tools.store.read() as session:
        blob = polls.kept_entries(session, due.feed_id)
    if blob is None:
        return {}
    try:
        return load_blocks(tools.vault.open_bytes(blob, _ENTRIES))
    except (ValueError, VaultError):
        _LOG.warning("feed.entries_damaged", unit=due.unit_slug, feed=due.key)
        return {}


def _settle(
    session: Session, tools: Tools, due: Due, found: tuple[Reading, Mapping[str, Any]], span: Span
) -> tuple[Snapshot, Settlement]:
    """Understand, decide and write down what was read, given the feed's habits."""
    reading, habits = found
    now, today = span.ended, local_date(span.ended, due.timezone)
    state = feed_state(session, tools, due, habits, now)
    snapshot = classify(
        reading.entries,
        reading.skipped,
        channel=due.channel,
        host=due.host,
        today=today,
        known=state.known,
        closed_before=bool(habits.get(CLOSES_ALL)),
        stamped=reading.stamped,
    )
    state = with_our_stays(session, state, snapshot, due, now)
    settled = settle(state, snapshot, now, today, lambda prefix: new_id(prefix, now, tools.chance))
    owner = (due.account_id, due.feed_id)
    claims.save(session, (*owner, due.unit_id), settled.claims)
    reach("after_claims")
    doubts.save_sightings(session, owner, state.sightings, settled.sightings, (now, tools.chance))
    doubts.save(session, owner, state.doubt, settled.doubt, now)
    return snapshot, settled


def _finished(tools: Tools, due: Due, taken: Taken, span: Span) -> Finished:
    settled = taken.settled
    doubted = settled.doubt is not None and settled.doubt.open
    return Finished(
        feed_id=due.feed_id,
        account_id=due.account_id,
        started_at=span.started,
        ended_at=span.ended,
        outcome=settled.outcome,
        next_poll_at=next_regular(tools, due, span.ended),
        health=health_after(due, span.ended, failed=None, doubted=doubted),
        failures=0,
        counts=_counts(taken),
        full=span.whole,
    )


def _counts(taken: Taken) -> dict[str, Any]:
    settled = taken.settled
    return {
        "entries": len(taken.reading.entries),
        "parsed": taken.reading.parsed,
        "skipped": len(taken.snapshot.skipped),
        "changes": dict(Counter(change.change.value for change in settled.changes)),
        "notices": [notice.text for notice in settled.notices],
        "warnings": list(taken.snapshot.warnings),
    }


def _kept(tools: Tools, due: Due, taken: Taken, span: Span) -> dict[str, Any]:
    """What the next poll compares with, stored with the claims that were made of it."""
    reading, settled, fetched = taken.reading, taken.settled, taken.fetched
    rules = any(claim.is_rule_block for claim in taken.snapshot.claims)
    habits = {**settled.habits, **({CLOSES_ALL: True} if taken.snapshot.closes_all else {})}
    kept: dict[str, Any] = {
        "habits": habits,
        "waiting": settled.waiting,
        "read_on": local_date(span.ended, due.timezone),
        "rereads_daily": reading.recurs or rules,
        "entries": tools.vault.seal_bytes(dump_blocks(reading.blocks), _ENTRIES),
        "settings_digest": reading_key(due),
    }
    if isinstance(fetched, Body):
        kept |= {
            "etag": fetched.etag,
            "last_modified": fetched.last_modified,
            "digest": digest(taken.content),
            "body": tools.vault.seal_bytes(zlib.compress(taken.content, _ZIPPED_AT), _BODY),
        }
    return kept


def _tell(
    session: Session, tools: Tools, due: Due, settled: Settlement, finished: Finished
) -> None:
    """Write down the news about the feed itself; one alarm a doubt, not one a poll."""
    if settled.alarm and settled.doubt is not None:
        data = {
            "id": due.feed_id,
            "unit": due.unit_slug,
            "feed": due.key,
            "kind": settled.doubt.kind.value,
            "claims": len(settled.doubt.held),
            "needs_person": settled.doubt.needs_person,
        }
        fact = Fact(EventType.FEED_SUSPICIOUS, due.unit_id, data)
        journal.append(session, due.account_id, [fact], finished.ended_at, tools.chance)
    if finished.health != "suspicious":
        _tell_health(session, tools, due, finished)


def _tell_health(session: Session, tools: Tools, due: Due, finished: Finished) -> None:
    fact = events.health_fact(due.unit_id, due.feed_id, due.health, finished.health)
    if fact is not None:
        journal.append(session, due.account_id, [fact], finished.ended_at, tools.chance)
