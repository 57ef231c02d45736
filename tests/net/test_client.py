"""A fetch gives a whole answer or a reason, within its bounds, whatever the other side does."""

from __future__ import annotations

import asyncio
import gc
import socket
import traceback
from datetime import timedelta

import psutil
import pytest

from asking import AGENT, client_for, fetched
from hostile import Exchange, HostileServer
from hostile_answers import ETAG, LAST_MODIFIED, MIB, good
from vacancy.net.client import Client, FetchFailed, Limits
from vacancy.net.guard import Guard
from vacancy.secret import Secret

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "path",
    ["/good", "/good-gzip", "/good-deflate", "/good-chunked", "/until-close", "/redirect-good"],
)
async def test_a_whole_calendar_arrives(
    client: Client, shared_server: HostileServer, path: str
) -> None:
    """However it is packed and cut into pieces, the body is the calendar, byte for byte."""
    answer = await client.get(Secret(shared_server.url(path)))
    assert (answer.status, answer.body) == (200, good())
    assert answer.final_host == "127.0.0.1"
    assert 0 <= answer.millis < 20_000


FAILURES = {
    "/endless": "too_large",
    "/endless-chunked": "too_large",
    "/endless-gzip": "too_large",
    "/huge-events": "too_large",
    "/gzip-bomb": "too_large_inflated",
    "/cut-gzip": "cut_compression",
    "/bad-gzip": "bad_compression",
    "/not-gzip": "bad_compression",
    "/brotli": "unknown_encoding",
    "/zstd": "unknown_encoding",
    "/promises-more": "wrong_length",
    "/cut-chunked": "wrong_length",
    "/reset": "reset",
    "/closes": "reset",
    "/big-header": "protocol",
    "/many-headers": "protocol",
    "/garbage": "protocol",
    "/redirect-loop": "too_many_redirects",
    "/redirect-4": "too_many_redirects",
    "/redirect-nowhere": "bad_redirect",
    "/redirect-file": "bad_redirect",
    "/redirect-user": "bad_redirect",
    "/redirect-port": "forbidden_port",
}


@pytest.mark.parametrize(("path", "reason"), FAILURES.items())
async def test_what_is_not_whole_has_a_reason(
    client: Client, shared_server: HostileServer, path: str, reason: str
) -> None:
    """Each way to fail has its name, and one sentence without the address."""
    failure = await fetched(client, shared_server.url(f"{path}?token=CANARY-0123456789"))
    assert isinstance(failure, FetchFailed)
    assert failure.reason == reason
    assert failure.text.startswith("127.0.0.1 ")
    assert failure.text.endswith(".")
    told = "".join(traceback.format_exception(failure)) + repr(failure)
    assert "CANARY" not in told
    assert path not in told


@pytest.mark.parametrize("path", ["/slow", "/slow-headers", "/hang", "/hang-in-body"])
async def test_what_does_not_end_is_ended(
    hasty: Client, shared_server: HostileServer, path: str
) -> None:
    """The deadline is for all of the fetch: no byte that drips in moves it."""
    async with asyncio.timeout(20):
        failure = await fetched(hasty, shared_server.url(path))
    assert isinstance(failure, FetchFailed)
    assert failure.reason == "timeout"


async def test_a_reset_amid_the_body_is_a_failure(
    client: Client, shared_server: HostileServer
) -> None:
    """Named by what was noticed first: the connection, or the bytes that lack."""
    failure = await fetched(client, shared_server.url("/reset-in-body"))
    assert isinstance(failure, FetchFailed)
    assert failure.reason in {"reset", "wrong_length"}


async def test_a_length_that_is_too_short_is_never_a_whole_calendar(
    client: Client, shared_server: HostileServer
) -> None:
    """Bytes past Content-Length are no part of the answer, and never begin the next one."""
    end = await fetched(client, shared_server.url("/promises-less"))
    if isinstance(end, FetchFailed):
        assert end.reason == "protocol"
    else:
        assert end.body == good()[:-100]
    assert (await client.get(Secret(shared_server.url("/good")))).body == good()


@pytest.mark.parametrize("status", [401, 403, 404, 410, 429, 500, 502, 503])
async def test_a_refusal_is_an_answer_without_a_body(
    client: Client, shared_server: HostileServer, status: int
) -> None:
    """The poller judges what a status means; an error page is not read."""
    answer = await client.get(Secret(shared_server.url(f"/{status}?retry=120")))
    assert (answer.status, answer.body) == (status, b"")
    assert answer.retry_after == timedelta(seconds=120)


