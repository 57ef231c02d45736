"""Serving exports: what each request gets, straight and through a real server."""

from __future__ import annotations

import asyncio
import gzip
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest
import uvicorn

from exporting import NOW, House, a_house, held, many
from vacancy.publisher import render
from vacancy.publisher.cache import ExportCache
from vacancy.publisher.readings import Readings
from vacancy.publisher.serve import ExportApp
from vacancy.store import exports
from vacancy.store.session import Store

MAY = held("stay_1", "2027-05-03 2027-05-06")


class Reply:
    """What an ASGI app sent."""

    def __init__(self, sent: list[dict[str, Any]]) -> None:
        self.status: int = sent[0]["status"]
        self.headers = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
        self.body = b"".join(message.get("body", b"") for message in sent[1:])
        self.pieces = len(sent) - 1
        self.whole = not sent[-1].get("more_body", False)


class Served:
    """A house with one published stay, and its exports served."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = NOW
        self.house = a_house(store)
        self.house.publish([MAY])
        self.cache = ExportCache(store)
        self.readings = Readings(random.Random(5).randbytes)
        self.app = ExportApp(self.cache, self.readings, lambda: self.now, fallback)
        self.cache.look(NOW)

    @property
    def path(self) -> str:
        return f"/ical/{self.house.tokens['everyone']}.ics"

    def get(self, path: str | None = None, method: str = "GET", **headers: str) -> Reply:
        """One request; `user_agent="x"` is the header User-Agent."""
        return asyncio.run(self._ask(path or self.path, method, headers))

    async def _ask(self, path: str, method: str, headers: dict[str, str]) -> Reply:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(3600)
            raise AssertionError

        async def send(message: Any) -> None:
            sent.append(message)

        raw = [(k.replace("_", "-").encode(), v.encode("latin-1")) for k, v in headers.items()]
        scope = {"type": "http", "method": method, "path": path, "headers": raw}
        await self.app(scope, receive, send)
        return Reply(sent)

    def read(self) -> list[tuple[int, str, int]]:
        """The readings so far: version, reader, count."""
        self.readings.flush(self.store, self.now, repeats=True)
        with self.store.read() as session:
            rows = exports.readings(session, self.house.export(session).id)
        return [(row.version, row.reader, row.count) for row in rows]


async def fallback(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body", "body": b"elsewhere"})


@pytest.fixture
def served(sqlite_store: Store) -> Served:
    return Served(sqlite_store)


def test_a_get_gives_the_published_bytes(served: Served) -> None:
    """With all that a reader needs to ask cheaply next time."""
    reply = served.get()
    with served.store.read() as session:
        export = served.house.export(session)
        body = gzip.decompress(export.body or b"")
    assert reply.status == 200
    assert reply.body == body
    assert b"UID:stay_1@" in reply.body
    assert reply.headers == {
        "content-type": "text/calendar; charset=utf-8",
        "content-length": str(len(body)),
        "etag": export.etag,
        "cache-control": "no-cache, private",
        "vary": "Accept-Encoding",
        "last-modified": format_datetime(NOW, usegmt=True),
        "x-content-type-options": "nosniff",
    }


def test_a_head_is_a_get_without_the_body(served: Served) -> None:
    """Plain, gzipped and conditional."""
    etag = served.get().headers["etag"]
    for headers in ({}, {"accept_encoding": "gzip"}, {"if_none_match": etag}):
        got, told = served.get(**headers), served.get(method="HEAD", **headers)
        assert (told.status, told.headers) == (got.status, got.headers)
        assert told.body == b""


@pytest.mark.parametrize(
    ("accepted", "gzipped"),
    [
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("GZIP;q=0.5", True),
        ("br;q=1, *", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("identity", False),
        ("deflate, br", False),
        ("", False),
    ],
)
def test_gzip_is_given_to_whom_takes_it(served: Served, accepted: str, gzipped: bool) -> None:
    """The same calendar in other bytes, under another strong ETag."""
    plain = served.get()
    reply = served.get(accept_encoding=accepted)
    assert (reply.headers.get("content-encoding") == "gzip") is gzipped
    assert (gzip.decompress(reply.body) if gzipped else reply.body) == plain.body
    assert (reply.headers["etag"] == plain.headers["etag"]) is not gzipped
    assert not reply.headers["etag"].startswith("W/")
    assert int(reply.headers["content-length"]) == len(reply.body)
    assert served.get(accept_encoding=accepted).body == reply.body


#: `{etag}` and `{zipped}` are those published, `{date}` its Last-Modified.
CONDITIONS = [
    ({"if_none_match": "{etag}"}, 304),
    ({"if_none_match": "W/{etag}"}, 304),
    ({"if_none_match": "{zipped}"}, 304),
    ({"if_none_match": "{etag}", "accept_encoding": "gzip"}, 304),
    ({"if_none_match": '"other", {etag}'}, 304),
    ({"if_none_match": '"a,b",W/"c" , {etag},"d"'}, 304),
    ({"if_none_match": "*"}, 304),
    ({"if_none_match": '"other"'}, 200),
    ({"if_none_match": "{bare}"}, 200),
    ({"if_none_match": ""}, 200),
    ({"if_none_match": '"unfinished'}, 200),
    ({"if_modified_since": "{date}"}, 304),
    ({"if_modified_since": "{later}"}, 200),
    ({"if_modified_since": "{earlier}"}, 200),
    ({"if_modified_since": "yesterday"}, 200),
    ({"if_none_match": '"other"', "if_modified_since": "{date}"}, 200),
    ({"if_none_match": "{etag}", "if_modified_since": "{earlier}"}, 304),
]


@pytest.mark.parametrize(("asked", "status"), CONDITIONS)
def test_conditions(served: Served, asked: dict[str, str], status: int) -> None:
    """304 only where the reader has what is published; an ETag outweighs a date."""
    etag = served.get().headers["etag"]
    words = {
        "etag": etag,
        "bare": etag.strip('"'),
        "zipped": served.get(accept_encoding="gzip").headers["etag"],
        "date": format_datetime(NOW, usegmt=True),
        "later": format_datetime(NOW + timedelta(days=1), usegmt=True),
        "earlier": format_datetime(NOW - timedelta(seconds=1), usegmt=True),
    }
    reply = served.get(**{name: value.format(**words) for name, value in asked.items()})
    assert reply.status == status
    if status == 304:
        assert reply.body == b""
        assert reply.headers["etag"] in (words["etag"], words["zipped"])
        assert reply.headers["cache-control"] == "no-cache, private"
        assert reply.headers["vary"] == "Accept-Encoding"
        assert "content-length" not in reply.headers


def test_every_address_that_names_nothing_gives_the_same_404(served: Served) -> None:
    """Unknown, malformed, rotated out or revoked: nobody learns which."""
    old = served.path
    with served.store.write() as session:
        exports.rotate(served.house.export(session), served.house.maker("everyone"))
    rotated_to = served.path
    served.cache.look(NOW)
    assert served.get(rotated_to).status == 200
    with served.store.write() as session:
        exports.revoke(served.house.export(session), NOW)
    served.cache.look(NOW)
    names = ["", "x", "x" * 43, "x" * 5000, "../../etc/passwd", "%00", "é\ud800", "a/b", "a.ics"]
    paths = [old, rotated_to, old[:-4], old + "/", *(f"/ical/{name}.ics" for name in names)]
    replies = [served.get(path) for path in [*paths, "/ical/"]]
    assert {reply.status for reply in replies} == {404}
    assert len({(reply.body, tuple(reply.headers.items())) for reply in replies}) == 1
    told = served.get(old, method="HEAD")
    assert (told.status, told.headers) == (404, replies[0].headers)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
def test_other_methods_are_refused_alike(served: Served, method: str) -> None:
    """Whether the token is known or not."""
    known, unknown = served.get(method=method), served.get("/ical/x.ics", method=method)
    assert known.status == 405
    assert known.headers["allow"] == "GET, HEAD"
    assert (known.body, known.headers) == (unknown.body, unknown.headers)


def test_what_is_not_an_export_is_for_the_rest(served: Served) -> None:
    """The API and the console lie behind."""
    for path in ("/", "/v1/units", "/icalendar", "/ical"):
        assert served.get(path).status == 418


def test_a_unit_that_is_not_open_is_503(sqlite_store: Store) -> None:
    """Not an empty calendar, and not what half of its feeds said."""
    served = Served(sqlite_store)
    house = House(sqlite_store, "unit_new")
    house.build(created_at=NOW)
    house.add_feed()
    house.mint()
    house.publish([])
    served.cache.look(NOW)
    served.house = house
    reply = served.get()
    assert reply.status == 503
    assert int(reply.headers["retry-after"]) > 0
    assert b"BEGIN" not in reply.body
    served.now = NOW + timedelta(hours=24)
    assert served.get().status == 200


def test_an_export_never_published_is_503(sqlite_store: Store) -> None:
    """An open unit's too: there is nothing true to say yet."""
    served = Served(sqlite_store)
    served.house.mint("booking_com")
    served.cache.look(NOW)
    token = served.house.tokens["booking_com"]
    assert served.get(f"/ical/{token}.ics").status == 503


