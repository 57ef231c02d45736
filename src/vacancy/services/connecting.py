"""Connecting a unit to its channels: feeds added, changed, taken out; exports minted and rotated.

What the config declares is the config's; over the API it is read, polled and decided about.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from vacancy.domain.errors import Refused, Unknown
from vacancy.services import shapes
from vacancy.services.at import At
from vacancy.services.config import EXPORT_TOKEN, token_maker
from vacancy.services.declared import READING
from vacancy.services.places import refuse_config
from vacancy.settings import EVERYONE, Feed
from vacancy.store import doubts, exports, feeds, owned, places, stays, tables, units
from vacancy.store.owned import Wanted
from vacancy.store.session import Session
from vacancy.vault import Vault

Page = tuple[list[dict[str, Any]], int]
Place = tuple[int, int]

#: How long a rotated export address goes on being served, unless said otherwise.
OVERLAP = timedelta(hours=24)
#: The fields of a wish that are reading settings, as the config has them.
_SETTINGS = ("end_is_last_night", "transparent", "timezone", "rule_blocks", "absences")
#: Those that are spans of time: the store and the API have them in seconds.
_SPANS = ("absence_span", "suspicion_span")


def find_feeds(session: Session, account_id: str, unit: str | None, place: Place) -> Page:
    """One page of the feeds in use, of a unit or of all. Raises Unknown."""
    row = places.unit(session, account_id, unit) if unit else None
    wanted = Wanted({"unit_id": row.id if row else None}, ("retired_at",), ("unit_id", "key"))
    rows, total = owned.rows(session, tables.Feed, account_id, wanted, place)
    slugs = units.slugs(session, sorted({one.unit_id for one in rows}))
    return [shapes.feed(one, slugs[one.unit_id]) for one in rows], total


def get_feed(session: Session, account_id: str, feed_id: str) -> dict[str, Any]:
    """One feed in use, with how it is read and what is in doubt. Raises Unknown."""
    row = _feed(session, account_id, feed_id)
    doubt = doubts.standing(session, row.id)
    standing = doubt is not None and (doubt.open or doubt.needs_person)
    return {
        **shapes.feed(row, units.slugs(session, [row.unit_id])[row.unit_id]),
        "settings": row.settings,
        "doubt": None
        if doubt is None or not standing
        else {
            "kind": doubt.kind.value,
            "since": shapes.instant(doubt.since),
            "claims": len(doubt.held),
            "answer": doubt.answer_digest,
        },
    }


def add_feed(
    session: Session, account_id: str, wish: Mapping[str, Any], vault: Vault, at: At
) -> dict[str, Any]:
    """A new feed of a unit, due at once, and the export that is made for it.

    Raises Unknown (unit), or Refused (`key_taken`).
    """
    unit = places.unit(session, account_id, str(wish["unit_id"]))
    key = _free_key(session, unit, wish.get("key"), str(wish["channel"]))
    declared = _declared(wish, vault)
    row = feeds.declare(session, unit, key, declared, (at.now, at.chance))
    known = {one.key: one for one in exports.of_unit(session, unit.id)}
    if key not in known:
        made_for = exports.ExportWish(key, row.channel, row.id)
        exports.mint(session, unit, made_for, at.now, token_maker(vault, at.chance))
        at.publish(session, unit.id, at.now)
    elif known[key].managed_by != "config":
        known[key].feed_id = row.id
    session.flush()
    return get_feed(session, account_id, row.id)


def change_feed(
    session: Session, row_id: tuple[str, str], wish: Mapping[str, Any], vault: Vault, at: At
) -> dict[str, Any]:
    """Change a feed; `row_id` is (account id, feed id). Another address or way of reading makes it
    read anew, and what the next answer lacks is in doubt. Raises Unknown, or Refused.
    """
    row = _feed(session, *row_id)
    _refuse_of_source(row)
    refuse_config(row.managed_by, "feed")
    spans = {f"{name}_seconds": row.settings.get(name) for name in _SPANS}
    old = {**{name: None for name in _SETTINGS}, **row.settings, **spans}
    said = {"channel": row.channel, "every_seconds": row.every, **old, **wish}
    said["url"] = wish.get("url") or vault.open(row.url, feeds.SEALED_AS)
    declared = _declared(said, vault)
    moved = row.url_digest != declared.url_digest or row.channel != declared.channel
    differing = {key for key in _SETTINGS if declared.settings.get(key) != row.settings.get(key)}
    reread = moved or not differing.isdisjoint(READING)
    feeds.edit(session, row, declared, at.now, reread=reread)
    return get_feed(session, *row_id)


def retire_feed(session: Session, account_id: str, feed_id: str, at: At) -> None:
    """Ask a feed no more: its stays are kept until they are released. Raises Unknown, Refused."""
    row = _feed(session, account_id, feed_id)
    _refuse_of_source(row)
    refuse_config(row.managed_by, "feed")
    stays.lock_unit(session, row.unit_id)  # ahead of the feed's row, as its polls take them
    feeds.retire(session, row, at.now)
    at.publish(session, row.unit_id, at.now)


def poll_soon(session: Session, account_id: str, feed_id: str, at: At) -> dict[str, Any]:
    """Ask a feed at the next round, within a second where a poller runs. Raises Unknown."""
    row = _feed(session, account_id, feed_id)
    feeds.hasten(session, row, at.now)
    return get_feed(session, account_id, feed_id)


def polls_of(session: Session, account_id: str, feed_id: str, place: Place) -> Page:
    """One page of a feed's polls, newest first. Raises Unknown."""
    row = _feed(session, account_id, feed_id)
    wanted = Wanted({"feed_id": row.id}, (), ("-started_at", "-id"))
    rows, total = owned.rows(session, tables.Poll, account_id, wanted, place)
    return [shapes.poll(one) for one in rows], total


