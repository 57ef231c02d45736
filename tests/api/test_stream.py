"""The journal as server-sent events: at once, resumed, kept alive, ended, dropped."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import pytest

from api.asking import ApiHouse
from api.serving import served
from flows.serving import until
from vacancy.api.listening import MOST_OF_KEY, Patience
from vacancy.domain.events import Fact
from vacancy.domain.scopes import Role, Scope
from vacancy.services import keys
from vacancy.store import journal
from vacancy.store import keys as stored_keys

STREAM = "/v1/events/stream"
#: Seconds that a stream may last here, and what is at once beside that on a busy machine.
LONGEST, AT_ONCE = 60.0, 10.0


class Reader:
    """One open stream."""

    def __init__(self, address: str, key: str, query: str = "", last: int | None = None) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        if last is not None:
            headers["Last-Event-ID"] = str(last)
        self.connection = HTTPConnection(urlsplit(address).netloc, timeout=60)
        self.connection.request("GET", f"{STREAM}{query}", headers=headers)
        self.answer: HTTPResponse = self.connection.getresponse()

    def frame(self) -> dict[str, str]:
        """The next message, comments included, as its fields; {} when the stream has ended."""
        fields: dict[str, str] = {}
        while line := self.answer.readline().decode():
            if line == "\n":
                return fields
            name, _, value = line.rstrip("\n").partition(":")
            fields[name or "comment"] = value.strip()
        return fields

    def event(self) -> dict[str, Any]:
        """The next event; {} when the stream has ended."""
        while fields := self.frame():
            if "data" in fields:
                event = json.loads(fields["data"])
                assert (fields["id"], fields["event"]) == (str(event["sequence"]), event["type"])
                return event
        return {}

    def close(self) -> None:
        self.connection.close()


@contextlib.contextmanager
def reading(*said: Any, **more: Any) -> Iterator[Reader]:
    reader = Reader(*said, **more)
    try:
        yield reader
    finally:
        reader.close()


@pytest.fixture
def api(tmp_path: Path, database: str | None) -> Iterator[ApiHouse]:
    patience = Patience(longest=LONGEST, silent=0.3, stalled=0.5)
    house = ApiHouse(tmp_path, database=database, patience=patience)
    yield house
    house.close()


def facts(api: ApiHouse, count: int = 1, **more: Any) -> int:
    """Write so many facts; the number of the last."""
    wish = {"type": "block.created", "data": {"id": "stay_1"}, **more}
    with api.store.write() as session:
        written = [Fact(**wish) for _ in range(count)]
        return journal.append(session, api.account_id, written, api.now, api.chance)[-1]


def test_it_tells_what_happens_from_now_on(api: ApiHouse) -> None:
    """Within a second of the commit, the event as the journal has it; comments in the silence."""
    facts(api)
    with served(api) as address, reading(address, api.key) as reader:
        assert reader.answer.status == 200
        assert reader.answer.headers["Content-Type"].startswith("text/event-stream")
        assert reader.frame() == {"retry": "2000"}
        assert reader.frame() == {"comment": "still here"}
        took = []
        for _ in range(5):
            began, last = time.monotonic(), facts(api)
            event = reader.event()
            took.append(time.monotonic() - began)
            assert event == api.get("/v1/events", after=str(last - 1))["data"][0]
        assert median(took) < 1
        api.listeners.close()


def test_it_misses_nothing_that_happens_after_its_answer(
    api: ApiHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the store takes to say what was the last event before."""
    valid = stored_keys.valid

    def slowly(*said: Any) -> Any:
        time.sleep(0.2)
        return valid(*said)

    monkeypatch.setattr(stored_keys, "valid", slowly)
    with served(api) as address, reading(address, api.key) as reader:
        wanted = facts(api)
        assert reader.event()["sequence"] == wanted
        api.listeners.close()


