"""From an answer understood to what is written down: settle, reconcile, publish, record.

The same for a calendar and for what a booking system lists of one property.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vacancy.domain import events
from vacancy.domain.claims import Snapshot
from vacancy.domain.delta import settle_delta
from vacancy.domain.events import EventType, Fact
from vacancy.domain.feed import FeedState, Settlement
from vacancy.domain.settle import settle
from vacancy.failpoints import reach
from vacancy.ids import new_id
from vacancy.poller.fetch import Failed
from vacancy.poller.state import CLOSES_ALL, feed_state, with_our_stays
from vacancy.poller.timing import health_after, local_date, next_regular, next_try
from vacancy.poller.tools import Polled, Span, Tools
from vacancy.reconciler import reconcile_unit
from vacancy.store import claims, doubts, journal, leasing, polls, stays
from vacancy.store.leasing import Due
from vacancy.store.polls import Finished
from vacancy.store.session import Session


def _furnish_nothing(_session: Session) -> None:
    """A calendar tells of nights alone."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A good answer: read, and to be understood in the light of what is known of the feed.

    `entries`: how many it holds; `parsed`: how many had to be read anew. `understand` is given the
    feed's state and habits, `keep` says what the next poll is to compare with. `furnish` writes
    what goes with the stays, once they are there.
    """

    entries: int
    parsed: int
    understand: Callable[[FeedState, Mapping[str, Any]], Snapshot]
    keep: Callable[[Snapshot], dict[str, Any]]
    furnish: Callable[[Session], object] = _furnish_nothing


@dataclass(frozen=True, slots=True)
class Taken:
    """An answer with all that was made of it."""

    heard: Heard
    snapshot: Snapshot
    settled: Settlement


def conclude(tools: Tools, due: Due, heard: Heard, span: Span) -> Polled:
    """Take in one good answer: all that follows from it is written in one transaction, or nothing
    is.
    """
    with tools.store.write() as session:
        stays.lock_unit(session, due.unit_id)
        habits = polls.habits_as_leased(session, due)
        if habits is None:
            leasing.let_go(session, due)
            return _of_another_feed(due, span)
        taken = _settle(session, tools, due, (heard, habits), span)
        settled = taken.settled
        finished = _finished(tools, due, taken, span)
        # Ahead of the plan, which asks when the feed was first read, and may wake the feed again.
        polls.record(session, finished, tools.chance, _kept(taken))
        advice = _plan(session, tools, due, settled, finished)
        heard.furnish(session)
        _tell(session, tools, due, settled, finished)
        tools.publish(session, due.unit_id, span.ended)
        reach("after_publish")
        reach("before_commit")
    reach("after_commit")
    text = " ".join([*(notice.text for notice in settled.notices), *advice])
    return Polled(due, finished, settled.changes, text, wants_whole=settled.wants_whole)


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


def at_rest(due: Due, ended: datetime) -> bool:
    """Whether an answer that says the last one again changes nothing: nothing waits for it."""
    if due.waiting or due.health != "ok" or due.failures or due.last_good_at is None:
        return False
    return not due.rereads_daily or due.read_on == local_date(ended, due.timezone)


def say_nothing(tools: Tools, due: Due, span: Span) -> Polled:
    """The last answer again, of a feed at rest: the time of the poll is written, no more."""
    finished = Finished(
        feed_id=due.feed_id,
        account_id=due.account_id,
        started_at=span.started,
        ended_at=span.ended,
        outcome="unchanged",
        next_poll_at=next_regular(tools, due, span.ended),
        health="ok",
        failures=0,
        full=span.whole,
    )
    return Polled(due, finished, quiet=True)


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


def _settle(
    session: Session, tools: Tools, due: Due, found: tuple[Heard, Mapping[str, Any]], span: Span
) -> Taken:
    """Understand, decide and write down what was heard, given the feed's habits."""
    heard, habits = found
    now, today = span.ended, local_date(span.ended, due.timezone)
    state = feed_state(session, tools, due, habits, now)
    snapshot = heard.understand(state, habits)
    state = with_our_stays(session, state, snapshot, due, now)
    decide = settle_delta if snapshot.partial else settle
    settled = decide(state, snapshot, now, today, lambda prefix: new_id(prefix, now, tools.chance))
    owner = (due.account_id, due.feed_id)
    claims.save(session, (*owner, due.unit_id), settled.claims)
    reach("after_claims")
    doubts.save_sightings(session, owner, state.sightings, settled.sightings, (now, tools.chance))
    doubts.save(session, owner, state.doubt, settled.doubt, now)
    return Taken(heard, snapshot, settled)


def _finished(tools: Tools, due: Due, taken: Taken, span: Span) -> Finished:
    settled, partial = taken.settled, taken.snapshot.partial
    doubted = settled.doubt is not None and settled.doubt.open
    health = health_after(due, span.ended, failed=None, doubted=doubted)
    return Finished(
        feed_id=due.feed_id,
        account_id=due.account_id,
        started_at=span.started,
        ended_at=span.ended,
        outcome=settled.outcome,
        next_poll_at=next_regular(tools, due, span.ended),
        health=due.health if partial else health,
        failures=due.failures if partial else 0,
        counts=_counts(taken),
        full=span.whole and not partial,
        partial=partial,
    )


def _counts(taken: Taken) -> dict[str, Any]:
    settled = taken.settled
    return {
        "entries": taken.heard.entries,
        "parsed": taken.heard.parsed,
        "skipped": len(taken.snapshot.skipped),
        "changes": dict(Counter(change.change.value for change in settled.changes)),
        "notices": [notice.text for notice in settled.notices],
        "warnings": list(taken.snapshot.warnings),
    }


def _kept(taken: Taken) -> dict[str, Any]:
    """What the next poll goes by, stored with the claims that were made of the answer."""
    closes_all = {CLOSES_ALL: True} if taken.snapshot.closes_all else {}
    habits = {**taken.settled.habits, **closes_all}
    return {**taken.heard.keep(taken.snapshot), "habits": habits, "waiting": taken.settled.waiting}


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
