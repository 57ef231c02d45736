"""One poll of one feed, told as a story: ask, judge, take in, write down how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from vacancy.ical.read import NotACalendar, digest
from vacancy.poller.conclusion import at_rest, say_nothing, write_failure
from vacancy.poller.fetch import (
    WHOLE_ANSWER_EVERY,
    Body,
    Failed,
    Fetched,
    NotModified,
    Question,
    fetch,
)
from vacancy.poller.intake import take_in
from vacancy.poller.timing import reading_key
from vacancy.poller.tools import Polled, Span, Tools
from vacancy.secret import Secret
from vacancy.store.feeds import SEALED_AS
from vacancy.store.leasing import Due


async def poll(
    tools: Tools, due: Due, before: Callable[[], None], hands: asyncio.Semaphore
) -> Polled:
    """Ask one feed and take in its answer. `before` runs ahead of any judgement, of which only so
    many as there are `hands` go on at once.
    """
    started = tools.clock.now()
    question = _question(tools, due, started)
    fetched = await fetch(tools.client, question)
    span = Span(started, tools.clock.now(), whole=not question.conditional)
    if _says_nothing(due, fetched, span):
        return say_nothing(tools, due, span)
    async with hands:
        return await asyncio.to_thread(_conclude, tools, due, fetched, span, before)


def _question(tools: Tools, due: Due, now: datetime) -> Question:
    """The address, with validators where the last reading still holds and may be leant on."""
    url = Secret(tools.vault.open(due.url, SEALED_AS))
    asked_whole = due.last_full_at is not None and now - due.last_full_at < WHOLE_ANSWER_EVERY
    failed = due.last_outcome in ("failed", "gone")
    if due.digest is None or not asked_whole or failed or reading_key(due) != due.reading_key:
        return Question(url)
    return Question(url, due.etag, due.last_modified)


def _says_nothing(due: Due, fetched: Fetched, span: Span) -> bool:
    """Whether the answer is the last one again and nothing on this feed waits for it."""
    if not at_rest(due, span.ended):
        return False
    match fetched:
        case NotModified():
            return True
        case Body(content=content) if due.digest is not None:
            return digest(content) == due.digest and reading_key(due) == due.reading_key
        case _:
            return False


def _conclude(
    tools: Tools, due: Due, fetched: Fetched, span: Span, before: Callable[[], None]
) -> Polled:
    """Take in an answer that says something, or write down that there was none."""
    before()
    if isinstance(fetched, Failed):
        return write_failure(tools, due, fetched, span)
    try:
        return take_in(tools, due, fetched, span)
    except NotACalendar as refusal:
        failed = Failed(refusal.reason, f"{due.host}: {refusal}")
        return write_failure(tools, due, failed, span)
