"""/v1/availability, /v1/calendar, /v1/timeline, and a unit's nights."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Query

from vacancy.api.deps import Desk
from vacancy.api.room import Room
from vacancy.api.shapes import calendar as shape
from vacancy.api.shapes import places
from vacancy.api.shapes.values import Day, Id, paged
from vacancy.domain.nights import Nights
from vacancy.domain.scopes import Scope
from vacancy.services import availability, explain, propagation

room = Room("calendar")


@room.list("/v1/availability", Scope.CALENDAR_READ, shape.Calendar, told=True)
def get_availability(desk: Desk, asked: Annotated[shape.AvailabilityQuery, Query()]) -> Any:
    """Read which nights are free and why others are not; with `guests`, which units are free."""
    return _found(desk, asked, asked.guests)


@room.list("/v1/calendar", Scope.CALENDAR_READ, shape.Calendar, told=True)
def get_calendar(desk: Desk, asked: Annotated[shape.CalendarQuery, Query()]) -> Any:
    """Read units and their nights."""
    return _found(desk, asked, None)


@room.list("/v1/timeline", Scope.CALENDAR_READ, shape.Timeline, told=True)
def get_timeline(desk: Desk, asked: Annotated[shape.CalendarQuery, Query()]) -> Any:
    """Read day by day who arrives, who departs, and which units turn over. A page is of days."""
    wanted = _wanted(desk, asked)
    first, last = wanted.within.arrival, wanted.within.departure
    passed, limit = asked.place
    since = first + timedelta(days=min(passed, len(wanted.within)))
    until = min(last, since + timedelta(days=limit))
    days: list[Any] = []
    if since < until:
        wanted = replace(wanted, within=Nights(since, until))
        days = availability.timeline(desk.session, desk.account_id, wanted)
    return paged((days, (last - first).days), asked)


@room.list("/v1/units/{unit_id}/nights", Scope.CALENDAR_READ, places.Nights, told=True)
def get_unit_nights(desk: Desk, unit_id: Id, asked: Annotated[places.Span, Query()]) -> Any:
    """Read a unit's nights, one by one."""
    within = availability.span(asked.since, asked.until)
    wanted = availability.Wanted(within, desk.at.now)
    return {"data": availability.of_unit(desk.session, desk.account_id, unit_id, wanted)}


@room.one("/v1/units/{unit_id}/nights/{night}", Scope.CALENDAR_READ, shape.Explanation)
def explain_night(desk: Desk, unit_id: Id, night: Day) -> Any:
    """Read why a night is taken or free: stays, claims, feeds, echoes, conflicts, history."""
    return explain.find(desk.session, desk.account_id, unit_id, night, desk.at.now)


@room.one("/v1/units/{unit_id}/propagation", Scope.CALENDAR_READ, shape.Propagation)
def get_propagation(desk: Desk, unit_id: Id) -> Any:
    """Read how what was published reached the channels: read when, and by whom."""
    return propagation.find(desk.session, desk.account_id, unit_id, desk.at.now)


def _found(desk: Desk, asked: shape.CalendarQuery, guests: int | None) -> Any:
    wanted = _wanted(desk, asked, guests)
    found = availability.find(desk.session, desk.account_id, wanted, asked.place)
    return paged(found, asked)


def _wanted(
    desk: Desk, asked: shape.CalendarQuery, guests: int | None = None
) -> availability.Wanted:
    return availability.Wanted(
        availability.span(asked.since, asked.until),
        desk.at.now,
        asked.unit_id,
        asked.property_id,
        guests,
    )
