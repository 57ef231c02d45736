"""One complete answer, taken apart: what is the channel's own, its settings, and echoes of ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby, zip_longest

from vacancy.domain.claims import Claim, ClaimStatus, Identity, Kind, KnownClaim, Reason, Snapshot
from vacancy.domain.doubt import flood_agreed, floods, leave_nothing
from vacancy.domain.echoes import (
    GENUINE,
    OurStay,
    Role,
    Showing,
    Sighting,
    advance,
    attribute,
    named_stay,
    still,
)
from vacancy.domain.feed import FeedState, Notice, learned
from vacancy.domain.nights import ONE_NIGHT, Nights, night_set, runs

#: Ends the rule of a claim that was an echo until its cause was gone (rules 6, last sentence).
OUTLIVED = ".outlived_echo"


@dataclass(frozen=True, slots=True)
class Echo:
    """Nights of an entry that are a stay of ours coming back."""

    claim: Claim
    stay_id: str
    proven: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer says of the days to come. `shown`: all that it lists of them. `flood`: it
    closes every free night, unagreed.
    """

    own: tuple[Claim, ...]
    rules: tuple[Claim, ...]
    echoes: tuple[Echo, ...]
    canceled: tuple[Claim, ...]
    sightings: tuple[Sighting, ...]
    notices: tuple[Notice, ...]
    empty: bool
    flood: bool
    shown: tuple[Claim, ...]
    ranges: tuple[Nights, ...]


def outlived(known: KnownClaim) -> bool:
    """Whether this is what remained of an echo: two feeds must not tell each other of such."""
    return known.said.rule.endswith(OUTLIVED)


def owned(known: Iterable[KnownClaim]) -> list[KnownClaim]:
    """The standing claims that are the channel's own, its settings apart."""
    return [k for k in known if k.stands and k.echo_of is None and not k.said.is_rule_block]


def to_come(nights: Nights, today: date) -> Nights | None:
    """The part that is not yet past, None when there is none."""
    if nights.departure <= today:
        return None
    return nights if nights.arrival >= today else Nights(today, nights.departure)


def take_apart(state: FeedState, snapshot: Snapshot, now: datetime, today: date) -> Answer:
    """The answer as the feed's past and our own export make it understood."""
    live = [c for c in snapshot.claims if not c.canceled and c.nights.departure >= today]
    ranges = [r for c in live if (r := to_come(c.nights, today)) is not None]
    sightings = advance(state.sightings, ranges, state.last_good_at, now)
    showing = Showing(
        now,
        today,
        state.history,
        state.our_stays,
        sightings,
        tuple(c.nights for c in live),
        learned(state.habits, "shows_imports"),
    )
    flood = _flood(state, live, today)
    reader = _Reader(state, showing, flood)
    for claim in live:
        reader.read(claim)
    return Answer(
        own=tuple(reader.own),
        rules=tuple(reader.rules),
        echoes=tuple(reader.echoes),
        canceled=tuple(c for c in snapshot.claims if c.canceled),
        sightings=sightings,
        notices=tuple(reader.notices),
        empty=not live,
        flood=flood == "hide",
        shown=tuple(live),
        ranges=tuple(ranges),
    )


def _flood(state: FeedState, live: list[Claim], today: date) -> str:
    """How to take blocks that close every free night: "hide", "close", or "" when there are none.

    The first answer of a feed without words is no flood: nothing was free before it.
    """
    if sum(len(c.nights) for c in live if c.kind is Kind.BLOCK) < state.rules.rule_nights:
        return ""
    if state.last_good_at is None and not any(c.worded for c in live):
        return ""
    if not leave_nothing(live, today, state.rules):
        return ""
    standing = [k for k in state.known if k.stands]
    closed = [k for k in standing if k.said.reason is Reason.RULE_CLOSED]
    before = night_set(k.nights for k in standing if k.said.reason is not Reason.RULE_CLOSED)
    if not floods(live, before, today, state.rules):
        return ""
    return "close" if closed or flood_agreed(state.doubt) else "hide"


