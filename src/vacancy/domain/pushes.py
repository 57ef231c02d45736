"""What a booking system is to hold of our own stays: values in, values out (docs/sources.md).

The state of a stay there is written as `reservation 2027-02-01 2027-02-04`, `block ...`, or `gone`.
Holds are not pushed, nor what a listing of the system itself stands for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from vacancy.domain.claims import Kind
from vacancy.domain.nights import Nights
from vacancy.domain.stays import Stay, StayStatus

GONE = "gone"


class PushState(StrEnum):
    """`waiting` for its next try; `done`: the system took it; `refused` by the system; `failed` at
    every step; `left`: the system takes no such thing.
    """

    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Pushed:
    """What is known of one stay at one system. `trying`: a state that it may have and we not know.

    `since` is when that last changed.
    """

    stay_id: str
    property_id: str
    wanted: str
    done: str | None
    trying: str | None
    remote_id: str | None
    since: datetime

    @property
    def settled(self) -> bool:
        """Whether the system holds what it is to hold."""
        return self.done == self.wanted and self.trying is None


def named(kind: Kind, nights: Nights) -> str:
    """The name of a state."""
    return f"{kind.value} {nights.arrival.isoformat()} {nights.departure.isoformat()}"


def meant(state: str) -> tuple[Kind, Nights] | None:
    """What a name means; None: nothing."""
    if state == GONE:
        return None
    kind, arrival, departure = state.split(" ")
    return Kind(kind), Nights(date.fromisoformat(arrival), date.fromisoformat(departure))


def wanted(
    stays: Iterable[Stay], pushed: Mapping[str, str], own: Set[str], today: date
) -> dict[str, str]:
    """The states that have to change, by stay. `pushed` are those wanted so far; `own` are stays
    that a listing of this system stands for: they came from there.

    What is over stays as it is there.
    """
    changes: dict[str, str] = {}
    for stay in stays:
        if stay.nights.departure <= today or (stay.id in own and stay.id not in pushed):
            continue
        state = named(stay.kind, stay.nights) if _is_ours(stay) else GONE
        if state != pushed.get(stay.id, GONE):
            changes[stay.id] = state
    return changes


def _is_ours(stay: Stay) -> bool:
    return stay.feed_id is None and stay.status is StayStatus.CONFIRMED


def recognised(
    listed: tuple[str, str | None, Kind, Nights],
    pushes: Iterable[Pushed],
    asked_at: datetime,
    *,
    known: bool,
) -> Pushed | None:
    """The push that made what a system lists, if one did. `listed`: its id there, the stay it was
    pushed for where the system says so, its kind and nights. `known`: it was listed before.

    What the system goes on listing though it took back our stay is its own, if it was asked since.
    """
    remote_id, ours, kind, nights = listed
    for push in pushes:
        told = push.remote_id == remote_id or (ours is not None and ours == push.stay_id)
        trying = None if push.trying is None or known else meant(push.trying)
        if not told and (push.remote_id is not None or trying != (kind, nights)):
            continue
        withdrawn = push.wanted == GONE and push.settled and push.since < asked_at
        return None if withdrawn else push
    return None
