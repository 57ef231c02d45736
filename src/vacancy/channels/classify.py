"""From entries to claims: provider, kind, reason and identity. Source: rules 2, R7-R12."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from vacancy.channels.catalog import profile_of
from vacancy.channels.copies import Version, without_copies
from vacancy.channels.profile import Profile
from vacancy.channels.recognise import provider_of
from vacancy.channels.remembered import Remembered
from vacancy.channels.shapes import scene_of, shaped
from vacancy.channels.wording import Verdict, code_of, verdict_of
from vacancy.domain.claims import (
    Claim,
    Entry,
    Identity,
    Kind,
    KnownClaim,
    Reason,
    Skipped,
    Snapshot,
)

MARKER = "check-in/check-out marker"
#: A reservation over so many nights is none (rules 1).
LONGEST_STAY = 366
_ONE_DAY = timedelta(days=1)


def classify(  # noqa: PLR0913 - all that a reading is judged by, each named by its caller
    entries: Sequence[Entry],
    skipped: Sequence[Skipped],
    *,
    channel: str | None,
    host: str | None,
    today: date,
    known: Sequence[KnownClaim] = (),
    closed_before: bool = False,
    stamped: date | None = None,
) -> Snapshot:
    """All claims of one complete answer, past and canceled ones included.

    `channel` is the feed's in the config, `host` that of its address, `today` the property's
    day, `known` what this feed showed before: of it, only what is new is judged by its shape.
    `closed_before`: the snapshot of the last answer had `closes_all`. `stamped`: the reading's.
    """
    before = Remembered(known, today)
    left_out = list(skipped)
    versions: list[Version] = []
    for entry in entries:
        profile = provider_of(entry.uid, entry.prodid, host, channel)
        verdict = verdict_of(entry, profile, today)
        if verdict is None:
            left_out.append(Skipped(entry.uid, MARKER))
            continue
        claim = _claim(entry, profile, verdict)
        versions.append((_settled(claim, profile, before), entry.sequence))
    claims, copies = without_copies(versions)
    claims = [*claims, *_as_known(skipped, claims, known)]
    moves_on = stamped is None or stamped >= today - _ONE_DAY
    scene = scene_of(claims, before, today, moves_on, closed_before)
    judged, closes_all = shaped(claims, scene)
    return Snapshot(tuple(judged), (*left_out, *copies), _warnings(judged, closes_all), closes_all)


def _as_known(
    skipped: Sequence[Skipped], claims: Sequence[Claim], known: Sequence[KnownClaim]
) -> list[Claim]:
    """What stands of entries that are listed still, but say no dates that can be read: a UID that
    is there is no absence.
    """
    listed = {one.uid for one in skipped if one.unreadable and one.uid}
    listed -= {claim.uid for claim in claims}
    return [one.said for one in known if one.stands and one.said.uid in listed]


def is_live(claim: Claim, today: date) -> bool:
    """Whether it still closes nights: not canceled, departure today or later (R7, R11)."""
    return not claim.canceled and claim.nights.departure >= today


def provider_name(claims: Sequence[Claim], channel: str | None, host: str | None) -> str:
    """The one provider of a feed: that of its claims, `hub` where they are of several, and of an
    empty feed what its address or channel says.
    """
    found = {claim.provider for claim in claims}
    if not found:
        return provider_of("", "", host, channel).key
    return found.pop() if len(found) == 1 else "hub"


def _claim(entry: Entry, profile: Profile, verdict: Verdict) -> Claim:
    kind, reason, rule = verdict.kind, verdict.reason, verdict.rule
    code = key = None
    if kind is Kind.RESERVATION:
        code = code_of(entry, profile)
        key = code or _uid_key(entry, profile)
        if len(entry.nights) > LONGEST_STAY:
            kind, reason, rule = Kind.BLOCK, Reason.UNKNOWN, "too_long"
    return Claim(
        uid=_uid(entry, profile, kind),
        nights=entry.nights,
        kind=kind,
        reason=reason,
        provider=profile.key,
        rule=f"{profile.key}.{rule}",
        identity=_identity(entry, profile, kind, key),
        key=key,
        reservation_code=code,
        worded=profile.worded,
        canceled=entry.status == "CANCELLED",
    )


def _uid(entry: Entry, profile: Profile, kind: Kind) -> str:
    """The entry's, told apart by instance; else one made of what is known (R8)."""
    if not entry.uid:
        nights = entry.nights
        return f"{profile.key}:{kind}:{nights.arrival}:{nights.departure}"
    return f"{entry.uid}/{entry.instance:%Y%m%d}" if entry.instance else entry.uid


def _uid_key(entry: Entry, profile: Profile) -> str | None:
    found = profile.codes.uid_key.search(entry.uid) if profile.codes.uid_key else None
    return found[1][:60] if found else None


def _identity(entry: Entry, profile: Profile, kind: Kind, key: str | None) -> Identity:
    if key is not None:
        return Identity.KEY
    uids = profile.uids
    worth = uids.reservations if kind is Kind.RESERVATION else uids.blocks
    return worth if entry.uid or worth is Identity.NIGHTS else Identity.NONE


def _settled(claim: Claim, profile: Profile, before: Remembered) -> Claim:
    """With the kind that its nights were shown with, where a convention gave it one: days alone
    change no kind (rules 2).
    """
    if profile.wordless is None or not claim.rule.startswith(f"{profile.key}.closed"):
        return claim
    kind = before.kind(claim.nights)
    if kind is None or kind is claim.kind:
        return claim
    reason = None if kind is Kind.RESERVATION else profile.reason
    return replace(claim, kind=kind, reason=reason, rule=f"{profile.key}.closed_as_before")


def _warnings(claims: Sequence[Claim], closes_all: bool) -> tuple[str, ...]:
    found: list[str] = []
    long = [one for one in claims if one.rule.endswith(".too_long")]
    found.extend(
        f"a reservation of {len(one.nights)} nights from {one.nights.arrival} is kept as a block"
        for one in long[:10]
    )
    if closes_all:
        found.append("every free night of the coming year is blocked; is the listing closed?")
    counts = Counter(profile_of(one.provider).name for one in claims)
    if len(counts) > 1:
        names = ", ".join(name for name, _ in counts.most_common())
        found.append(f"entries of several providers: {names}")
    return tuple(found)
