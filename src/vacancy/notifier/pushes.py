"""Telling booking systems of our own stays: what is due is tried, one stay after another.

What a system may hold from now on is written down before it is told, and what it holds once it has
answered. Whoever dies between the two is made up for: the same state is told again under the same
key, and the adapter looks before it writes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from vacancy import failpoints
from vacancy.clock import Clock
from vacancy.domain.claims import Kind, Reason
from vacancy.domain.events import EventType, Fact
from vacancy.domain.nights import Nights
from vacancy.domain.pushes import PushState
from vacancy.domain.webhooks import wait
from vacancy.ids import Chance
from vacancy.notifier.guests import guest_of
from vacancy.notifier.push_steps import Action, Step, asked, next_step
from vacancy.sources.port import Push, Source, SourceFailed
from vacancy.store import journal, pushes, sources
from vacancy.store.pushes import InHand, Setback
from vacancy.store.served import StoreFailure
from vacancy.store.session import Session, Store
from vacancy.store.sources import Account
from vacancy.store.upkeep import describe
from vacancy.vault import Vault

_LOG = structlog.get_logger(__name__)

#: Systems that are told side by side, and how long one push may be in hand: twice what it needs.
LANES, HOLD = 8, timedelta(minutes=3)
#: Seconds for one try, with all that the adapter has to look up.
PATIENCE = 60.0

#: What no further try would change.
_FINAL = {"refused": PushState.REFUSED, "left": PushState.LEFT}

#: How a try went: when it began, what was asked, its outcome, milliseconds, and a sentence.
Tried = tuple[datetime, str, str, int, str | None]


@dataclass(frozen=True, slots=True)
class Tools:
    """What pushes are made with. `scale` multiplies every time of waiting."""

    store: Store
    vault: Vault
    connect: Callable[[Account], Source]
    clock: Clock
    chance: Chance
    scale: float = 1.0


class Pushes:
    """The pushes of one process, on one event loop."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._lanes: dict[str, asyncio.Task[int]] = {}

    async def tick(self) -> None:
        """Open a lane for each system that something is due for."""
        for source_id in await self.due():
            self._open(source_id)

    async def due(self) -> list[str]:
        """Systems that something is due for, but those that this process tells already."""
        return await asyncio.to_thread(self._due)

    async def tell_one(self, source_id: str) -> None:
        """Tell one system all that is due; back when it is told."""
        await asyncio.wait([self._lanes.get(source_id) or self._open(source_id)])

    async def once(self) -> int:
        """Make every try that is due, and wait for all; how many."""
        made = 0
        seen: set[str] = set()
        while due := [one for one in await self.due() if one not in seen]:
            seen.update(due)
            made += sum(await asyncio.gather(*(self._lane(one) for one in due)))
        return made

    async def let_go(self, source_ids: Sequence[str]) -> None:
        """What a process had in hand of these systems, which died, is due at once."""

        def give_up() -> None:
            with self._tools.store.write() as session:
                pushes.let_go(session, source_ids, (self._tools.clock.now(), HOLD))

        await asyncio.to_thread(give_up)

    async def drain(self, patience: float) -> None:
        """Let tries in flight end, for so many seconds; the rest comes back by itself."""
        lanes = list(self._lanes.values())
        if lanes:
            await asyncio.wait(lanes, timeout=patience)
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)

    def _open(self, source_id: str) -> asyncio.Task[int]:
        lane = self._lanes[source_id] = asyncio.create_task(self._survive(source_id))
        lane.add_done_callback(lambda _: self._lanes.pop(source_id, None))
        return lane

    async def _survive(self, source_id: str) -> int:
        try:
            return await self._lane(source_id)
        except StoreFailure as failure:
            _LOG.error("store.failed", during="push", error=describe(failure))
        except Exception:
            _LOG.exception("push.broke", source=source_id)
        return 0

    async def _lane(self, source_id: str) -> int:
        """Tell one system all that is due, one after the other; how many tries."""
        made = 0
        while True:
            found = await asyncio.to_thread(self._take, source_id)
            if found is None:
                return made
            await self._try(*found)
            made += 1

    def _due(self) -> list[str]:
        with self._tools.store.read() as session:
            room = LANES - len(self._lanes)
            return pushes.due_sources(session, self._tools.clock.now(), list(self._lanes), room)

    def _take(self, source_id: str) -> tuple[InHand, Account] | None:
        with self._tools.store.write() as session:
            account = sources.account(session, source_id)
            hand = pushes.take(session, source_id, (self._tools.clock.now(), HOLD))
            return None if hand is None or account is None else (hand, account)

    async def _try(self, hand: InHand, account: Account) -> None:
        started, clock = self._tools.clock.now(), asyncio.get_running_loop().time
        began = clock()
        action = "push"
        try:
            source = self._tools.connect(account)
            step = next_step(hand, source.takes)
            action = step.action.value
            remote_id = await self._ask(source, hand, step)
            failpoints.reach("after_push")
        except SourceFailed as failed:
            failure = failed
        except TimeoutError:
            failure = SourceFailed("timeout", "The booking system took too long.")
        except StoreFailure:
            raise
        except Exception:
            _LOG.exception("push.broke", source=account.id, push=hand.id)
            failure = SourceFailed("fault", "Vacancy itself failed: please report it with its log.")
        else:
            tried = (started, action, "done", round((clock() - began) * 1000), None)
            await asyncio.to_thread(self._made, hand, step, remote_id, tried)
            return
        millis = round((clock() - began) * 1000)
        tried = (started, action, failure.reason, millis, failure.text)
        await asyncio.to_thread(self._failed, hand, failure, tried)

    async def _ask(self, source: Source, hand: InHand, step: Step) -> str | None:
        if step.nights is None:
            return None
        push = await asyncio.to_thread(self._begin, hand, step, step.nights)
        failpoints.reach("before_push")
        async with asyncio.timeout(PATIENCE):
            remote_id = await asked(source, step, push)
        failpoints.reach("after_push")
        return remote_id

    def _begin(self, hand: InHand, step: Step, nights: Nights) -> Push:
        """Write down what the system may hold from now on; what it is told."""
        with self._tools.store.write() as session:
            if step.action is Action.PUSH and step.leads_to is not None:
                pushes.begin(session, hand, step.leads_to, step.key)
            guest, money = guest_of(session, hand.stay_id, self._tools.vault)
        return Push(
            stay_id=hand.stay_id,
            property_id=hand.property_id,
            nights=nights,
            kind=step.kind,
            attempt_key=step.key,
            remote_id=hand.remote_id,
            reason=Reason.OWNER if step.kind is Kind.BLOCK else None,
            guest=guest,
            money=money,
            timezone=hand.timezone,
        )

    def _made(
        self,
        hand: InHand,
        step: Step,
        remote_id: str | None,
        tried: Tried,
    ) -> None:
        now = self._tools.clock.now()
        with self._tools.store.write() as session:
            pushes.note(session, hand, tried, self._tools.chance)
            if pushes.made(session, hand, step.leads_to, remote_id, now):
                self._tell(session, hand, (EventType.PUSH_TAKEN, PushState.DONE, None, None), now)
            failpoints.reach("before_push_commit")

    def _failed(
        self,
        hand: InHand,
        failure: SourceFailed,
        tried: Tried,
    ) -> None:
        now = self._tools.clock.now()
        setback = self._setback(hand, failure, now)
        with self._tools.store.write() as session:
            pushes.note(session, hand, tried, self._tools.chance)
            pushes.failed(session, hand, setback, now)
            if setback.next_at is None:
                said = (EventType.PUSH_REFUSED, setback.state, setback.reason, setback.trouble)
                self._tell(session, hand, said, now)

    def _setback(self, hand: InHand, failure: SourceFailed, now: datetime) -> Setback:
        if failure.reason in _FINAL and hand.trying not in (None, hand.wanted):
            # It never had the state that was to be made sure of: on with what is wanted.
            return Setback(PushState.WAITING, now, failure.reason, failure.text, known=True)
        if failure.reason in _FINAL:
            return Setback(_FINAL[failure.reason], None, failure.reason, failure.text, known=True)
        asked = failure.retry_after
        span = asked - now if isinstance(asked, datetime) else asked
        jitter = int.from_bytes(self._tools.chance(4)) / 2**31 - 1
        pause = wait(hand.tries + 1, jitter, span, self._tools.scale)
        if pause is None:
            return Setback(PushState.FAILED, None, failure.reason, failure.text)
        return Setback(PushState.WAITING, now + pause, failure.reason, failure.text)

    def _tell(
        self,
        session: Session,
        hand: InHand,
        said: tuple[EventType, PushState, str | None, str | None],
        now: datetime,
    ) -> None:
        kind, state, reason, message = said
        data = {
            "id": hand.id,
            "source_id": hand.source_id,
            "unit_id": hand.unit_id,
            "stay_id": hand.stay_id,
            "state": state.value,
            "reason": reason,
            "message": message,
        }
        fact = Fact(kind, hand.unit_id, data)
        journal.append(session, hand.account_id, [fact], now, self._tools.chance)