def in_doubt(session: Session, account_id: str, feed_id: str) -> tables.Feed:
    """The feed that a person decides about. Raises Unknown."""
    return _feed(session, account_id, feed_id)


def find_exports(
    session: Session, account_id: str, unit: str | None, place: Place, addresses: tuple[Vault, str]
) -> Page:
    """One page of the live exports, of a unit or of all, with their addresses. Raises Unknown."""
    row = places.unit(session, account_id, unit) if unit else None
    wanted = Wanted({"unit_id": row.id if row else None}, ("revoked_at",), ("unit_id", "key"))
    rows, total = owned.rows(session, tables.Export, account_id, wanted, place)
    return _exports(session, rows, addresses), total


def get_export(
    session: Session, account_id: str, export_id: str, addresses: tuple[Vault, str]
) -> dict[str, Any]:
    """One live export. Raises Unknown."""
    return _exports(session, [_export(session, account_id, export_id)], addresses)[0]


def add_export(
    session: Session, account_id: str, wish: Mapping[str, Any], addresses: tuple[Vault, str], at: At
) -> dict[str, Any]:
    """A new export of a unit, for a channel or for everyone. Raises Unknown, Refused."""
    unit = places.unit(session, account_id, str(wish["unit_id"]))
    channel = str(wish.get("channel") or EVERYONE)
    key = str(wish.get("key") or channel)
    if any(one.key == key for one in exports.of_unit(session, unit.id)):
        raise Refused("key_taken", f"the unit has an export {key!r} already: choose another key")
    feed = next((one for one in feeds.of_unit(session, unit.id) if one.key == key), None)
    made_for = exports.ExportWish(key, channel, feed.id if feed else None)
    tokens = token_maker(addresses[0], at.chance)
    row = exports.mint(session, unit, made_for, at.now, tokens)
    at.publish(session, unit.id, at.now)
    return get_export(session, account_id, row.id, addresses)


