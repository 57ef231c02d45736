"""The kinds of due work, by the role that does them, and who sees to it that they are done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from vacancy.daemon.compose import House
from vacancy.daemon.polling import Polling
from vacancy.daemon.sweep import sweep
from vacancy.notifier.deliver import LANES, Deliveries
from vacancy.notifier.fanout import fan_out
from vacancy.notifier.pushes import LANES as PUSHED_AT_ONCE
from vacancy.notifier.pushes import Pushes
from vacancy.notifier.round import tell
from vacancy.poller.round import Rounds
from vacancy.poller.source_round import AT_ONCE, SourceRounds
from vacancy.runner.embedded import Embedded
from vacancy.runner.work import Runner, Work
from vacancy.services import alerts
from vacancy.store import deliveries, leasing
from vacancy.store.session import Store

#: Kinds of work that are looked for together, one after the other.
Beat = tuple[Work, ...]

_ACCOUNTS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Hands:
    """What does the work, by the settings in force; `go_on` is False once the daemon stops."""

    house: Callable[[], House]
    polling: Callable[[], Polling]
    deliveries: Callable[[], Deliveries]
    go_on: Callable[[], bool]

    def rounds(self) -> Rounds:
        return self.polling().feeds

    def sources(self) -> SourceRounds:
        return self.polling().sources

    def pushes(self) -> Pushes:
        return self.polling().pushes


def works(hands: Hands) -> Mapping[str, Sequence[Beat]]:
    """What each role does, in the beats in which it is looked for."""
    scale = min(hands.house().settings.polling.scale, 1.0)
    return {
        "api": (),
        "poller": (
            (_polls(hands),),
            (_pushes(hands), _sources(hands)),
            (_sweeps(hands, max(1.0, 30 * scale)),),
        ),
        "notifier": ((_facts(hands), _deliveries(hands)), (_alerts(hands, max(1.0, 5 * scale)),)),
    }


def make_runner(store: Store, mine: Sequence[Work]) -> Runner:
    """One process does everything on SQLite; on PostgreSQL, instances share it."""
    if store.is_sqlite:
        return Embedded()
    from vacancy.runner.procrastinate import Procrastinate

    return Procrastinate(store, mine)


def _polls(hands: Hands) -> Work:
    async def let_go(feed_ids: Sequence[str]) -> None:
        def give_up() -> None:
            with hands.house().store.write() as session:
                leasing.hand_back(session, feed_ids)

        await asyncio.to_thread(give_up)

    return Work(
        "poll",
        due=lambda: hands.rounds().due(),
        do=lambda feed_id: hands.rounds().poll_due(feed_id),
        let_go=let_go,
        here=lambda: hands.rounds().tick(),
        at_once=hands.house().settings.polling.at_once,
    )


def _sources(hands: Hands) -> Work:
    return Work(
        "source",
        due=lambda: hands.sources().due(),
        do=lambda source_id: hands.sources().ask_due(source_id),
        let_go=lambda source_ids: hands.sources().let_go(source_ids),
        here=lambda: hands.sources().tick(),
        at_once=AT_ONCE,
    )


def _pushes(hands: Hands) -> Work:
    return Work(
        "push",
        due=lambda: hands.pushes().due(),
        do=lambda source_id: hands.pushes().tell_one(source_id),
        let_go=lambda source_ids: hands.pushes().let_go(source_ids),
        here=lambda: hands.pushes().tick(),
        at_once=PUSHED_AT_ONCE,
    )


def _sweeps(hands: Hands, every: float) -> Work:
    return _alone("sweep", every, lambda: sweep(hands.house()))


def _alerts(hands: Hands, every: float) -> Work:
    def tell_people() -> None:
        house = hands.house()
        at = (house.clock.now(), house.chance)
        tell(house.store, alerts.wish(house.settings), at, hands.go_on)

    return _alone("alert", every, tell_people)


def _facts(hands: Hands) -> Work:
    async def due() -> Sequence[str]:
        def look() -> Sequence[str]:
            with hands.house().store.read() as session:
                return deliveries.accounts_unsent(session, _ACCOUNTS_AT_ONCE)

        return await asyncio.to_thread(look)

    async def do(_account_id: str) -> None:
        house = hands.house()
        await asyncio.to_thread(fan_out, house.store, house.clock.now(), house.chance)

    return Work("fan_out", due, do, at_once=2)


def _deliveries(hands: Hands) -> Work:
    return Work(
        "deliver",
        due=lambda: hands.deliveries().due(),
        do=lambda endpoint_id: hands.deliveries().tell_one(endpoint_id),
        let_go=lambda endpoint_ids: hands.deliveries().let_go(endpoint_ids),
        here=lambda: hands.deliveries().tick(),
        at_once=LANES,
    )


def _alone(kind: str, every: float, work: Callable[[], object]) -> Work:
    """Work of one piece, which looks by itself for what is due."""

    async def due() -> Sequence[str]:
        return ("all",)

    async def do(_key: str) -> None:
        await asyncio.to_thread(work)

    return Work(kind, due, do, every=every, paced=True)