@pytest.mark.parametrize("path", ["/empty", "/html", "/json", "/cut", "/nul", "/latin1", "/utf16"])
async def test_what_is_no_calendar_is_left_to_its_reader(
    client: Client, shared_server: HostileServer, path: str
) -> None:
    """HTTP was fine; whether the bytes are a calendar is not the client's to say."""
    answer = await client.get(Secret(shared_server.url(path)))
    assert answer.status == 200


async def test_validators_go_back_as_they_came(server: HostileServer) -> None:
    """ETag and Last-Modified of the first answer give 304 without a body in the second."""
    client = client_for(server)
    first = await client.get(Secret(server.url("/etag")))
    assert (first.etag, first.last_modified) == (ETAG, LAST_MODIFIED)
    for validators in (
        {"etag": first.etag},
        {"last_modified": first.last_modified},
        {"etag": first.etag, "last_modified": first.last_modified},
    ):
        again = await client.get(Secret(server.url("/etag")), **validators)
        assert (again.status, again.body) == (304, b"")
    assert (await client.get(Secret(server.url("/etag")), etag='"old"')).status == 200
    await client.aclose()


@pytest.mark.parametrize("odd", ["\xe9t\xe9", "x" * 600])
async def test_an_odd_validator_is_not_kept(server: HostileServer, odd: str) -> None:
    """What could not be sent back as it came would only confuse."""
    client = client_for(server)
    server.serve("/odd", good(), headers={"ETag": odd})
    assert (await client.get(Secret(server.url("/odd")))).etag is None
    await client.aclose()


async def test_it_says_who_asks_and_what_it_takes(server: HostileServer) -> None:
    """A User-Agent with contact, gzip and nothing else, and no cookie ever comes back."""
    client = client_for(server)
    await client.get(Secret(server.url("/cookies")))
    await client.get(Secret(server.url("/cookies")))
    assert (await client.get(Secret(server.url("/user-agent")))).status == 200
    for request in server.requests():
        assert request.headers["user-agent"] == AGENT
        assert request.headers["accept-encoding"] == "gzip"
        assert request.headers["accept"] == "text/calendar, */*"
        assert request.headers["host"] == server.origin
        assert "cookie" not in request.headers
    await client.aclose()


