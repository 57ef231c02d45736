"""The known claims of one feed while an answer is settled: what changes, and what is reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime

from vacancy.domain.answer import OUTLIVED, Echo, owned
from vacancy.domain.claims import Change, ChangeKind, Claim, ClaimStatus, Ending, KnownClaim
from vacancy.domain.diff import Fate
from vacancy.domain.feed import FeedState, Notice, counts_from, learned
from vacancy.domain.identity import names
from vacancy.domain.nights import Nights, night_set, runs
from vacancy.domain.release import (
    Absence,
    count,
    due,
    end,
    guest_is_in,
    hide,
    mask_of,
    report,
    split_by_mask,
)


class Ledger:
    """Applies decisions to known claims, and keeps account of them."""

    def __init__(
        self, state: FeedState, now: datetime, today: date, new_id: Callable[[str], str]
    ) -> None:
        self.state = state
        self.now = now
        self.today = today
        self.new_id = new_id
        self.known = {k.id: k for k in (*state.known, *state.inherited)}
        self.before = dict(self.known)
        self.parents: dict[str, str] = {}
        #: Nights that a doubted answer shows as another claim's: kept with their own all the same.
        self.kept_back: set[str] = set()
        self.changes: list[Change] = []
        self.notices: list[Notice] = []

    # --- account ---------------------------------------------------------------------------

    def standing(self) -> list[KnownClaim]:
        """The feed's own claims that still close their nights, its settings and echoes apart."""
        return owned(self._mine())

    def _mine(self) -> list[KnownClaim]:
        return [k for k in self.known.values() if k.feed_id == self.state.feed_id]

    def changed(self) -> tuple[KnownClaim, ...]:
        """The claims that are not what they were, `last_seen` apart, and the new ones."""
        found: list[KnownClaim] = []
        for known in self.known.values():
            before = self.before.get(known.id)
            if before is known:
                continue
            if before is None or replace(before, last_seen=known.last_seen) != known:
                found.append(known)
        return tuple(found)

    def news(self) -> bool:
        """Whether the answer itself said something new, and not only time passed."""
        return bool(self.changes) or any(
            known.id not in self.before or self.before[known.id].said != known.said
            for known in self.known.values()
            if self.before.get(known.id) is not known
        )

    def pieces_of(self, ids: frozenset[str]) -> frozenset[str]:
        """The claims that were cut from these in this answer."""
        return frozenset(piece for piece, parent in self.parents.items() if parent in ids)

    def cut_up(self) -> frozenset[str]:
        """The claims that lost pieces in this answer, and are themselves still shown."""
        return frozenset(
            parent
            for parent in self.parents.values()
            if parent in self.known and self.known[parent].last_seen == self.now
        )

    def _cut(self, known: KnownClaim, nights: Nights) -> KnownClaim:
        """A piece of a claim as a claim of its own, of the same stay."""
        id_ = self.new_id("claim")
        self.parents[id_] = known.id
        return replace(known, id=id_, said=replace(known.said, nights=nights))

    def _put(self, known: KnownClaim, change: ChangeKind | None = None) -> None:
        self.known[known.id] = known
        if change is not None:
            self.changes.append(report(change, known))

    # --- what the answer shows -------------------------------------------------------------

    def age_out(self) -> None:
        """Stays that are over leave quietly, whatever the feed lists of them."""
        for known in self._mine():
            if known.stands and known.nights.departure < self.today:
                told = known.echo_of is None and not known.said.is_rule_block
                ended = end(known, ClaimStatus.AGED_OUT, self.now, Ending.DEPARTED)
                self._put(ended, ChangeKind.AGED_OUT if told else None)

    def cancel(self, canceled: Iterable[Claim], shown: Iterable[Claim]) -> None:
        """The source says canceled: at once, and once; not what the same answer shows live."""
        live = {(c.uid, c.nights) for c in shown}
        for claim in canceled:
            for known in self.standing():
                if (known.said.uid, known.nights) not in live and _names_it(claim, known):
                    gone = end(known, ClaimStatus.CANCELED, self.now, Ending.CANCELED)
                    self._put(gone, ChangeKind.CANCELED)

    def keep(self, fate: Fate, *, believed: bool) -> None:
        """A known claim that the answer shows, wholly or in part, or that moved."""
        known, says = fate.known, fate.says
        if says is None or _says_the_same(fate):
            return
        ranges = list(fate.holds) if believed else _both(fate, says)
        if not ranges:
            self._put(end(known, ClaimStatus.WITHDRAWN, self.now, Ending.MOVED))
            self.changes.append(_update(known, says))
            return
        first, *others = ranges
        shown = _seen(known, replace(says, nights=first, rule=_rule(known.said, says)), self.now)
        self._put(shown)
        for nights in others:
            piece = self._cut(shown, nights)
            self._put(piece)
            if not names(says) and any(nights.overlaps(freed) for freed in fate.freed):
                self.kept_back.add(piece.id)
        if _is_update(fate, ranges, shown):
            before = None if shown.nights == known.nights else known.nights
            self.changes.append(report(ChangeKind.UPDATED, shown, before))

    def create(self, claim: Claim) -> None:
        """Something new; under the name of a released reservation it is that one again."""
        released = self._released(claim)
        if released is not None:
            again = _seen(released, claim, self.now)
            self._put(replace(again, released_at=None, ended_by=None), ChangeKind.REINSTATED)
            return
        known = KnownClaim(
            id=self.new_id("claim"),
            feed_id=self.state.feed_id,
            said=claim,
            status=ClaimStatus.LIVE,
            first_seen=self.now,
            last_seen=self.now,
            stay_id=self._inherit(claim),
        )
        self._put(known, ChangeKind.CREATED)

    def _released(self, claim: Claim) -> KnownClaim | None:
        mine = names(claim)
        found = [
            k
            for k in self._mine()
            if not k.stands and k.echo_of is None and k.released_at and names(k.said) & mine
        ]
        found.sort(key=lambda k: (k.status is not ClaimStatus.AGED_OUT, k.released_at or self.now))
        return found[-1] if found else None

    def _inherit(self, claim: Claim) -> str | None:
        """The stay of the retired feed's claim that this one goes on with."""
        for known in self.state.inherited:
            same = names(known.said) & names(claim) or known.nights == claim.nights
            if same and self.known[known.id].stands:
                self._put(end(known, ClaimStatus.WITHDRAWN, self.now, Ending.TAKEN_OVER))
                return known.stay_id
        return None

    # --- what the answer lacks -------------------------------------------------------------

    def replace_by_key(self, known: KnownClaim) -> None:
        """A new strong key took all of its nights: canceled at once."""
        gone = end(known, ClaimStatus.CANCELED, self.now, Ending.REPLACED)
        self._put(gone, ChangeKind.CANCELED)

    def lose(self, fate: Fate, absence: Absence) -> None:
        """Nights that a believed answer lacks go missing, and are freed when that is proven."""
        if fate.lacking:
            if fate.known.nights.departure > self.today:
                self._absent(fate.known, absence)
            return
        for nights in fate.lost:
            self._absent(self._cut(fate.known, nights), absence)

    def _absent(self, known: KnownClaim, absence: Absence) -> None:
        if guest_is_in(known, self.today) and known.absences >= 2:
            return  # The host was told; nothing but departure or a person ends it.
        habits = self.state.habits
        mask = mask_of(known, self.state.history, absence, learned(habits, "shows_own"))
        lifted = None if mask.lifted is None else counts_from(habits, mask.lifted)
        parts = split_by_mask(known.nights, mask, self.today)
        first = replace(known, said=replace(known.said, nights=parts[0][0]))
        pieces = [first, *(self._cut(known, nights) for nights, _ in parts[1:])]
        for part, (_, masked) in zip(pieces, parts, strict=True):
            news = ChangeKind.MISSING if known.status is ClaimStatus.LIVE else None
            if masked:
                self._put(hide(part, absence), news)
                continue
            counted = count(part, absence)
            if due(counted, absence, self.state.rules, lifted):
                gone = end(counted, ClaimStatus.WITHDRAWN, self.now, Ending.ABSENCE)
                self._put(gone, ChangeKind.WITHDRAWN)
                continue
            self._put(counted, news)
            if counted.absences == 2 and guest_is_in(counted, self.today):
                self.notices.append(_still_in(counted))

    def hold(self, fate: Fate, *, fresh: bool) -> None:
        """An answer that is not believed is no absence: what was counted starts anew. Since when
        it is missing stays known: what the channel read later masks nothing.
        """
        held = [fate.known] if fate.lacking else [self._cut(fate.known, n) for n in fate.lost]
        for known in held:
            self._put(replace(known, absences=0))
            if fresh:
                self.changes.append(report(ChangeKind.HELD_BACK, known))

    # --- settings and echoes ---------------------------------------------------------------

    def settings(self, rules: Iterable[Claim], *, believed: bool) -> None:
        """The channel's own settings: replaced whole by a believed answer, and no news."""
        mine = (k for k in self._mine() if k.stands and k.said.is_rule_block)
        left = [k for k in mine if k.echo_of is None]
        for claim in rules:
            same = [k for k in left if k.said.reason is claim.reason]
            same.sort(key=lambda k: (k.nights != claim.nights, k.said.uid != claim.uid))
            if not same:
                self._put(self._fresh(claim))
                continue
            left.remove(same[0])
            # A setting is as old as its start: one that stands still may be the owner's.
            still = same[0].nights.arrival == claim.nights.arrival
            since = same[0].first_seen if still else self.now
            self._put(replace(_seen(same[0], claim, self.now), first_seen=since))
        if believed:
            for known in left:
                self._put(end(known, ClaimStatus.WITHDRAWN, self.now, Ending.NOT_SHOWN))

    def echo(self, echoes: Iterable[Echo], *, believed: bool) -> None:
        """Our own stays coming back: linked to their cause, owning nothing, gone without news."""
        left = [k for k in self._mine() if k.stands and k.echo_of is not None]
        for echo in echoes:
            same = [k for k in left if k.echo_of == echo.stay_id]
            same.sort(key=lambda k: _far(k, echo.claim))
            if same:
                left.remove(same[0])
                self._put(replace(_seen(same[0], echo.claim, self.now), proven=echo.proven))
                continue
            fresh = self._fresh(echo.claim)
            new = replace(fresh, echo_of=echo.stay_id, proven=echo.proven)
            self._put(new, ChangeKind.ECHO)
        if believed:
            for known in left:
                self._put(end(known, ClaimStatus.WITHDRAWN, self.now, Ending.NOT_SHOWN))

    def _fresh(self, claim: Claim) -> KnownClaim:
        return KnownClaim(
            self.new_id("claim"), self.state.feed_id, claim, ClaimStatus.LIVE, self.now, self.now
        )


