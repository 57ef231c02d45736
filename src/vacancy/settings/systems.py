"""`[[sources]]` of the config: booking systems, as docs/sources.md tells them."""

from __future__ import annotations

from typing import Any

from pydantic import Field as Value
from pydantic import SecretStr, model_validator

from vacancy.settings.section import Section
from vacancy.settings.values import BaseUrl, Duration, FeedKey, Name, Slug, SourceKind


class Source(Section):
    """A booking system that is read over its API: `kind` says which, `name` which account.

    `key`, or `client_id` and `client_secret`, say who we are; where neither is given,
    `vacancy sources connect` asks for the host's consent. `webhook_secret` is what its webhooks are
    signed with. `units`: the slug of the unit that each of its properties is. `push`: it is told of
    our own bookings and blocks.
    """

    kind: SourceKind
    name: FeedKey
    key: SecretStr | None = None
    client_id: Name | None = None
    client_secret: SecretStr | None = None
    webhook_secret: SecretStr | None = None
    base_url: BaseUrl | None = None
    units: dict[Name, Slug] = Value(default_factory=dict)
    every: Duration | None = None
    push: bool = True

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        # The first account at a system goes by the system's name.
        if isinstance(value, dict) and isinstance(value.get("kind"), str):
            return {"name": value["kind"], **value}
        return {"name": "source", **value} if isinstance(value, dict) else value

    def credentials(self) -> dict[str, str]:
        """Who we are there, in clear: for sealing only."""
        said = {
            "key": self.key,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "webhook_secret": self.webhook_secret,
        }
        plain = {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in said.items()
        }
        return {name: value for name, value in plain.items() if value}
