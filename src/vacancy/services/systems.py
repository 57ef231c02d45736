"""The `[[sources]]` of the config against what the store holds, and making the store so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vacancy.domain.errors import ConfigError, Malformed, Refused
from vacancy.services import credentials, mapping
from vacancy.services.at import At
from vacancy.services.declared import OURS, Difference
from vacancy.settings import Settings, Source
from vacancy.store import sources, tables, units
from vacancy.store.session import Session
from vacancy.vault import Vault

What = tuple[Session, str, Settings, Vault]


def compare(
    session: Session, account_id: str, settings: Settings, vault: Vault
) -> Iterator[Difference]:
    """What applying the config would do to its sources. Raises ConfigError."""
    rows = {row.key: row for row in sources.of_account(session, account_id, retired=True)}
    slugs = {row.id: row.slug for row in units.of_account(session, account_id, retired=True)}
    for index, wish in enumerate(settings.sources):
        _refuse(settings, index, wish, rows.get(wish.name))
        row = rows.get(wish.name)
        if row is None:
            yield Difference("source", "add", wish.name)
            continue
        changes = tuple(_changes(session, settings, wish, row, (vault, slugs)))
        if row.retired_at is not None:
            yield Difference("source", "revive", wish.name, changes=changes)
        elif changes:
            yield Difference("source", "change", wish.name, changes=changes)
    wanted = {wish.name for wish in settings.sources}
    for row in rows.values():
        if row.managed_by == OURS and row.retired_at is None and row.key not in wanted:
            yield Difference("source", "retire", row.key)


def settle(what: What, wish: Source, mapped: Mapping[str, tables.Unit], at: At) -> list[str]:
    """Make a source what the config says; the units that it speaks of, or spoke of."""
    session, account_id, settings, vault = what
    rows = {row.key: row for row in sources.of_account(session, account_id, retired=True)}
    row = rows.get(wish.name)
    new = row is None
    if row is None:
        row = credentials.unsaid(account_id, wish.name, OURS)
        credentials.draw_hook(row, vault, at.chance)
    row.kind, row.name = wish.kind, credentials.system(wish.kind).name
    row.base_url = credentials.base_url(wish.kind, wish.base_url)
    row.every, row.push = int(settings.every(wish).total_seconds()), wish.push
    credentials.set_given(row, wish.credentials(), vault)
    if new:
        sources.add(session, row, (at.now, at.chance))
    else:
        sources.edited(session, row, at.now)
    return mapping.settle(session, row, mapped, vault, at)


def retire(session: Session, account_id: str, key: str, at: At) -> list[str]:
    """Ask a source of the config no more; the units that it spoke of."""
    return mapping.retire(session, sources.find(session, account_id, key), at)


def _refuse(settings: Settings, index: int, wish: Source, row: tables.Source | None) -> None:
    place = f"sources[{index}]"
    try:
        address = credentials.base_url(wish.kind, wish.base_url)
        credentials.refuse_plain(address, settings.network.allow_private)
    except Malformed as wrong:
        raise ConfigError(f"{place}.{wrong}") from None
    except Refused as wrong:
        raise ConfigError(f"{place}.base_url: {wrong}") from None
    if row is not None and row.managed_by != OURS:
        raise ConfigError(
            f'{place}.name: source "{row.key}" was made over the API; choose another name, or'
            " delete that one first"
        )


def _changes(
    session: Session,
    settings: Settings,
    wish: Source,
    row: tables.Source,
    known: tuple[Vault, Mapping[str, str]],
) -> Iterator[str]:
    vault, slugs = known
    if row.kind != wish.kind:
        yield "kind"
    if row.base_url != credentials.base_url(wish.kind, wish.base_url):
        yield "base_url"
    if row.credentials_digest != credentials.fingerprint(vault, wish.credentials()):
        yield "credentials"
    if row.every != int(settings.every(wish).total_seconds()):
        yield "every"
    if row.push != wish.push:
        yield "push"
    feeds = sources.feeds_of(session, row.id)
    if {feed.remote_id: slugs[feed.unit_id] for feed in feeds} != dict(wish.units):
        yield "units"
