"""/v1/feeds and /v1/exports."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Query

from vacancy.api.deps import Caller, Desk
from vacancy.api.room import Room
from vacancy.api.shapes import connections as shape
from vacancy.api.shapes.values import Id, Page, Paged, paged
from vacancy.domain.scopes import Scope
from vacancy.poller.fetch import Failed
from vacancy.services import check, connecting, feeds

room = Room("feeds")
exports = Room("exports")

#: What is meant where no body is sent.
_AS_IT_STANDS, _FOR_A_DAY = shape.Decision(), shape.Rotation()


@room.list("/v1/feeds", Scope.FEEDS_READ, Page[shape.Feed])
def list_feeds(desk: Desk, asked: Annotated[shape.FeedQuery, Query()]) -> Any:
    """List feeds, by unit and key."""
    found = connecting.find_feeds(desk.session, desk.account_id, asked.unit_id, asked.place)
    return paged(found, asked)


@room.post("/v1/feeds", Scope.FEEDS_WRITE, shape.FeedDetail)
def create_feed(desk: Desk, wish: shape.FeedIn) -> Any:
    """Connect a channel's calendar to a unit. It is asked at once."""
    every = desk.front.settings().polling.every.total_seconds()
    said = {**wish.model_dump(), "every_seconds": wish.every_seconds or int(every)}
    return connecting.add_feed(desk.session, desk.account_id, said, desk.front.vault, desk.at)


async def _fetch(caller: Caller, wish: shape.PreviewIn) -> bytes | Failed:
    return await caller.front.download(wish.url)


@room.post("/v1/feeds/preview", Scope.FEEDS_WRITE, shape.Preview, status=200, before=_fetch)
def preview_feed(desk: Desk, wish: shape.PreviewIn, before: bytes | Failed) -> Any:
    """Read an address once, as the poller would, and keep nothing."""
    if isinstance(before, Failed):
        return check.failed(before, wish.channel)
    today = desk.at.now.astimezone(ZoneInfo(wish.timezone)).date()
    asked = check.Wish(today, wish.timezone, wish.channel, wish.end_is_last_night, wish.transparent)
    years = desk.front.settings().limits.horizon_years
    return check.check(before, check.host_of(wish.url), asked, years)


@room.one("/v1/feeds/{feed_id}", Scope.FEEDS_READ, shape.FeedDetail)
def get_feed(desk: Desk, feed_id: Id) -> Any:
    """Read a feed, and what is in doubt about it."""
    return connecting.get_feed(desk.session, desk.account_id, feed_id)


@room.patch("/v1/feeds/{feed_id}", Scope.FEEDS_WRITE, shape.FeedDetail, current=get_feed)
def change_feed(desk: Desk, feed_id: Id, wish: shape.FeedChange) -> Any:
    """Change a feed. With another address, what its next answer lacks is in doubt."""
    row_id = (desk.account_id, feed_id)
    at = desk.quietly(wish.silent)
    return connecting.change_feed(desk.session, row_id, wish.said(), desk.front.vault, at)


@room.delete("/v1/feeds/{feed_id}", Scope.FEEDS_WRITE, current=get_feed)
def delete_feed(desk: Desk, feed_id: Id) -> None:
    """Ask a feed no more. Its stays are kept until they are released."""
    connecting.retire_feed(desk.session, desk.account_id, feed_id, desk.at)


@room.post("/v1/feeds/{feed_id}/poll", Scope.FEEDS_WRITE, shape.FeedDetail, status=202)
def poll_feed(desk: Desk, feed_id: Id) -> Any:
    """Ask a feed now: within a second, where a poller runs."""
    return connecting.poll_soon(desk.session, desk.account_id, feed_id, desk.at)


@room.post("/v1/feeds/{feed_id}/accept", Scope.FEEDS_WRITE, shape.FeedDetail, status=200)
def accept_answer(desk: Desk, feed_id: Id, wish: shape.Decision = _AS_IT_STANDS) -> Any:
    """Believe a suspicious answer: what it lacks is gone."""
    return _decide(desk, feed_id, wish, accept=True)


@room.post("/v1/feeds/{feed_id}/reject", Scope.FEEDS_WRITE, shape.FeedDetail, status=200)
def reject_answer(desk: Desk, feed_id: Id, wish: shape.Decision = _AS_IT_STANDS) -> Any:
    """Disbelieve a suspicious answer: what it lacks is kept until seen again or released."""
    return _decide(desk, feed_id, wish, accept=False)


def _decide(desk: Desk, feed_id: str, wish: shape.Decision, *, accept: bool) -> Any:
    row = connecting.in_doubt(desk.session, desk.account_id, feed_id)
    feeds.decide(desk.session, row, desk.at, accept=accept, answer=wish.answer)
    return connecting.get_feed(desk.session, desk.account_id, feed_id)


@room.list("/v1/feeds/{feed_id}/polls", Scope.FEEDS_READ, Page[shape.Poll])
def list_polls(desk: Desk, feed_id: Id, asked: Annotated[Paged, Query()]) -> Any:
    """List a feed's polls of the last 30 days, newest first."""
    found = connecting.polls_of(desk.session, desk.account_id, feed_id, asked.place)
    return paged(found, asked)


@exports.list("/v1/exports", Scope.EXPORTS_READ, Page[shape.Export])
def list_exports(desk: Desk, asked: Annotated[shape.ExportQuery, Query()]) -> Any:
    """List exports with their addresses, which are secrets."""
    place, unit = asked.place, asked.unit_id
    addresses = desk.front.addresses
    found = connecting.find_exports(desk.session, desk.account_id, unit, place, addresses)
    return paged(found, asked)


@exports.post("/v1/exports", Scope.EXPORTS_WRITE, shape.Export)
def create_export(desk: Desk, wish: shape.ExportIn) -> Any:
    """Make a calendar address for a channel, or for everyone."""
    said = wish.model_dump()
    addresses = desk.front.addresses
    return connecting.add_export(desk.session, desk.account_id, said, addresses, desk.at)


@exports.one("/v1/exports/{export_id}", Scope.EXPORTS_READ, shape.Export)
def get_export(desk: Desk, export_id: Id) -> Any:
    """Read an export."""
    return connecting.get_export(desk.session, desk.account_id, export_id, desk.front.addresses)


@exports.delete("/v1/exports/{export_id}", Scope.EXPORTS_WRITE, current=get_export)
def delete_export(desk: Desk, export_id: Id) -> None:
    """Serve an export no more: its address finds nothing, at most a second later."""
    connecting.revoke_export(desk.session, desk.account_id, export_id, desk.at)


@exports.post("/v1/exports/{export_id}/rotate", Scope.EXPORTS_WRITE, shape.Export, status=200)
def rotate_export(desk: Desk, export_id: Id, wish: shape.Rotation = _FOR_A_DAY) -> Any:
    """Give an export a new address; the former one is served on for a while."""
    overlap = timedelta(hours=wish.overlap_hours)
    row_id = (desk.account_id, export_id)
    return connecting.rotate_export(desk.session, row_id, overlap, desk.front.addresses, desk.at)


@exports.list("/v1/exports/{export_id}/readings", Scope.EXPORTS_READ, Page[shape.Reading])
def list_readings(desk: Desk, export_id: Id, asked: Annotated[Paged, Query()]) -> Any:
    """List who read which version of an export, newest first."""
    found = connecting.readings_of(desk.session, desk.account_id, export_id, asked.place)
    return paged(found, asked)
