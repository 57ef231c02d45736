"""Which property of a booking system is which unit: each pair of them is a feed of the unit."""

from __future__ import annotations

from collections.abc import Mapping

from vacancy.services.at import At
from vacancy.store import feeds, sources, stays, tables
from vacancy.store.session import Session
from vacancy.vault import Vault


def settle(
    session: Session,
    source: tables.Source,
    wanted: Mapping[str, tables.Unit],
    vault: Vault,
    at: At,
) -> list[str]:
    """Make the feeds of a source those of these units, by what it calls them; the units touched.

    A feed that is no longer wanted is retired: its stays are kept until a person says otherwise.
    """
    known = {feed.unit_id: feed for feed in sources.feeds_of(session, source.id, retired=True)}
    touched: list[str] = []
    for remote_id, unit in wanted.items():
        stays.lock_unit(session, unit.id)
        wish = _declared(source, remote_id, vault)
        feed = known.pop(unit.id, None)
        if feed is None:
            feeds.declare(session, unit, source.key, wish, (at.now, at.chance))
        else:
            moved = (feed.channel, feed.remote_id) != (wish.channel, remote_id)
            feeds.edit(session, feed, wish, at.now, reread=moved)
        touched.append(unit.id)
    for feed in known.values():
        if feed.retired_at is None:
            stays.lock_unit(session, feed.unit_id)
            feeds.retire(session, feed, at.now)
            touched.append(feed.unit_id)
    return touched


def retire(session: Session, source: tables.Source, at: At) -> list[str]:
    """Ask a source no more, nor tell it anything; the units that it spoke of. Their stays are
    kept.
    """
    source.retired_at, source.health, source.leased_until = at.now, "retired", None
    touched: list[str] = []
    for feed in sources.feeds_of(session, source.id):
        stays.lock_unit(session, feed.unit_id)
        feeds.retire(session, feed, at.now)
        touched.append(feed.unit_id)
    session.flush()
    return touched


def _declared(source: tables.Source, remote_id: str, vault: Vault) -> feeds.Declared:
    # No address of its own: what stands for it is sealed like one, so that every feed has both.
    named = f"{source.id}/{remote_id}"
    return feeds.Declared(
        channel=source.kind,
        url=vault.seal(named, feeds.SEALED_AS),
        url_digest=vault.fingerprint(named),
        host=source.host,
        url_tail=remote_id,
        every=source.every,
        settings={},
        managed_by=source.managed_by,
        source_id=source.id,
        remote_id=remote_id,
    )
