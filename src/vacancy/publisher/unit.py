"""All exports of a unit and its relatives, published in the transaction that changed its stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from vacancy.channels.catalog import profile_of
from vacancy.domain.availability import ExportFacts, contents
from vacancy.domain.linked import Member, as_held, derive
from vacancy.ids import Chance
from vacancy.publisher.render import Imprint, NewVersion, publish
from vacancy.store import accounts, claims, editions, feeds, stays, trees
from vacancy.store.feeds import Outline
from vacancy.store.session import Session
from vacancy.store.trees import Relative

#: Past stays stay in an export for 30 days; what was closed before that is in none.
LOOK_BACK = timedelta(days=60)
#: In a feed's habits: the channel goes on showing its own stays on nights that we closed.
SHOWS_OWN = "shows_own"


def publish_unit(session: Session, unit_id: str, now: datetime, chance: Chance) -> list[NewVersion]:
    """Publish what changed in the exports of the unit and of its relatives.

    Exports that hold the same as before stay. The caller has the house's row (`stays.lock_unit`).
    A relative that was taken out of the config stays as it stands.
    """
    relatives = trees.family(session, unit_id)
    members = trees.members(session, relatives, now) if trees.derives(relatives) else ()
    domain = accounts.domain(session)
    return [
        version
        for unit in relatives
        if unit.id == unit_id or unit.retired_at is None
        for version in _publish_one(
            session, unit, members, (now, Imprint(unit.name, domain, chance))
        )
    ]


def _publish_one(
    session: Session, unit: Relative, members: Sequence[Member], at: tuple[datetime, Imprint]
) -> list[NewVersion]:
    now, imprint = at
    unit_id = unit.id
    today = now.astimezone(ZoneInfo(unit.timezone)).date()
    closures = as_held(derive(unit_id, members, today), today) if members else ()
    known_claims = claims.of_unit(session, unit_id, now - LOOK_BACK)
    known_stays = stays.of_unit(session, unit_id, now - LOOK_BACK)
    own_feeds = {feed.id: feed for feed in feeds.outlines(session, unit_id) if not feed.retired}
    rules_exported = frozenset(
        feed.id for feed in own_feeds.values() if feed.settings.get("rule_blocks") == "export"
    )
    published: list[NewVersion] = []
    for edition in editions.of_unit(session, unit_id):
        held = contents(
            ExportFacts(edition.key, edition.feed_id, edition.channel, rules_exported),
            known_stays,
            known_claims,
            now,
            today,
        )
        version = publish(session, edition, (*held, *closures), now, imprint)
        if version is None:
            continue
        published.append(version)
        feed = own_feeds.get(edition.feed_id or "")
        if version.opened and feed is not None and _may_subtract(feed):
            feeds.ask_soon(session, feed.id, now)
    return published


def _may_subtract(feed: Outline) -> bool:
    """Whether the channel may leave its own sale out of its calendar on nights that we close.

    A sale made just before it reads them would then never be seen: it is asked before that.
    """
    profile = profile_of(feed.channel)
    known = profile.subtracts is False or profile.goes_on_showing is True
    return not known and not feed.habits.get(SHOWS_OWN)