def _says_the_same(fate: Fate) -> bool:
    """Whether nothing about a live claim is other than in the last answer."""
    known = fate.known
    return (
        known.status is ClaimStatus.LIVE
        and fate.says == known.said
        and fate.holds == (known.nights,)
        and not fate.lost
        and not fate.freed
    )


def _far(known: KnownClaim, claim: Claim) -> tuple[bool, bool, bool]:
    return (
        known.nights != claim.nights,
        not known.nights.overlaps(claim.nights),
        known.said.uid != claim.uid,
    )


def _names_it(canceled: Claim, known: KnownClaim) -> bool:
    """Whether a canceled entry is this claim: by its key, or by a UID that says something."""
    said = known.said
    if names(canceled) & names(said):
        return True
    if canceled.uid != said.uid:
        return False
    return canceled.nights == said.nights or _says_something(canceled)


def _says_something(claim: Claim) -> bool:
    return claim.identity.value in ("key", "hint")


def _seen(known: KnownClaim, claim: Claim, now: datetime) -> KnownClaim:
    """The claim as this answer shows it: live, and no absence counted."""
    return replace(
        known,
        said=claim,
        status=ClaimStatus.LIVE,
        last_seen=now,
        missing_since=None,
        absences=0,
        masked=False,
    )


def _rule(before: Claim, says: Claim) -> str:
    """The rule that decided; what outlived an echo goes on saying so."""
    return before.rule if before.rule == says.rule + OUTLIVED else says.rule