def test_it_goes_on_where_a_reader_left_off(
    api: ApiHouse, database: str | None, tmp_path: Path
) -> None:
    """By Last-Event-ID, over a restart: nothing is missed and nothing told twice."""
    first = facts(api)
    with served(api) as address:
        with reading(address, api.key, "?after=0") as reader:
            seen = [reader.event()["sequence"] for _ in range(first)]
        api.listeners.close()
    last = facts(api, 250)
    again = ApiHouse(tmp_path, database=database, patience=Patience(longest=60))
    again.key = api.key
    with served(again) as address, reading(address, api.key, last=seen[-1]) as reader:
        while seen[-1] < last:
            seen.append(reader.event()["sequence"])
        again.listeners.close()
    again.close()
    assert seen == list(range(1, last + 1))


def test_it_lasts_no_longer_than_it_may(tmp_path: Path) -> None:
    """Its reader comes back where it was."""
    house = ApiHouse(tmp_path, patience=Patience(longest=0.5))
    last = facts(house)
    with served(house) as address, reading(address, house.key, f"?after={last - 1}") as reader:
        assert reader.event()["sequence"] == last
        assert reader.event() == {}
    house.close()


def test_it_tells_the_types_that_are_asked_for(api: ApiHouse) -> None:
    """The others are passed over."""
    with served(api) as address, reading(address, api.key, "?types=feed.gone") as reader:
        reader.frame()
        facts(api, 5)
        wanted = facts(api, type="feed.gone")
        assert reader.event()["sequence"] == wanted
        api.listeners.close()


def test_it_needs_the_scope(api: ApiHouse) -> None:
    """And a cursor that can be one."""
    blind = api.make_key(Role.OWNER, [Scope.BOOKINGS_READ])
    assert api.ask("GET", STREAM, key=blind).status_code == 403
    assert api.ask("GET", STREAM, key="vac_no").status_code == 401
    assert api.ask("GET", STREAM, after="x").status_code == 422
    assert api.ask("GET", STREAM, headers={"Last-Event-ID": "evt_1"}).status_code == 422
    assert api.ask("GET", STREAM, since="1").status_code == 422


def test_it_ends_with_its_key_and_with_the_server(api: ApiHouse) -> None:
    """A revoked key hears nothing more at once; a server that stops ends every stream."""
    other = api.make_key()
    with api.store.write() as session:
        made, _ = keys.find(session, api.account_id, 0, 50)
    key_id = next(one["id"] for one in made if one["tail"] == other[-4:])
    with served(api) as address:
        with reading(address, other) as doomed, reading(address, api.key) as reader:
            began = time.monotonic()
            with api.store.write() as session:
                keys.revoke(session, api.account_id, key_id, api.at())
            while doomed.event():
                pass
            assert reader.event()["type"] == "key.revoked"
            api.listeners.close()
            assert reader.event() == {}
            assert time.monotonic() - began < AT_ONCE
        assert api.ask("GET", STREAM).status_code == 503


def test_a_slow_reader_is_dropped(api: ApiHouse) -> None:
    """Whoever takes nothing is let go of; what is kept for them is bounded by the sockets."""
    facts(api, 3000, data={"notes": "x" * 4000})
    with served(api) as address:
        host, port = urlsplit(address).netloc.split(":")
        with socket.create_connection((host, int(port))) as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            asked = f"GET {STREAM}?after=0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.key}"
            slow.sendall(f"{asked}\r\n\r\n".encode())
            until(lambda: api.listeners.count, "it listens")
            until(lambda: not api.listeners.count, "it is let go of", LONGEST / 2)
        api.listeners.close()


def test_streams_of_one_key_are_bounded(api: ApiHouse) -> None:
    """One more than may be is refused, and the others go on."""
    with served(api) as address, contextlib.ExitStack() as stack:
        readers = [stack.enter_context(reading(address, api.key)) for _ in range(MOST_OF_KEY)]
        for reader in readers:
            reader.frame()
        refused = stack.enter_context(reading(address, api.key))
        assert refused.answer.status == 429
        api.listeners.close()
