"""Nights kept free around the reservations of a unit, and who is on them (docs/reading.md)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from vacancy.domain.claims import Kind, Reason
from vacancy.domain.nights import Nights
from vacancy.domain.stays import Stay, StayStatus

#: Nights between two guests: someone must have time to clean, nobody sleeps there.
BETWEEN = frozenset({Reason.RULE_PREPARATION, Reason.BUFFER})


@dataclass(frozen=True, slots=True)
class Buffers:
    """How many nights of a unit are kept free before and after each reservation."""

    before: int = 0
    after: int = 0

    def __bool__(self) -> bool:
        return bool(self.before or self.after)

    def ahead_of(self, nights: Nights) -> Nights | None:
        """The nights kept free before these."""
        if not self.before:
            return None
        return Nights(nights.arrival - timedelta(days=self.before), nights.arrival)

    def behind(self, nights: Nights) -> Nights | None:
        """The nights kept free after these."""
        if not self.after:
            return None
        return Nights(nights.departure, nights.departure + timedelta(days=self.after))

    def around(self, nights: Nights) -> tuple[Nights, ...]:
        """The ranges kept free before and after these."""
        both = (self.ahead_of(nights), self.behind(nights))
        return tuple(one for one in both if one is not None)


NO_BUFFERS = Buffers()


def keeps_free(stay: Stay, buffers: Buffers, today: date) -> bool:
    """Whether nights are kept free around this stay: a guest's, who is not long gone."""
    if stay.kind is not Kind.RESERVATION:
        return False
    if stay.live:
        return True
    over = stay.status is StayStatus.COMPLETED
    return over and stay.nights.departure + timedelta(days=buffers.after) > today


def sharing(one: Nights, other: Nights, buffers: Buffers) -> tuple[date, ...]:
    """The nights of either that are kept free for the other, in order; none where they overlap."""
    if one.overlaps(other):
        return ()
    earlier, later = sorted((one, other))
    found = {night for night in _of(buffers.behind(earlier)) if night in later}
    found |= {night for night in _of(buffers.ahead_of(later)) if night in earlier}
    return tuple(sorted(found))


def _of(nights: Nights | None) -> Iterable[date]:
    return () if nights is None else nights
