"""Builders for the feed planner's tests: a feed that answers, day after day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

from vacancy.domain.claims import Change, Claim, Identity, Kind, KnownClaim, Reason, Snapshot
from vacancy.domain.echoes import ExportHistory, ExportReading, OurStay, Publication
from vacancy.domain.feed import FeedState, Settlement
from vacancy.domain.nights import Nights, night_set
from vacancy.domain.settle import settle

TODAY = date(2027, 3, 1)
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def nights(first: int, last: int) -> Nights:
    """From the day `first` after TODAY up to the day `last` after it."""
    return Nights(TODAY + timedelta(days=first), TODAY + timedelta(days=last))


def reservation(first: int, last: int, code: str = "", **facts: object) -> Claim:
    """A reservation known by its key, as Airbnb's are."""
    name = code or f"HM{first}"
    claim = Claim(
        uid=f"{name}@ota",
        nights=nights(first, last),
        kind=Kind.RESERVATION,
        reason=None,
        provider="airbnb",
        rule="airbnb.reserved",
        identity=Identity.KEY,
        key=name,
    )
    return replace(claim, **facts)  # type: ignore[arg-type]


def block(first: int, last: int, uid: str = "", **facts: object) -> Claim:
    """An owner's block whose UID follows its first night, as Airbnb's do."""
    claim = Claim(
        uid=uid or f"b{first}@ota",
        nights=nights(first, last),
        kind=Kind.BLOCK,
        reason=Reason.OWNER,
        provider="airbnb",
        rule="airbnb.not_available",
        identity=Identity.HINT,
    )
    return replace(claim, **facts)  # type: ignore[arg-type]


def closed(first: int, last: int, uid: str = "", **facts: object) -> Claim:
    """A wordless entry of a channel known by its nights, as Booking.com's are."""
    claim = Claim(
        uid=uid or f"c{first}@nights",
        nights=nights(first, last),
        kind=Kind.RESERVATION,
        reason=None,
        provider="booking_com",
        rule="booking_com.closed",
        identity=Identity.NIGHTS,
        worded=False,
    )
    return replace(claim, **facts)  # type: ignore[arg-type]


def stay(id_: str, first: int, last: int, *, live: bool = True, here: bool = True) -> OurStay:
    return OurStay(id_, here, nights(first, last), live)


@dataclass
class Feed:
    """A feed with a memory, as the store and the poller keep it."""

    state: FeedState = field(default_factory=lambda: FeedState("feed_1", own_domain="ours.example"))
    now: datetime = NOON
    today: date = TODAY
    last: Settlement | None = None
    log: list[Change] = field(default_factory=list)
    ids: Iterable[int] = field(default_factory=count)

    def new_id(self, prefix: str) -> str:
        return f"{prefix}_{next(self.ids)}"  # type: ignore[call-overload]

    def answers(self, *claims: Claim, after: timedelta = QUARTER) -> Settlement:
        """One complete answer, so much later than the last."""
        if self.last is not None:
            self.wait(after)
        settled = settle(self.state, Snapshot(claims), self.now, self.today, self.new_id)
        self.take(settled)
        return settled

    def wait(self, span: timedelta) -> None:
        days = (self.now + span - NOON + timedelta(hours=12)).days
        self.now += span
        self.today = TODAY + timedelta(days=days)

    def take(self, settled: Settlement) -> None:
        """Stores what was decided; every claim supports a stay, as the reconciler sees to it."""
        known = {k.id: k for k in self.state.known}
        known |= {k.id: replace(k, stay_id=k.stay_id or f"of_{k.id}") for k in settled.claims}
        self.state = replace(
            self.state,
            known=tuple(known.values()),
            sightings=settled.sightings,
            doubt=settled.doubt,
            habits=settled.habits,
            last_good_at=(self.state.last_good_at if settled.outcome == "suspicious" else self.now),
            address_changed=False,
        )
        self.log.extend(settled.changes)
        self.last = settled

    def sells(self, *stays: OurStay) -> None:
        """The stays of ours that exist."""
        known = dict(self.state.our_stays) | {s.stay_id: s for s in stays}
        self.state = replace(self.state, our_stays=known)

    def publishes(self, *publications: Publication) -> None:
        history = replace(self.state.history, publications=publications)
        self.state = replace(self.state, history=history)

    def is_read(self, version: int, at: datetime | None = None) -> None:
        """The channel reads a version of the export made for this feed."""
        moment = self.now if at is None else at
        reading = ExportReading(version, moment, moment)
        history = self.state.history
        readings = (*history.readings, reading)
        self.state = replace(self.state, history=ExportHistory(history.publications, readings))

    @property
    def standing(self) -> list[KnownClaim]:
        """Claims that close nights: no echoes and no settings."""
        return sorted(
            (
                k
                for k in self.state.known
                if k.stands and k.echo_of is None and not k.said.is_rule_block
            ),
            key=lambda k: k.nights,
        )

    @property
    def taken(self) -> frozenset[date]:
        """Nights to come that are closed."""
        return frozenset(n for n in night_set(k.nights for k in self.standing) if n >= self.today)

    @property
    def echoes(self) -> list[KnownClaim]:
        return [k for k in self.state.known if k.stands and k.echo_of is not None]

    def said(self) -> list[tuple[str, str]]:
        """What was reported: change and UID."""
        return [(c.change.value, c.uid) for c in self.log]


def changes(settled: Settlement) -> list[str]:
    return [c.change.value for c in settled.changes]
