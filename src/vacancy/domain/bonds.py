"""Which stay each claim of a unit supports from now on: one stay per origin claim (rules 7)."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from datetime import date

from vacancy.domain.claims import ClaimStatus, KnownClaim
from vacancy.domain.stays import Stay
from vacancy.domain.support import (
    Kin,
    channel_of,
    directness,
    is_genuine,
    owns_nights,
    reopens,
    surely_same,
)
from vacancy.domain.unit import NewId, UnitState


@dataclass(slots=True)
class Bonds:
    """Which genuine standing claims support which stay.

    `members` maps stay id to its claims; stays to be made are in it under their new ids.
    `attached` are claims that stand for a stay that their winner canceled, and bring nothing back.
    `let_go` are ids of claims that support nothing any more: echoes, and claims of a retired feed
    whose word a new one took over.
    """

    stay_of: dict[str, str] = field(default_factory=dict[str, str])
    members: dict[str, list[KnownClaim]] = field(default_factory=dict[str, list[KnownClaim]])
    attached: dict[str, str] = field(default_factory=dict[str, str])
    let_go: set[str] = field(default_factory=set[str])

    def bind(self, claim: KnownClaim, stay_id: str) -> None:
        self.release(claim)
        self.stay_of[claim.id] = stay_id
        self.members.setdefault(stay_id, []).append(claim)

    def release(self, claim: KnownClaim) -> None:
        stay_id = self.stay_of.pop(claim.id, None)
        if stay_id is not None:
            self.members[stay_id] = [c for c in self.members[stay_id] if c.id != claim.id]

    def let_go_of(self, claim: KnownClaim) -> None:
        self.release(claim)
        self.let_go.add(claim.id)


def canceled_by_winner(stay: Stay, claims: Iterable[KnownClaim]) -> bool:
    """Whether the stay's origin took it back by word: none of its claims stands, the last canceled.

    `claims` are those linked to the stay, of any feed.
    """
    own = [claim for claim in claims if claim.feed_id == stay.feed_id]
    if not own or any(is_genuine(claim) for claim in own):
        return False
    last = max(own, key=lambda claim: (claim.released_at or claim.last_seen, claim.id))
    return last.status is ClaimStatus.CANCELED


def _holds_to(claim: KnownClaim, other: KnownClaim) -> bool:
    if claim.feed_id == other.feed_id:
        return True
    return claim.nights.overlaps(other.nights) or surely_same(claim, other)


def link(state: UnitState, today: date, new_id: NewId) -> Bonds:
    """Keeps what is linked, lets new feeds take over from retired ones, and joins the rest."""
    linking = _Linking(state, today)
    linking.keep()
    linking.hand_over()
    linking.part()
    linking.join(new_id)
    linking.converge()
    return linking.bonds


class _Linking:
    """One pass over the claims of a unit."""

    def __init__(self, state: UnitState, today: date) -> None:
        self.bonds = Bonds()
        self._state = state
        self._today = today
        self._stays = {stay.id: stay for stay in state.stays}
        self._retired = {feed.feed_id for feed in state.feeds.values() if feed.retired}
        self._pending: list[KnownClaim] = []
        self._bereft: list[KnownClaim] = []

    def keep(self) -> None:
        canceled = self._canceled_now()
        for claim in self._state.claims:
            if not claim.stands:
                continue
            stay = self._stays.get(claim.stay_id or "")
            if claim.echo_of is not None:
                self.bonds.let_go_of(claim)
            elif stay is None:
                self._pending.append(claim)
            elif stay.id not in canceled and (stay.live or reopens(claim, stay, self._today)):
                self.bonds.bind(claim, stay.id)
            elif claim.nights.departure > self._today:
                self._bereft.append(claim)

    def hand_over(self) -> None:
        """A new feed takes over the stays of a retired feed where keys or nights are equal."""
        heritage = [
            c for claims in self.bonds.members.values() for c in claims if self._is_retired(c)
        ]
        if not heritage:
            return
        heirs = Kin(self._state.feeds)
        for claim in (*self._bound(), *self._pending):
            if not self._is_retired(claim):
                heirs.add(claim)
        for claim in heritage:
            heir = heirs.successor(claim)
            if heir is None:
                continue
            if heir.id not in self.bonds.stay_of:
                self.bonds.bind(heir, self.bonds.stay_of[claim.id])
            self.bonds.let_go_of(claim)

    def part(self) -> None:
        """What was joined by its nights alone is on its own when the stay has moved away.

        It may be a hub that lags behind, or another booking: in doubt its nights stay closed.
        """
        for members in list(self.bonds.members.values()):
            if len(members) < 2:
                continue
            winner = self._winner(members)
            own = [claim for claim in members if claim.feed_id == winner]
            for claim in members:
                if not any(_holds_to(claim, other) for other in own):
                    self.bonds.release(claim)
                    self._pending.append(claim)

    def join(self, new_id: NewId) -> None:
        """Each claim without a stay supports one that is there, or is the origin of a new one."""
        pending = [claim for claim in self._pending if self._wants_a_stay(claim)]
        if not pending and not self._bereft:
            return
        kin = Kin(self._state.feeds)
        asking = {claim.feed_id for claim in (*pending, *self._bereft)}
        for claim in self._bound():
            if asking != {claim.feed_id}:
                kin.add(claim)
        for claim in sorted(pending, key=self._order):
            if self._follow(kin, claim) or not self._return_to_closed(claim):
                if claim.id not in self.bonds.stay_of:
                    self.bonds.bind(claim, self._orphan(claim) or new_id("stay"))
                kin.add(claim)
        for claim in self._bereft:
            self._follow(kin, claim)

    def converge(self) -> None:
        """What a hub or a source passes on, and proves to be a channel's own booking, supports that
        one from now on; a hub's that proves to be a source's, the source's.
        """
        feeds = self._state.feeds.values()
        self._converge({feed.feed_id for feed in feeds if feed.passes_on})
        self._converge({feed.feed_id for feed in feeds if feed.is_hub and not feed.is_source})

    def _converge(self, passing: Set[str]) -> None:
        alone = [
            claim
            for members in self.bonds.members.values()
            if all(member.feed_id in passing for member in members)
            for claim in members
        ]
        if not alone:
            return
        kin = Kin(self._state.feeds)
        for claim in self._bound():
            if claim.feed_id not in passing and not self._is_retired(claim):
                kin.add(claim)
        for claim in alone:
            self._follow(kin, claim)

    def _follow(self, kin: Kin, claim: KnownClaim) -> bool:
        """Whether the claim supports the stay of one of its kin from now on.

        Not where its own feed is that stay's origin: then the stay is another of its bookings,
        which the kin, a hub that lags behind, still stands for.
        """
        for relative in kin.of(claim):
            stay_id = self.bonds.stay_of[relative.id]
            if self._winner(self.bonds.members[stay_id]) != claim.feed_id:
                self.bonds.bind(claim, stay_id)
                return True
        return False

    def _winner(self, members: Iterable[KnownClaim]) -> str:
        return min(members, key=lambda member: directness(member, self._state.feeds)).feed_id

    def _canceled_now(self) -> set[str]:
        """Stays that the source takes back in this pass: other claims support them no more."""
        linked: dict[str, list[KnownClaim]] = {}
        suspects: set[str] = set()
        for claim in self._state.claims:
            if claim.stay_id is not None:
                linked.setdefault(claim.stay_id, []).append(claim)
                if claim.status is ClaimStatus.CANCELED:
                    suspects.add(claim.stay_id)
        live = {stay_id for stay_id in suspects & self._stays.keys() if self._stays[stay_id].live}
        return {key for key in live if canceled_by_winner(self._stays[key], linked[key])}

    def _bound(self) -> list[KnownClaim]:
        return [claim for claims in self.bonds.members.values() for claim in claims]

    def _is_retired(self, claim: KnownClaim) -> bool:
        return claim.feed_id in self._retired

    def _wants_a_stay(self, claim: KnownClaim) -> bool:
        """A retired feed makes no new stays: an unlinked claim of it was taken over.

        A guest who leaves today is still here.
        """
        if claim.id in self.bonds.stay_of or self._is_retired(claim):
            return False
        return claim.nights.departure >= self._today

    def _order(self, claim: KnownClaim) -> tuple[object, ...]:
        return (
            directness(claim, self._state.feeds),
            claim.first_seen,
            claim.nights,
            claim.id,
        )

    def _return_to_closed(self, claim: KnownClaim) -> bool:
        """Whether a strong key names a closed stay, and the claim cannot bring it back.

        A claim that can is bound to it.
        """
        code = claim.said.reservation_code
        channel = channel_of(claim, self._state.feeds)
        closed = [
            stay
            for stay in self._stays.values()
            if code and not stay.live and (stay.channel, stay.reservation_code) == (channel, code)
        ]
        if not closed:
            return False
        stay = max(closed, key=lambda stay: (stay.closed_at or stay.opened_at, stay.id))
        if reopens(claim, stay, self._today):
            self.bonds.bind(claim, stay.id)
            return False
        self.bonds.attached[claim.id] = stay.id
        return True

    def _orphan(self, claim: KnownClaim) -> str | None:
        """The stay of a channel's setting whose claim was replaced: its moves are no news."""
        if owns_nights(claim.said.reason):
            return None
        for stay in self._stays.values():
            same = stay.feed_id == claim.feed_id and stay.reason is claim.said.reason
            if same and stay.live and not self.bonds.members.get(stay.id):
                return stay.id
        return None
