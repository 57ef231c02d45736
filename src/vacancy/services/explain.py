"""Why a night is taken or free: the chain of evidence, as facts and in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from vacancy.domain.claims import KnownClaim
from vacancy.domain.doubt import Doubt
from vacancy.domain.linked import Closure, derive
from vacancy.services import explain_words, shapes
from vacancy.services.proof import proof_of
from vacancy.store import (
    bookings,
    doubts,
    evidence,
    exports,
    feeds,
    propagation,
    stays,
    tables,
    trees,
    units,
)
from vacancy.store.session import Session


@dataclass(frozen=True, slots=True)
class _Scene:
    """What every part of an explanation is about."""

    session: Session
    unit: tables.Unit
    night: date
    now: datetime
    feeds: dict[str, tables.Feed]
    doubts: dict[str, Doubt]

    @property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.unit.timezone)).date()


def find(
    session: Session, account_id: str, unit: str, night: date, now: datetime
) -> dict[str, Any]:
    """All that is on record about one night of a unit; `words` tells it in sentences.

    `holder` is the stay that has the night, None while it is free. Raises Unknown.
    """
    row = units.find(session, account_id, unit)
    every = {feed.id: feed for feed in feeds.of_unit(session, row.id, retired=True)}
    found = {feed_id: doubts.standing(session, feed_id) for feed_id in every}
    scene = _Scene(
        session, row, night, now, every, {one: d for one, d in found.items() if d is not None}
    )
    told = _facts(scene)
    return {**told, "words": explain_words.tell(told)}


def _facts(scene: _Scene) -> dict[str, Any]:
    session, unit, night = scene.session, scene.unit, scene.night
    holder = stays.night_map(session, unit.id).get(night)
    said = evidence.claims_over(session, unit.id, night)
    rows = evidence.stays_over(session, unit.id, night)
    rows += _older(session, rows, said)
    told = [_stay(scene, row, holder, said) for row in rows]
    return {
        "unit": unit.slug,
        "date": night.isoformat(),
        "taken": holder is not None,
        "holder": holder,
        "past": night < scene.today,
        "stays": [one for one in told if one["role"] != "shown"],
        "settings": [_claim(scene, one) for one in said if one.said.is_rule_block],
        "echoes": [_claim(scene, one) for one in said if one.echo_of is not None],
        "derived": [_closure(one) for one in _closures(scene) if night in one.nights],
        "conflicts": [
            shapes.conflict(row, unit.slug)
            for row in evidence.conflicts_over(session, unit.id, night)
        ],
        "feeds": [_feed(scene, feed) for feed in scene.feeds.values() if not feed.retired_at],
        "exports": _exports(scene),
        "history": [_event(fact) for fact in evidence.facts_over(session, unit.id, night)],
    }


def _older(
    session: Session, rows: Sequence[tables.Stay], said: Sequence[KnownClaim]
) -> list[tables.Stay]:
    """The stays of claims over this night that have moved to other nights since."""
    seen = {row.id for row in rows}
    ids = sorted({one.stay_id for one in said if one.stay_id and one.stay_id not in seen})
    return list(bookings.stays_by_id(session, ids).values())


def _stay(
    scene: _Scene, row: tables.Stay, holder: str | None, said: Sequence[KnownClaim]
) -> dict[str, Any]:
    role = _role(scene, row, holder)
    mine = [_claim(scene, one) for one in said if one.stay_id == row.id and one.echo_of is None]
    return {
        **shapes.booking(row, scene.unit.slug, [one["uid"] for one in mine]),
        "role": role,
        "opened_at": shapes.instant(row.opened_at),
        "closed_at": shapes.instant(row.closed_at),
        "imported": row.feed_id is not None,
        "claims": mine,
    }


def _role(scene: _Scene, row: tables.Stay, holder: str | None) -> str:
    """What the stay is to the night: `holds`, `held` (a night that is over), `waits`, `mirrored`,
    `shown` (a channel's setting), or `ended` (it is gone, or moved away).
    """
    live = row.status in ("held", "confirmed", "missing")
    if row.id == holder:
        return "holds"
    if (row.reason or "").startswith("rule_"):
        return "shown"
    if not row.arrival <= scene.night < row.departure:
        return "ended"
    if row.mirrored and live:
        return "mirrored"
    if scene.night < scene.today:
        return "held" if live or row.status == "completed" else "ended"
    return "waits" if live else "ended"


def _claim(scene: _Scene, known: KnownClaim) -> dict[str, Any]:
    """One claim with its evidence: by which answers it was first seen, missed, and ended."""
    feed, doubt = scene.feeds.get(known.feed_id), scene.doubts.get(known.feed_id)
    doubted = doubt is not None and known.id in (doubt.held | doubt.kept) and known.stands
    live = known.stands and known.missing_since is None and not known.masked and not doubted
    seen = feed.last_good_at if feed is not None and live and not feed.retired_at else None
    said = known.said
    return {
        "id": known.id,
        "feed": feed.key if feed else None,
        "uid": said.uid,
        "kind": said.kind.value,
        "reason": said.reason.value if said.reason else None,
        "arrival": said.nights.arrival.isoformat(),
        "departure": said.nights.departure.isoformat(),
        "status": known.status.value,
        "rule": said.rule,
        "provider": said.provider,
        "first_seen": shapes.instant(known.first_seen),
        "first_poll": _poll(scene, known.feed_id, known.first_seen),
        "last_seen": shapes.instant(max(known.last_seen, seen or known.last_seen)),
        "missing_since": shapes.instant(known.missing_since),
        "absences": known.absences,
        "masked": known.masked,
        "doubted_since": shapes.instant(doubt.since) if doubt is not None and doubted else None,
        "ended_at": shapes.instant(known.released_at),
        "ended_by": known.ended_by.value if known.ended_by else None,
        "ended_poll": _poll(scene, known.feed_id, known.released_at),
        "echo_of": known.echo_of,
        "proof": proof_of(scene.session, known, scene.night),
    }


def _poll(scene: _Scene, feed_id: str, at: datetime | None) -> str | None:
    row = None if at is None else evidence.poll_ended(scene.session, feed_id, at)
    return None if row is None else row.id


def _closures(scene: _Scene) -> Sequence[Closure]:
    relatives = trees.family(scene.session, scene.unit.id)
    if not trees.derives(relatives):
        return ()
    members = trees.members(scene.session, relatives, scene.now)
    return derive(scene.unit.id, members, scene.today)


def _closure(one: Closure) -> dict[str, Any]:
    return {
        "stay": one.stay_id,
        "cause": one.cause.value,
        "arrival": one.nights.arrival.isoformat(),
        "departure": one.nights.departure.isoformat(),
    }


def _feed(scene: _Scene, feed: tables.Feed) -> dict[str, Any]:
    """What one feed shows of the night at present."""
    sightings = doubts.sightings(scene.session, feed.id)
    seen = next((one for one in sightings if scene.night in one.nights), None)
    doubt = scene.doubts.get(feed.id)
    return {
        "feed": feed.key,
        "health": feed.health,
        "last_good_at": shapes.instant(feed.last_good_at),
        "shows_it_since": shapes.instant(seen.first_shown) if seen else None,
        "last_without_it": shapes.instant(seen.good_before) if seen else None,
        "doubt": doubt.kind.value if doubt is not None and doubt.open else None,
    }


def _exports(scene: _Scene) -> list[dict[str, Any]]:
    rows = exports.of_unit(scene.session, scene.unit.id)
    ids = [row.id for row in rows]
    # Read by whom and when is asked of stays to come; of a night that is over only what is held.
    reaches = propagation.reach(scene.session, ids, min(scene.today, scene.night))
    told = []
    for shown in evidence.exports_over(scene.session, rows, scene.night):
        read = [
            one.read_at
            for one in reaches[shown.export.id].exposures
            if one.stay_id == shown.stay_id and scene.night in one.nights
        ]
        told.append(
            {
                "export": shown.export.key,
                "channel": shown.export.channel,
                "holds_it": shown.stay_id is not None,
                "stay": shown.stay_id,
                "from_version": shown.from_version,
                "published_at": shapes.instant(shown.published_at),
                "read_at": shapes.instant(read[0] if read else None),
            }
        )
    return told


def _event(fact: tables.Event) -> dict[str, Any]:
    return {
        "id": fact.id,
        "type": fact.type,
        "occurred_at": shapes.instant(fact.occurred_at),
        "data": fact.data,
        "previous": fact.previous,
    }
