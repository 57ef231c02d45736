"""Is the house well? One finding a thing looked at, each with what to do."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from vacancy.settings import Settings
from vacancy.store import bookings, exports, feeds, units, upkeep
from vacancy.store.session import Session, Store
from vacancy.vault import KEY_FILE

_UNREAD_AFTER = timedelta(hours=12)
_CLOCK_LEEWAY = timedelta(minutes=2)
#: Health -> what the host can do about it.
_CURES = {
    "failing": "it is asked again by itself; check the address if this goes on",
    "stale": "no good answer for long: check the address and the network",
    "gone": "the channel no longer knows the address: put its new one into the config",
    "suspicious": "look at `vacancy events`, then `vacancy feeds accept` or `reject`",
    "paused": "it is not asked until it is resumed",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `warn`: worth a look; `bad`: something does not work."""

    what: str
    verdict: Literal["ok", "warn", "bad"]
    text: str

    def document(self) -> dict[str, Any]:
        return {"what": self.what, "verdict": self.verdict, "text": self.text}


def examine_files(settings: Settings) -> Iterator[Finding]:
    """The data directory and the key that lies in it."""
    folder = settings.server.data_dir
    yield _mode(folder, "data_dir", 0o022, "chmod go-w")
    key = folder / KEY_FILE
    yield _mode(key, "key file", 0o077, "chmod 600")


def _mode(path: Path, what: str, refused: int, cure: str) -> Finding:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as trouble:
        return Finding(what, "bad", f"{path} cannot be used: {trouble.strerror}")
    if mode & refused:
        return Finding(what, "bad", f"{path} is open to others: run `{cure} {path}`")
    return Finding(what, "ok", f"{path} is ours alone")


def examine_database(store: Store) -> Iterator[Finding]:
    """Integrity and version, and whether it can be written."""
    problems = upkeep.problems(store)
    try:
        upkeep.try_writing(store)
    except upkeep.DatabaseTrouble as trouble:
        problems.append(upkeep.describe(trouble))
    for problem in problems:
        yield Finding("database", "bad", problem)
    if not problems:
        yield Finding("database", "ok", "sound")


def examine_server(settings: Settings) -> Iterator[Finding]:
    """What the world must know of us."""
    if settings.server.public_url is None:
        yield Finding(
            "public_url", "warn", "not set: channels cannot read exports; set server.public_url"
        )
    else:
        yield Finding("public_url", "ok", settings.server.public_url)


def examine_clock(session: Session, account_id: str, now: datetime) -> Iterator[Finding]:
    """A clock behind what was already written down would judge wrongly."""
    newest = bookings.latest_event(session, account_id)
    if newest is not None and newest > now + _CLOCK_LEEWAY:
        yield Finding("clock", "bad", f"it is behind the journal's newest fact ({newest}): set it")
    elif now.year < 2026:
        yield Finding("clock", "bad", f"it says {now:%Y-%m-%d}: set it")
    else:
        yield Finding("clock", "ok", f"{now:%Y-%m-%d %H:%M:%S} UTC")


def examine_feeds(session: Session, account_id: str) -> Iterator[Finding]:
    """How each feed's last poll ended."""
    rows = feeds.of_account(session, account_id)
    slugs = units.slugs(session, sorted({row.unit_id for row in rows}))
    for row in rows:
        name = f"feed {slugs[row.unit_id]}/{row.key}"
        if row.last_outcome is None:
            yield Finding(name, "warn", "not asked yet: start the daemon, or run `vacancy poll`")
        elif row.health != "ok":
            reason = f" ({row.last_reason})" if row.last_reason else ""
            yield Finding(name, "bad", f"{row.health}{reason}: {_CURES.get(row.health, '')}")
        elif row.failures:
            yield Finding(
                name, "warn", f"{row.last_outcome} ({row.last_reason}): it is asked again"
            )
        else:
            yield Finding(name, "ok", row.last_outcome)


def examine_exports(session: Session, account_id: str, now: datetime) -> Iterator[Finding]:
    """Whether each channel reads what is exported for it."""
    for unit in units.of_account(session, account_id, retired=True):
        rows = exports.of_unit(session, unit.id)
        read = exports.last_read(session, [row.id for row in rows])
        for row in rows:
            name, last = f"export {unit.slug}/{row.key}", read.get(row.id)
            if last is None:
                yield Finding(
                    name, "warn", "never read: give its address (`vacancy exports`) to the channel"
                )
            elif now - last > _UNREAD_AFTER:
                yield Finding(name, "warn", f"not read since {last:%Y-%m-%d %H:%M} UTC")
            else:
                yield Finding(name, "ok", f"read {last:%Y-%m-%d %H:%M} UTC")
