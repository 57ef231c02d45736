"""What an API is asked: any method, once, guarded, bounded; a good answer is whole."""

from __future__ import annotations

import gzip

import pytest

from hostile import Exchange, HostileServer
from vacancy.net.client import Called, Client, FetchFailed
from vacancy.secret import Secret

pytestmark = pytest.mark.anyio

KEY = {"Authorization": "Bearer ra_key"}


async def called(client: Client, url: str, method: str = "GET") -> Called | FetchFailed:
    """How a call ends, whichever way."""
    try:
        return await client.call(method, Secret(url), KEY)
    except FetchFailed as failed:
        return failed


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_any_method_goes_out_with_its_headers(
    client: Client, shared_server: HostileServer, method: str
) -> None:
    """The status, the head and the unpacked body come back, also of what is no success."""
    packed = gzip.compress(b'{"error": "no"}')
    head = {"Content-Encoding": "gzip", "Retry-After": "3", "X-RateLimit-Remaining": "7"}
    shared_server.serve(f"/call-{method}", packed, status=422, headers=head)
    said = await called(client, shared_server.url(f"/call-{method}"), method)
    assert isinstance(said, Called)
    assert (said.status, said.body) == (422, b'{"error": "no"}')
    assert said.head["x-ratelimit-remaining"] == "7"
    assert said.retry_after is not None
    heard = shared_server.requests(f"/call-{method}")[-1]
    assert heard.method == method
    assert heard.headers["authorization"] == "Bearer ra_key"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/promises-more", "wrong_length"),
        ("/cut-gzip", "cut_compression"),
        ("/bad-gzip", "bad_compression"),
        ("/gzip-bomb", "too_large_inflated"),
    ],
)
async def test_a_good_status_needs_a_whole_body(
    client: Client, shared_server: HostileServer, path: str, reason: str
) -> None:
    """Cut, broken or swollen: it is no answer."""
    failed = await called(client, shared_server.url(path))
    assert isinstance(failed, FetchFailed)
    assert failed.reason == reason


async def test_an_api_that_hangs_is_left(hasty: Client, shared_server: HostileServer) -> None:
    """After the time that all of a call may take."""
    failed = await called(hasty, shared_server.url("/hang"))
    assert isinstance(failed, FetchFailed)
    assert failed.reason == "timeout"


async def test_a_bad_status_stands_without_its_body(
    client: Client, shared_server: HostileServer
) -> None:
    """What was cut from a refusal does not hide that it was one."""

    async def cut(exchange: Exchange) -> None:
        await exchange.head(429, {"Content-Length": "100", "Retry-After": "9"})
        await exchange.send(b"slow")

    shared_server.handle("/cut-refusal", cut)
    said = await called(client, shared_server.url("/cut-refusal"))
    assert isinstance(said, Called)
    assert (said.status, said.body) == (429, b"")
    assert said.retry_after is not None


async def test_redirects_are_told_and_not_followed(
    client: Client, shared_server: HostileServer
) -> None:
    """A key goes to nobody but whom it was meant for."""
    head = {"Location": shared_server.url("/elsewhere")}
    shared_server.serve("/moved-api", b"", status=307, headers=head)
    said = await called(client, shared_server.url("/moved-api"))
    assert isinstance(said, Called)
    assert said.status == 307
    assert shared_server.requests("/elsewhere") == []


async def test_an_api_is_guarded_as_a_feed_is(client: Client) -> None:
    """No private address is asked, whatever the config of a source names."""
    failed = await called(client, "http://169.254.169.254/latest")
    assert isinstance(failed, FetchFailed)
    assert failed.reason == "forbidden_address"
