"""One feed on paper: what is kept of it between two answers, and the export made for it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from vacancy.channels.catalog import profile_of
from vacancy.domain.availability import ExportFacts, Held
from vacancy.domain.claims import KnownClaim
from vacancy.domain.doubt import Doubt
from vacancy.domain.echoes import ExportHistory, ExportReading, Publication, Sighting
from vacancy.domain.feed import Habits
from vacancy.domain.release import ReleaseRules
from vacancy.ical.read import Block, Reading
from vacancy.poller.state import REINSTATED_WITHIN, SHOWN_WITHIN


@dataclass(slots=True)
class PaperFeed:
    """As the tables hold it: `claims` by id, `held` is what the newest `version` holds."""

    key: str
    channel: str
    rules: ReleaseRules = field(default_factory=ReleaseRules)
    claims: dict[str, KnownClaim] = field(default_factory=dict[str, KnownClaim])
    sightings: tuple[Sighting, ...] = ()
    doubt: Doubt | None = None
    habits: Habits = field(default_factory=dict[str, bool])
    first_good_at: datetime | None = None
    believed_at: datetime | None = None
    blocks: dict[bytes, Block] = field(default_factory=dict[bytes, Block])
    reading: Reading | None = None
    read_on: date | None = None
    rereads_daily: bool = False
    closes_all: bool = False
    waiting: bool = False
    failed: bool = False
    version: int = 0
    held: tuple[Held, ...] = ()
    publications: list[Publication] = field(default_factory=list[Publication])
    readings: list[ExportReading] = field(default_factory=list[ExportReading])

    @property
    def facts(self) -> ExportFacts:
        return ExportFacts(self.key, self.key, self.channel)

    @property
    def may_subtract(self) -> bool:
        """Whether the channel may leave out its own sales on nights that we close."""
        profile = profile_of(self.channel)
        known = profile.subtracts is False or profile.goes_on_showing is True
        return not known and not self.habits.get("shows_own")

    def known(self, now: datetime) -> tuple[KnownClaim, ...]:
        """Its claims, those released so long ago that nothing reinstates them left out."""
        since = now - REINSTATED_WITHIN
        for claim in [c for c in self.claims.values() if c.released_at and c.released_at < since]:
            del self.claims[claim.id]
        return tuple(sorted(self.claims.values(), key=lambda c: (c.nights.arrival, c.id)))

    def history(self, now: datetime) -> ExportHistory:
        """What the channel could know, from the version read last before what is shown lately."""
        since = now - SHOWN_WITHIN
        first = max((r.version for r in self.readings if r.first_at < since), default=0)
        if self.readings and self.readings[0].version < first:
            self.readings = [r for r in self.readings if r.version >= first]
            self.publications = [
                p for p in self.publications if p.to_version is None or p.to_version > first
            ]
        if not self.readings:
            return ExportHistory()
        return ExportHistory(tuple(self.publications), tuple(self.readings))

    def publish(self, held: tuple[Held, ...]) -> bool:
        """The next version of the export, if it holds something else; whether it does."""
        if self.version and held == self.held:
            return False
        self.version += 1
        before, after = set(self.held), set(held)
        gone = {(one.stay_id, one.nights) for one in before - after}
        self.publications = [
            replace(p, to_version=self.version)
            if p.to_version is None and (p.stay_id, p.nights) in gone
            else p
            for p in self.publications
        ]
        self.publications += [
            Publication(one.stay_id, one.nights, self.version) for one in held if one not in before
        ]
        self.held = held
        return True

    def is_read(self, now: datetime) -> None:
        """The channel reads the export; a version that it had not read may change what it shows."""
        last = self.readings[-1] if self.readings else None
        if last is not None and last.version == self.version:
            self.readings[-1] = replace(last, last_at=now)
            return
        self.readings.append(ExportReading(self.version, now, now))
        self.waiting = True


def rules_of(channel: str, patience: ReleaseRules | None = None) -> ReleaseRules:
    """What releases a night of this channel: its profile's patience, else the config's."""
    rules, profile = patience or ReleaseRules(), profile_of(channel).release
    return replace(
        rules,
        absences=profile.absences or rules.absences,
        span=profile.absence_span or rules.span,
    )
