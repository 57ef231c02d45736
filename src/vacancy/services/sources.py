"""Booking systems as people and programs connect, change, ask and look after them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from vacancy.domain.errors import Refused
from vacancy.domain.pushes import meant
from vacancy.services import credentials, mapping
from vacancy.services.at import At
from vacancy.services.places import refuse_config
from vacancy.services.shapes import instant
from vacancy.sources.port import RemoteProperty, SourceFailed
from vacancy.store import places, pushes, sources, tables, units
from vacancy.store.session import Session
from vacancy.vault import Vault

Document = dict[str, Any]
Page = tuple[list[Document], int]
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Means:
    """What sources are kept by: what seals their keys, how web addresses here begin, and which
    targets in private networks may be called.
    """

    vault: Vault
    base: str
    allowed: Iterable[str] = ()


def find(session: Session, account_id: str, place: Place) -> Page:
    """One page of the sources in use, by key."""
    rows = sources.of_account(session, account_id)
    passed, limit = place
    shown = rows[passed : passed + limit]
    return [_told(session, row) for row in shown], len(rows)


def get(session: Session, account_id: str, name: str, means: Means) -> Document:
    """One source, with the address that its webhooks come to. Raises Unknown."""
    row = sources.find(session, account_id, name)
    hook = credentials.hook_url(row, means.vault, means.base)
    return {**_told(session, row), "hook_url": hook}


def add(
    session: Session, account_id: str, wish: Mapping[str, Any], means: Means, at: At
) -> Document:
    """A new source; it is asked at once. Raises Unknown (a unit), or Refused."""
    key = _free_key(session, account_id, wish.get("key") or None, str(wish["kind"]))
    mapped = _mapped(session, account_id, wish.get("units") or {}, key)
    row = credentials.unsaid(account_id, key, "api")
    credentials.draw_hook(row, means.vault, at.chance)
    row.kind, row.name = str(wish["kind"]), credentials.system(str(wish["kind"])).name
    _change(row, wish, means)
    given = _given(wish)
    credentials.set_given(row, given, means.vault)
    sources.add(session, row, (at.now, at.chance))
    _publish(session, mapping.settle(session, row, mapped, means.vault, at), at)
    return get(session, account_id, row.id, means)


def change(
    session: Session, row_id: tuple[str, str], wish: Mapping[str, Any], means: Means, at: At
) -> Document:
    """Change a source; `row_id` is (account id, its id). Raises Unknown, or Refused."""
    account_id, name = row_id
    row = sources.find(session, account_id, name)
    refuse_config(row.managed_by, "source")
    _change(row, wish, means)
    given = _given(wish)
    if given:
        kept = credentials.opened(means.vault, row.credentials)
        before = {name: text for name, text in kept.items() if name in credentials.GIVEN}
        credentials.set_given(row, {**before, **given}, means.vault)
    else:
        row.host = urlsplit(row.base_url).hostname or ""
    sources.edited(session, row, at.now)
    if wish.get("units") is not None:
        mapped = _mapped(session, account_id, wish["units"], row.key)
    else:
        mapped = _mapped_now(session, row)
    _publish(session, mapping.settle(session, row, mapped, means.vault, at), at)
    return get(session, account_id, row.id, means)


def remove(session: Session, account_id: str, name: str, at: At) -> None:
    """Ask a source no more. Its stays are kept until they are released. Raises Unknown, Refused."""
    row = sources.find(session, account_id, name)
    refuse_config(row.managed_by, "source")
    _publish(session, mapping.retire(session, row, at), at)


def poll_soon(session: Session, account_id: str, name: str, means: Means, at: At) -> Document:
    """Ask a source at the next round. Raises Unknown."""
    row = sources.find(session, account_id, name)
    sources.hasten(session, row.id, at.now)
    return get(session, account_id, row.id, means)


def known(session: Session, account_id: str, name: str) -> sources.Known:
    """What speaking to a source takes. Raises Unknown."""
    row = sources.find(session, account_id, name)
    return sources.Known(row.id, row.kind, row.base_url, row.credentials)


def checked(
    session: Session, account_id: str, name: str, found: Sequence[RemoteProperty] | SourceFailed
) -> Document:
    """What a source said when it was asked for its properties: each with the unit that it is
    mapped to, or with the unit that it seems to be. Raises Unknown.
    """
    row = sources.find(session, account_id, name)
    if isinstance(found, SourceFailed):
        return {"ok": False, "reason": found.reason, "message": found.text, "properties": []}
    mapped = {feed.remote_id: feed.unit_id for feed in sources.feeds_of(session, row.id)}
    every = units.of_account(session, account_id)
    slugs = {unit.id: unit.slug for unit in every}
    free = [unit for unit in every if unit.id not in mapped.values()]
    told = [
        {
            "remote_id": one.remote_id,
            "name": one.name,
            "timezone": one.timezone,
            "capacity": one.capacity,
            "unit": slugs.get(mapped.get(one.remote_id) or ""),
            "proposed": None if one.remote_id in mapped else _proposed(one, free),
        }
        for one in found
    ]
    return {"ok": True, "reason": None, "message": None, "properties": told}


def pushes_of(session: Session, account_id: str, name: str, place: Place) -> Page:
    """One page of what a source is told of stays, the latest first, with every try.

    Raises Unknown.
    """
    row = sources.find(session, account_id, name)
    rows = pushes.listed(session, row.id)
    passed, limit = place
    shown = rows[passed : passed + limit]
    slugs = units.slugs(session, sorted({one.unit_id for one in shown}))
    tries = pushes.tries_of(session, [one.id for one in shown])
    return [_push(one, slugs[one.unit_id], tries[one.id]) for one in shown], len(rows)


def _change(row: tables.Source, wish: Mapping[str, Any], means: Means) -> None:
    if wish.get("base_url") or not row.base_url:
        row.base_url = _base_url(row.kind, wish.get("base_url"), means.allowed)
    if wish.get("every_seconds") is not None:
        row.every = int(wish["every_seconds"])
    if wish.get("push") is not None:
        row.push = bool(wish["push"])


def _base_url(kind: str, said: str | None, allowed: Iterable[str]) -> str:
    found = said or credentials.system(kind).base
    if found is None:
        raise Refused("base_url_needed", f"say where the API of this {kind} account lies: base_url")
    credentials.refuse_plain(found, allowed)
    return found


def _given(wish: Mapping[str, Any]) -> dict[str, str]:
    said = {name: wish.get("api_key" if name == "key" else name) for name in credentials.GIVEN}
    return {name: text for name, text in said.items() if text}


def _mapped(
    session: Session, account_id: str, wish: Mapping[str, str], key: str
) -> dict[str, tables.Unit]:
    found = {remote: places.unit(session, account_id, name) for remote, name in wish.items()}
    ids = [unit.id for unit in found.values()]
    if len(set(ids)) < len(ids):
        raise Refused("unit_mapped_twice", "two properties of one source are the same unit")
    for unit in found.values():
        if sources.other_feed(session, unit.id, key):
            raise Refused(
                "key_taken", f"unit {unit.slug!r} has, or had, a feed {key!r}: choose another key"
            )
    return found


def _mapped_now(session: Session, row: tables.Source) -> dict[str, tables.Unit]:
    return {
        str(feed.remote_id): units.by_id(session, feed.unit_id)
        for feed in sources.feeds_of(session, row.id)
    }


def _free_key(session: Session, account_id: str, wanted: str | None, kind: str) -> str:
    taken = {row.key for row in sources.of_account(session, account_id, retired=True)}
    if wanted is None:
        numbered = (f"{kind}_{number}" for number in range(2, len(taken) + 3))
        return next(key for key in (kind, *numbered) if key not in taken)
    if wanted in taken:
        raise Refused("key_taken", f"there is, or was, a source {wanted!r}: choose another key")
    return wanted


def _publish(session: Session, unit_ids: Iterable[str], at: At) -> None:
    for unit_id in unit_ids:
        at.publish(session, unit_id, at.now)


def _proposed(remote: RemoteProperty, free: Sequence[tables.Unit]) -> str | None:
    """The unit that this property seems to be: by its name, among those of its time zone."""
    near = [unit for unit in free if remote.timezone in (None, unit.timezone)]
    names = {name.lower(): unit.slug for unit in near for name in (unit.name, unit.slug)}
    wanted = remote.name.lower()
    found = difflib.get_close_matches(wanted, list(names), n=1, cutoff=0.75)
    found += difflib.get_close_matches(wanted.replace(" ", "-"), list(names), n=1, cutoff=0.75)
    return names[found[0]] if found else None


def _told(session: Session, row: tables.Source) -> Document:
    feeds = sources.feeds_of(session, row.id)
    slugs = units.slugs(session, sorted({feed.unit_id for feed in feeds}))
    return {
        "id": row.id,
        "key": row.key,
        "kind": row.kind,
        "name": row.name,
        "base_url": row.base_url,
        "credentials": f"…{row.tail}",
        "units": {str(feed.remote_id): slugs[feed.unit_id] for feed in feeds},
        "push": row.push,
        "health": row.health,
        "last_outcome": row.last_outcome,
        "last_reason": row.last_reason,
        "message": row.trouble,
        "last_good_at": instant(row.last_good_at),
        "last_poll_at": instant(row.last_poll_at),
        "next_poll_at": instant(row.next_poll_at),
        "every_seconds": row.every,
        "managed_by": row.managed_by,
        "created_at": instant(row.created_at),
    }


def _push(row: Any, slug: str, tries: Sequence[Any]) -> Document:
    wanted = meant(row.wanted)
    return {
        "id": row.id,
        "booking_id": row.stay_id,
        "unit": slug,
        "unit_id": row.unit_id,
        "kind": None if wanted is None else wanted[0].value,
        "arrival": None if wanted is None else wanted[1].arrival.isoformat(),
        "departure": None if wanted is None else wanted[1].departure.isoformat(),
        "state": row.state,
        "remote_id": row.remote_id,
        "reason": row.reason,
        "message": row.trouble,
        "next_attempt_at": instant(row.next_at) if row.state == "waiting" else None,
        "created_at": instant(row.created_at),
        "updated_at": instant(row.updated_at),
        "attempts": [
            {
                "at": instant(one.started_at),
                "action": one.action,
                "outcome": one.outcome,
                "message": one.text,
                "millis": one.millis,
            }
            for one in tries
        ],
    }
