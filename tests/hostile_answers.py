"""What the hostile server says: one handler a kind of misbehaviour, by its path."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

from hostile import Exchange, Handler

MIB = 1024 * 1024
PRODID = "-//Vacancy tests//Hostile//EN"
ETAG = '"v1"'
LAST_MODIFIED = "Mon, 01 Feb 2027 10:00:00 GMT"

#: Ways to write the loopback; each redirect of `/redirect-private/N` uses one.
LOOPBACKS = (
    "127.0.0.1",
    "localhost",
    "127.1",
    "2130706433",
    "0x7f.1",
    "017700000001",
    "0",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "127%E3%80%820%E3%80%820%E3%80%821",
    "169.254.169.254",
    "[64:ff9b::7f00:1]",
)


def event(uid: str, arrival: str, departure: str, *more: str) -> str:
    """One VEVENT: dates as 20270203, further lines as they are."""
    return "\r\n".join(
        [
            "BEGIN:VEVENT",
            f"UID:{uid}",
            "DTSTAMP:20270101T000000Z",
            f"DTSTART;VALUE=DATE:{arrival}",
            f"DTEND;VALUE=DATE:{departure}",
            *(more or ("SUMMARY:Reserved",)),
            "END:VEVENT",
        ]
    )


def calendar(*events: str) -> bytes:
    """A complete VCALENDAR of these events."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODID}", *events, "END:VCALENDAR", ""]
    return "\r\n".join(lines).encode()


@cache
def good(count: int = 5) -> bytes:
    """A plain calendar of `count` stays of two nights, one after another from 2027-02-02 on."""
    first = date(2027, 2, 2)
    days = [f"{first + timedelta(days=2 * n):%Y%m%d}" for n in range(count + 1)]
    return calendar(*(event(f"stay-{n}@hostile.test", days[n], days[n + 1]) for n in range(count)))


@cache
def many_events(count: int) -> bytes:
    """So many events that reading them all would hold a core."""
    one = "BEGIN:VEVENT\r\nUID:{n}\r\nDTSTART;VALUE=DATE:20270203\r\nEND:VEVENT"
    return calendar("\r\n".join(one.replace("{n}", str(n)) for n in range(count)))


