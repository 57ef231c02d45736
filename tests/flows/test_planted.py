"""What guests and secrets are, planted through every door, is looked for behind every other.

A real daemon at debug level, real feeds, webhooks, alerts and commands. Guests and addresses are
told to the right scope, and nothing lies in clear: every other find is one too many.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from flows.searching import Searcher
from flows.serving import Daemon, environment, free_port, run, serving, store_of, until
from hostile import HostileServer
from hostile_answers import calendar, event
from notifier.receiving import Receiver as Person
from vacancy.clock import SystemClock
from vacancy.domain.nights import Nights
from vacancy.domain.scopes import Role, Scope
from vacancy.services import keys
from vacancy.services.at import At
from vacancy.services.publishing import publisher
from vacancy.simulator.systems.serving import Simulated, Sold
from vacancy.simulator.systems.stayer import Stayer
from vacancy.store import accounts
from vacancy.store.session import Store, migrate, open_store
from webhook_receiver import Receiver

NOW = datetime(2027, 1, 10, 9, 0, tzinfo=UTC)

#: Entered over the API: told to keys with the sensitive scope.
GUEST = {
    "guest name": "Zorquina Amarantes",
    "guest mail": "zorquina.am@guests.example",
    "guest phone": "+351 21 555 0177",
    "guest notes": "allergic to quillfeathers",
    "changed notes": "arrives by hydrofoil",
    "guest of a source": "Philippa Quackenbush",
    "mail of a source's guest": "philippa.qq@guests.example",
    "phone of a source's guest": "+31 20 555 0190",
    "price of a source's booking": "48151.62",
}
#: Told to nobody: refused, forgotten, written by a channel, or a password.
NEVER = {
    "guest of a refused booking": "Walburga Stumpenhorst",
    "guest that was forgotten": "Ottokar Pfefferkuchen",
    "summary of a feed": "Bartholomea Ximenez",
    "description of a feed": "0049 171 9988776",
    "mail in a feed": "bartho.xim@mail.example",
    "attendee of a feed": "attendee.qqz@mail.example",
    "comment of a feed": "Codeword Marzipankartoffel",
    "feed address in the config": "cfgtokenq8w7e6r5t4z3",
    "feed address over the API": "apitokenm1n2b3v4c5x6",
    "feed address that was changed": "newtokenp0o9i8u7z6t5",
    "feed address that was previewed": "pretokenl5k4j3h2g1f0",
    "feed address that was refused": "badtokena9s8d7f6g5h4",
    "feed address at a terminal": "clitokeny7x6c5v4b3n2",
    "address of an alert": "alertpassw0rdzz77",
    "key that opens nothing": "vac_neverwasakey0123456789",
    "key in a query": "queriedkey4242424242",
    "key of a source": "sourcekeyj8h7g6f5d4s3",
    "what a source signs with": "signingk3l4m5n6b7v8c9",
}


class Planted:
    """The house, and everything that was planted in it."""

    def __init__(
        self, folder: Path, port: int, server: HostileServer, hook: Receiver, web: Simulated
    ) -> None:
        self.folder = folder
        self.web = web
        self.port = port
        self.server = server
        self.hook = hook
        self.words = {**GUEST, **NEVER}
        self.needs: dict[str, set[Scope]] = {
            name: {Scope.BOOKINGS_READ, Scope.BOOKINGS_SENSITIVE_READ} for name in GUEST
        }
        self.answers: list[tuple[str, str]] = []
        with store_of(folder) as store:
            self.keys = _make_keys(store)
        self.key = next(key for key, scopes in self.keys.items() if len(scopes) == len(Scope))
        for number, key in enumerate(self.keys):
            self.words[f"key {number}"] = key

    def ask(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, **query: str
    ) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            target = path + ("?" + urlencode(query) if query else "")
            content = None if body is None else json.dumps(body)
            headers = {
                "Authorization": f"Bearer {key or self.key}",
                "Content-Type": "application/json",
                "Idempotency-Key": secrets.token_hex(),
            }
            connection.request(method, target, content, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def make(self, path: str, body: Any = None) -> dict[str, Any]:
        status, answer = self.ask("POST", path, {} if body is None else body)
        assert status in (200, 201, 202), answer
        return json.loads(answer)

    def keep(self, name: str, word: str, *needs: Scope) -> None:
        """A secret that the house has made; `needs`: the scope that it is told to."""
        self.words[name] = word
        if needs:
            self.needs[name] = {*needs}

    def allowed(self, scopes: set[Scope]) -> set[str]:
        return {name for name, needs in self.needs.items() if needs <= scopes}


def _make_keys(store: Store) -> dict[str, set[Scope]]:
    """A key of every role, of every scope alone, and with all of an owner's but one."""
    wishes: list[tuple[Role, list[Scope] | None]] = [(role, None) for role in Role]
    wishes += [(Role.OWNER, [scope]) for scope in Scope]
    wishes += [(Role.OWNER, [one for one in Scope if one is not scope]) for scope in Scope]
    at = At(NOW, secrets.token_bytes, publisher(secrets.token_bytes))
    made: dict[str, set[Scope]] = {}
    with store.write() as session:
        account = accounts.the_account(session).id
        for number, (role, scopes) in enumerate(wishes):
            user = keys.create_user(session, account, (f"user {number}", None, role), at)
            told = keys.create(session, account, keys.Wish(user["id"], "one", scopes), None, at)
            made[told["key"]] = {Scope(one) for one in told["scopes"]}
    return made


