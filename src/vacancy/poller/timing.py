"""What a poll is measured by: dates, intervals, and the name of a way of reading."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo

from vacancy.channels.catalog import CATALOG_VERSION
from vacancy.domain import cadence
from vacancy.ical.read import READER_VERSION
from vacancy.poller.fetch import Failed
from vacancy.poller.tools import Tools
from vacancy.store.leasing import Due

#: By how much of its interval a regular poll comes early, at least and at most: so that feeds do
#: not stay in step, and whoever looks for due feeds once an interval finds them due.
EARLY_LEAST, EARLY_MOST = 0.01, 0.05


def local_date(now: datetime, timezone: str) -> date:
    """The date at the property at this instant."""
    return now.astimezone(ZoneInfo(timezone)).date()


def reading_key(due: Due) -> str:
    """Names the address, the reading settings, the reader and the profiles of a reading.

    A reading made under another key says nothing about the present answer.
    """
    settings = json.dumps(due.settings, sort_keys=True)
    parts = (due.url_digest, settings, due.timezone, due.channel, CATALOG_VERSION, READER_VERSION)
    return blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def next_regular(tools: Tools, due: Due, now: datetime) -> datetime:
    """When to ask again after a good answer: an interval from now, by chance a little less."""
    early = EARLY_LEAST + tools.chance(1)[0] / 255 * (EARLY_MOST - EARLY_LEAST)
    return now + due.every * tools.defaults.scale * (1 - early)


def next_try(tools: Tools, due: Due, failed: Failed, now: datetime) -> datetime:
    """When to ask again after a failure: backed off, or when the other side asked to."""
    asked = failed.retry_after
    if isinstance(asked, datetime):
        asked = max(asked - now, timedelta())
    jitter = tools.chance(1)[0] / 127.5 - 1
    interval = due.every * tools.defaults.scale
    return cadence.next_poll(now, interval, due.failures + 1, jitter, asked)


def health_after(due: Due, now: datetime, *, failed: Failed | None, doubted: bool) -> str:
    """How the feed is doing after this poll."""
    return cadence.health(
        cadence.Pulse(
            interval=due.every,
            good_at=now if failed is None else due.last_good_at or due.created_at,
            failures=0 if failed is None else due.failures + 1,
            gone=failed is not None and failed.gone,
            doubted=doubted,
        ),
        now,
    ).value
