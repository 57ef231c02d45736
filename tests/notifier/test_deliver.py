"""How endpoints are told: once each, signed, again by steps, and when to stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import pytest
from sqlalchemy import select, update
from standardwebhooks import Webhook

from asking import TRUSTING
from notifier.endpoints import Telling
from vacancy.domain.webhooks import JITTER, STEPS, DeliveryState
from vacancy.net.client import Client
from vacancy.net.guard import Guard
from vacancy.notifier.deliver import Deliveries
from vacancy.notifier.fanout import fan_out
from vacancy.services import webhooks
from vacancy.store import spans
from vacancy.store.session import Store
from vacancy.store.tables import Delivery, Endpoint
from webhook_receiver import Receiver, Says, Sent


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def telling(sqlite_store: Store, receiver: Receiver) -> Telling:
    return Telling(sqlite_store, receiver)


def signed(sent: Sent, secret: str) -> bool:
    """Whether one of the request's signatures is of this secret."""
    at = datetime.fromtimestamp(int(sent.headers["webhook-timestamp"]), UTC)
    expected = Webhook(secret).sign(sent.id, at, sent.body.decode())
    return expected in sent.headers["webhook-signature"].split()


def test_each_fact_is_told_once(store: Store, receiver: Receiver) -> None:
    """Every fact later than the endpoint, none before it; twice tells nothing more."""
    telling = Telling(store, receiver)
    telling.facts(3)
    hook = telling.endpoint(receiver)
    ids = telling.facts(20)
    assert telling.step() == 20
    assert sorted(receiver.ids()) == sorted(ids)
    assert telling.step() == 0
    assert telling.step(hours=1) == 0
    assert all(signed(one, hook["secret"]) for one in receiver.sent)
    states = [one["state"] for one in telling.deliveries(hook["id"])]
    assert states == ["delivered"] * 20


def test_an_endpoint_is_told_what_it_wants(telling: Telling, receiver: Receiver) -> None:
    """Of its property, and of its types; an account's endpoint hears of everything."""
    telling.endpoint(receiver, "/all")
    telling.endpoint(receiver, "/a", property_id="prop_a")
    telling.endpoint(receiver, "/blocks", types=["block.created"])
    (booking,) = telling.facts()
    (block,) = telling.facts(type="block.created", property_id="prop_b")
    (key,) = telling.facts(type="key.created", property_id=None)
    telling.step()
    heard = {(one.path, one.id) for one in receiver.sent}
    assert heard == {
        *(("/all", one) for one in (booking, block, key)),
        ("/a", booking),
        ("/blocks", block),
    }


def test_what_is_sent_is_the_event(telling: Telling, receiver: Receiver) -> None:
    """The body is the event as the API tells it, a silent one marked; small, whatever it holds."""
    telling.endpoint(receiver)
    (quiet,) = telling.facts(silent=True, previous={"status": "held"})
    telling.step()
    (event,) = telling.events("booking.created")
    assert receiver.sent[0].event == event
    assert (event["id"], event["silent"]) == (quiet, True)
    telling.facts(data={"id": "stay_2", "notes": "x" * 30_000})
    telling.step()
    long = receiver.sent[1]
    assert len(long.body) <= 20_000
    assert long.event["data"] == {"id": "stay_2", "cut_short": True}


def test_an_installed_library_verifies_it(telling: Telling, receiver: Receiver) -> None:
    """Nothing but the library, the secret and the request, at the time it is."""
    telling.clock.at = datetime.now(UTC)
    hook = telling.endpoint(receiver)
    (fact,) = telling.facts()
    telling.step()
    (sent,) = receiver.sent
    assert Webhook(hook["secret"]).verify(sent.body, sent.headers)["id"] == fact
    assert sent.headers["content-type"] == "application/json"


