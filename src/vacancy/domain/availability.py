"""Which nights of a unit are closed, by whom, and what each export holds of it (rules 7, 8)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from vacancy.domain.answer import outlived
from vacancy.domain.buffers import BETWEEN
from vacancy.domain.claims import ClaimStatus, Kind, KnownClaim
from vacancy.domain.errors import NightsTaken
from vacancy.domain.nights import Nights, runs
from vacancy.domain.stays import Stay, StayStatus
from vacancy.domain.support import is_genuine, owns_nights

#: How long the nights of a canceled stay stay closed while another feed still lists it.
LINGER = timedelta(hours=24)

#: How long a past stay is still exported.
KEPT = timedelta(days=30)

#: A feed that showed a night within this is not told of what outlived an echo there.
SHOWN_LATELY = timedelta(hours=48)

#: What shows that a feed lists a stay itself: a past entry is listed no more, but was its own.
_LISTED = frozenset({ClaimStatus.LIVE, ClaimStatus.MISSING, ClaimStatus.AGED_OUT})


#: Behind everyone in the queue for a night.
_LAST = (True, datetime.max.replace(tzinfo=UTC), True, "")


@dataclass(frozen=True, slots=True)
class ExportFacts:
    """Whom an export is made for: one feed, or (None) everyone or a channel without a feed.

    `rules_exported` names the unit's feeds that say `rule_blocks = "export"`.
    """

    key: str
    feed_id: str | None
    channel: str
    rules_exported: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Held:
    """One stay as an export holds it: a VEVENT to be."""

    stay_id: str
    nights: Nights
    kind: Kind


def lingering(stays: Iterable[Stay], links: Iterable[str | None], now: datetime) -> list[Stay]:
    """The canceled stays that still close their nights: another feed lists them, for 24 h at most.

    `links` are the stays that the genuine standing claims are linked to.
    """
    listed = set(links)
    return [
        stay
        for stay in stays
        if stay.status is StayStatus.CANCELED
        and stay.id in listed
        and stay.closed_at is not None
        and now < stay.closed_at + LINGER
    ]


def standing_links(claims: Iterable[KnownClaim]) -> list[str | None]:
    """The stays that the genuine standing claims are linked to."""
    return [claim.stay_id for claim in claims if is_genuine(claim)]


def night_map(closing: Iterable[Stay]) -> dict[date, str]:
    """Every night that these stays want, with the one that holds it.

    The longest wait has it; ties: a reservation before a block, then the lower id. Nights between
    two guests (preparation, buffers) come behind everyone: they never hide a reservation.
    `closing` are the live stays and the lingering ones; rule blocks among them hold nothing.
    """
    first: dict[date, tuple[bool, datetime, bool, str]] = {}
    for stay in closing:
        if not owns_nights(stay.reason):
            continue
        for span in stay.spans:
            place = (stay.reason in BETWEEN, span.since, stay.kind is Kind.BLOCK, stay.id)
            for night in span.nights:
                if place < first.get(night, _LAST):
                    first[night] = place
    return {night: place[3] for night, place in first.items()}


def free_nights(within: Nights, taken: Mapping[date, str]) -> list[Nights]:
    """The unbroken runs of nights in this range that no stay holds; `taken` is the unit's map."""
    return runs(night for night in within if night not in taken)


def refuse_taken(wanted: Nights, taken: Mapping[date, str]) -> None:
    """Raises NightsTaken, naming nights and holders, where any of these nights is held."""
    clashing = [night for night in wanted if night in taken]
    if clashing:
        raise NightsTaken(clashing, sorted({taken[night] for night in clashing}))


def contents(
    export: ExportFacts,
    stays: Iterable[Stay],
    claims: Collection[KnownClaim],
    now: datetime,
    today: date,
) -> tuple[Held, ...]:
    """What an export holds, by arrival: every stay that closes nights, and past ones for 30 days.

    Left out: what the export's own feed lists itself, mirrored blocks, rule blocks but preparation,
    and what outlived an echo where the feed showed any of its nights within 48 hours: two feeds
    that outlive one cause would else keep each other closed for ever.
    `stays` are those of the unit, `claims` all that are linked to them, aged out ones included.
    """
    known = list(stays)
    closing = {stay.id for stay in lingering(known, standing_links(claims), now)}
    own = _own_stays(export, claims)
    leftover = _leftover(claims)
    held = [
        Held(stay.id, stay.nights, stay.kind)
        for stay in known
        if (stay.live or stay.id in closing or stay.status is StayStatus.COMPLETED)
        and stay.nights.departure + KEPT > today
        and not _belongs(stay, export, own)
        and not stay.mirrored
        and not (stay.id in leftover and _shown_lately(stay, export, claims, now))
        and (owns_nights(stay.reason) or stay.feed_id in export.rules_exported)
    ]
    return tuple(sorted(held, key=_place))


def _place(held: Held) -> tuple[date, date, str]:
    return held.nights.arrival, held.nights.departure, held.stay_id


def _own_stays(export: ExportFacts, claims: Iterable[KnownClaim]) -> set[str | None]:
    """The stays that the export's feed lists itself.

    A missing claim counts: the channel's own stay is not sent back to it while its absence is in
    doubt, else a channel that subtracts what it imports could never show it again.
    """
    if export.feed_id is None:
        return set()
    return {
        claim.stay_id
        for claim in claims
        if claim.feed_id == export.feed_id and claim.echo_of is None and claim.status in _LISTED
    }


def _leftover(claims: Iterable[KnownClaim]) -> set[str | None]:
    """The stays that stand by nothing but what outlived an echo."""
    genuine = [claim for claim in claims if is_genuine(claim)]
    left = {claim.stay_id for claim in genuine if outlived(claim)}
    return left - {claim.stay_id for claim in genuine if not outlived(claim)} if left else left


def _shown_lately(
    stay: Stay, export: ExportFacts, claims: Iterable[KnownClaim], now: datetime
) -> bool:
    """Whether the export's feed shows any of its nights, or did within 48 hours, in whatever role.

    But as this very stay coming back: else it would leave the export for having been in it.
    """
    return any(
        claim.feed_id == export.feed_id
        and claim.echo_of != stay.id
        and claim.nights.overlaps(stay.nights)
        and _last_shown(claim, now) > now - SHOWN_LATELY
        for claim in claims
    )


def _last_shown(claim: KnownClaim, now: datetime) -> datetime:
    """When its feed showed a claim last, or a little later: its end was noticed at an answer."""
    if claim.status is ClaimStatus.LIVE:
        return now
    return claim.released_at or claim.last_seen


def _belongs(stay: Stay, export: ExportFacts, own: Collection[str | None]) -> bool:
    if export.feed_id is None:
        return False
    return stay.feed_id == export.feed_id or stay.id in own