@cache
def bomb(size: int = 256 * MIB) -> bytes:
    """`size` bytes of a calendar that goes on, packed to a thousandth."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    block = b"X-NOTHING:" + b"0" * (MIB - 12) + b"\r\n"
    pieces = [packer.compress(b"BEGIN:VCALENDAR\r\n")]
    pieces += [packer.compress(block) for _ in range(size // MIB)]
    return b"".join([*pieces, packer.flush()])


def says(
    make: Callable[[], bytes], *, status: int = 200, headers: dict[str, str] | None = None
) -> Handler:
    """A handler that answers properly with an improper body."""

    async def handler(exchange: Exchange) -> None:
        await exchange.answer(make(), status=status, headers=headers)

    return handler


def refuses(status: int) -> Handler:
    """A status; `?retry=...` is its Retry-After."""

    async def handler(exchange: Exchange) -> None:
        retry = exchange.request.wish.get("retry")
        headers = {"Content-Type": "text/html"} | ({"Retry-After": retry} if retry else {})
        await exchange.answer(b"<html>no</html>", status=status, headers=headers)

    return handler


def redirects(where: Callable[[Exchange], str | None], status: int = 302) -> Handler:
    async def handler(exchange: Exchange) -> None:
        location = where(exchange)
        headers = {"Location": location} if location is not None else {}
        await exchange.answer(b"", status=status, headers=headers)

    return handler


async def slow(exchange: Exchange) -> None:
    """A good calendar at five bytes a second."""
    await exchange.head(headers={"Content-Length": str(len(good()))})
    await exchange.drip(good())


async def slow_headers(exchange: Exchange) -> None:
    await exchange.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Wait: a little\r\n" * 1000)


async def hang(exchange: Exchange) -> None:
    await asyncio.sleep(3600)


async def hang_in_body(exchange: Exchange) -> None:
    await exchange.head(headers={"Content-Length": str(len(good()))})
    await exchange.send(good()[:100])
    await asyncio.sleep(3600)


async def endless(exchange: Exchange) -> None:
    await exchange.head()
    while True:
        await exchange.send(b"X-NOTHING:0\r\n" * 1000)


async def endless_chunked(exchange: Exchange) -> None:
    await exchange.head(headers={"Transfer-Encoding": "chunked"})
    while True:
        await exchange.send(b"400\r\n" + b"X-NOTHING:00000\n" * 64 + b"\r\n")


async def endless_gzip(exchange: Exchange) -> None:
    """Bytes that inflate to hardly more than they are, for ever."""
    await exchange.head(headers={"Content-Encoding": "gzip"})
    packer = zlib.compressobj(0, zlib.DEFLATED, 31)
    while True:
        await exchange.send(packer.compress(bytes(range(256)) * 64))


async def chunked(exchange: Exchange) -> None:
    await exchange.head(headers={"Transfer-Encoding": "chunked"})
    for at in range(0, len(good()), 50):
        piece = good()[at : at + 50]
        await exchange.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    await exchange.send(b"0\r\n\r\n")
    exchange.keep_alive = True


async def cut_chunked(exchange: Exchange) -> None:
    await exchange.head(headers={"Transfer-Encoding": "chunked"})
    await exchange.send(f"{len(good()):x}\r\n".encode() + good() + b"\r\n")


async def promises_more(exchange: Exchange) -> None:
    await exchange.head(headers={"Content-Length": str(len(good()) + 100)})
    await exchange.send(good())


async def promises_less(exchange: Exchange) -> None:
    """Content-Length is shorter than what is sent: what counts is cut before END:VCALENDAR."""
    await exchange.head(headers={"Content-Length": str(len(good()) - 100)})
    await exchange.send(good())
    exchange.keep_alive = True


async def until_close(exchange: Exchange) -> None:
    """No length at all, as HTTP/1.0 did: the end of the connection is the end of the body."""
    await exchange.head()
    await exchange.send(good())


async def reset(exchange: Exchange) -> None:
    exchange.reset()


async def reset_in_body(exchange: Exchange) -> None:
    await exchange.head(headers={"Content-Length": str(len(good()))})
    await exchange.send(good()[:100])
    await asyncio.sleep(0.05)
    exchange.reset()


async def closes(exchange: Exchange) -> None:
    """Takes the request and closes."""


async def big_header(exchange: Exchange) -> None:
    await exchange.head(headers={"X-Big": "a" * 4 * MIB})
    await exchange.send(good())


async def many_headers(exchange: Exchange) -> None:
    await exchange.head(headers={f"X-{n}": "a" * 100 for n in range(40_000)})
    await exchange.send(good())


async def garbage(exchange: Exchange) -> None:
    await exchange.send(b"\x16\x03\x01 this is not HTTP at all\r\n\r\n" * 20)


async def etag(exchange: Exchange) -> None:
    """A working pair: 304 to its own validators, else the calendar with both."""
    asked = exchange.request.headers
    known = asked.get("if-none-match") == ETAG or (
        "if-none-match" not in asked and asked.get("if-modified-since") == LAST_MODIFIED
    )
    validators = {"ETag": ETAG, "Last-Modified": LAST_MODIFIED}
    if known:
        await exchange.answer(b"", status=304, headers=validators)
    else:
        await exchange.answer(good(), headers=validators)


async def wants_user_agent(exchange: Exchange) -> None:
    """As Airbnb does: 403 to whoever does not say who they are."""
    named = bool(exchange.request.headers.get("user-agent"))
    await exchange.answer(good() if named else b"", status=200 if named else 403)


async def cookies(exchange: Exchange) -> None:
    await exchange.answer(good(), headers={"Set-Cookie": "track=1; Path=/"})


def _rrule_bomb() -> bytes:
    rules = (
        "RRULE:FREQ=SECONDLY",
        "RRULE:FREQ=DAILY;INTERVAL=0",
        "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "RRULE:FREQ=DAILY;COUNT=99999999",
    )
    stay = event("stay-0@hostile.test", "20270202", "20270204")
    return calendar(
        stay, *(event(f"bomb-{n}", "20270301", "20270302", r) for n, r in enumerate(rules))
    )


def _deep() -> bytes:
    return calendar("BEGIN:X-DEEP\r\n" * 20_000 + "END:X-DEEP\r\n" * 20_000)


def _location(n: int) -> str:
    return f"http://{LOOPBACKS[n]}/latest/meta-data/"


_HTML = b"<!doctype html><html><body>BEGIN:VCALENDAR Please sign in</body></html>"
_LATIN_1 = event("latin@hostile.test", "20270202", "20270204", "SUMMARY:J\xfcrgen M\xfcller")
_SCRIPT = event(
    "x@hostile.test", "20270202", "20270204", "SUMMARY:<script>alert(1)</script>=cmd{{7*7}}"
)

PATHS: dict[str, Handler] = {
    "/good": says(good),
    "/good-60": says(lambda: good(60)),
    "/good-gzip": says(lambda: gzip.compress(good()), headers={"Content-Encoding": "gzip"}),
    "/good-deflate": says(lambda: zlib.compress(good()), headers={"Content-Encoding": "deflate"}),
    "/good-chunked": chunked,
    "/until-close": until_close,
    "/etag": etag,
    "/user-agent": wants_user_agent,
    "/cookies": cookies,
    "/slow": slow,
    "/slow-headers": slow_headers,
    "/hang": hang,
    "/hang-in-body": hang_in_body,
    "/endless": endless,
    "/endless-chunked": endless_chunked,
    "/endless-gzip": endless_gzip,
    "/gzip-bomb": says(bomb, headers={"Content-Encoding": "gzip"}),
    "/huge-events": says(lambda: many_events(300_000)),
    "/many-events": says(lambda: many_events(30_000)),
    "/rrule-bomb": says(_rrule_bomb),
    "/long-stay": says(lambda: calendar(event("long@hostile.test", "20270202", "99990101"))),
    "/bad-dates": says(lambda: calendar(event("bad@hostile.test", "20270230", "20271399"))),
    "/deep-nesting": says(_deep),
    "/one-line": says(lambda: b"BEGIN:VCALENDAR" + b"x" * 7 * MIB),
    "/folded-bomb": says(lambda: calendar("X-FOLD:a" + "\r\n a" * 200_000)),
    "/html": says(lambda: _HTML, headers={"Content-Type": "text/html"}),
    "/json": says(lambda: json.dumps({"error": "sign in"}).encode()),
    "/empty": says(lambda: b""),
    "/empty-calendar": says(calendar),
    "/cut": says(lambda: good()[:-40]),
    "/cut-gzip": says(lambda: gzip.compress(good())[:-20], headers={"Content-Encoding": "gzip"}),
    "/bad-gzip": says(lambda: b"\x1f\x8b" + good(), headers={"Content-Encoding": "gzip"}),
    "/not-gzip": says(good, headers={"Content-Encoding": "gzip"}),
    "/brotli": says(good, headers={"Content-Encoding": "br"}),
    "/zstd": says(good, headers={"Content-Encoding": "zstd"}),
    "/nul": says(lambda: good().replace(b"\r\n", b"\r\n\0\0")),
    "/latin1": says(lambda: calendar(_LATIN_1).decode().encode("latin-1")),
    "/utf16": says(lambda: good().decode().encode("utf-16")),
    "/wrong-charset": says(
        lambda: calendar(_LATIN_1), headers={"Content-Type": "text/calendar; charset=latin-9"}
    ),
    "/inject": says(lambda: calendar(_SCRIPT)),
    "/cut-chunked": cut_chunked,
    "/promises-more": promises_more,
    "/promises-less": promises_less,
    "/reset": reset,
    "/reset-in-body": reset_in_body,
    "/closes": closes,
    "/big-header": big_header,
    "/many-headers": many_headers,
    "/garbage": garbage,
    **{f"/{status}": refuses(status) for status in (401, 403, 404, 410, 429, 500, 502, 503)},
    "/redirect-loop": redirects(lambda exchange: "/redirect-loop"),
    "/redirect-good": redirects(lambda exchange: "/good", 301),
    "/redirect-3": redirects(lambda exchange: "/redirect-2", 307),
    "/redirect-2": redirects(lambda exchange: "/redirect-good", 308),
    "/redirect-4": redirects(lambda exchange: "/redirect-3", 303),
    "/redirect-nowhere": redirects(lambda exchange: None),
    "/redirect-file": redirects(lambda exchange: "file:///etc/passwd"),
    "/redirect-user": redirects(lambda exchange: f"http://me:pw@{exchange.server.origin}/good"),
    "/redirect-port": redirects(lambda exchange: "http://127.0.0.1:22/"),
    **{
        f"/redirect-private/{n}": redirects(lambda exchange, n=n: _location(n))
        for n in range(len(LOOPBACKS))
    },
}
