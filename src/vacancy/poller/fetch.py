"""One conditional request, and what its answer counts as (rules 1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from vacancy.net.client import Answer, Client, FetchFailed
from vacancy.secret import Secret

GONE = frozenset({404, 410})
NOT_MODIFIED = 304
OK = 200

#: However well 304 works, a feed is asked without validators at least this often.
WHOLE_ANSWER_EVERY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask: the address, and the validators of the last good reading if they may be sent."""

    url: Secret
    etag: str | None = None
    last_modified: str | None = None

    @property
    def conditional(self) -> bool:
        return self.etag is not None or self.last_modified is not None


@dataclass(frozen=True, slots=True)
class Body:
    """A whole answer: its bytes are still to be read."""

    content: bytes
    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, slots=True)
class NotModified:
    """304: the last good answer still holds."""


@dataclass(frozen=True, slots=True)
class Failed:
    """No good answer: `reason` is a stable name, `text` a sentence for the host."""

    reason: str
    text: str
    gone: bool = False
    retry_after: timedelta | datetime | None = None


Fetched = Body | NotModified | Failed

_ADVICE = {
    401: "the address needs a sign-in: copy the calendar's export address again",
    403: "the channel refuses this address: copy the calendar's export address again",
    404: "the channel no longer knows this address: copy the calendar's export address again",
    410: "the channel took this address away: copy the calendar's export address again",
    429: "the channel asks for fewer requests; Vacancy waits as long as it said",
    503: "the channel is not answering at present; Vacancy asks again later",
}


async def fetch(client: Client, question: Question) -> Fetched:
    """Ask once. Never raises for anything the other side does."""
    try:
        answer = await client.get(
            question.url, etag=question.etag, last_modified=question.last_modified
        )
    except FetchFailed as failure:
        return Failed(failure.reason, failure.text, retry_after=failure.retry_after)
    return judge(answer, question)


def judge(answer: Answer, question: Question) -> Fetched:
    """What a complete HTTP answer counts as, before its bytes are read."""
    if answer.status == OK:
        return Body(answer.body, answer.etag, answer.last_modified)
    if answer.status == NOT_MODIFIED and question.conditional:
        return NotModified()
    advice = _ADVICE.get(answer.status, "Vacancy asks again later")
    return Failed(
        reason=f"http_{answer.status}",
        text=f"{answer.final_host} answered {answer.status}: {advice}",
        gone=answer.status in GONE,
        retry_after=answer.retry_after,
    )
