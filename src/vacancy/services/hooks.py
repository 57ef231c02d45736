"""Webhooks of booking systems: checked, and taken as a word that something changed, no more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum

from vacancy.net.client import Called
from vacancy.secret import Secret
from vacancy.services import credentials
from vacancy.sources.catalog import Parts, make
from vacancy.sources.port import SourceFailed
from vacancy.store import sources
from vacancy.store.exports import token_hash
from vacancy.store.session import Store
from vacancy.store.sources import Known
from vacancy.vault import Vault, VaultError


class Heard(Enum):
    """`taken`: the source is asked soon. `unknown`: there is no such address. `forged`: it was not
    signed with the source's secret, or too long ago.
    """

    TAKEN = "taken"
    UNKNOWN = "unknown"
    FORGED = "forged"


class Nobody:
    """Stands where an adapter has its client: checking a signature asks nobody."""

    async def call(
        self,
        method: str,
        url: Secret,
        headers: dict[str, str],
        body: bytes | None = None,
    ) -> Called:
        del headers, body
        text = f"Nobody is asked while a webhook is checked: {method} {url}."
        raise SourceFailed("unexpected", text)

    async def latest(self) -> Mapping[str, str]:
        return {}

    async def keep(self, credentials: Mapping[str, str]) -> None:
        """Nothing was renewed."""


def hear(
    store: Store,
    by: tuple[Vault, datetime],
    token: str,
    sent: tuple[Mapping[str, str], bytes],
) -> tuple[Heard, str | None]:
    """What a webhook is that came to the address with this token, as (headers in lower case, body);
    and whose, where it is true. Only reads.
    """
    vault, now = by
    with store.read() as session:
        known = sources.by_hook(session, token_hash(token))
    if known is None:
        return Heard.UNKNOWN, None
    if not _is_true(known, vault, sent, now):
        return Heard.FORGED, None
    return Heard.TAKEN, known.id


def take(store: Store, source_id: str, now: datetime) -> None:
    """Have the source of a true webhook asked soon."""
    with store.write() as session:
        sources.trigger(session, source_id, now)


def _is_true(
    known: Known, vault: Vault, sent: tuple[Mapping[str, str], bytes], now: datetime
) -> bool:
    headers, body = sent
    try:
        said = credentials.opened(vault, known.credentials)
        adapter = make(known.kind, Parts(Nobody(), known.base_url, said, Nobody()))
    except (SourceFailed, VaultError):
        return False
    secret = said.get("webhook_secret")
    return bool(secret) and adapter.verify_webhook(headers, body, str(secret), now)