def test_a_server_that_never_read_its_store_is_503(served: Served) -> None:
    """A known token must not be called unknown."""
    served.app = ExportApp(ExportCache(served.store), served.readings, lambda: served.now, fallback)
    for path in (served.path, "/ical/x.ics"):
        reply = served.get(path)
        assert reply.status == 503
        assert "retry-after" in reply.headers


def test_a_304_touches_neither_store_nor_renderer(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted: whatever would reach the database or write a calendar is watched."""
    etag = served.get().headers["etag"]
    touched: list[str] = []

    def watch(name: str) -> Callable[..., Any]:
        return lambda *args, **kwargs: touched.append(name)

    for name in ("read", "write"):
        monkeypatch.setattr(served.store, name, watch(name))
    monkeypatch.setattr(served.store.engine, "connect", watch("connect"))
    monkeypatch.setattr(render, "write", watch("renderer"))
    for _ in range(50):
        assert served.get(if_none_match=etag).status == 304
        assert served.get().status == 200
    assert touched == []


def test_the_last_bytes_are_served_when_the_store_is_gone(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looks fail; readers notice nothing."""
    served = Served(sqlite_store)
    before = served.get()

    def down() -> Any:
        raise OSError("no such host")

    monkeypatch.setattr(served.store, "read", down)
    served.cache._pulse.missed()
    assert not served.cache.look(NOW)
    after = served.get()
    assert (after.status, after.body, after.headers) == (200, before.body, before.headers)


def test_a_304_needs_no_bytes_in_memory(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """There was no room for them: a conditional request still touches no store, and who wants the
    bytes is given them from there, or asked to come again when it fails.
    """
    before = served.get()
    served.cache = ExportCache(served.store, room=0)
    served.cache.look(NOW)
    served.app = ExportApp(served.cache, served.readings, lambda: served.now, fallback)
    after = served.get()
    assert (after.status, after.body, after.headers) == (200, before.body, before.headers)
    zipped = served.get(accept_encoding="gzip")
    assert gzip.decompress(zipped.body) == before.body

    def down() -> Any:
        raise OSError("no such host")

    monkeypatch.setattr(served.store, "read", down)
    assert served.get(if_none_match=before.headers["etag"]).status == 304
    assert served.get(if_none_match=zipped.headers["etag"]).status == 304
    reply = served.get()
    assert reply.status == 503
    assert int(reply.headers["retry-after"]) > 0


READERS = [
    ("GET", {"user_agent": "Airbnb/1.0"}, "Airbnb"),
    ("GET", {"user_agent": "Airbnb/1.0", "if_none_match": "*"}, "Airbnb"),
    ("GET", {"user_agent": "Airbnb/1.0", "accept_encoding": "gzip"}, "Airbnb"),
    ("GET", {}, "unnamed"),
    ("HEAD", {"user_agent": "Airbnb/1.0"}, None),
    ("POST", {"user_agent": "Airbnb/1.0"}, None),
    ("GET", {"user_agent": "Vacancy/0.1"}, None),
    ("GET", {"user_agent": "Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/130 Safari"}, None),
    ("GET", {"user_agent": "SomeApp", "sec_fetch_mode": "navigate"}, None),
]


@pytest.mark.parametrize(("method", "headers", "reader"), READERS)
def test_what_is_a_reading(
    served: Served, method: str, headers: dict[str, str], reader: str | None
) -> None:
    """A whole 200 or a 304, to anything but a browser, Vacancy itself or a HEAD."""
    served.get(method=method, **headers)
    assert served.read() == ([] if reader is None else [(1, reader, 1)])


def test_a_refusal_is_no_reading(served: Served) -> None:
    """404 and 503 told nobody anything."""
    served.get("/ical/x.ics")
    served.house.mint("booking_com")
    served.cache.look(NOW)
    served.get(f"/ical/{served.house.tokens['booking_com']}.ics")
    assert served.read() == []


def long_calendar(served: Served) -> int:
    """Publish enough stays for several pieces; the length of the body."""
    served.house.publish(many(900))
    served.cache.look(NOW)
    return len(served.get(user_agent="Vacancy/0").body)


def test_a_long_body_comes_whole(served: Served) -> None:
    """In pieces, and then it is a reading."""
    assert long_calendar(served) > 3 << 16
    reply = served.get(user_agent="Airbnb/1.0")
    assert reply.pieces > 3
    assert reply.whole
    assert len(reply.body) == int(reply.headers["content-length"])
    assert served.read() == [(2, "Airbnb", 1)]


def test_a_reader_that_leaves_half_way_has_not_read(served: Served) -> None:
    """What it could not see proves nothing."""
    long_calendar(served)
    sent: list[Any] = []
    left = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) == 3:
            left.set()
            await asyncio.sleep(0)

    scope = {"type": "http", "method": "GET", "path": served.path, "headers": []}
    asyncio.run(served.app(scope, receive, send))
    assert sent[-1]["more_body"]
    assert served.read() == []


@contextmanager
def running(app: Any) -> Iterator[str]:
    """The app on uvicorn, on a free port of loopback; its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_config=None, lifespan="off", access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


def test_through_a_real_server(served: Served) -> None:
    """GET, HEAD, 304, gzip, 404 and 405 as a client on the network gets them."""
    agent = {"User-Agent": "Airbnb/1.0"}
    with running(served.app) as address, httpx2.Client(base_url=address, headers=agent) as client:
        got = client.get(served.path)
        assert got.status_code == 200
        assert got.headers["content-encoding"] == "gzip"
        assert got.text == served.get(user_agent="Vacancy/0").body.decode()
        assert client.head(served.path).headers["etag"] == got.headers["etag"]
        again = client.get(served.path, headers={"If-None-Match": got.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        plain = client.get(served.path, headers={"Accept-Encoding": "identity"})
        assert plain.content == got.content
        assert client.get("/ical/unknown.ics").status_code == 404
        refused = client.post(served.path)
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
        assert client.get("/").status_code == 418
    # The server has ended: every note is taken.
    assert served.read() == [(1, "Airbnb", 3)]
