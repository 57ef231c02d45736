"""Feeds as people decide about them: a suspicious answer is accepted or rejected."""

from __future__ import annotations

from typing import Any

from vacancy.domain.errors import Refused
from vacancy.domain.feed import FeedState
from vacancy.domain.settle import decide_doubt
from vacancy.reconciler import reconcile_unit
from vacancy.services import shapes
from vacancy.services.at import At
from vacancy.store import claims, doubts, feeds, stays, tables, units
from vacancy.store.session import Session


def find(session: Session, account_id: str, name: str) -> tables.Feed:
    """A feed by `sea-view/airbnb`, by a key that only one unit has, or by id.

    Raises Unknown, or Refused (`ambiguous`).
    """
    return feeds.find(session, account_id, name)


def named(session: Session, account_id: str, name: str | None) -> list[str]:
    """The ids of the feeds that a name means: a feed, all of a unit, or (None) all in use.

    Raises Unknown where nothing has that name.
    """
    if name is None:
        return [feed.id for feed in feeds.of_account(session, account_id)]
    slugs = {unit.slug: unit.id for unit in units.of_account(session, account_id)}
    if name in slugs:
        return [feed.id for feed in feeds.of_unit(session, slugs[name])]
    return [feeds.find(session, account_id, name).id]


def decide(
    session: Session,
    feed: tables.Feed,
    at: At,
    *,
    accept: bool,
    answer: str | None = None,
) -> dict[str, Any]:
    """A person's word on what a feed's answer lacks; the feed is asked again at once.

    Accepted, what it lacks is withdrawn now; rejected, it is kept until seen again or released.
    `answer` is the digest of the answer that was shown. Raises Refused: nothing is in doubt, or
    the feed answered differently since (`answer_changed`).
    """
    slug = units.slugs(session, [feed.unit_id])[feed.unit_id]
    stays.lock_unit(session, feed.unit_id)
    doubt = doubts.standing(session, feed.id)
    if doubt is None or not (doubt.open or doubt.needs_person):
        raise Refused("nothing_in_doubt", f"nothing is in doubt on {slug}/{feed.key}")
    known = claims.of_feed(session, feed.id, released_since=at.now)
    state = FeedState(feed.id, known=known, doubt=doubt)
    settled = decide_doubt(state, accept=accept, now=at.now, answer=answer)
    claims.save(session, (feed.account_id, feed.id, feed.unit_id), settled.claims)
    doubts.save(session, (feed.account_id, feed.id), doubt, settled.doubt, at.now)
    feeds.hasten(session, feed, at.now)
    reconcile_unit(session, feed.unit_id, at.now, at.chance)
    at.publish(session, feed.unit_id, at.now)
    return {
        **shapes.feed(feed, slug),
        "doubt": {
            "kind": doubt.kind.value,
            "since": shapes.instant(doubt.since),
            "claims": len(doubt.held),
            "answer": doubt.answer_digest,
            "decision": settled.doubt.decision if settled.doubt else None,
        },
    }
