"""No address and no token can be read in the log, whoever logs it and however it gets there."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import warnings
from collections.abc import Iterator

import httpx
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from asking import client_for, fetched
from hostile import HostileServer
from vacancy.log import configure, strike
from vacancy.secret import Secret

TOKENS = [f"Zq{number:02}kT7vW3mXcanaries" for number in range(20)]


@pytest.fixture
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """The configured log's stream; what was configured before is put back."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.raiseExceptions
    stream = io.StringIO()
    with warnings.catch_warnings():
        configure(getattr(request, "param", "json"), "debug", stream)
        yield stream
        logging.captureWarnings(False)
    root.handlers, root.level, logging.raiseExceptions = before[0], before[1], before[2]
    structlog.reset_defaults()


def plant(token: str, number: int) -> None:
    """Log a token in one of the ways in which tokens get into logs."""
    url = f"https://ical.example.com/v1/export/{token}.ics?t={token}&x=1"
    ours, theirs = structlog.get_logger("vacancy.poller"), logging.getLogger("library")
    ways = [
        lambda: ours.info("feed.polled", url=url),
        lambda: ours.warning(f"fetching {url} failed"),
        lambda: ours.info("feed", nested={"list": [{"url": url}, (url,)]}),
        lambda: ours.info("feed %s", url),
        lambda: ours.info("feed", body=url.encode()),
        lambda: ours.info("feed", token=token, Authorization=token),
        lambda: ours.info("feed", secret=Secret(url)),
        lambda: ours.info("feed", error=ValueError(f"cannot read {url!r}")),
        lambda: theirs.info('HTTP Request: GET %s "HTTP/1.1 200 OK"', url),
        lambda: theirs.error("bad line", extra={"request": url}),
        lambda: theirs.error("%s", f"Bearer {token}"),
        lambda: theirs.debug("GET /ical/%s.ics HTTP/1.1", token),
        lambda: theirs.info('%s - "%s %s HTTP/%s" %d', "h:1", "GET", f"/ical/{token}", "1.1", 200),
        lambda: theirs.info("export /ical/%s", token),
        lambda: theirs.info("it's '%s'", url),
        lambda: theirs.info(json.dumps({"address": url, "token": token})),
        lambda: theirs.info("the token %s alone", token),
        lambda: theirs.info("broken %d line", url),
        lambda: warnings.warn(f"odd address {url}", stacklevel=1),
        lambda: _raise_and_log(url),
    ]
    ways[number]()


def _raise_and_log(url: str) -> None:
    try:
        try:
            raise ValueError(f"cannot read {url}")
        except ValueError as inner:
            raise RuntimeError(f"poll of {url} failed") from inner
    except RuntimeError:
        structlog.get_logger("vacancy").exception("poll.failed")
        logging.getLogger("library").exception("job failed")


@pytest.mark.parametrize("log", ["json", "console"], indirect=True)
@pytest.mark.parametrize("number", range(20))
def test_a_planted_token_is_not_in_the_log(log: io.StringIO, number: int) -> None:
    """Twenty ways in, none out; the line itself is there."""
    warnings.simplefilter("always")
    plant(TOKENS[number], number)
    written = log.getvalue()
    assert TOKENS[number] not in written
    assert written.strip() or number == 17  # a line that cannot be formatted is lost, not shown


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_twenty_tokens_through_real_fetches(log: io.StringIO, server: HostileServer) -> None:
    """httpx, aiohttp and asyncio at debug level, good answers and bad: 0 tokens."""
    client = client_for(server)
    paths = ["/good", "/404", "/cut-gzip", "/garbage", "/reset", "/redirect-user", "/redirect-good"]
    asyncio.get_running_loop().set_debug(True)
    for number, token in enumerate(TOKENS):
        end = await fetched(client, server.url(f"{paths[number % len(paths)]}?t={token}"))
        structlog.get_logger("vacancy").info("feed.polled", end=repr(end), error=end)
    await client.aclose()
    async with httpx.AsyncClient(trust_env=False) as plain:
        await plain.get(server.url(f"/good?t={TOKENS[0]}"))
    assert len(server.requests()) >= len(TOKENS)
    assert not [token for token in TOKENS if token in log.getvalue()]


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer() as server:
        yield server


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_uvicorn_logs_no_path(log: io.StringIO) -> None:
    """Its access log would print each export's token; its errors go through our processors."""
    import uvicorn

    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        if scope["type"] == "http":
            raise RuntimeError(f"broken at {scope['path']}")

    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(trust_env=False) as client:
        for token in TOKENS:
            await client.get(f"http://127.0.0.1:{port}/ical/{token}.ics?t={token}")
    server.should_exit = True
    await serving
    written = log.getvalue()
    assert "Exception in ASGI application" in written
    assert not [token for token in TOKENS if token in written]