def body_of_feed() -> bytes:
    """A channel that writes what it knows of its guests into every place that may hold it."""
    return calendar(
        event(
            "furtive-1@channel.test",
            "20270203",
            "20270205",
            f"SUMMARY:Reserved - {NEVER['summary of a feed']}",
            f"DESCRIPTION:{NEVER['description of a feed']}\\n{NEVER['mail in a feed']}",
            f"ATTENDEE;CN=Guest:mailto:{NEVER['attendee of a feed']}",
            f"COMMENT:{NEVER['comment of a feed']}",
        ),
        event("furtive-2@channel.test", "20270310", "20270301", "SUMMARY:backwards"),
    )


@contextmanager
def a_house(folder: Path) -> Iterator[tuple[Planted, Daemon, Person]]:
    port, person = free_port(), Person()
    books = Stayer(
        SystemClock(NOW),
        key=NEVER["key of a source"],
        secret=NEVER["what a source signs with"],
    )
    web = Simulated(books)
    with HostileServer({}) as server, Receiver() as hook, person.open(), web.running():
        server.serve("/furtive.ics", body_of_feed())
        alerts = person.address.replace("secretpath", NEVER["address of an alert"])
        url = server.url(f"/furtive.ics?t={NEVER['feed address in the config']}")
        (folder / "vacancy.toml").write_text(
            f'[server]\nlisten = "127.0.0.1:{port}"\nlog = "json"\nlog_level = "debug"\n'
            f'[network]\nallow_private = ["{server.origin}", "{hook.origin}", "{web.authority}"]\n'
            "[api]\nreads = 1000000\nwrites = 1000000\n"
            f'[alerts]\nto = ["{alerts}"]\n'
            '[[units]]\nslug = "sea-view"\ntimezone = "Europe/Rome"\n'
            f'[units.feeds]\nother = {{ url = "{url}", channel = "other" }}\n'
        )
        done = run(folder, "config", "apply", VACANCY_NOW=NOW.isoformat())
        assert done.returncode == 0, done.stderr
        house = Planted(folder, port, server, hook, web)
        with serving(folder, port, VACANCY_NOW=NOW.isoformat()) as daemon:
            yield house, daemon, person


def plant(house: Planted) -> None:
    """Through every door that takes a guest, an address or a secret."""
    hook = {"url": house.hook.url("/hook/hookpathq1w2e3r4t5")}
    made = house.make("/v1/webhooks", hook)
    house.keep("webhook's address", "hookpathq1w2e3r4t5", Scope.WEBHOOKS_READ)
    house.keep("webhook's secret", made["secret"].removeprefix("whsec_"))
    again = house.make(f"/v1/webhooks/{made['id']}/rotate-secret")
    house.keep("webhook's new secret", again["secret"].removeprefix("whsec_"))
    plant_guests(house)
    plant_feeds(house)
    plant_a_source(house)
    export = json.loads(house.ask("GET", "/v1/exports")[1])["data"][0]
    new = house.make(f"/v1/exports/{export['id']}/rotate")
    house.keep("export's former token", token_of(export["url"]))
    house.keep("export's token", token_of(new["url"]), Scope.EXPORTS_READ)
    key = house.make("/v1/keys", {"name": "made", "scopes": ["calendar.read"]})
    house.keep("key over the API", key["key"])
    house.keep("rotated key", house.make(f"/v1/keys/{key['id']}/rotate")["key"])
    refused = house.ask("GET", "/v1/me", key=NEVER["key that opens nothing"])
    queried = house.ask("GET", "/v1/units", api_key=NEVER["key in a query"])
    house.answers += [("unauthorized", refused[1]), ("queried", queried[1])]
    assert (refused[0], queried[0]) == (401, 422)


