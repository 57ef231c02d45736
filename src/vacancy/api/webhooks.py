"""/v1/webhooks and /v1/deliveries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import Query

from vacancy.api.deps import Desk
from vacancy.api.room import Room
from vacancy.api.shapes import webhooks as shape
from vacancy.api.shapes.values import Id, Page, paged
from vacancy.domain.scopes import Scope
from vacancy.services import webhooks
from vacancy.vault import Vault

room = Room("webhooks")

#: Whoever says what is sent where is told it: no key learns by a webhook what it may not read.
_TOLD = (Scope.ACTIVITY_READ,)


def _ways(desk: Desk) -> tuple[Vault, Iterable[str]]:
    return desk.front.vault, desk.front.settings().network.allow_private


@room.list("/v1/webhooks", Scope.WEBHOOKS_READ, Page[shape.Webhook])
def list_webhooks(desk: Desk, asked: Annotated[shape.WebhookQuery, Query()]) -> Any:
    """List webhooks, oldest first."""
    vault = desk.front.vault
    found = webhooks.find(desk.session, desk.account_id, asked.property_id, vault, asked.place)
    return paged(found, asked)


@room.post("/v1/webhooks", Scope.WEBHOOKS_WRITE, shape.NewWebhook, also=_TOLD)
def create_webhook(desk: Desk, wish: shape.WebhookIn) -> Any:
    """Have events sent to an address, of the account or of one property: three of each property.

    Its secret is shown in this answer only.
    """
    return webhooks.create(desk.session, desk.account_id, wish.model_dump(), _ways(desk), desk.at)


@room.one("/v1/webhooks/{webhook_id}", Scope.WEBHOOKS_READ, shape.Webhook)
def get_webhook(desk: Desk, webhook_id: Id) -> Any:
    """Read a webhook, without its secret."""
    return webhooks.get(desk.session, desk.account_id, webhook_id, desk.front.vault)


@room.patch(
    "/v1/webhooks/{webhook_id}",
    Scope.WEBHOOKS_WRITE,
    shape.Webhook,
    current=get_webhook,
    also=_TOLD,
)
def change_webhook(desk: Desk, webhook_id: Id, wish: shape.WebhookChange) -> Any:
    """Change a webhook, disable it, or enable it again."""
    said = wish.said()
    enabled = said.pop("enabled", None)
    webhooks.change(desk.session, desk.account_id, webhook_id, said, _ways(desk))
    if enabled is not None:
        webhooks.switch(desk.session, desk.account_id, webhook_id, enabled=enabled, at=desk.at)
    return get_webhook(desk, webhook_id)


@room.delete("/v1/webhooks/{webhook_id}", Scope.WEBHOOKS_WRITE, current=get_webhook)
def delete_webhook(desk: Desk, webhook_id: Id) -> None:
    """Delete a webhook, with its secret and its deliveries."""
    webhooks.remove(desk.session, desk.account_id, webhook_id)


@room.post("/v1/webhooks/{webhook_id}/test", Scope.WEBHOOKS_WRITE, shape.Delivery, status=202)
def test_webhook(desk: Desk, webhook_id: Id) -> Any:
    """Have a `ping` sent, once, within a second or so. Its delivery tells how it went."""
    return webhooks.test(desk.session, desk.account_id, webhook_id, desk.at)


@room.post(
    "/v1/webhooks/{webhook_id}/rotate-secret",
    Scope.WEBHOOKS_WRITE,
    shape.NewWebhook,
    status=200,
)
def rotate_webhook_secret(desk: Desk, webhook_id: Id) -> Any:
    """Draw a new secret, shown in this answer only. For 24 hours both sign every request."""
    vault = desk.front.vault
    return webhooks.rotate(desk.session, desk.account_id, webhook_id, vault, desk.at)


@room.list(
    "/v1/webhooks/{webhook_id}/deliveries", Scope.WEBHOOKS_READ, Page[shape.Delivery], told=True
)
def list_deliveries(
    desk: Desk, webhook_id: Id, asked: Annotated[shape.DeliveryQuery, Query()]
) -> Any:
    """List what a webhook was or will be told, newest first, with every try: of 30 days."""
    found = webhooks.deliveries(desk.session, desk.account_id, webhook_id, asked.state, asked.place)
    return paged(found, asked)


@room.post(
    "/v1/webhooks/{webhook_id}/redeliver", Scope.WEBHOOKS_WRITE, shape.Redelivered, status=202
)
def redeliver_span(desk: Desk, webhook_id: Id, wish: shape.Redelivery) -> Any:
    """Send a webhook again what happened in a span, as if it happened now: the same events."""
    return webhooks.redeliver_span(
        desk.session, desk.account_id, webhook_id, wish.model_dump(), desk.at
    )


@room.post(
    "/v1/deliveries/{delivery_id}/redeliver", Scope.WEBHOOKS_WRITE, shape.Delivery, status=202
)
def redeliver(desk: Desk, delivery_id: Id) -> Any:
    """Send one delivery again: the same event, under the same `webhook-id`."""
    return webhooks.redeliver(desk.session, desk.account_id, delivery_id, desk.at)
