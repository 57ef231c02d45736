"""Taking in one calendar: its bytes read and understood, what follows from it written down."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from vacancy.channels.classify import classify
from vacancy.domain.claims import Snapshot
from vacancy.domain.feed import FeedState
from vacancy.ical.read import Block, Reading, ReadSettings, digest, dump_blocks, load_blocks, read
from vacancy.ical.settings import horizon
from vacancy.poller.conclusion import Heard, conclude
from vacancy.poller.fetch import Body, NotModified
from vacancy.poller.state import CLOSES_ALL
from vacancy.poller.timing import local_date, reading_key
from vacancy.poller.tools import Polled, Span, Tools
from vacancy.store import polls
from vacancy.store.leasing import Due
from vacancy.vault import VaultError

_LOG = structlog.get_logger(__name__)

#: What kept answers are bound to in the vault: a channel may write a guest's name into its feed.
_BODY, _ENTRIES = "feed.body", "feed.entries"

#: A quarter larger than level 6 makes a calendar, in a third of the time.
_ZIPPED_AT = 1


def take_in(tools: Tools, due: Due, fetched: Body | NotModified, span: Span) -> Polled:
    """Take in one good answer. Raises NotACalendar where its bytes are no complete calendar.

    The bytes are read before the transaction begins.
    """
    content = _content(tools, due, fetched)
    reading = _read(tools, due, content, span)

    def understand(state: FeedState, habits: Mapping[str, Any]) -> Snapshot:
        return classify(
            reading.entries,
            reading.skipped,
            channel=due.channel,
            host=due.host,
            today=local_date(span.ended, due.timezone),
            known=state.known,
            closed_before=bool(habits.get(CLOSES_ALL)),
            stamped=reading.stamped,
        )

    def keep(snapshot: Snapshot) -> dict[str, Any]:
        return _kept(tools, due, (fetched, content), (reading, snapshot), span)

    heard = Heard(len(reading.entries), reading.parsed, understand, keep)
    return conclude(tools, due, heard, span)


def _content(tools: Tools, due: Due, fetched: Body | NotModified) -> bytes:
    if isinstance(fetched, Body):
        return fetched.content
    with tools.store.read() as session:
        kept = polls.kept_body(session, due.feed_id)
    return b"" if kept is None else zlib.decompress(tools.vault.open_bytes(kept, _BODY))


def _read(tools: Tools, due: Due, content: bytes, span: Span) -> Reading:
    today = local_date(span.ended, due.timezone)
    settings = ReadSettings(
        zone=ZoneInfo(due.timezone),
        today=today,
        horizon=horizon(today, tools.defaults.horizon_years),
        end_is_last_night=due.settings.get("end_is_last_night", False),
        transparent=due.settings.get("transparent", "busy"),
    )
    return read(content, settings, _known_blocks(tools, due))


def _known_blocks(tools: Tools, due: Due) -> dict[bytes, Block]:
    """What was read of the last answer, where it was read the same way and is undamaged."""
    if reading_key(due) != due.reading_key:
        return {}
    with tools.store.read() as session:
        blob = polls.kept_entries(session, due.feed_id)
    if blob is None:
        return {}
    try:
        return load_blocks(tools.vault.open_bytes(blob, _ENTRIES))
    except (ValueError, VaultError):
        _LOG.warning("feed.entries_damaged", unit=due.unit_slug, feed=due.key)
        return {}


def _kept(
    tools: Tools,
    due: Due,
    answer: tuple[Body | NotModified, bytes],
    found: tuple[Reading, Snapshot],
    span: Span,
) -> dict[str, Any]:
    """What the next poll compares with; `answer` has its bytes, the kept ones after a 304."""
    (fetched, content), (reading, snapshot) = answer, found
    rules = any(claim.is_rule_block for claim in snapshot.claims)
    kept: dict[str, Any] = {
        "read_on": local_date(span.ended, due.timezone),
        "rereads_daily": reading.recurs or rules,
        "entries": tools.vault.seal_bytes(dump_blocks(reading.blocks), _ENTRIES),
        "settings_digest": reading_key(due),
    }
    if isinstance(fetched, Body):
        kept |= {
            "etag": fetched.etag,
            "last_modified": fetched.last_modified,
            "digest": digest(content),
            "body": tools.vault.seal_bytes(zlib.compress(content, _ZIPPED_AT), _BODY),
        }
    return kept
