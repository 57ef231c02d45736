"""Delivery: what is due is sent, and how each try went decides what follows.

Each endpoint has a lane of its own, a few tries wide, so that one that hangs delays no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from vacancy import failpoints
from vacancy.clock import Clock
from vacancy.domain.events import EventType, Fact
from vacancy.domain.webhooks import DeliveryState, Standing, Tried, Why, stands, wait
from vacancy.ids import Chance
from vacancy.net.client import Client, FetchFailed
from vacancy.notifier.fanout import fan_out
from vacancy.notifier.sign import SEALED_SECRET, SEALED_URL, body, headers
from vacancy.secret import Secret
from vacancy.store import deliveries, journal, webhooks
from vacancy.store.deliveries import InHand, Made
from vacancy.store.served import StoreFailure
from vacancy.store.session import Session, Store
from vacancy.store.tables import Endpoint
from vacancy.store.upkeep import describe
from vacancy.vault import Vault, VaultError

_LOG = structlog.get_logger(__name__)

#: Endpoints that are told at once, tries of one at once, and of one that fails.
LANES, WIDTH, NARROW = 256, 4, 1
#: Deliveries of one endpoint that are taken in hand together, for so long: twice what they need.
BATCH, HOLD = 8, timedelta(seconds=60)
#: Tries that are written down at once: the store has one writer, the process other work.
_HANDS = 2
#: So much of an answer is kept, in bytes.
KEPT = 4096


@dataclass(frozen=True, slots=True)
class Tools:
    """What deliveries are made with. `scale` multiplies every time of waiting."""

    store: Store
    vault: Vault
    client: Client
    clock: Clock
    chance: Chance
    scale: float = 1.0


class Deliveries:
    """The deliveries of one process, on one event loop."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._lanes: dict[str, asyncio.Task[int]] = {}
        self._in_hand: set[str] = set()
        self._hands = asyncio.Semaphore(_HANDS)

    async def tick(self) -> None:
        """Open a lane for each endpoint that something is due for.

        Raises a StoreFailure; nothing is lost by it.
        """
        for endpoint_id in await self.due():
            self._open(endpoint_id)

    async def due(self) -> list[str]:
        """Endpoints that something is due for, but those that this process tells already."""
        return await asyncio.to_thread(self._due, self._tools.clock.now())

    async def tell_one(self, endpoint_id: str) -> None:
        """Tell one endpoint all that is due or becomes so meanwhile; back when it is told."""
        lane = self._lanes.get(endpoint_id)
        await asyncio.wait([lane or self._open(endpoint_id)])

    async def let_go(self, endpoint_ids: Sequence[str]) -> None:
        """What a process had in hand of these endpoints, which died, is due at once."""

        def give_up() -> None:
            now = self._tools.clock.now()
            with self._tools.store.write() as session:
                deliveries.let_go(session, endpoint_ids, (now, HOLD))

        await asyncio.to_thread(give_up)

    async def once(self) -> int:
        """Fan out, make every try that is due at this instant, and wait for all; how many."""
        tools, now, made = self._tools, self._tools.clock.now(), 0
        await asyncio.to_thread(fan_out, tools.store, now, tools.chance)
        while due := await asyncio.to_thread(self._due, now):
            made += sum(await asyncio.gather(*(self._lane(one, now) for one in due)))
        return made

    async def drain(self, patience: float) -> None:
        """Let tries in flight end, for so many seconds; the rest is given back, to be made anew."""
        lanes = list(self._lanes.values())
        if lanes:
            await asyncio.wait(lanes, timeout=patience)
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)
        try:
            await asyncio.to_thread(self._give_back)
        except StoreFailure as failure:
            _LOG.error("store.failed", during="drain", error=describe(failure))

    def _open(self, endpoint_id: str) -> asyncio.Task[int]:
        lane = asyncio.create_task(self._survive(endpoint_id))
        self._lanes[endpoint_id] = lane
        lane.add_done_callback(lambda _: self._lanes.pop(endpoint_id, None))
        return lane

    def _due(self, now: datetime) -> list[str]:
        with self._tools.store.read() as session:
            room = LANES - len(self._lanes)
            found = deliveries.due_endpoints(session, now, list(self._lanes), room)
            return [endpoint.id for endpoint in found]

    def _take(self, endpoint_id: str, now: datetime) -> tuple[int, list[InHand]]:
        """How many tries side by side, and of what."""
        with self._tools.store.write() as session:
            endpoint = deliveries.endpoint_of(session, endpoint_id)
            if endpoint is None:
                return NARROW, []
            width, batch = (NARROW, NARROW) if endpoint.failures else (WIDTH, BATCH)
            return width, deliveries.take(session, endpoint, (now, HOLD), batch)

    def _give_back(self) -> None:
        left, self._in_hand = list(self._in_hand), set()
        if left:
            with self._tools.store.write() as session:
                deliveries.give_back(session, left, self._tools.clock.now())

    async def _survive(self, endpoint_id: str) -> int:
        try:
            return await self._lane(endpoint_id, None)
        except StoreFailure as failure:
            _LOG.error("store.failed", during="delivery", error=describe(failure))
        except Exception:
            _LOG.exception("delivery.broke", endpoint=endpoint_id)
        return 0

    async def _lane(self, endpoint_id: str, instant: datetime | None) -> int:
        """Tell one endpoint all that is due (at `instant`, or as time goes on); how many tries."""
        made = 0
        while True:
            now = instant or self._tools.clock.now()
            width, batch = await asyncio.to_thread(self._take, endpoint_id, now)
            if not batch:
                return made
            await self._side_by_side(batch, width)
            made += len(batch)

    async def _side_by_side(self, batch: Sequence[InHand], width: int) -> None:
        """Make these tries; the first failure of ours is raised when all have ended."""
        places, ids = asyncio.Semaphore(width), {hand.delivery_id for hand in batch}

        async def one(hand: InHand) -> None:
            async with places:
                await self._try(hand)

        self._in_hand |= ids
        ended = await asyncio.gather(*map(one, batch), return_exceptions=True)
        self._in_hand -= ids  # one that could not be written down comes back by itself
        for failure in ended:
            if failure is not None:
                raise failure

    async def _try(self, hand: InHand) -> None:
        failpoints.reach("before_attempt")
        made, asked = await self._send(hand)
        failpoints.reach("after_attempt")
        async with self._hands:
            await asyncio.to_thread(self._write, hand, made, asked)
        self._in_hand.discard(hand.delivery_id)
        failpoints.reach("after_attempt_commit")
        tell = _LOG.debug if made.status is not None and made.status < 300 else _LOG.info
        tell(
            "webhook.tried",
            endpoint=hand.endpoint_id,
            host=hand.host,
            message=hand.message_id,
            status=made.status,
            reason=made.reason,
            millis=made.millis,
        )

    async def _send(self, hand: InHand) -> tuple[Made, timedelta | None]:
        """One try, and what a Retry-After asked for."""
        now, vault = self._tools.clock.now(), self._tools.vault
        began = asyncio.get_running_loop().time()
        try:
            url = Secret(vault.open(hand.url, SEALED_URL))
            sealed = [hand.secret] if hand.old_secret is None else [hand.secret, hand.old_secret]
            secrets = [vault.open(one, SEALED_SECRET) for one in sealed]
            sent = body(hand)
            reply = await self._tools.client.post(url, sent, headers(hand, sent, secrets, now))
        except FetchFailed as failed:
            millis = round((asyncio.get_running_loop().time() - began) * 1000)
            return Made(now, None, failed.reason, millis, ""), None
        except VaultError:
            return Made(now, None, "sealed", 0, ""), None
        asked = reply.retry_after
        span = asked - self._tools.clock.now() if isinstance(asked, datetime) else asked
        return Made(now, reply.status, None, reply.millis, _text(reply.body)), span

    def _write(self, hand: InHand, made: Made, asked: timedelta | None) -> None:
        now = self._tools.clock.now()
        with self._tools.store.write() as session:
            endpoint = deliveries.endpoint_of(session, hand.endpoint_id)
            if endpoint is None:  # deleted while it was being told
                return
            deliveries.note(session, hand, endpoint.account_id, made, self._tools.chance)
            self._follow(session, endpoint, hand, Tried(now, made.status, asked))
            failpoints.reach("before_attempt_commit")

    def _follow(self, session: Session, endpoint: Endpoint, hand: InHand, tried: Tried) -> None:
        """What a try means for its delivery and its endpoint. A ping means nothing to either."""
        if hand.event is None:
            state = DeliveryState.DELIVERED if tried.good else DeliveryState.FAILED
            deliveries.settle(session, hand, state, None, tried.at)
            return
        was = None if endpoint.disabled is None else Why(endpoint.disabled)
        before = Standing(endpoint.failing_since, endpoint.failures, was)
        after = stands(before, tried, self._tools.scale)
        endpoint.failing_since, endpoint.failures = after.failing_since, after.failures
        state, next_at = self._next(hand, tried, after)
        deliveries.settle(session, hand, state, next_at, tried.at)
        if after.disabled is not None and was is None:
            self._disable(session, endpoint, after.disabled, tried.at)

    def _next(
        self, hand: InHand, tried: Tried, after: Standing
    ) -> tuple[DeliveryState, datetime | None]:
        if tried.good:
            return DeliveryState.DELIVERED, None
        if after.disabled is not None:
            return DeliveryState.STOPPED, None
        tools = self._tools
        jitter = int.from_bytes(tools.chance(4)) / 2**31 - 1
        pause = wait(hand.tries + 1, jitter, tried.retry_after, tools.scale)
        if pause is None:
            return DeliveryState.FAILED, None
        return DeliveryState.WAITING, tried.at + pause

    def _disable(self, session: Session, endpoint: Endpoint, why: Why, now: datetime) -> None:
        webhooks.disable(session, endpoint, why, now)
        since = endpoint.failing_since or now
        data = {
            "id": endpoint.id,
            "host": endpoint.host,
            "reason": why.value,
            "failing_since": since.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "failures": endpoint.failures,
        }
        fact = Fact(EventType.WEBHOOK_DISABLED, data=data, property_id=endpoint.property_id)
        journal.append(session, endpoint.account_id, [fact], now, self._tools.chance)


def _text(answer: bytes) -> str:
    """The beginning of an answer as text that any database keeps."""
    return answer[:KEPT].decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