def rotate_export(
    session: Session,
    row_id: tuple[str, str],
    overlap: timedelta,
    addresses: tuple[Vault, str],
    at: At,
) -> dict[str, Any]:
    """A new address; the old one is served on for `overlap`. Raises Unknown."""
    row = _export(session, *row_id)
    old = row.token_hash
    exports.rotate(row, token_maker(addresses[0], at.chance))
    row.old_token_hash = old if overlap else None
    row.old_token_until = at.now + overlap if overlap else None
    session.flush()
    return get_export(session, row_id[0], row.id, addresses)


def revoke_export(session: Session, account_id: str, export_id: str, at: At) -> None:
    """Serve an export no more. Raises Unknown, Refused."""
    row = _export(session, account_id, export_id)
    refuse_config(row.managed_by, "export")
    exports.revoke(row, at.now)
    session.flush()


def readings_of(session: Session, account_id: str, export_id: str, place: Place) -> Page:
    """One page of who read which version of an export, newest first. Raises Unknown."""
    row = _export(session, account_id, export_id)
    wanted = Wanted({"export_id": row.id}, (), ("-version", "-last_at", "id"))
    rows, total = owned.rows(session, tables.ExportReading, account_id, wanted, place)
    return [shapes.reading(one) for one in rows], total


def _feed(session: Session, account_id: str, feed_id: str) -> tables.Feed:
    row = owned.get(session, tables.Feed, account_id, feed_id, "feed")
    if row.retired_at is not None:
        raise Unknown("feed", feed_id)
    return row


def _refuse_of_source(row: tables.Feed) -> None:
    """Raises Refused for what is mapped, read and left with a booking system."""
    if row.source_id is not None:
        raise Refused(
            "of_a_source", f"this feed is read with source {row.key!r}: change its units there"
        )


def _export(session: Session, account_id: str, export_id: str) -> tables.Export:
    row = owned.get(session, tables.Export, account_id, export_id, "export")
    if row.revoked_at is not None:
        raise Unknown("export", export_id)
    return row


def _free_key(session: Session, unit: tables.Unit, wanted: str | None, channel: str) -> str:
    taken = {one.key for one in feeds.of_unit(session, unit.id, retired=True)}
    if wanted is None:
        numbered = (f"{channel}_{number}" for number in range(2, len(taken) + 3))
        return next(key for key in (channel, *numbered) if key not in taken)
    if wanted in taken:
        raise Refused("key_taken", f"the unit has, or had, a feed {wanted!r}: choose another key")
    return wanted


def _declared(wish: Mapping[str, Any], vault: Vault) -> feeds.Declared:
    url = str(wish["url"])
    said = {name: wish[name] for name in _SETTINGS if wish.get(name) is not None}
    for name in _SPANS:
        seconds = wish.get(f"{name}_seconds")
        said |= {} if seconds is None else {name: timedelta(seconds=seconds)}
    return feeds.Declared(
        channel=str(wish["channel"]),
        url=vault.seal(url, feeds.SEALED_AS),
        url_digest=vault.fingerprint(url),
        host=urlsplit(url).hostname or "",
        url_tail=url[-4:],
        every=int(wish["every_seconds"]),
        settings=Feed(url=SecretStr(url), **said).reading(),
        managed_by="api",
    )


def _exports(
    session: Session, rows: list[tables.Export], addresses: tuple[Vault, str]
) -> list[dict[str, Any]]:
    vault, base = addresses
    slugs = units.slugs(session, sorted({row.unit_id for row in rows}))
    read = exports.last_read(session, [row.id for row in rows])
    return [
        {
            "id": row.id,
            "unit": slugs[row.unit_id],
            "unit_id": row.unit_id,
            "key": row.key,
            "feed_id": row.feed_id,
            "channel": row.channel,
            "url": f"{base}/ical/{vault.open(row.token, EXPORT_TOKEN)}.ics",
            "version": row.version,
            "last_read_at": shapes.instant(read.get(row.id)),
            "old_url_until": shapes.instant(row.old_token_until),
            "managed_by": row.managed_by,
        }
        for row in rows
    ]
