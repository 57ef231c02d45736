"""What an endpoint is sent, and how it is signed: Standard Webhooks 1.0."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from vacancy.ids import Chance
from vacancy.store import journal
from vacancy.store.deliveries import InHand

#: What sealed addresses and secrets are bound to in the vault.
SEALED_URL, SEALED_SECRET = "webhook.url", "webhook.secret"
PING = "ping"
#: No body is larger, in bytes: a fact that is leaves its details to be read over the API.
LARGEST = 20_000


def draw_secret(chance: Chance) -> str:
    """A new secret: `whsec_` and 32 random bytes in base 64."""
    return "whsec_" + base64.b64encode(chance(32)).decode()


def body(hand: InHand) -> bytes:
    """What is sent: the same bytes at each try."""
    told = _ping(hand) if hand.event is None else journal.told(hand.event)
    written = _written(told)
    if len(written) > LARGEST:
        thing = {name: told["data"][name] for name in ("id", "unit_id") if name in told["data"]}
        written = _written({**told, "data": {**thing, "cut_short": True}, "previous": None})
    return written


def headers(hand: InHand, sent: bytes, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """The headers of one try at `now`, with a signature of each secret, the newest first."""
    text = sent.decode()
    at = now.astimezone(UTC)
    signatures = [Webhook(secret).sign(hand.message_id, at, text) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "webhook-id": hand.message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _ping(hand: InHand) -> dict[str, Any]:
    at = hand.created_at.astimezone(UTC).isoformat(timespec="seconds")
    return {
        "id": hand.message_id,
        "type": PING,
        "sequence": None,
        "occurred_at": at.replace("+00:00", "Z"),
        "property_id": None,
        "unit_id": None,
        "data": {"webhook_id": hand.endpoint_id},
        "previous": None,
        "silent": False,
    }


def _written(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
