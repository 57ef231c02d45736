"""What the fields of the API mean, where a shape does not say it itself: one word, one meaning.

A field is looked up as `Shape.field`, then as `field`; a parameter by its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_FIELDS = {
    "account": "The account that the key belongs to.",
    "acknowledged_at": "When somebody said that they saw it.",
    "address": "The postal address, or how to find it.",
    "Feed.address": "The host and the last letters of its address, which itself is a password.",
    "FeedDetail.address": "The host and the last letters of its address, which is a password.",
    "adults": "How many adults.",
    "arrival": "The first night.",
    "arrivals": "Who arrives on this day.",
    "api_key": "The key that the host copied from the system.",
    "at": "When it was made.",
    "booking_id": "The booking or block.",
    "channel": "Where it is sold.",
    "check_in": "From when guests may come.",
    "check_out": "By when guests leave.",
    "children": "How many children.",
    "claims": "What was understood of its entries.",
    "client_id": "The OAuth client that the system knows us as.",
    "client_secret": "The client's secret, where it has one.",
    "code": "What went wrong, for programs: it stays the same.",
    "complete": "Whether it was a whole calendar.",
    "conflicts": "Who else wants the night.",
    "count": "How many times.",
    "counts": "What was in the answer, and what changed by it.",
    "created_at": "When it was made, or first seen.",
    "custom_parameters": "The operator's own fields, by key.",
    "data": "The rows of this page.",
    "Events.data": "The events, oldest first.",
    "Activity.data": "The events, oldest first.",
    "Nights.data": "The unit, with its nights.",
    "date": "The day.",
    "delivered_at": "When it arrived.",
    "departure": "The day of leaving.",
    "departures": "Who leaves on this day.",
    "description": "For people, to tell them apart.",
    "details": "Each thing that was wrong, or stands in the way.",
    "disabled_at": "Since when it is told nothing.",
    "doubt": "What is in doubt about its last answer; null: nothing.",
    "echoes": "Our own nights, shown back by channels.",
    "email": "Where to write to.",
    "enabled": "Whether it is told anything.",
    "end_is_last_night": "The channel writes the last night where others write the departure.",
    "error": "What went wrong.",
    "every_seconds": "Seconds from one poll to the next.",
    "expires_at": "When it ends by itself; null: never.",
    "exports": "Its exports, and how each is read.",
    "feed": "The feed that said so, by its key.",
    "feed_id": "The feed.",
    "feeds": "What each feed shows of the night.",
    "field": "What is meant: a field of the body, a parameter or a header.",
    "first_at": "The first time.",
    "first_seen": "When it was first shown.",
    "free": "Whether it can be sold.",
    "from": "From this instant on.",
    "guest": "Who stays.",
    "history": "What happened to the night, oldest first.",
    "id": "Its id.",
    "key": "Its key: a short name, among its kind.",
    "Evidence.key": "The reservation's own key, where the channel gives one.",
    "Me.key": "The key that asks.",
    "kind": "Of which kind it is.",
    "last_at": "The last time.",
    "last_good_at": "Its last good answer.",
    "last_outcome": "How its last poll ended.",
    "last_poll_at": "When it was last asked.",
    "last_read_at": "When its channel read it last.",
    "last_reason": "Why its last poll failed.",
    "last_repeat_at": "The last of these.",
    "last_seen": "When it was last shown.",
    "limit": "How many to a page.",
    "managed_by": "Who changes it: what the config declares is changed there.",
    "masked": "Its absence would prove nothing: the channel was told that the nights are closed.",
    "max_guests": "How many may sleep there; null: not said.",
    "message": "What is wrong, and what to do, for people.",
    "millis": "How long it took, in milliseconds.",
    "missing_since": "Since when its feed shows it no more.",
    "name": "Its name, for people.",
    "Guest.name": "The guest's name.",
    "GuestIn.name": "The guest's name.",
    "next_attempt_at": "When it is tried next; null: no more.",
    "next_cursor": "What to give as `after` the next time.",
    "next_poll_at": "When it is asked next.",
    "night": "The night, named by its evening.",
    "nights": "The nights, each named by its evening.",
    "notes": "Whatever else is to be known.",
    "occurred_at": "When it happened.",
    "opened_at": "When it was found.",
    "outcome": "fresh, unchanged, suspicious, failed or gone.",
    "overlap_hours": "How many hours; 0: the former address finds nothing at once.",
    "page": "Which page, from 1.",
    "price": "What was agreed.",
    "push": "Whether it is told of bookings and blocks of ours.",
    "pagination": "Which page this is, and how many there are.",
    "past": "Whether the night is over.",
    "phone": "Where to call.",
    "properties": "What the system lets.",
    "property_id": "The property.",
    "provider": "Whose calendar it is, by its own marks.",
    "reason": "Why; null: there is none.",
    "repeats": "How many polls after it found nothing new.",
    "request_id": "The request's id: tell it when you ask for help.",
    "reservation_code": "The channel's own code.",
    "resolution": "How it was decided: who keeps the nights, or that nobody has to go.",
    "resolved_at": "When it was over.",
    "role": "What the user may do at most.",
    "rule": "By which rule it was understood.",
    "rule_blocks": "`export`: the channel's own settings are sent to the others too.",
    "scopes": "What the key may do.",
    "severity": "low, medium, high or critical: by the days that are left.",
    "sides": "Who wants the nights; the one that came first in front.",
    "since": "Since when.",
    "skipped": "Entries that say nothing, with the reason.",
    "slug": "Its short name.",
    "snoozed_until": "Till when it is put aside.",
    "sources": "The feeds that decide about these nights.",
    "started_at": "When the feed was asked.",
    "status": "How it stands.",
    "stays": "Who has or wants the night.",
    "taken": "Whether somebody has it.",
    "timezone": "Its time zone: nights are local dates.",
    "to": "Up to, not including, this instant.",
    "total_items": "How many there are in all.",
    "total_pages": "How many pages that makes.",
    "transparent": "What entries marked TRANSPARENT mean: `busy` closes nights, `free` none.",
    "type": "The type of the event.",
    "types": "Which events it is told; empty: all.",
    "uid": "The entry's UID.",
    "unit": "The unit, by its slug.",
    "units": "The unit of each property, by what the system calls it.",
    "unit_id": "The unit.",
    "updated_at": "When anything of it last changed.",
    "url": "Where events are posted to.",
    "user": "The user whose key it is.",
    "user_id": "The user whose key it is.",
    "version": "Which version of the content.",
    "webhook_secret": "What the system signs its webhooks with.",
    "warnings": "What is odd about the calendar.",
    "webhook_id": "The webhook.",
    "why": "Why it says nothing.",
}
#: What each parameter is, with an example of an id.
_PARAMETERS = {
    "block_id": ("The block's id.", "stay_01m87wre8d7v8173w4n4ph53mb"),
    "booking_id": ("The booking's id.", "stay_01m87wre8d7v8173w4n4ph53mb"),
    "hold_id": ("The hold's id.", "stay_01m87wre8d7v8173w4n4ph53mb"),
    "parameter_id": ("The field's id.", "param_01m87wre8d7v8173w4n4ph53mb"),
    "conflict_id": ("The conflict's id.", "conflict_01m87wre8d7v8173w4n4ph53mb"),
    "delivery_id": ("The delivery's id.", "dlv_01m87wre8d7v8173w4n4ph53mb"),
    "export_id": ("The export's id.", "exp_01m87wre8d7v8173w4n4ph53mb"),
    "feed_id": ("The feed's id.", "feed_01m87wre8d7v8173w4n4ph53mb"),
    "key_id": ("The key's id.", "key_01m87wre8d7v8173w4n4ph53mb"),
    "property_id": ("The property's id.", "prop_01m87wre8d7v8173w4n4ph53mb"),
    "source_id": ("The source's id.", "src_01m87wre8d7v8173w4n4ph53mb"),
    "unit_id": ("The unit's id, or its slug.", "sea-view"),
    "webhook_id": ("The webhook's id.", "hook_01m87wre8d7v8173w4n4ph53mb"),
    "night": ("The night, named by its evening.", "2027-02-03"),
    "If-Match": ("The `ETag` of what you read: 412 if it was changed since.", None),
    "If-None-Match": ("The `ETag` that you have: 304 while it still holds.", None),
    "channel": ("Only what was sold there.", None),
    "kind": ("Only reservations, or only blocks.", None),
    "status": ("Only those that stand so.", None),
    "state": ("Only those that stand so.", None),
    "updated_since": ("Only what changed at this instant or later.", None),
}
_SHAPES = {
    "Account": "One operator's world.",
    "Comer": "Who arrives or departs, and where.",
    "Pagination": "Which page of a list this is.",
    "PreviewClaim": "One entry as it was understood.",
    "PreviewSkipped": "One entry that says nothing.",
    "Redelivered": "How many events are sent again.",
    "Resolution": "A decision about a conflict.",
    "Snooze": "Till when a conflict is put aside.",
    "User": "A person or a program that holds keys.",
}


def told(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, with what each shape, field and parameter means. Twice changes nothing."""
    for name, shape in schema["components"]["schemas"].items():
        if shape.get("type") == "object":
            plain = "One page of a list." if name.startswith("Page_") else _SHAPES.get(name, "")
            _say(shape, plain)
        for field, described in shape.get("properties", {}).items():
            _say(described, _FIELDS.get(f"{name}.{field}") or _FIELDS.get(field, ""))
    for parameter in _parameters(schema):
        meaning, example = _PARAMETERS.get(parameter["name"], ("", None))
        _say(parameter, meaning)
        if example is not None and parameter["in"] == "path":
            parameter["schema"]["examples"] = [example]
        _leave_out_null(parameter)
    return schema


def _leave_out_null(parameter: dict[str, Any]) -> None:
    """No address and no header can say null: a parameter is there, or it is not."""
    shape = parameter["schema"]
    kinds = [kind for kind in shape.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        del shape["anyOf"]
        parameter["schema"] = {**kinds[0], **shape}


def _say(described: dict[str, Any], meaning: str) -> None:
    if meaning and "description" not in described:
        described["description"] = meaning


def _parameters(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for ways in schema["paths"].values():
        for operation in ways.values():
            yield from operation.get("parameters", ())