def test_tries_follow_the_steps(telling: Telling, receiver: Receiver) -> None:
    """Each within 20 % of its step, the same id and body at every one; then it has failed.

    The endpoint works for other facts in between, so that it is not given up on.
    """
    receiver.says = Says(500)
    hook = telling.endpoint(receiver)
    telling.facts()
    waits = []
    for _ in range(len(STEPS)):
        assert telling.step() == 1
        (delivery,) = telling.deliveries(hook["id"])
        if delivery["next_attempt_at"] is None:
            break
        waits.append(due_at(telling) - telling.clock.at)
        assert telling.step(seconds=waits[-1].total_seconds() - 1e-3) == 0
        telling.turn(milliseconds=1)
        forgive(telling)
    assert len(waits) == len(STEPS) - 1
    for waited, step in zip(waits, STEPS[1:], strict=True):
        assert abs(waited - step) <= step * JITTER
    assert waits != list(STEPS[1:])
    assert delivery["state"] == "failed"
    assert [one["status"] for one in delivery["attempts"]] == [500] * len(STEPS)
    tries = [one for one in receiver.sent if one.event["type"] == "booking.created"]
    assert len({(one.id, one.body) for one in tries}) == 1
    assert len({one.headers["webhook-timestamp"] for one in tries}) == len(STEPS)


def due_at(telling: Telling) -> datetime:
    """When the one delivery that waits is due, to the microsecond."""
    with telling.store.read() as session:
        rows = session.execute(select(Delivery).where(Delivery.next_at.is_not(None)))
        return rows.scalar_one().next_at


def forgive(telling: Telling) -> None:
    """As if the endpoint had worked in between, for another fact."""
    with telling.store.write() as session:
        session.execute(update(Endpoint).values(failing_since=None, failures=0))


def test_retry_after_is_heeded(telling: Telling, receiver: Receiver) -> None:
    """Longer than the step it is waited for, up to a day; shorter it changes nothing."""
    hook = telling.endpoint(receiver)
    for asked, least, most in (("60", 60, 60), ("1", 4, 6), ("99999999", 86400, 86400)):
        receiver.says = Says(503, headers={"Retry-After": asked})
        telling.facts()
        telling.step()
        wait = (due_at(telling) - telling.clock.at).total_seconds()
        assert least <= wait <= most
        receiver.says = Says()
        telling.step(days=2)
        assert telling.deliveries(hook["id"], DeliveryState.WAITING) == []


@pytest.mark.parametrize("status", [199 + 1, 201, 299])
def test_any_2xx_says_that_it_arrived(telling: Telling, receiver: Receiver, status: int) -> None:
    """Whatever the body is, and however long."""
    receiver.says = Says(status, b"x" * 100_000)
    hook = telling.endpoint(receiver)
    telling.facts()
    telling.step()
    (delivery,) = telling.deliveries(hook["id"])
    assert delivery["state"] == "delivered"
    assert delivery["attempts"][0]["answer"] == "x" * 4096


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 429, 500, 502])
def test_nothing_else_does(telling: Telling, receiver: Receiver, status: int) -> None:
    """No redirect is followed, and what was answered can be read: NUL and bad UTF-8 included."""
    receiver.says = Says(status, b"no\0\xff", {"Location": receiver.url("/elsewhere")})
    hook = telling.endpoint(receiver)
    telling.facts()
    telling.step()
    assert [one.path for one in receiver.sent] == ["/hook"]
    (delivery,) = telling.deliveries(hook["id"])
    assert (delivery["state"], delivery["attempts"][0]["status"]) == ("waiting", status)
    assert delivery["attempts"][0]["answer"] == "no\ufffd\ufffd"


def test_private_addresses_are_not_told(telling: Telling, receiver: Receiver) -> None:
    """What the config allowed when it was made is judged again at every try."""
    hook = telling.endpoint(receiver)
    telling.facts()
    telling.allowed = []
    telling.step()
    assert receiver.sent == []
    (delivery,) = telling.deliveries(hook["id"])
    assert delivery["attempts"][0]["reason"] == "forbidden_port"