class _Reader:
    """Sorts the entries of one answer, night by night."""

    def __init__(self, state: FeedState, showing: Showing, flood: str) -> None:
        self.state = state
        self.showing = showing
        self.flood = flood
        self.own: list[Claim] = []
        self.rules: list[Claim] = []
        self.echoes: list[Echo] = []
        self.notices: list[Notice] = []
        self._standing = [k for k in state.known if _may_go_on(k)]
        self._by_night: dict[date, list[KnownClaim]] | None = None
        self._alone: dict[Nights, KnownClaim] | None = None

    def read(self, claim: Claim) -> None:
        """Takes one entry: our own UID first, then words, then proof night by night."""
        stay = self.state.our_stays.get(named_stay(claim.uid, self.state.own_domain) or "")
        if stay is not None:
            self._named(claim, stay)
        elif claim.kind is Kind.RESERVATION and claim.worded:
            self.own.append(claim)
        elif claim.reason is Reason.RULE_CLOSED and self.flood == "hide":
            self._flooded(claim)
        elif claim.reason in (Reason.RULE_WINDOW, Reason.RULE_CLOSED):
            self._setting(claim)
        else:
            for role, nights in self._parts(claim):
                whole = nights == claim.nights
                self._part(claim if whole else replace(claim, nights=nights), role)

    def _named(self, claim: Claim, stay: OurStay) -> None:
        if stay.unit_is_this:
            self.echoes.append(Echo(claim, stay.stay_id, proven=True))
            return
        if not any(k.said.uid == claim.uid for k in self.state.known if k.stands):
            text = "This calendar shows a stay of another unit: check which unit it belongs to."
            self.notices.append(Notice("echo_of_other_unit", text))
        self.own.append(replace(claim, kind=Kind.BLOCK, reason=Reason.UNKNOWN))

    def _setting(self, claim: Claim) -> None:
        """A channel's own setting; but nights that were read as the owner's stay the owner's."""
        left: list[date] = []
        mine: dict[str, tuple[KnownClaim, list[date]]] = {}
        for night in claim.nights:
            known = self._lookup(claim, night)
            if known is None or known.echo_of is not None:
                left.append(night)
            else:
                mine.setdefault(known.id, (known, []))[1].append(night)
        if mine and claim.reason is Reason.RULE_CLOSED and self._is_beyond(left):
            max(mine.values(), key=lambda one: one[1])[1].extend(left)
            left = []
        for known, nights in mine.values():
            self.own += [replace(_as_known(claim, known), nights=r) for r in runs(nights)]
        self.rules += [r for n in runs(left) for r in self._tail(replace(claim, nights=n))]

    def _is_beyond(self, nights: list[date]) -> bool:
        """Whether these are no nights of the year that a closed listing closes: the calendar's end
        moved on, and what reached up to it goes on.
        """
        year = self.showing.today + timedelta(days=self.state.rules.flood_days)
        return all(night >= year for night in nights)

    def _tail(self, claim: Claim) -> Iterator[Claim]:
        """The tail of a channel known by nights; nights before its old start may be a stay."""
        starts = [
            k.nights.arrival
            for k in self.state.known
            if k.stands and k.said.reason is Reason.RULE_WINDOW
        ]
        start = min(starts, default=claim.nights.arrival)
        cut = max(claim.nights.arrival, min(start, claim.nights.departure))
        if claim.identity is not Identity.NIGHTS or cut == claim.nights.arrival:
            yield claim
            return
        before = Nights(claim.nights.arrival, cut)
        self.own.append(replace(claim, nights=before, reason=Reason.UNKNOWN))
        if cut < claim.nights.departure:
            yield replace(claim, nights=Nights(cut, claim.nights.departure))

    def _parts(self, claim: Claim) -> list[tuple[Role, Nights]]:
        """The entry in ranges of one role; nights already past go with the first to come.

        Of a stay that departs today the last night tells what it is.
        """
        if self._goes_on(claim):
            return [(GENUINE, claim.nights)]
        last = claim.nights.departure - ONE_NIGHT
        first = min(max(claim.nights.arrival, self.showing.today), last)
        roles = {n: self._role(claim, n) for n in claim.nights if n >= first}
        past = roles.get(first, GENUINE)
        listed = [(roles.get(n, past), n) for n in claim.nights]
        return [
            (role, nights)
            for role, group in groupby(listed, key=lambda pair: pair[0])
            for nights in runs(n for _, n in group)
        ]

    def _goes_on(self, claim: Claim) -> bool:
        """Whether each of its nights was in one and the same claim of the channel's own: most."""
        if self._alone is None:
            self._alone = _alone(self._standing)
        known = self._alone.get(claim.nights)
        return known is not None and known.echo_of is None and self._may_be(known, claim)

    def _role(self, claim: Claim, night: date) -> Role:
        known = self._lookup(claim, night)
        if known is None:
            return attribute(claim.nights, night, self.showing, worded=claim.worded)
        if known.echo_of is None:
            return GENUINE
        before = Role(known.echo_of, known.proven)
        return still(before, night, self.showing, worded=claim.worded)

    def _lookup(self, claim: Claim, night: date) -> KnownClaim | None:
        """The standing claim that this night of the entry was in the last answers, if any."""
        if self._by_night is None:
            self._by_night = {}
            for known in self._standing:
                for one in known.nights:
                    self._by_night.setdefault(one, []).append(known)
        found = [k for k in self._by_night.get(night, ()) if self._may_be(k, claim)]
        found.sort(key=lambda k: (k.said.uid != claim.uid, k.echo_of is not None))
        return found[0] if found else None

    def _may_be(self, known: KnownClaim, claim: Claim) -> bool:
        if known.said.uid == claim.uid:
            return True
        if named_stay(known.said.uid, self.state.own_domain) in self.state.our_stays:
            return False
        if known.said.worded and known.said.kind is Kind.RESERVATION:
            return False
        return known.status is ClaimStatus.LIVE or not claim.worded

    def _part(self, claim: Claim, role: Role) -> None:
        if role.echo_of is not None:
            self.echoes.append(Echo(claim, role.echo_of, role.proven))
        elif role.outlived:
            reason = Reason.UNKNOWN if claim.is_rule_block else claim.reason
            self.own.append(replace(claim, reason=reason, rule=claim.rule + OUTLIVED))
        elif claim.is_rule_block:
            self._setting(claim)
        elif self.flood and claim.kind is Kind.BLOCK:
            self._flooded(claim)
        else:
            self.own.append(claim)

    def _flooded(self, claim: Claim) -> None:
        """Of a block in a flood, only what was closed before; the rest is hidden or a setting."""
        old = {n for n in claim.nights if self._lookup(claim, n) is not None}
        self.own += [replace(claim, nights=r) for r in runs(old)]
        if self.flood == "close":
            fresh = runs(n for n in claim.nights if n not in old)
            self.rules += [replace(claim, nights=r, reason=Reason.RULE_CLOSED) for r in fresh]


def _may_go_on(known: KnownClaim) -> bool:
    """Whether an entry may be this claim going on; a setting decides by its own rules."""
    return known.stands and (known.echo_of is not None or not known.said.is_rule_block)


def _alone(standing: Iterable[KnownClaim]) -> dict[Nights, KnownClaim]:
    """Those that share none of their nights with another, by their nights."""
    ordered = sorted(((k.nights, k) for k in standing), key=lambda one: one[0].arrival)
    starts = [nights.arrival for nights, _ in ordered[1:]]
    found: dict[Nights, KnownClaim] = {}
    reached: date | None = None
    for (nights, known), following in zip_longest(ordered, starts):
        free_before = reached is None or reached <= nights.arrival
        if free_before and (following is None or nights.departure <= following):
            found[nights] = known
        reached = nights.departure if reached is None else max(reached, nights.departure)
    return found


def _as_known(claim: Claim, known: KnownClaim) -> Claim:
    said = known.said
    return replace(claim, kind=said.kind, reason=said.reason, rule=said.rule)
