"""How a booking system is asked, and what its answers mean before anybody reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sources.calling import KEY, answer, wire
from vacancy.net.client import Called, FetchFailed
from vacancy.secret import Secret
from vacancy.sources.port import SourceFailed
from vacancy.sources.wire import Ask, Headers, Key, path_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def failure(said: Called | FetchFailed, method: str = "GET") -> SourceFailed:
    """How it is told that this was answered."""
    asked, _ = wire(said)
    with pytest.raises(SourceFailed) as failed:
        await asked.ask(Ask(method, "/bookings"))
    return failed.value


async def test_a_request_carries_key_query_and_document() -> None:
    """What is None is left out of the query; ids cannot leave their place in a path."""
    asked, sent = wire(answer({"a": 1}))
    assert await asked.get(path_of("/bookings/{}", "a/b?c"), page=2, status=None) == {"a": 1}
    await asked.send("POST", "/bookings", {"nights": 3}, once="attempt-1")
    first, second = sent.sent
    assert first.url == "https://api.example/v1/bookings/a%2Fb%3Fc?page=2"
    assert first.headers["Authorization"] == f"Bearer {KEY}"
    assert first.body is None
    assert (second.document, second.headers["Idempotency-Key"]) == ({"nights": 3}, "attempt-1")
    assert second.headers["Content-Type"] == "application/json"


async def test_a_form_is_sent_as_a_form() -> None:
    """As the token endpoints of OAuth want it."""
    asked, sent = wire(answer({"access_token": "t"}))
    await asked.ask(Ask("POST", "/token", form={"grant_type": "a b"}))
    assert sent.sent[0].body == b"grant_type=a+b"
    assert sent.sent[0].headers["Content-Type"] == "application/x-www-form-urlencoded"


async def test_money_is_not_rounded_by_reading_it() -> None:
    """A number with a point is the decimal that was written."""
    asked, _ = wire(answer(raw=b'{"amount": 0.10}'))
    assert await asked.get("/") == {"amount": Decimal("0.10")}


@pytest.mark.parametrize(
    "body",
    [b'{"data": [', b"<html>", b"", b"\xff\xfe\x00", b'{"a": NaN}', b"[" * 100_000, b'{"a": 1} x'],
)
async def test_what_is_no_whole_document_is_no_answer(body: bytes) -> None:
    """Cut, another format, empty, deep without end: nothing of it is believed."""
    assert (await failure(answer(raw=body))).reason == "bad_json"


async def test_a_write_may_be_answered_without_a_body() -> None:
    """As DELETE mostly is."""
    asked, _ = wire(answer(status=204))
    assert await asked.send("DELETE", "/bookings/1", None) is None


@pytest.mark.parametrize(
    ("status", "method", "reason"),
    [
        (401, "GET", "unauthorized"),
        (402, "GET", "forbidden"),
        (403, "POST", "forbidden"),
        (404, "GET", "not_found"),
        (410, "DELETE", "not_found"),
        (409, "POST", "refused"),
        (422, "PATCH", "refused"),
        (422, "GET", "http_422"),
        (400, "GET", "http_400"),
        (429, "GET", "rate_limited"),
        (500, "GET", "http_500"),
        (503, "PUT", "http_503"),
        (302, "GET", "bad_redirect"),
        (418, "GET", "http_418"),
    ],
)
async def test_a_status_means_the_same_for_every_system(
    status: int, method: str, reason: str
) -> None:
    """One table: the reason is stable, the sentence names the system and the status."""
    failed = await failure(answer({}, status), method)
    assert failed.reason == reason
    assert failed.text.startswith("Example ")
    assert f"({status})" in failed.text


@pytest.mark.parametrize(
    "document",
    [
        {"error": {"code": "FORBIDDEN", "message": "Plan doesn't allow this."}},
        {"error": "Plan doesn't allow this"},
        {"message": "Plan doesn't\nallow  this"},
        {"detail": "Plan doesn't allow this"},
    ],
)
async def test_the_systems_own_words_are_told(document: Any) -> None:
    """In whichever shape it writes them, in one line."""
    failed = await failure(answer(document, 403))
    assert failed.text.endswith("in its words: Plan doesn't allow this.")


@pytest.mark.parametrize(
    "words", [f"The key {KEY} is unknown", "\u202eodd", 7, None, ["a"], {"code": 3}]
)
async def test_words_that_may_harm_are_not_told(words: Any) -> None:
    """None that hold the key, none that a terminal would obey, none that are no words."""
    failed = await failure(answer({"message": words}, 403))
    assert "in its words" not in failed.text
    assert KEY not in repr(failed) + failed.text


async def test_long_words_are_cut() -> None:
    """One sentence is what a host reads."""
    assert len((await failure(answer({"message": "x" * 5000}, 422), "POST")).text) < 300


async def test_how_long_to_wait_is_handed_on() -> None:
    """Retry-After, else when the limit begins anew: an instant or a span, as it is written."""
    span = timedelta(seconds=7)
    assert (await failure(answer({}, 429, retry_after=span))).retry_after == span
    assert (await failure(answer({}, 503, retry_after=span))).retry_after == span
    reset = {"x_ratelimit_reset": "1800000000"}
    instant = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
    assert (await failure(answer({}, 429, **reset))).retry_after == instant
    assert (await failure(answer({}, 500, **reset))).retry_after is None
    soon = await failure(answer({}, 429, x_ratelimit_reset="30"))
    assert soon.retry_after == timedelta(seconds=30)
    assert (await failure(answer({}, 429, x_ratelimit_reset="soon"))).retry_after is None


async def test_what_the_network_says_is_handed_on() -> None:
    """Its reason, its sentence, and nothing that could hold the address."""
    failed = await failure(FetchFailed("timeout", "api.example did not answer."))
    assert (failed.reason, failed.text) == ("timeout", "api.example did not answer.")
    assert failed.__context__ is None


@pytest.mark.parametrize("key", ["two\nlines", "Schlüssel", "nul\0"])
async def test_a_key_that_cannot_be_sent_is_told_before_anything_is_sent(key: str) -> None:
    """What was pasted with a line end or a letter too many."""
    asked, sent = wire(answer({}), authority=Key(Secret(key)))
    with pytest.raises(SourceFailed) as failed:
        await asked.get("/")
    assert failed.value.reason == "unauthorized"
    assert sent.sent == []


class Renewing:
    """An authority whose first token has expired."""

    def __init__(self, *, renews: bool) -> None:
        self.tokens = ["old", "new"]
        self.renews = renews
        self.refused: list[Headers] = []

    async def headers(self) -> Headers:
        return {"Authorization": Secret(self.tokens[0])}

    async def renew(self, refused: Headers, /) -> bool:
        self.refused.append(refused)
        if self.renews:
            self.tokens.pop(0)
        return self.renews


async def test_a_token_is_renewed_once_after_401() -> None:
    """The same request goes out again with the new one, and what it is told then stands."""
    authority = Renewing(renews=True)
    asked, sent = wire(answer({}, 401), answer({"ok": True}), authority=authority)
    assert await asked.get("/") == {"ok": True}
    assert [one.headers["Authorization"] for one in sent.sent] == ["old", "new"]
    assert authority.refused == [{"Authorization": Secret("old")}]


@pytest.mark.parametrize("renews", [True, False])
async def test_a_second_401_ends_it(renews: bool) -> None:
    """Nobody is asked without end; a key that cannot be renewed is tried once."""
    asked, sent = wire(answer({}, 401), authority=Renewing(renews=renews))
    with pytest.raises(SourceFailed) as failed:
        await asked.get("/")
    assert failed.value.reason == "unauthorized"
    assert len(sent.sent) == 1 + renews


async def test_no_key_is_shown() -> None:
    """Neither by the wire nor by what authorises it."""
    asked, _ = wire(answer({}))
    assert KEY not in repr(asked)
