"""What to ask of a booking system next, so that it holds a stay of ours as it is to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vacancy.domain.claims import Kind
from vacancy.domain.nights import Nights
from vacancy.domain.pushes import GONE, meant
from vacancy.sources.port import Push, Source, SourceFailed, Takes
from vacancy.store.pushes import InHand


class Action(StrEnum):
    """`push`: have it so. `withdraw`: take back what is there. `nothing`: it never got there."""

    PUSH = "push"
    WITHDRAW = "withdraw"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to ask. `leads_to` is the state that the system has then; None: nothing, while
    something is wanted still. `key` is the same for every try of the same step.
    """

    action: Action
    leads_to: str | None
    key: str
    kind: Kind
    nights: Nights | None


def next_step(hand: InHand, takes: Takes) -> Step:
    """The next step of what is in hand, given what the system takes.

    A state that it may have without our knowing is made sure of first. Raises SourceFailed
    (`left`) where it takes no such thing.
    """
    if hand.trying not in (None, hand.wanted) and hand.trying_key is not None:
        return _push(str(hand.trying), hand.trying_key, takes)
    there = meant(hand.done or GONE)
    wanted = meant(hand.wanted)
    if hand.remote_id is None or there is None:
        if wanted is None:
            return Step(Action.NOTHING, GONE, hand.key, Kind.BLOCK, None)
        return _push(hand.wanted, hand.key, takes)
    kind = _told_as(there[0], takes)
    if wanted is not None and takes.moves and _told_as(wanted[0], takes) is kind:
        return _push(hand.wanted, hand.key, takes)
    if not takes.cancellations:
        raise _left("It takes no changes of what it was told: make this one there by hand.")
    if wanted is None:
        return Step(Action.WITHDRAW, GONE, hand.key, kind, there[1])
    return Step(Action.WITHDRAW, None, f"{hand.key}-before", kind, there[1])


async def asked(source: Source, step: Step, push: Push) -> str | None:
    """Ask it; what the system calls the stay now, None: it has nothing. Raises SourceFailed."""
    if step.action is Action.PUSH:
        send = source.push_block if step.kind is Kind.BLOCK else source.push_booking
        return await send(push)
    if step.action is Action.WITHDRAW:
        await source.withdraw(push)
    return None


def _push(state: str, key: str, takes: Takes) -> Step:
    kind, nights = meant(state) or (Kind.BLOCK, None)
    if nights is None:
        raise _left("There is nothing to tell it.")
    kind = _told_as(kind, takes)
    if not (takes.blocks if kind is Kind.BLOCK else takes.bookings):
        raise _left("It takes no such nights from others: close them there by hand.")
    return Step(Action.PUSH, state, key, kind, nights)


def _told_as(kind: Kind, takes: Takes) -> Kind:
    """One that takes no bookings of others is told to close the nights, which is what matters."""
    return Kind.BLOCK if kind is Kind.RESERVATION and not takes.bookings else kind


def _left(text: str) -> SourceFailed:
    return SourceFailed("left", text)
