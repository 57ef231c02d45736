"""Webhooks, and what they were told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from vacancy.api.shapes.values import (
    AFTER_SCHEME,
    Change,
    Moment,
    Name,
    Paged,
    PropertyFilter,
    PropertyId,
    Wish,
    left_out,
)
from vacancy.domain.events import EventType
from vacancy.domain.webhooks import DeliveryState, Why

Types = Annotated[
    list[Annotated[EventType, Field(strict=False)]],
    Field(
        max_length=len(EventType),
        description="Which events it is told; empty: all, those of later versions included.",
        examples=[["booking.created", "booking.canceled"]],
    ),
]
Address = Annotated[
    str,
    StringConstraints(max_length=2000, pattern=f"^https?{AFTER_SCHEME}"),
    Field(
        description="Where events are posted to. It must not lead into a private network.",
        examples=["https://hooks.example.com/vacancy"],
    ),
]


class Webhook(BaseModel):
    """A program that is told of events as they happen, without its secret."""

    id: str = Field(examples=["hook_01m87wre8d7v8173w4n4ph53mb"])
    url: str
    description: str | None
    property_id: str | None = Field(description="Events of this property only; null: of all.")
    types: list[EventType]
    enabled: bool
    disabled_reason: Why | None = Field(
        description="`person`: by a PATCH. `gone`: it answered 410. `failing`: for 72 hours."
    )
    disabled_at: datetime | None
    failing_since: datetime | None = Field(description="Its first failure since a success.")
    old_secret_until: datetime | None = Field(
        description="Until then every request is signed with the secret before the last, too."
    )
    created_at: datetime


class NewWebhook(Webhook):
    """A webhook with its secret, as it is shown once."""

    secret: str = Field(
        description="Verifies signatures. Keep it now: it is not shown again.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )


class WebhookIn(Wish):
    """A webhook to be. It is told of what happens from now on."""

    url: Address
    property_id: PropertyId | None = None
    types: Types = Field(default_factory=list)
    description: Name | None = Field(default=None, examples=["Cleaning schedule"])


class WebhookChange(Change):
    """What shall be different of a webhook."""

    url: Address = Field(default_factory=left_out)
    types: Types = Field(default_factory=left_out)
    description: Name | None = Field(default=None, examples=["Cleaning schedule"])
    enabled: bool = Field(
        default=True,
        description="Enabled again, it is told what happens from then on; ask for what it missed.",
    )


class WebhookQuery(Paged):
    property_id: PropertyFilter = None


class DeliveryQuery(Paged):
    state: DeliveryState | None = None


class Attempt(BaseModel):
    """One try: what was answered, or why nothing was."""

    at: datetime
    status: int | None = Field(description="The answer's status. Only 2xx says that it arrived.")
    reason: str | None = Field(examples=["timeout"])
    millis: int
    answer: str = Field(description="Its first 4 KiB.")


class Delivery(BaseModel):
    """One event for one webhook."""

    id: str = Field(examples=["dlv_01m87wre8d7v8173w4n4ph53mb"])
    webhook_id: str
    event_id: str = Field(description="It is sent as `webhook-id`, the same at every try.")
    type: str = Field(examples=["booking.created", "ping"])
    state: DeliveryState = Field(
        description="`failed`: at every step. `stopped`: its webhook was disabled."
    )
    created_at: datetime
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    attempts: list[Attempt] = Field(description="Every try so far, oldest first.")


class Redelivery(Wish):
    """What shall be sent again: events from an instant up to, not including, another."""

    since: Moment = Field(alias="from")
    until: Moment = Field(alias="to")
    undelivered_only: bool = Field(default=False, description="Leave out what arrived.")


class Redelivered(BaseModel):
    count: int = Field(description="How many events are sent.")