def plant_guests(house: Planted) -> None:
    nights = {"unit_id": "sea-view", "arrival": "2027-02-04", "departure": "2027-02-06"}
    names = ("name", "email", "phone", "notes")
    guest = dict(zip(names, list(GUEST.values())[:4], strict=True))
    made = house.make("/v1/bookings", {**nights, "departure": "2027-02-05", "guest": guest})
    path = f"/v1/bookings/{made['id']}"
    changed = house.ask("PATCH", path, {"guest": {"notes": GUEST["changed notes"]}})
    assert changed[0] == 200
    del house.needs["guest notes"]  # changed: nobody is told what they were
    forgotten = {"arrival": "2027-04-01", "departure": "2027-04-03"}
    wish = {**nights, **forgotten, "guest": {"name": NEVER["guest that was forgotten"]}}
    one = house.make("/v1/bookings", wish)
    assert house.ask("PATCH", f"/v1/bookings/{one['id']}", {"guest": None})[0] == 200
    wish = {**nights, "guest": {"name": NEVER["guest of a refused booking"]}}
    for method, where, body in (
        ("POST", "/v1/bookings", wish),
        ("POST", "/v1/bookings", {**wish, "guest": {"email": NEVER["guest of a refused booking"]}}),
        ("PATCH", path, {"guest": {"phone": NEVER["guest of a refused booking"]}}),
    ):
        status, answer = house.ask(method, where, body)
        assert status in (409, 422)
        house.answers.append((f"refused {method}", answer))
    house.make("/v1/holds", {**nights, "arrival": "2027-05-01", "departure": "2027-05-03"})
    house.make("/v1/blocks", {**nights, "arrival": "2027-06-01", "departure": "2027-06-03"})
    house.make("/v1/booking-parameters", {"key": "cleaner", "name": "Who cleans"})


def plant_feeds(house: Planted) -> None:
    address = f"/furtive.ics?t={NEVER['feed address over the API']}"
    unit = json.loads(house.ask("GET", "/v1/units")[1])["data"][0]["id"]
    wish = {"unit_id": unit, "channel": "vrbo", "url": house.server.url(address)}
    feed = house.make("/v1/feeds", wish)
    moved = house.server.url(f"/furtive.ics?t={NEVER['feed address that was changed']}")
    assert house.ask("PATCH", f"/v1/feeds/{feed['id']}", {"url": moved})[0] == 200
    previewed = house.server.url(f"/furtive.ics?t={NEVER['feed address that was previewed']}")
    for path, url, status in (
        ("/v1/feeds/preview", previewed, 200),
        ("/v1/feeds/preview", f"http://127.0.0.1:9/{NEVER['feed address that was refused']}", 200),
        ("/v1/feeds", f"ftp://channel.test/{NEVER['feed address that was refused']}", 422),
    ):
        body = {"url": url} if "preview" in path else {**wish, "url": url}
        told = house.ask("POST", path, body)
        assert told[0] == status, told
        house.answers.append((f"POST {path}", told[1]))


