"""The one way in which a body is refused."""

from __future__ import annotations

_MESSAGES = {
    "empty_body": "the channel sent nothing instead of a calendar; it will be asked again",
    "html": "the channel sent a web page instead of a calendar; check that the address is its "
    "iCal export link",
    "json": "the channel sent an error message instead of a calendar; it will be asked again",
    "no_calendar": "the answer is not an iCalendar file; check that the address is the iCal "
    "export link",
    "cut": "the calendar is cut off or damaged in the middle; it will be asked again",
    "nesting": "the calendar is nested too deeply to be real; check the address",
    "too_many_events": "the calendar holds more than 25,000 entries; export only this unit",
    "recurrence_bound": "a repeating entry repeats too often to be nights; change it in the "
    "calendar it comes from",
}


class NotACalendar(Exception):
    """The body is no complete calendar, or breaks a bound: nothing of it was taken.

    `reason` is a short stable name for programs, `str()` one sentence for a host.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(_MESSAGES[reason])
        self.reason = reason
