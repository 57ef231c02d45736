"""Who we are at a booking system: sealed, and kept over what the host declares anew."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from vacancy.domain.errors import Malformed, Refused
from vacancy.ids import Chance
from vacancy.sources.catalog import SYSTEMS, System
from vacancy.store import sources, tables
from vacancy.store.exports import token_hash
from vacancy.vault import Vault

#: What a host gives; the rest of what is kept came by consent.
GIVEN = ("key", "client_id", "client_secret", "webhook_secret")


def system(kind: str) -> System:
    """The system of this kind. Raises Malformed."""
    found = SYSTEMS.get(kind)
    if found is None:
        known = ", ".join(sorted(SYSTEMS))
        raise Malformed(f"kind: no booking system is called {kind!r}; it is one of {known}")
    return found


def base_url(kind: str, said: str | None) -> str:
    """Where the API lies. Raises Malformed where nobody can tell but the host."""
    found = said or system(kind).base
    if found is None:
        raise Malformed(f"base_url: say where the API of this {kind} account lies")
    return found


def refuse_plain(address: str, allowed: Iterable[str]) -> None:
    """Raises Refused where keys would go over the net for all to read."""
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.netloc not in set(allowed):
        raise Refused(
            "not_https",
            "a key is sent over https only: write https://, or let network.allow_private name"
            f" {parts.netloc}",
        )


def fingerprint(vault: Vault, given: Mapping[str, str]) -> str:
    """Tells edited credentials from those given before."""
    return vault.fingerprint(json.dumps(dict(given), sort_keys=True))


def opened(vault: Vault, sealed: bytes) -> dict[str, str]:
    """Credentials in clear. Raises VaultError."""
    return json.loads(vault.open(sealed, sources.SEALED_AS))


def sealed(vault: Vault, said: Mapping[str, str]) -> bytes:
    return vault.seal(json.dumps(dict(said)), sources.SEALED_AS)


def unsaid(account_id: str, key: str, managed_by: str) -> tables.Source:
    """A source to be, of which nothing is said yet."""
    return tables.Source(
        id="",
        account_id=account_id,
        key=key,
        managed_by=managed_by,
        kind="",
        name="",
        credentials=b"",
        credentials_digest="",
        tail="",
        base_url="",
        host="",
        hook_hash="",
        hook=b"",
    )


def set_given(row: tables.Source, given: Mapping[str, str], vault: Vault) -> None:
    """Put what the host gives in the place of what was given; a consent stands, for one client."""
    kept = opened(vault, row.credentials) if row.credentials else {}
    same_client = given.get("client_id") in (None, kept.get("client_id"))
    consent = {name: text for name, text in kept.items() if name not in GIVEN}
    if "access_token" in kept and same_client:
        consent |= {n: kept[n] for n in ("client_id", "client_secret") if n in kept}
    row.credentials = sealed(vault, {**(consent if same_client else {}), **given})
    row.credentials_digest = fingerprint(vault, given)
    row.tail = _tail(given)
    row.host = urlsplit(row.base_url).hostname or ""


def draw_hook(row: tables.Source, vault: Vault, chance: Chance) -> None:
    """A new address for the system's webhooks."""
    token = chance(24).hex()
    row.hook, row.hook_hash = vault.seal(token, sources.HOOK_SEALED_AS), token_hash(token)


def hook_url(row: tables.Source, vault: Vault, base: str) -> str:
    """Where the system's webhooks come in: as secret as a key."""
    return f"{base}/hooks/{vault.open(row.hook, sources.HOOK_SEALED_AS)}"


def _tail(given: Mapping[str, str]) -> str:
    """What people may see of who we are there."""
    shown = given.get("key") or given.get("client_id") or ""
    return shown[-4:] if len(shown) >= 12 else ""
