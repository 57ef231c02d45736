"""What the config says against what the store holds: a list of differences, each one thing to do.

Only rows `managed_by` config are compared; a slug, feed or export of the API's is in the way and
refused. Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from vacancy.domain.errors import ConfigError
from vacancy.settings import Feed, Settings, Unit
from vacancy.store import exports, feeds, tables, units
from vacancy.store.session import Session
from vacancy.vault import Vault

OURS = "config"
#: A change of one of these makes an answer read another way: rules 1 and 5.
READING = ("address", "channel", "end_is_last_night", "transparent", "timezone")

#: What a unit closes beside its stays.
CLOSING = ("capacity", "buffer_before", "buffer_after")

Noun = Literal["property", "unit", "feed", "export", "source"]
Action = Literal["add", "change", "rename", "retire", "revive", "revoke", "remove", "link"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the config says otherwise than the store.

    `name` is a property's or source's name, or a unit's slug; `key` the feed's or export's.
    `changes` names what would change, without secrets.
    """

    noun: Noun
    action: Action
    name: str
    key: str | None = None
    changes: tuple[str, ...] = ()

    def __str__(self) -> str:
        whole = self.name if self.key is None else f"{self.name}/{self.key}"
        about = f" ({', '.join(self.changes)})" if self.changes else ""
        return f"{self.action} {self.noun} {whole}{about}"

    def document(self) -> dict[str, Any]:
        """The difference as JSON values."""
        unit = None if self.noun in ("property", "source") else self.name
        return {
            "action": self.action,
            "noun": self.noun,
            "name": self.name if unit is None else None,
            "unit": unit,
            "key": self.key,
            "changes": list(self.changes),
        }


def compare(
    session: Session, account_id: str, settings: Settings, vault: Vault
) -> list[Difference]:
    """What applying the config would do, in the order of doing it. Raises ConfigError."""
    slugs = {slug for unit in settings.units for slug in (unit.slug, unit.was) if slug}
    rows = units.declared(session, account_id, OURS, slugs)
    found = list(_properties(session, account_id, settings))
    kept: set[str] = set()
    for index, unit in enumerate(settings.units):
        row = rows.get(unit.slug) or rows.get(unit.was or "")
        if row is not None:
            _refuse_foreign(row.managed_by, f"units[{index}].slug", f'unit "{row.slug}"')
            kept.add(row.id)
        found += _unit(session, unit, row)
        found += _feeds(session, (settings, unit, index), row, vault)
        found += _exports(session, (unit, index), row)
    found += _links(settings, rows)
    for row in rows.values():
        if row.managed_by == OURS and row.retired_at is None and row.id not in kept:
            found.append(Difference("unit", "retire", row.slug))
    return found


def property_values(settings: Settings) -> dict[str, dict[str, str | None]]:
    """Each property's values by name: of its units, the first that says one."""
    found: dict[str, dict[str, str | None]] = {}
    for unit in settings.units:
        values = found.setdefault(
            unit.property_name(), {"timezone": unit.timezone, "check_in": None, "check_out": None}
        )
        values["check_in"] = values["check_in"] or unit.check_in
        values["check_out"] = values["check_out"] or unit.check_out
    return found


def _properties(session: Session, account_id: str, settings: Settings) -> Iterator[Difference]:
    said = property_values(settings)
    rows = units.properties(session, account_id, said)
    for name, values in said.items():
        row = rows.get(name)
        if row is None:
            yield Difference("property", "add", name)
            continue
        changes = tuple(key for key, value in values.items() if getattr(row, key) != value)
        if changes and row.managed_by == OURS:
            yield Difference("property", "change", name, changes=changes)


def _unit(session: Session, unit: Unit, row: tables.Unit | None) -> Iterator[Difference]:
    if row is None:
        yield Difference("unit", "add", unit.slug)
        return
    if row.slug != unit.slug:
        yield Difference("unit", "rename", unit.slug, changes=(f"was {row.slug}",))
    if row.retired_at is not None:
        yield Difference("unit", "revive", unit.slug)
    place = session.get_one(tables.Property, row.property_id)
    kept = {"name": row.name, "timezone": row.timezone, "property": place.name}
    said = {"name": unit.name, "timezone": unit.timezone, "property": unit.property_name()}
    kept |= {key: getattr(row, key) for key in (*CLOSING, "max_guests")}
    said |= {key: getattr(unit, key) for key in (*CLOSING, "max_guests")}
    changes = tuple(key for key in kept if kept[key] != said[key])
    if changes:
        yield Difference("unit", "change", unit.slug, changes=changes)


