"""Making the store what the config says: decide (`declared.compare`), then do.

What the config declares it owns. A feed that left it is retired and its stays are kept; a unit
that left it is retired, and its exports go on being served until it is removed by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from vacancy.domain.errors import Refused
from vacancy.domain.events import EventType, Fact
from vacancy.ids import Chance
from vacancy.reconciler import reconcile_unit, settle_tree
from vacancy.services import systems
from vacancy.services.at import At
from vacancy.services.declared import CLOSING, OURS, READING, Difference, compare, property_values
from vacancy.settings import Settings, Unit, digest
from vacancy.store import accounts, exports, feeds, journal, stays, tables, units
from vacancy.store.exports import TokenMaker
from vacancy.store.session import Session
from vacancy.vault import Vault

#: What sealed tokens are bound to in the vault.
EXPORT_TOKEN = "export.token"  # noqa: S105 - a purpose, no secret


@dataclass(frozen=True, slots=True)
class Work:
    """One applying of a config: what it is done with."""

    session: Session
    settings: Settings
    vault: Vault
    account_id: str
    at: At
    #: The config's units by slug, and its properties' values: looked up for everything done.
    wishes: Mapping[str, Unit]
    properties: Mapping[str, Mapping[str, str | None]]

    @property
    def now(self) -> datetime:
        return self.at.now

    @property
    def chance(self) -> Chance:
        return self.at.chance

    def unit_wish(self, slug: str) -> Unit:
        return self.wishes[slug]

    def unit(self, slug: str) -> tables.Unit:
        return units.find(self.session, self.account_id, slug)

    def property(self, name: str) -> tables.Property:
        return units.properties(self.session, self.account_id, (name,))[name]


def token_maker(vault: Vault, chance: Chance) -> TokenMaker:
    """Draws export tokens that `vault` can show again."""
    return TokenMaker(seal=lambda token: vault.seal(token, EXPORT_TOKEN), chance=chance)


def differences(session: Session, settings: Settings, vault: Vault) -> list[Difference]:
    """What `apply` would do now. Raises ConfigError."""
    account_id = accounts.the_account(session).id
    return [
        *compare(session, account_id, settings, vault),
        *systems.compare(session, account_id, settings, vault),
    ]


def is_news(session: Session, settings: Settings) -> bool:
    """Whether the config is another than the one last applied: one row read, nothing compared."""
    return accounts.the_account(session).config_digest != digest(settings)


def apply(
    session: Session,
    settings: Settings,
    vault: Vault,
    at: At,
    remove: Sequence[str] = (),
) -> list[Difference]:
    """Make the store what the config says; what was done, in order. Twice does nothing.

    `remove` names units that left the config and whose exports shall be served no more.
    Raises ConfigError, Unknown (no such unit) or Refused (it is still in the config).
    """
    account = accounts.the_account(session)
    units.take_all(session, account.id)
    journal.stand_in_line(session, account.id)  # of instances that start together, one has work
    wishes = {unit.slug: unit for unit in settings.units}
    work = Work(session, settings, vault, account.id, at, wishes, property_values(settings))
    todo = differences(session, settings, vault)
    todo += [difference for name in remove if (difference := _removal(work, name))]
    for difference in todo:
        _DO[difference.noun, difference.action](work, difference)
    if settings.server.domain is not None:
        accounts.set_domain(session, settings.server.domain)
    account.config_digest = digest(settings)
    session.flush()
    if todo:
        told = [difference.document() for difference in todo]
        fact = Fact(EventType.CONFIG_APPLIED, data={"differences": told}, actor=OURS)
        journal.append(session, account.id, [fact], at.now, at.chance)
    _publish(work, todo)
    return todo


def _publish(work: Work, done: Sequence[Difference]) -> None:
    """What was done may show in a unit's exports: a name, a new export, a feed's rule blocks,
    nights kept free. Those may also be another guest's already.
    """
    slugs = {one.name for one in done if one.noun not in ("property", "source")}
    closing = {one.name for one in done if one.noun == "unit" and {*CLOSING} & {*one.changes}}
    for unit in work.settings.units:
        if unit.slug in closing:
            reconcile_unit(work.session, work.unit(unit.slug).id, work.now, work.chance)
        if unit.slug in slugs:
            work.at.publish(work.session, work.unit(unit.slug).id, work.now)


def _removal(work: Work, name: str) -> Difference | None:
    unit = work.unit(name)
    if unit.slug in work.wishes:
        raise Refused("in_config", f'unit "{unit.slug}" is still in the config; take it out first')
    if not exports.of_unit(work.session, unit.id):
        return None
    return Difference("unit", "remove", unit.slug)


def _add_property(work: Work, wanted: Difference) -> None:
    values = work.properties[wanted.name]
    row = tables.Property(
        id="",
        account_id=work.account_id,
        name=wanted.name,
        timezone=str(values["timezone"]),
        check_in=values["check_in"],
        check_out=values["check_out"],
        managed_by=OURS,
        created_at=work.now,
    )
    units.add_property(work.session, row, work.now, work.chance)


def _change_property(work: Work, wanted: Difference) -> None:
    row = work.property(wanted.name)
    for key, value in work.properties[wanted.name].items():
        setattr(row, key, value)
    work.session.flush()


def _add_unit(work: Work, wanted: Difference) -> None:
    wish = work.unit_wish(wanted.name)
    place = work.property(wish.property_name())
    row = tables.Unit(
        id="",
        account_id=work.account_id,
        property_id=place.id,
        slug=wish.slug,
        name=wish.name,
        timezone=wish.timezone,
        managed_by=OURS,
        created_at=work.now,
        capacity=wish.capacity,
        buffer_before=wish.buffer_before,
        buffer_after=wish.buffer_after,
        max_guests=wish.max_guests,
    )
    units.add_unit(work.session, row, work.now, work.chance)


def _rename_unit(work: Work, wanted: Difference) -> None:
    wish = work.unit_wish(wanted.name)
    work.unit(str(wish.was)).slug = wish.slug
    work.session.flush()


def _revive_unit(work: Work, wanted: Difference) -> None:
    work.unit(wanted.name).retired_at = None
    work.session.flush()


def _change_unit(work: Work, wanted: Difference) -> None:
    wish, row = work.unit_wish(wanted.name), work.unit(wanted.name)
    row.property_id = work.property(wish.property_name()).id
    row.name, row.timezone = wish.name, wish.timezone
    row.capacity = wish.capacity
    row.buffer_before, row.buffer_after = wish.buffer_before, wish.buffer_after
    row.max_guests = wish.max_guests
    if "timezone" in wanted.changes:
        for feed in feeds.of_unit(work.session, row.id):
            if "timezone" not in feed.settings:
                feeds.read_anew(work.session, feed, work.now)
    work.session.flush()


def _link_unit(work: Work, wanted: Difference) -> None:
    """Make a unit a part of the house that it names, or of none. Both trees are taken first."""
    wish, row = work.unit_wish(wanted.name), work.unit(wanted.name)
    left = row.parent_id
    house = work.unit(wish.parent) if wish.parent else None
    stays.lock_unit(work.session, row.id)
    row.parent_id = None if house is None else house.id
    work.session.flush()
    stays.lock_again(work.session, row.id)
    for unit_id in (left, row.id):
        if unit_id is not None:
            settle_tree(work.session, unit_id, work.now, work.chance)
            work.at.publish(work.session, unit_id, work.now)


def _retire_unit(work: Work, wanted: Difference) -> None:
    row = work.unit(wanted.name)
    for feed in feeds.of_unit(work.session, row.id):
        feeds.retire(work.session, feed, work.now)
    units.retire(work.session, row, work.now)


def _remove_unit(work: Work, wanted: Difference) -> None:
    for export in exports.of_unit(work.session, work.unit(wanted.name).id):
        exports.revoke(export, work.now)
    work.session.flush()


def _declared(work: Work, wanted: Difference) -> feeds.Declared:
    unit = work.unit_wish(wanted.name)
    wish = unit.feeds[str(wanted.key)]
    return feeds.Declared(
        channel=unit.channel_of(str(wanted.key)),
        url=work.vault.seal(wish.address, feeds.SEALED_AS),
        url_digest=work.vault.fingerprint(wish.address),
        host=wish.host,
        url_tail=wish.tail,
        every=int(work.settings.every(wish).total_seconds()),
        settings=wish.reading(),
        managed_by=OURS,
    )


def _add_feed(work: Work, wanted: Difference) -> None:
    unit, key = work.unit(wanted.name), str(wanted.key)
    declared = _declared(work, wanted)
    feeds.declare(work.session, unit, key, declared, (work.now, work.chance))


def _row_of_feed(work: Work, wanted: Difference) -> tables.Feed:
    return feeds.find(work.session, work.account_id, f"{wanted.name}/{wanted.key}")


def _change_feed(work: Work, wanted: Difference) -> None:
    reread = any(change in READING for change in wanted.changes)
    row = _row_of_feed(work, wanted)
    feeds.edit(work.session, row, _declared(work, wanted), work.now, reread=reread)


def _retire_feed(work: Work, wanted: Difference) -> None:
    feeds.retire(work.session, _row_of_feed(work, wanted), work.now)


def _set_source(work: Work, wanted: Difference) -> None:
    wish = next(one for one in work.settings.sources if one.name == wanted.name)
    what = (work.session, work.account_id, work.settings, work.vault)
    mapped = {remote_id: work.unit(slug) for remote_id, slug in wish.units.items()}
    _publish_all(work, systems.settle(what, wish, mapped, work.at))


def _retire_source(work: Work, wanted: Difference) -> None:
    _publish_all(work, systems.retire(work.session, work.account_id, wanted.name, work.at))


def _publish_all(work: Work, unit_ids: Sequence[str]) -> None:
    for unit_id in unit_ids:
        work.at.publish(work.session, unit_id, work.now)


def _mint_export(work: Work, wanted: Difference) -> None:
    unit = work.unit(wanted.name)
    wish = next(
        wish for wish in work.unit_wish(wanted.name).export_wishes() if wish.key == wanted.key
    )
    feed_ids = {feed.key: feed.id for feed in feeds.of_unit(work.session, unit.id)}
    made_for = exports.ExportWish(
        wish.key, wish.channel, feed_ids.get(wish.feed_key or ""), managed_by=OURS
    )
    exports.mint(work.session, unit, made_for, work.now, token_maker(work.vault, work.chance))


def _revoke_export(work: Work, wanted: Difference) -> None:
    unit = work.unit(wanted.name)
    for export in exports.of_unit(work.session, unit.id):
        if export.key == wanted.key:
            exports.revoke(export, work.now)
    work.session.flush()


_DO: dict[tuple[str, str], Callable[[Work, Difference], None]] = {
    ("property", "add"): _add_property,
    ("property", "change"): _change_property,
    ("unit", "add"): _add_unit,
    ("unit", "rename"): _rename_unit,
    ("unit", "revive"): _revive_unit,
    ("unit", "change"): _change_unit,
    ("unit", "link"): _link_unit,
    ("unit", "retire"): _retire_unit,
    ("unit", "remove"): _remove_unit,
    ("feed", "add"): _add_feed,
    ("feed", "change"): _change_feed,
    ("feed", "revive"): _change_feed,
    ("feed", "retire"): _retire_feed,
    ("source", "add"): _set_source,
    ("source", "change"): _set_source,
    ("source", "revive"): _set_source,
    ("source", "retire"): _retire_source,
    ("export", "add"): _mint_export,
    ("export", "change"): _mint_export,
    ("export", "revoke"): _revoke_export,
}