def test_json_lines_are_json_with_the_facts(log: io.StringIO) -> None:
    """Ours and the libraries' alike: event, level, logger, time, and what was added."""
    structlog.contextvars.bind_contextvars(request_id="req_1")
    structlog.get_logger("vacancy.poller").info("feed.polled", outcome="fresh", added=2, ms=3.5)
    logging.getLogger("uvicorn.error").warning("went on", extra={"color_message": "\x1b[1mwent"})
    structlog.contextvars.clear_contextvars()
    ours, theirs = (json.loads(line) for line in log.getvalue().splitlines())
    assert ours | {"timestamp": ""} == {
        "event": "feed.polled",
        "level": "info",
        "logger": "vacancy.poller",
        "timestamp": "",
        "request_id": "req_1",
        "outcome": "fresh",
        "added": 2,
        "ms": 3.5,
    }
    assert (theirs["event"], theirs["logger"], "color_message" in theirs) == (
        "went on",
        "uvicorn.error",
        False,
    )
    assert ours["timestamp"].endswith("Z")


def test_a_long_name_of_a_unit_is_told(log: io.StringIO) -> None:
    """Only where it is one: an address in its place is struck, and so is the name elsewhere."""
    name = "lakeside-apartment-2-bedroom"
    told = structlog.get_logger("vacancy")
    told.info("feed.polled", unit=name, feed="booking_com_2")
    told.info("feed.polled", unit=f"https://h.test/{name}", error=name, nested={"unit": TOKENS[0]})
    named, struck = (json.loads(line) for line in log.getvalue().splitlines())
    assert (named["unit"], named["feed"]) == (name, "booking_com_2")
    assert (struck["unit"], struck["error"]) == ("https://h.test/…", "…")
    assert struck["nested"] == {"unit": "…"}


def test_a_traceback_is_kept_without_its_secrets(log: io.StringIO) -> None:
    """What failed and where stays readable."""
    _raise_and_log("https://ical.example.com/v1/secret.ics?t=abc")
    ours = json.loads(log.getvalue().splitlines()[0])
    assert "RuntimeError: poll of https://ical.example.com/… failed" in ours["exception"]
    assert "test_log.py" in ours["exception"]


def test_the_level_is_held(log: io.StringIO) -> None:
    """Below it nothing is written, by whomever."""
    configure("json", "warning", log)
    structlog.get_logger("vacancy").info("quiet")
    logging.getLogger("library").info("quiet")
    structlog.get_logger("vacancy").warning("loud")
    assert [json.loads(line)["event"] for line in log.getvalue().splitlines()] == ["loud"]


def test_httpx_tells_no_request(log: io.StringIO) -> None:
    """Its INFO line says less than ours, and more than it should."""
    logging.getLogger("httpx").info("HTTP Request: GET https://h.test/x")
    logging.getLogger("uvicorn.access").info("GET /")
    assert log.getvalue() == ""


@pytest.mark.parametrize(
    ("text", "struck"),
    [
        ("see https://www.airbnb.com/calendar/1.ics?t=abc now", "see https://www.airbnb.com/… now"),
        ("https://example.com/", "https://example.com/"),
        ("'https://h.test/a?t=b'", "'https://h.test/…'"),
        ("https://h.test/o'brien/x?t=b, next", "https://h.test/… next"),
        ("postgresql://me:pw@db.test/vacancy", "postgresql://db.test/…"),
        ("https:\\/\\/h.test\\/a", "https://h.test/…"),
        ("webcal://[::1]:80/a", "webcal://[::1]:80/…"),
        ("/ical/abc.ics", "/ical/…"),
        ("token=abc&x=1", "token=…&x=1"),
        ("{'password': 'abc'}", "{'password': '…'}"),
        ("Authorization: Bearer abcdef.123", "Authorization: Bearer …"),
        ("0123456789abcdef0123456789abcdef", "…"),
        ("stay_01j9zzzzzzzzzzzzzzzzzzzzzz", "stay_01j9zzzzzzzzzzzzzzzzzzzzzz"),
        ("2026-11-22T10:11:12.123456Z", "2026-11-22T10:11:12.123456Z"),
        ("status=ok count=5 code=3 ms=12", "status=ok count=5 code=3 ms=12"),
        ('File "/usr/lib/python3.11/asyncio/tasks.py", line 3', None),
        ("a test named test_that_is_long_but_has_no_digits_in_it", None),
    ],
)
def test_what_is_struck(text: str, struck: str | None) -> None:
    """Addresses to their host, tokens wholly; ids, times and figures stay."""
    assert strike(text) == (text if struck is None else struck)


@given(st.text(alphabet="abcZ019_-", min_size=12, max_size=40), st.text(max_size=20))
def test_no_address_survives(token: str, around: str) -> None:
    """Whatever stands around it."""
    for address in (f"https://h.test/{token}.ics", f"http://h.test/c?t={token}"):
        assert token not in strike(f"{around} {address} {around}").replace(around, "")