def _links(settings: Settings, rows: Mapping[str, tables.Unit]) -> Iterator[Difference]:
    """The units that belong to another house than they did. When all are there they are linked."""
    slugs = {row.id: row.slug for row in rows.values()}
    known = {unit.slug: rows.get(unit.slug) or rows.get(unit.was or "") for unit in settings.units}
    for unit in settings.units:
        row, house = known[unit.slug], known.get(unit.parent or "")
        kept = row.parent_id if row else None
        if unit.parent is None and kept is None:
            continue
        if unit.parent is None or house is None or kept != house.id:
            was = slugs.get(kept or "")
            changes = (f"was part of {was}",) if was else ()
            yield Difference("unit", "link", unit.slug, changes=changes)


def _feeds(
    session: Session,
    said: tuple[Settings, Unit, int],
    row: tables.Unit | None,
    vault: Vault,
) -> Iterator[Difference]:
    settings, unit, index = said
    known = feeds.of_unit(session, row.id, retired=True) if row else []
    rows = {feed.key: feed for feed in known}
    for key, wish in unit.feeds.items():
        feed = rows.get(key)
        if feed is None:
            yield Difference("feed", "add", unit.slug, key)
            continue
        _refuse_foreign(feed.managed_by, f"units[{index}].feeds.{key}", f'feed "{key}"')
        changes = tuple(_feed_changes(settings, (unit, key, wish), feed, vault))
        if feed.retired_at is not None:
            yield Difference("feed", "revive", unit.slug, key, changes)
        elif changes:
            yield Difference("feed", "change", unit.slug, key, changes)
    for feed in known:
        if feed.source_id is not None or feed.managed_by != OURS:
            continue
        if feed.retired_at is None and feed.key not in unit.feeds:
            yield Difference("feed", "retire", unit.slug, feed.key)


def _feed_changes(
    settings: Settings, said: tuple[Unit, str, Feed], feed: tables.Feed, vault: Vault
) -> Iterator[str]:
    unit, key, wish = said
    if feed.url_digest != vault.fingerprint(wish.address):
        yield "address"
    if feed.channel != unit.channel_of(key):
        yield "channel"
    if feed.every != int(settings.every(wish).total_seconds()):
        yield "every"
    reading = wish.reading()
    for name in sorted({*reading, *feed.settings}):
        if reading.get(name) != feed.settings.get(name):
            yield name


def _exports(
    session: Session, said: tuple[Unit, int], row: tables.Unit | None
) -> Iterator[Difference]:
    """Exports named in a list are exactly those. Without a list none is revoked: a feed that left
    the config must not open its nights elsewhere by closing an address that a channel reads."""
    unit, index = said
    known = {export.key: export for export in exports.of_unit(session, row.id)} if row else {}
    feed_ids = {feed.key: feed.id for feed in feeds.of_unit(session, row.id)} if row else {}
    wishes = unit.export_wishes()
    for wish in wishes:
        export = known.get(wish.key)
        if export is None:
            yield Difference("export", "add", unit.slug, wish.key)
            continue
        _refuse_foreign(export.managed_by, f"units[{index}].exports", f'export "{wish.key}"')
        wanted = feed_ids.get(wish.feed_key or "")
        if export.channel != wish.channel or (wanted and export.feed_id != wanted):
            yield Difference("export", "change", unit.slug, wish.key, ("channel",))
    if unit.exports is None:
        return
    for key in sorted({*known} - {wish.key for wish in wishes}):
        if known[key].managed_by == OURS:
            yield Difference("export", "revoke", unit.slug, key)


def _refuse_foreign(managed_by: str, place: str, what: str) -> None:
    if managed_by != OURS:
        raise ConfigError(
            f"{place}: {what} was made over the API; choose another name, or delete that one first"
        )