def _both(fate: Fate, says: Claim) -> list[Nights]:
    """In an answer that is not believed a move closes the new nights, and keeps the old ones.

    What no key moved, but another claim of the answer shows, is kept apart for the next answer.
    """
    if not names(says):
        return [*fate.holds, *fate.freed]
    home = says.nights if fate.holds else fate.known.nights
    ranges = runs(night_set([*fate.freed, *fate.holds]))
    return sorted(ranges, key=lambda r: not r.overlaps(home))


def _is_update(fate: Fate, ranges: list[Nights], shown: KnownClaim) -> bool:
    """Whether people should hear of it: grown, moved, another kind, or back from missing."""
    before, held = fate.known, night_set(ranges)
    grown = held - set(before.nights)
    freed = night_set(fate.freed) - held
    other = (before.said.kind, before.said.reason) != (shown.said.kind, shown.said.reason)
    return bool(grown or freed or other) or before.status is ClaimStatus.MISSING


def _update(known: KnownClaim, says: Claim) -> Change:
    return Change(ChangeKind.UPDATED, says.uid, says.kind, says.nights, known.id, known.nights)


def _still_in(known: KnownClaim) -> Notice:
    text = (
        f"The calendar no longer lists the stay {known.nights.arrival} to {known.nights.departure},"
        " which has begun. Its nights stay closed; release it if the guest is gone."
    )
    return Notice("running_missing", text, known.id)