def plant_a_source(house: Planted) -> None:
    """A booking system that tells of its guests, and that is told of ours."""
    books = house.web.system
    assert isinstance(books, Stayer)
    place = next(iter(books.properties))
    name, mail, phone, price = list(GUEST.values())[-4:]
    nights = Nights(date(2027, 7, 1), date(2027, 7, 4))
    books.add(Sold(place, nights, guest=name, email=mail, phone=phone, amount=Decimal(price)))
    made = house.make(
        "/v1/sources",
        {
            "kind": "stayer",
            "api_key": NEVER["key of a source"],
            "webhook_secret": NEVER["what a source signs with"],
            "base_url": house.web.url,
            "units": {place: "sea-view"},
        },
    )
    house.keep("token of a source's webhooks", made["hook_url"].rsplit("/", 1)[1], Scope.FEEDS_READ)

    def arrived() -> bool:
        wanted = {"channel": "stayer", "from_date": "2027-07-01"}
        return bool(json.loads(house.ask("GET", "/v1/bookings", **wanted)[1])["data"])

    until(arrived, "the source's booking is here")


def token_of(url: str) -> str:
    return url.rsplit("/", 1)[1].removesuffix(".ics")


def readings(house: Planted) -> list[tuple[str, str, dict[str, str]]]:
    """(operation, path, query) of every GET of the API, each for something that is there."""
    schema = json.loads(house.ask("GET", "/openapi.json")[1])
    found: list[tuple[str, str, dict[str, str]]] = []
    for path, ways in schema["paths"].items():
        if "get" not in ways:
            continue
        operation = ways["get"]
        needed = {one["name"] for one in operation.get("parameters", ()) if one.get("required")}
        dates = {"from": "2027-02-01", "to": "2027-06-04"}
        query = {name: dates[name] for name in needed & {*dates}}
        found.append((operation["operationId"], filled(house, path), query))
    return found


def filled(house: Planted, path: str) -> str:
    """The path with the id of something that is there."""
    path = path.replace("{night}", "2027-02-04")
    while named := re.search(r"(/v1/[a-z-]+)/\{\w+\}", path):
        one = first_of(house, named[1])
        path = path.replace(named[0], f"{named[1]}/{one}", 1)
    return path


def first_of(house: Planted, room: str) -> str:
    if room == "/v1/holds":  # which are found among the bookings
        return json.loads(house.ask("GET", "/v1/bookings", status="held")[1])["data"][0]["id"]
    status, answer = house.ask("GET", room)
    assert status == 200, (room, answer)
    return json.loads(answer)["data"][0]["id"]


def read_stream(house: Planted, key: str) -> bytes:
    """The journal from its first event on, as a stream tells it."""
    last = json.loads(house.ask("GET", "/v1/events", limit="100")[1])["next_cursor"]
    connection = HTTPConnection("127.0.0.1", house.port, timeout=20)
    try:
        headers = {"Authorization": f"Bearer {key}", "Last-Event-ID": "0"}
        connection.request("GET", "/v1/events/stream", headers=headers)
        answer, told = connection.getresponse(), b""
        while f"id: {last}\n".encode() not in told or not told.endswith(b"\n\n"):
            told += answer.readline()
        return told
    finally:
        connection.close()


def search_answers(house: Planted, searcher: Searcher) -> set[str]:
    """Every GET under every key; what the owner was told of it all."""
    told: set[str] = set()
    wanted = readings(house)
    assert len(wanted) > 30
    for number, (key, scopes) in enumerate(house.keys.items()):
        allowed = house.allowed(scopes)
        for name, path, query in wanted:
            if name == "stream_events":
                continue
            status, answer = house.ask("GET", path, key=key, **query)
            assert status in (200, 403), (name, answer)
            assert status == 200 or key != house.key, name
            found = searcher.search(f"{name} for key {number}", answer, allowed)
            told |= found if key == house.key else set()
        for word in (GUEST["guest name"], GUEST["guest mail"]):
            if Scope.BOOKINGS_READ in scopes:
                _, answer = house.ask("GET", "/v1/bookings", key=key, q=word)
                assert json.loads(answer)["data"] == []  # no filter tells what it may not show
    for key in (house.key, next(k for k, s in house.keys.items() if s == {Scope.ACTIVITY_READ})):
        searcher.search("stream", read_stream(house, key))
    for place, answer in house.answers:
        searcher.search(place, answer)
    return told


def search_exports(house: Planted, searcher: Searcher) -> None:
    for one in json.loads(house.ask("GET", "/v1/exports")[1])["data"]:
        status, body = house.ask("GET", "/ical/" + one["url"].rsplit("/", 1)[1])
        assert status in (200, 503)
        searcher.search(f"export {one['key']}", body)
    for path in ("/metrics", "/livez", "/readyz", "/docs", "/openapi.json"):
        searcher.search(path, house.ask("GET", path)[1])


