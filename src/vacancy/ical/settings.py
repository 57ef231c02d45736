"""What a reading depends on besides the body."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo


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
