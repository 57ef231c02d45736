"""A real daemon that is killed between what a request did and its answer: done once, told again."""

from __future__ import annotations

import http.client
import json
import secrets
import signal
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flows.serving import free_port, run, serving, store_of
from vacancy import failpoints
from vacancy.domain.scopes import Role
from vacancy.services import keys
from vacancy.services.at import At
from vacancy.services.publishing import publisher
from vacancy.store import accounts

NOW = datetime(2027, 1, 10, 9, 0, tzinfo=UTC)
WISH = {"unit_id": "sea-view", "arrival": "2027-02-03", "departure": "2027-02-05"}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    replayed: bool
    body: dict[str, Any]


def a_house(folder: Path, port: int) -> str:
    """A unit in a config, and an owner's key."""
    (folder / "vacancy.toml").write_text(
        f'[server]\nlisten = "127.0.0.1:{port}"\n'
        '[[units]]\nslug = "sea-view"\ntimezone = "Europe/Rome"\n'
    )
    done = run(folder, "step", VACANCY_NOW=NOW.isoformat())
    assert done.returncode == 0, done.stderr
    with store_of(folder) as store, store.write() as session:
        at = At(NOW, secrets.token_bytes, publisher(secrets.token_bytes))
        account_id = accounts.the_account(session).id
        user = keys.create_user(session, account_id, ("seller", None, Role.OWNER), at)
        wish = keys.Wish(user["id"], "seller")
        return keys.create(session, account_id, wish, None, at)["key"]


def ask(port: int, key: str, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers |= {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, headers)
        answer = connection.getresponse()
        replayed = answer.headers.get("X-Idempotent-Replayed") == "true"
        return Answer(answer.status, replayed, json.loads(answer.read()))
    finally:
        connection.close()


@pytest.mark.timeout(240)
def test_killed_between_effect_and_answer(tmp_path: Path) -> None:
    """Whoever asks again with the same key, after a restart, gets the answer of the one booking:
    the recorded one where it was done, a first one where it was not."""
    port = free_port()
    key = a_house(tmp_path, port)
    told: dict[str, Answer] = {}
    for place, point in enumerate(failpoints.ANSWERING_POINTS):
        wish = {**WISH, "arrival": f"2027-0{place + 2}-03", "departure": f"2027-0{place + 2}-05"}
        again = {"Idempotency-Key": point}
        now = {"VACANCY_NOW": NOW.isoformat()}
        with serving(tmp_path, port, VACANCY_FAILPOINT=f"{point}:kill", **now) as daemon:
            with pytest.raises((http.client.HTTPException, ConnectionError)):
                ask(port, key, "POST", "/v1/bookings", wish, **again)
            assert daemon.ended() == -signal.SIGKILL
        with serving(tmp_path, port, **now) as daemon:
            told[point] = ask(port, key, "POST", "/v1/bookings", wish, **again)
            assert ask(port, key, "POST", "/v1/bookings", wish, **again).body == told[point].body
            other = ask(port, key, "POST", "/v1/bookings", {**wish, "guest": None}, **again)
            assert (other.status, other.body["error"]["code"]) == (422, "idempotency_key_reused")
            assert booked(port, key, wish["arrival"]) == [told[point].body["id"]]
            assert daemon.stop() == 0
    assert [one.status for one in told.values()] == [201, 201]
    assert [one.replayed for one in told.values()] == [False, True]


def booked(port: int, key: str, arrival: str) -> list[str]:
    """The bookings that begin on this day."""
    found = ask(port, key, "GET", "/v1/bookings").body["data"]
    return [one["id"] for one in found if one["arrival"] == arrival]