COMMANDS = [
    "status", "calendar", "bookings", "events", "conflicts", "explain sea-view 2027-02-04",
    "exports", "keys list", "users list", "config check", "config diff", "db check", "doctor",
    "sources list", "sources check stayer", "poll", "step", "conflicts show {conflict}",
]  # fmt: skip
_RUN_ALL = """
import json, sys
from vacancy.cli.app import run
for words in json.load(sys.stdin):
    print("$", words[0], run(words), flush=True)
"""


def search_commands(house: Planted, searcher: Searcher) -> None:
    """All that a host may run, for people and for programs, in one process."""
    conflict = first_of(house, "/v1/conflicts")
    address = house.server.url(f"/furtive.ics?t={NEVER['feed address at a terminal']}")
    lines = [line.format(conflict=conflict).split() for line in COMMANDS]
    lines = [*lines, *([*line, "--json"] for line in lines), ["check", address], ["db", "backup"]]
    done = subprocess.run(
        [sys.executable, "-c", _RUN_ALL],
        input=json.dumps(lines),
        cwd=house.folder,
        env=environment(VACANCY_NOW="2027-01-10T10:00:00Z"),
        capture_output=True,
        text=True,
        timeout=150,
        check=True,
    )
    assert done.stdout.count("\n$ ") >= len(lines) - 1
    told = searcher.search("commands", done.stdout, {"export's token"})
    assert told == {"export's token"}
    searcher.search("what commands say beside", done.stderr)


@pytest.mark.timeout(400)
def test_what_is_planted_is_found_nowhere_but_where_it_belongs(tmp_path: Path) -> None:
    """0 finds in answers, events, streams, webhooks, alerts, exports, logs, figures, commands and
    files; and the keys that may know are told."""
    with a_house(tmp_path) as (house, daemon, person):
        plant(house)
        daemon.has_logged("feed.polled", feed="vrbo")
        until(lambda: person.messages, "a person is alerted")
        until(lambda: house.hook.sent, "a program is told")
        assert len(house.words) > 20
        searcher = Searcher(house.words)
        told = search_answers(house, searcher)
        assert told == {*house.needs}
        search_exports(house, searcher)
        search_commands(house, searcher)
        for sent in house.hook.sent:
            searcher.search("webhook", sent.body + str(sent.headers).encode())
        searcher.search("alerts", json.dumps(person.messages))
        searcher.search("log", daemon.output)
        assert daemon.logged("feed.polled", outcome="fresh")
        with store_of(tmp_path) as store:
            searcher.search_store(store)
            searcher.search_files(tmp_path, but=["vacancy.toml"])
            assert list(tmp_path.rglob("*.db-wal"))
        assert searcher.finds == []
        assert searcher.searched > 1000


def test_the_searcher_sees_what_lies_open(sqlite_url: str, tmp_path: Path) -> None:
    """In a column, packed or coded, in a file, in an answer to the wrong key: each is a find."""
    word = "Zorquina \u00c4marantes"
    searcher = Searcher({"guest": word, "other": "nothing of it"})
    store = open_store(sqlite_url)
    migrate(store)
    for packed in (
        word.encode(),
        b"x" + word.upper().encode(),
        json.dumps({"name": word}).encode(),
        word.encode().hex().encode(),
        zlib.compress(f"SUMMARY:{word}".encode()),
        *(base64.b64encode(b"ab"[:before] + word.encode() + b"xyz") for before in range(3)),
    ):
        assert searcher.names_in(packed) == {"guest"}
    with store.write() as session:
        session.execute(
            text("INSERT INTO account (id, name, sequence, created_at) VALUES ('a', :name, 0, 0)"),
            {"name": word},
        )
    searcher.search_store(store)
    assert searcher.finds == ["guest in column account.name"]
    searcher.search_files(tmp_path)
    assert [one for one in searcher.finds if one.startswith("guest in file vacancy.db")]
    store.close()
    before = len(searcher.finds)
    assert searcher.search("an answer", word, allowed=["guest"]) == {"guest"}
    assert len(searcher.finds) == before
    searcher.search("an answer", word)
    assert searcher.finds[-1] == "guest in an answer"
