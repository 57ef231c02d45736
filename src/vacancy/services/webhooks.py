"""Webhooks as people and programs make, change and look after them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vacancy.domain.errors import Malformed, Refused
from vacancy.domain.webhooks import (
    MOST_OF_ACCOUNT,
    MOST_OF_PROPERTY,
    OVERLAP,
    DeliveryState,
    Why,
)
from vacancy.ids import new_id
from vacancy.net.guard import Guard, Refusal
from vacancy.notifier.sign import PING, SEALED_SECRET, SEALED_URL, draw_secret
from vacancy.services.at import At
from vacancy.services.shapes import instant
from vacancy.store import deliveries as hand
from vacancy.store import journal, places, tables, webhooks
from vacancy.store.session import Session
from vacancy.vault import Vault

#: Facts that one request may send again.
MOST_AT_ONCE = 5000

#: What opens addresses, and the targets in private networks that the config allows.
Ways = tuple[Vault, Iterable[str]]


def find(
    session: Session,
    account_id: str,
    property_id: str | None,
    vault: Vault,
    place: tuple[int, int],
) -> tuple[list[dict[str, Any]], int]:
    """One page of the webhooks, oldest first, and how many there are. Raises Unknown."""
    if property_id is not None:
        places.property_(session, account_id, property_id)
    rows, total = webhooks.page(session, account_id, property_id, place)
    return [_told(row, vault) for row in rows], total


def get(session: Session, account_id: str, webhook_id: str, vault: Vault) -> dict[str, Any]:
    """One webhook, without its secret. Raises Unknown."""
    return _told(webhooks.get(session, account_id, webhook_id), vault)


def create(
    session: Session, account_id: str, wish: Mapping[str, Any], ways: Ways, at: At
) -> dict[str, Any]:
    """A new webhook, whose `secret` is shown this once; it is told what happens from now on.

    Raises Unknown (property), or Refused (`too_many_webhooks`, or an address not to be called).
    """
    vault, property_id = ways[0], wish["property_id"]
    if property_id is not None:
        places.property_(session, account_id, property_id)
    since = journal.stand_in_line(session, account_id)
    most = MOST_OF_ACCOUNT if property_id is None else MOST_OF_PROPERTY
    if webhooks.count(session, account_id, property_id) >= most:
        where = "for the whole account" if property_id is None else "of one property"
        raise Refused("too_many_webhooks", f"at most {most} webhooks {where}: delete one first")
    secret = draw_secret(at.chance)
    row = tables.Endpoint(
        id=new_id("hook", at.now, at.chance),
        account_id=account_id,
        property_id=property_id,
        description=wish.get("description"),
        **_address(wish["url"], ways),
        types=sorted(set(wish["types"])),
        secret=vault.seal(secret, SEALED_SECRET),
        since=since,
        created_at=at.now,
    )
    webhooks.add(session, row)
    return {**_told(row, vault), "secret": secret}


def change(
    session: Session, account_id: str, webhook_id: str, wish: Mapping[str, Any], ways: Ways
) -> dict[str, Any]:
    """Set the description, types and address that the wish names. Raises Unknown, or Refused."""
    row = webhooks.get(session, account_id, webhook_id)
    if "description" in wish:
        row.description = wish["description"]
    if "types" in wish:
        row.types = sorted(set(wish["types"]))
    if "url" in wish:
        for column, value in _address(wish["url"], ways).items():
            setattr(row, column, value)
    session.flush()
    return _told(row, ways[0])


def switch(session: Session, account_id: str, webhook_id: str, *, enabled: bool, at: At) -> None:
    """Disable a webhook, or enable it again: then it is told what happens from then on.

    Raises Unknown.
    """
    row = webhooks.get(session, account_id, webhook_id)
    if enabled and row.disabled is not None:
        webhooks.enable(session, row)
    if not enabled and row.disabled is None:
        webhooks.disable(session, row, Why.PERSON, at.now)


def remove(session: Session, account_id: str, webhook_id: str) -> None:
    """Delete a webhook, with its secrets and deliveries. Raises Unknown."""
    webhooks.remove(session, webhooks.get(session, account_id, webhook_id))


def rotate(
    session: Session, account_id: str, webhook_id: str, vault: Vault, at: At
) -> dict[str, Any]:
    """A new secret, shown this once; the one before signs beside it for a day. Raises Unknown."""
    row = webhooks.get(session, account_id, webhook_id)
    secret = draw_secret(at.chance)
    row.old_secret, row.old_secret_until = row.secret, at.now + OVERLAP
    row.secret = vault.seal(secret, SEALED_SECRET)
    session.flush()
    return {**_told(row, vault), "secret": secret}


def test(session: Session, account_id: str, webhook_id: str, at: At) -> dict[str, Any]:
    """Have a ping sent, once, even to a disabled webhook: its delivery. Raises Unknown."""
    endpoint = webhooks.get(session, account_id, webhook_id)
    row = tables.Delivery(
        id=new_id("dlv", at.now, at.chance),
        account_id=account_id,
        endpoint_id=endpoint.id,
        message_id=new_id("evt", at.now, at.chance),
        type=PING,
        state=DeliveryState.WAITING.value,
        next_at=at.now,
        created_at=at.now,
    )
    webhooks.add(session, row)
    return _delivery(row, ())


def deliveries(
    session: Session,
    account_id: str,
    webhook_id: str,
    state: DeliveryState | None,
    place: tuple[int, int],
) -> tuple[list[dict[str, Any]], int]:
    """One page of what a webhook was or will be told, newest first, with every try. Raises Unknown.

    Deliveries are kept for 30 days.
    """
    endpoint = webhooks.get(session, account_id, webhook_id)
    rows, total = webhooks.deliveries(session, endpoint.id, state, place)
    tries = webhooks.attempts(session, [row.id for row in rows])
    return [_delivery(row, tries.get(row.id, ())) for row in rows], total


def redeliver(session: Session, account_id: str, delivery_id: str, at: At) -> dict[str, Any]:
    """Send one again, now and by every step from the first.

    Raises Unknown, or Refused (`webhook_disabled`).
    """
    row = webhooks.delivery(session, account_id, delivery_id)
    endpoint = _enabled(session, account_id, row.endpoint_id)
    webhooks.again(session, endpoint.id, [row.message_id], at.now)
    row = webhooks.delivery(session, account_id, delivery_id)
    return _delivery(row, webhooks.attempts(session, [row.id]).get(row.id, ()))


def redeliver_span(
    session: Session, account_id: str, webhook_id: str, wish: Mapping[str, Any], at: At
) -> dict[str, int]:
    """Send again what happened in a span: all of it, or what did not arrive; how many.

    Facts that the webhook was never told of, because it was made or changed later, are sent too.
    Raises Unknown, Malformed (an empty span), or Refused (disabled, or too many).
    """
    endpoint = _enabled(session, account_id, webhook_id)
    since, until = wish["since"], wish["until"]
    if until <= since:
        raise Malformed("`to` must be later than `from`")
    events = webhooks.events_of(session, endpoint, (since, until), MOST_AT_ONCE + 1)
    if len(events) > MOST_AT_ONCE:
        raise Refused("too_many_events", f"more than {MOST_AT_ONCE} events: ask for less at once")
    # What waits to be fanned out is told anyway: nobody makes its delivery twice.
    told = webhooks.known(session, endpoint.id, [event.id for event in events])
    waiting = hand.still_unsent(session, [event.id for event in events])
    arrived = DeliveryState.DELIVERED if wish["undelivered_only"] else None
    old = [event_id for event_id, state in told.items() if state is not arrived]
    new = [(endpoint, one) for one in events if one.id not in told and one.id not in waiting]
    webhooks.again(session, endpoint.id, old, at.now)
    hand.add(session, new, at.now, at.chance)
    return {"count": len(old) + len(new)}


def _enabled(session: Session, account_id: str, webhook_id: str) -> tables.Endpoint:
    endpoint = webhooks.get(session, account_id, webhook_id)
    if endpoint.disabled is not None:
        raise Refused("webhook_disabled", "this webhook is disabled: enable it first")
    return endpoint


def _address(url: str, ways: Ways) -> dict[str, Any]:
    """The columns of an address that may be called. Raises Refused, without the address."""
    vault, allowed = ways
    try:
        target = Guard(allowed).aim(url)
    except Refusal as refusal:
        raise Refused(refusal.reason, f"url: {refusal.why}") from None
    return {"url": vault.seal(url, SEALED_URL), "host": target.host}


def _told(row: tables.Endpoint, vault: Vault) -> dict[str, Any]:
    return {
        "id": row.id,
        "url": vault.open(row.url, SEALED_URL),
        "description": row.description,
        "property_id": row.property_id,
        "types": list(row.types),
        "enabled": row.disabled is None,
        "disabled_reason": row.disabled,
        "disabled_at": instant(row.disabled_at),
        "failing_since": instant(row.failing_since),
        "old_secret_until": instant(row.old_secret_until),
        "created_at": instant(row.created_at),
    }


def _delivery(row: Any, tries: Iterable[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "webhook_id": row.endpoint_id,
        "event_id": row.message_id,
        "type": row.type,
        "state": row.state,
        "created_at": instant(row.created_at),
        "next_attempt_at": instant(row.next_at),
        "delivered_at": instant(row.delivered_at),
        "attempts": [_attempt(one) for one in tries],
    }


def _attempt(row: Any) -> dict[str, Any]:
    return {
        "at": instant(row.started_at),
        "status": row.status,
        "reason": row.reason,
        "millis": row.millis,
        "answer": row.answer,
    }
