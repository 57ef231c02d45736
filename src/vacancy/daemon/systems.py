"""Booking systems as this process speaks to them: one adapter a source, kept while it is good."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass

from vacancy.net.client import Client
from vacancy.sources.catalog import Parts, make
from vacancy.sources.port import Source, SourceFailed
from vacancy.store import sources
from vacancy.store.session import Store
from vacancy.store.sources import Account
from vacancy.vault import Vault, VaultError


@dataclass(frozen=True, slots=True)
class Kept:
    """The credentials of one source, sealed in the store."""

    store: Store
    vault: Vault
    source_id: str

    async def latest(self) -> Mapping[str, str]:
        return await asyncio.to_thread(self._latest)

    async def keep(self, credentials: Mapping[str, str]) -> None:
        await asyncio.to_thread(self._keep, credentials)

    def _latest(self) -> dict[str, str]:
        with self.store.read() as session:
            kept = sources.credentials(session, self.source_id)
        return {} if kept is None else self._opened(kept)

    def _keep(self, credentials: Mapping[str, str]) -> None:
        with self.store.write() as session:
            kept = sources.credentials(session, self.source_id)
            before = {} if kept is None else self._opened(kept)
            plain = json.dumps({**before, **credentials})
            sealed = self.vault.seal(plain, sources.SEALED_AS)
            sources.keep_credentials(session, self.source_id, sealed)

    def _opened(self, sealed: bytes) -> dict[str, str]:
        return json.loads(self.vault.open(sealed, sources.SEALED_AS))


class Systems:
    """The adapters of one event loop. Two for one source would renew one token twice."""

    def __init__(self, store: Store, vault: Vault, client: Client) -> None:
        self._store, self._vault, self._client = store, vault, client
        self._made: dict[str, tuple[tuple[str, ...], Source]] = {}

    def connect(self, account: Account) -> Source:
        """The adapter of a source. Raises SourceFailed where its credentials are of no use."""
        try:
            plain = self._vault.open(account.credentials, sources.SEALED_AS)
        except VaultError:
            text = "The key of this source cannot be opened with this key file: connect it again."
            raise SourceFailed("unauthorized", text) from None
        credentials: dict[str, str] = json.loads(plain)
        # What is renewed by itself makes no other adapter; see sources/oauth.py.
        who = (credentials.get("key", ""), credentials.get("client_id", ""))
        told = (account.kind, account.base_url, *who)
        made = self._made.get(account.id)
        if made is not None and made[0] == told:
            return made[1]
        keeping = Kept(self._store, self._vault, account.id)
        adapter = make(account.kind, Parts(self._client, account.base_url, credentials, keeping))
        self._made[account.id] = (told, adapter)
        return adapter
