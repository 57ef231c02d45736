"""When a server wants to be asked again: RFC 9110's Retry-After, seconds or a date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

#: Longer is as good as never, and a number beyond it may not fit a timedelta.
LONGEST = timedelta(days=3650)


def read_retry_after(value: str | None) -> timedelta | datetime | None:
    """Seconds as a span, a date as an aware UTC instant; anything else says nothing."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:20]), LONGEST.total_seconds()))
    try:
        instant = parsedate_to_datetime(text)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