async def test_the_environment_names_no_proxy(
    server: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would be asked instead, past the guard."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    client = client_for(server)
    assert (await client.get(Secret(server.url("/good")))).status == 200
    await client.aclose()


@pytest.mark.parametrize(
    "target",
    [
        "/c/1.ics?t=a%2bb%2Bc+d&x=%41",
        "/c/%7euser/a%2fb//../1.ics",
        "/c/1.ics?s=a;b=c,d'e(f)*!$~[]{}|^`",
        "/c/%zz%?%",
        "/?a=1?b=2",
        "/c/1.ics?t=" + "x" * 4000,
    ],
)
async def test_the_address_goes_out_byte_for_byte(server: HostileServer, target: str) -> None:
    """Tokens are compared by bytes on the other side: `%2b` must not become `%2B` or `+`."""
    client = client_for(server)
    await fetched(client, server.url(target))
    assert [request.target for request in server.requests()] == [target]
    await client.aclose()


async def test_a_redirect_goes_out_byte_for_byte(server: HostileServer) -> None:
    """Also what a Location says, relative or whole, is not spelled anew."""
    client = client_for(server)
    for number, location in enumerate(["/to?t=a%2bb", server.url("/to?t=a%2bb"), "to?t=a%2bb"]):
        server.serve(f"/from{number}", b"", status=302, headers={"Location": location})
        await fetched(client, server.url(f"/from{number}"))
    assert {request.target for request in server.requests("/to")} == {"/to?t=a%2bb"}
    assert len(server.requests("/to")) == 3
    await client.aclose()


async def test_letters_that_no_request_can_hold_are_escaped(server: HostileServer) -> None:
    """A space or an accent in a pasted address goes out as a browser would send it."""
    client = client_for(server)
    await fetched(client, "  " + server.url("/c/caf\xe9 1.ics?n=\xfc#part") + "\n")
    assert server.requests()[0].target == "/c/caf%C3%A9%201.ics?n=%C3%BC"
    await client.aclose()


async def test_connections_are_kept(server: HostileServer) -> None:
    """Twenty polls of one host, 200 and 304, cost one connection."""
    client = client_for(server)
    for _ in range(10):
        await client.get(Secret(server.url("/good")))
        await client.get(Secret(server.url("/etag")), etag=ETAG)
    assert server.connections == 1
    await client.aclose()


async def test_too_much_is_not_even_sent(server: HostileServer) -> None:
    """A server that never ends is cut off soon after the bound."""
    client = client_for(server)
    await fetched(client, server.url("/endless"))
    await asyncio.sleep(0.1)
    assert server.sent("/endless") < 14 * MIB
    await client.aclose()


@pytest.mark.parametrize("path", ["/gzip-bomb", "/endless-gzip", "/endless", "/one-line"])
async def test_hostile_bodies_cost_little_memory(
    client: Client, shared_server: HostileServer, path: str
) -> None:
    """256 MiB in a quarter of one, or bytes without end: under 40 MiB, and given back."""
    await fetched(client, shared_server.url(path))  # what the server makes and keeps, it has now
    gc.collect()
    process = psutil.Process()
    before = peak = process.memory_info().rss
    fetching = asyncio.ensure_future(fetched(client, shared_server.url(path)))
    while not fetching.done():
        peak = max(peak, process.memory_info().rss)
        await asyncio.sleep(0.001)
    await fetching
    assert peak - before < 40 * MIB


async def test_a_hanging_feed_delays_no_other(server: HostileServer) -> None:
    """While twenty feeds hang, a good one is answered at once."""
    client = client_for(server, limits=Limits(total=3.0))
    hanging = [asyncio.ensure_future(fetched(client, server.url("/hang"))) for _ in range(20)]
    while len(server.requests("/hang")) < 20:
        await asyncio.sleep(0.01)
    assert (await client.get(Secret(server.url("/good")))).status == 200
    assert not any(one.done() for one in hanging)
    ends = await asyncio.gather(*hanging)
    assert {end.reason for end in ends if isinstance(end, FetchFailed)} == {"timeout"}
    await client.aclose()


async def test_a_canceled_fetch_is_canceled(server: HostileServer) -> None:
    """Stopping is not failing: the daemon's own cancellation goes through."""
    client = client_for(server)
    fetching = asyncio.ensure_future(client.get(Secret(server.url("/hang"))))
    while not server.requests("/hang"):
        await asyncio.sleep(0.01)
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    await client.aclose()


async def test_nobody_there_is_refused() -> None:
    """A closed port says so."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        origin = f"127.0.0.1:{unused.getsockname()[1]}"
    client = Client(Guard([origin]), AGENT)
    failure = await fetched(client, f"http://{origin}/1.ics")
    assert isinstance(failure, FetchFailed)
    assert failure.reason == "refused"
    await client.aclose()


async def test_nobody_accepts_is_a_connect_timeout() -> None:
    """A full backlog drops our call; we give up after the time to connect."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        origin = f"127.0.0.1:{full.getsockname()[1]}"
        callers = [socket.socket() for _ in range(4)]
        for caller in callers:
            caller.setblocking(False)
            caller.connect_ex(full.getsockname())
        client = Client(Guard([origin]), AGENT, limits=Limits(total=5.0, connect=0.3))
        failure = await fetched(client, f"http://{origin}/1.ics")
        await client.aclose()
        for caller in callers:
            caller.close()
    assert isinstance(failure, FetchFailed)
    assert failure.reason == "connect_timeout"


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 64 + ".test"])
async def test_a_name_that_is_not_found_says_so(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """Also a name that no name server can be asked for."""
    real = socket.getaddrinfo

    def lookup(host: str, *rest: object, **more: object) -> object:
        if host == "no-such-host.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(host, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    client = Client(Guard(), AGENT)
    failure = await fetched(client, f"https://{host}/1.ics")
    assert isinstance(failure, FetchFailed)
    assert failure.reason == "dns"
    await client.aclose()


async def test_a_late_hit_of_a_closed_connection_is_asked_again(server: HostileServer) -> None:
    """A kept connection that the server closed meanwhile is no failure of the feed."""
    client = client_for(server)

    async def once(exchange: Exchange) -> None:
        await exchange.answer(good())
        exchange.keep_alive = False

    server.handle("/once", once)
    for _ in range(5):
        assert (await client.get(Secret(server.url("/once")))).status == 200
    await client.aclose()


async def test_a_failure_after_the_head_keeps_its_retry_after(server: HostileServer) -> None:
    """What the server asked for is passed on even if its body was no good."""
    client = client_for(server)
    server.serve("/br", good(), headers={"Content-Encoding": "br", "Retry-After": "60"})
    failure = await fetched(client, server.url("/br"))
    assert isinstance(failure, FetchFailed)
    assert failure.retry_after == timedelta(seconds=60)
    await client.aclose()
