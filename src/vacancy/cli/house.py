"""Opening the house: settings -> clock -> vault -> store -> account. The one place that does it.

An empty store is made, migrated and given the config by any command. On a store in use a config
that differs is announced; it is applied only where the command says so.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from vacancy.cli.printing import notice
from vacancy.clock import Clock, SystemClock
from vacancy.domain.errors import ConfigError, Malformed
from vacancy.ids import Chance
from vacancy.services import config
from vacancy.services.at import At
from vacancy.services.publishing import publisher
from vacancy.settings import Settings, find, load
from vacancy.store import accounts, feeds
from vacancy.store.session import HEAD, Store, is_behind, migrate, open_store, version
from vacancy.vault import KEY_FILE, Vault, VaultError, open_vault

#: A clock may start in these years: near the calendar's edges no span could be added to it.
_FIRST_YEAR, _LAST_YEAR = 1970, 2970


@dataclass(frozen=True, slots=True)
class House:
    """What a command works with: `account_id` is the one account's, `applied` what opening did."""

    settings: Settings
    file: Path
    store: Store
    vault: Vault
    clock: Clock
    chance: Chance
    account_id: str
    applied: tuple[config.Difference, ...] = ()

    def at(self) -> At:
        """This instant, for a service that writes."""
        return At(self.clock.now(), self.chance, publisher(self.chance))


def read_clock(environ: Mapping[str, str]) -> Clock:
    """The machine's clock, or one that starts at `VACANCY_NOW`. Raises Malformed."""
    text = environ.get("VACANCY_NOW")
    if not text:
        return SystemClock()
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        start = None
    if start is None or start.tzinfo is None or not _FIRST_YEAR <= start.year < _LAST_YEAR:
        raise Malformed(
            f"VACANCY_NOW must be an instant such as 2027-01-10T09:00:00Z, not {text!r}"
        )
    return SystemClock(start)


@contextmanager
def open_house(path: Path | None, *, apply: bool = False, quiet: bool = False) -> Iterator[House]:
    """The house of a config file; closed when the block ends.

    `apply`: a config that differs is applied, and an older store migrated; `quiet`: it is not
    announced either. Raises SettingsError, VaultError, VacancyError, or what the database raises.
    """
    settings, clock = load(path, os.environ), read_clock(os.environ)
    vault = _vault(settings)
    store = open_store(settings.server.database_url)
    try:
        _settle_in(store, clock, upgrade=apply)
        with store.read() as session:
            account = accounts.the_account(session)
            _check_key(feeds.any_sealed(session), vault)
        file = find(path, os.environ)
        house = House(settings, file, store, vault, clock, secrets.token_bytes, account.id)
        if apply or account.config_digest is None:
            house = replace(house, applied=tuple(apply_config(house)))
        elif not quiet:
            _announce(house)
        yield house
    finally:
        store.close()


def _vault(settings: Settings) -> Vault:
    """The vault; a store in use is given no new key. Raises VaultError."""
    file = settings.server.data_dir / KEY_FILE
    # Looked for twice: another process may be making both this very moment.
    if not file.exists() and _is_in_use(settings.server.database_url) and not file.exists():
        raise VaultError(
            f"{file} is missing, and the database was sealed with it: put it back from its backup;"
            " another key opens nothing of it"
        )
    return open_vault(settings.server.data_dir)


def _check_key(sealed: bytes | None, vault: Vault) -> None:
    """Another key would take every address of the config for an edited one. Raises VaultError."""
    if sealed is not None and not vault.fits(sealed):
        raise VaultError(
            f"the database was sealed with another {KEY_FILE} than data_dir holds: put there the"
            " one that belongs to it, from its backup or from another machine of this house"
        )


def _is_in_use(url: str) -> bool:
    file = url.removeprefix("sqlite:///")
    if file != url and not Path(file).exists():
        return False
    store = open_store(url)
    try:
        if version(store) is None:
            return False
        with store.read() as session:
            return accounts.installation(session) is not None
    finally:
        store.close()


@contextmanager
def open_store_of(path: Path | None) -> Iterator[tuple[Settings, Store]]:
    """The settings and the bare store of a config file, at whatever version it stands; an empty one
    is made, as by any command.
    """
    settings = load(path, os.environ)
    store = open_store(settings.server.database_url)
    try:
        if version(store) is None:
            with open_house(path):
                pass
        yield settings, store
    finally:
        store.close()


def apply_config(house: House, remove: tuple[str, ...] = ()) -> list[config.Difference]:
    """Apply the config in one transaction."""
    with house.store.write() as session:
        return config.apply(session, house.settings, house.vault, house.at(), remove)


def _settle_in(store: Store, clock: Clock, *, upgrade: bool) -> None:
    """Make and migrate an empty store; refuse an older one, unless it may be upgraded."""
    found = version(store)
    if found is not None and is_behind(found) and not upgrade:
        raise ConfigError(
            f"the database is of an older version ({found}, not {HEAD}): run `vacancy db upgrade`"
        )
    migrate(store)
    with store.read() as session:
        if accounts.installation(session) is not None:
            return
    with store.write() as session:
        accounts.settle_in(session, clock.now(), secrets.token_bytes)


def _announce(house: House) -> None:
    with house.store.read() as session:
        if not config.is_news(session, house.settings):
            return
        found = config.differences(session, house.settings, house.vault)
    if found:
        things = "1 thing" if len(found) == 1 else f"{len(found)} things"
        notice(
            f"{house.file} differs from what is in force in {things}: `vacancy config diff` shows"
            " them, `vacancy config apply` (or reloading the daemon) applies them"
        )