def test_410_disables_at_once(telling: Telling, receiver: Receiver) -> None:
    """What waits stops; the journal tells it, and the other endpoints with it."""
    hook = telling.endpoint(receiver)
    telling.endpoint(receiver, "/other", types=["webhook.disabled"])
    receiver.next_says.append(Says(410))
    telling.facts(1)
    telling.step()
    told = telling.webhook(hook["id"])
    assert (told["enabled"], told["disabled_reason"]) == (False, "gone")
    (event,) = telling.events("webhook.disabled")
    assert event["data"]["id"] == hook["id"]
    telling.facts(2)
    telling.step(hours=1)
    assert [one.path for one in receiver.sent] == ["/hook", "/other"]
    states = [one["state"] for one in telling.deliveries(hook["id"])]
    assert states == ["stopped"] * 4


def test_three_days_of_failure_disable(telling: Telling, receiver: Receiver) -> None:
    """After 72 h with no success between: not before, and told once."""
    receiver.says = Says(500)
    hook = telling.endpoint(receiver)
    telling.facts()
    telling.step()
    began = telling.clock.at
    while telling.clock.at - began < timedelta(hours=71):
        telling.step(hours=1)
    telling.facts()
    telling.step(minutes=59)
    assert telling.webhook(hook["id"])["enabled"]
    telling.facts()
    telling.step(minutes=1)
    told = telling.webhook(hook["id"])
    assert (told["enabled"], told["disabled_reason"]) == (False, "failing")
    telling.step(hours=48)
    assert len(telling.events("webhook.disabled")) == 1


def test_an_idle_endpoint_is_not_disabled(telling: Telling, receiver: Receiver) -> None:
    """One failure then, and another 73 h later: too few to judge by."""
    hook = telling.endpoint(receiver)
    receiver.says = Says(500)
    telling.facts()
    telling.step()
    telling.step(hours=73)
    assert telling.webhook(hook["id"])["enabled"]
    assert len(receiver.sent) == 2


def test_a_success_between_forgives(telling: Telling, receiver: Receiver) -> None:
    """The 72 h begin anew after each success."""
    hook = telling.endpoint(receiver)
    for _ in range(3):
        receiver.says = Says(500)
        telling.facts(6)
        telling.step(hours=30)
        receiver.says = Says()
        telling.step(hours=1)
        assert telling.webhook(hook["id"])["failing_since"] is None
    assert telling.webhook(hook["id"])["enabled"]


def test_enabled_again_nothing_is_sent_twice_by_itself(
    telling: Telling, receiver: Receiver
) -> None:
    """What was missed is sent when a span is asked for, and only what was missed if so wished."""
    hook = telling.endpoint(receiver)
    telling.facts(2)
    telling.step()
    with telling.store.write() as session:
        webhooks.switch(session, telling.account_id, hook["id"], enabled=False, at=telling.at())
    telling.turn(hours=1)
    missed = telling.facts(3)
    telling.step()
    with telling.store.write() as session:
        webhooks.switch(session, telling.account_id, hook["id"], enabled=True, at=telling.at())
    assert telling.step(hours=1) == 0
    span = {"since": telling.clock.at - timedelta(days=1), "until": telling.clock.at}
    for undelivered_only, count in ((True, 3), (False, 5)):
        wish = {**span, "undelivered_only": undelivered_only}
        with telling.store.write() as session:
            at = telling.at()
            told = webhooks.redeliver_span(session, telling.account_id, hook["id"], wish, at)
        assert told == {"count": count}
        before = len(receiver.sent)
        assert telling.step() == count
        assert set(missed) <= {one.id for one in receiver.sent[before:]}


def test_two_secrets_for_a_day(telling: Telling, receiver: Receiver) -> None:
    """After rotation both sign, the new one first; a day later the new one alone."""
    hook = telling.endpoint(receiver)
    with telling.store.write() as session:
        at, vault = telling.at(), telling.vault
        new = webhooks.rotate(session, telling.account_id, hook["id"], vault, at)["secret"]
    for hours in (0, 23.9, 0.2):
        telling.turn(hours=hours)
        telling.facts()
        telling.step()
    first, second, third = receiver.sent
    assert signed(first, new) and signed(first, hook["secret"])
    assert signed(second, new) and signed(second, hook["secret"])
    assert signed(third, new) and not signed(third, hook["secret"])
    alone = {**first.headers, "webhook-signature": first.headers["webhook-signature"].split()[0]}
    assert signed(Sent(first.path, alone, first.body, 0.0), new)


