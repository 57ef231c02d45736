"""What a reading depends on besides the body."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """A feed's reading settings.

    `zone` is the property's, `today` its local date; what runs past `horizon` (about three years
    on) is cut there. `end_is_last_night`: whole-day ends name the last night, not the departure.
    `transparent` is "busy" (R7: TRANSP is ignored) or "free": entries marked TRANSPARENT are left
    out.
    """

    zone: ZoneInfo
    today: date
    horizon: date
    end_is_last_night: bool = False
    transparent: str = "busy"


def horizon(today: date, years: int = 3) -> date:
    """Up to where nights are read: the first of the month, so many years on.

    A month's step keeps an entry without an end from growing by a night each day.
    """
    return today + relativedelta(years=years, day=1)