def test_no_secret_or_address_lies_open(telling: Telling, receiver: Receiver) -> None:
    """Both are sealed in the database, and the log of a try names the host alone."""
    hook = telling.endpoint(receiver, "/canary7f3a")
    telling.facts()
    telling.step()
    file = Path(str(telling.store.engine.url.database))
    held = b"".join(path.read_bytes() for path in file.parent.glob(file.name + "*"))
    assert hook["secret"].removeprefix("whsec_").encode() not in held
    assert b"canary7f3a" not in held


def test_who_hangs_delays_no_other(sqlite_store: Store, receiver: Receiver) -> None:
    """Others are told within 2 s of the fact, though three endpoints take all the time they may.

    The usual fact, for the sake of a busy machine; and each long before those have taken theirs.
    """
    with Receiver() as hanging:
        hanging.says = Says(wait=30)
        telling = Telling(sqlite_store, receiver, hanging, total=30)
        hook = telling.endpoint(hanging)
        for path in ("/second", "/third"):
            telling.endpoint(hanging, path, property_id="prop_a")
        telling.endpoint(receiver)

        async def run() -> list[float]:
            client = Client(
                Guard(telling.allowed), "Vacancy/0", limits=telling.limits, tls=TRUSTING
            )
            deliveries, delays = Deliveries(telling.tools(client)), []
            for _ in range(4):
                began = time.monotonic()
                (fact,) = telling.facts()
                fan_out(telling.store, telling.clock.now(), telling.chance)
                await deliveries.tick()
                while fact not in receiver.ids():
                    await asyncio.sleep(0.01)
                delays.append(time.monotonic() - began)
                await asyncio.sleep(0.1)
            await deliveries.drain(0.1)
            await client.aclose()
            return delays

        delays = asyncio.run(run())
        assert median(delays) < 2
        assert max(delays) < 15
        assert hanging.sent
        waiting = telling.deliveries(hook["id"], DeliveryState.WAITING)
        assert len(waiting) == 4


def test_what_was_cut_off_is_made_anew(telling: Telling, receiver: Receiver) -> None:
    """A try that the end of a process cut off is due again at once for whoever comes next."""
    hook = telling.endpoint(receiver)
    receiver.says = Says(wait=30)
    telling.facts()
    fan_out(telling.store, telling.clock.at, telling.chance)

    async def cut_off() -> None:
        client = Client(Guard(telling.allowed), "Vacancy/0", limits=telling.limits, tls=TRUSTING)
        deliveries = Deliveries(telling.tools(client))
        await deliveries.tick()
        while not receiver.sent:
            await asyncio.sleep(0.01)
        await deliveries.drain(0)
        await client.aclose()

    asyncio.run(cut_off())
    receiver.says = Says()
    assert telling.step() == 1
    assert [one["state"] for one in telling.deliveries(hook["id"])] == ["delivered"]
    assert receiver.ids()[0] == receiver.ids()[1]


def test_a_deleted_endpoint_is_forgotten(telling: Telling, receiver: Receiver) -> None:
    """Its deliveries go with it, and the facts that wait are told to the others."""
    hook = telling.endpoint(receiver, "/gone")
    telling.endpoint(receiver, "/stays")
    telling.facts(2)
    fan_out(telling.store, telling.clock.at, telling.chance)
    with telling.store.write() as session:
        webhooks.remove(session, telling.account_id, hook["id"])
    telling.facts()
    telling.step()
    assert [one.path for one in receiver.sent] == ["/stays"] * 3


def test_a_clock_that_is_set_anew_keeps_nobody_waiting(
    telling: Telling, receiver: Receiver
) -> None:
    """What waited by another clock is told at once, and no endpoint has failed for a leap year."""
    hook = telling.endpoint(receiver)
    receiver.says = Says(500)
    telling.facts(6)
    telling.step()
    back = timedelta(days=-400)
    telling.clock.at += back
    assert telling.step() == 0
    receiver.says = Says()
    with telling.store.write() as session:
        spans.start_anew(session, telling.clock.at, back)
    assert telling.webhook(hook["id"])["failing_since"] is None
    assert telling.step() == 6
