"""Keys: what they open, for how long, and what is kept of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.asking import ApiHouse
from vacancy.access.keys import draw, well_formed
from vacancy.access.roles import ALLOWED
from vacancy.domain.scopes import Role, Scope


def test_a_key_says_who_asks(api: ApiHouse) -> None:
    """The user, the role, and what the key may do."""
    me = api.get("/v1/me")
    assert me["user"]["role"] == "owner"
    assert me["scopes"] == [scope.value for scope in Scope]


@pytest.mark.parametrize("key", ["", "vac_", "nonsense", "vac_" + "a" * 49, "ключ"])
def test_what_is_no_key_opens_nothing(api: ApiHouse, key: str) -> None:
    """401, with the way to ask."""
    headers = {"Authorization": f"Bearer {key}".encode()}
    response = api.client.get("/v1/me", headers=headers)  # type: ignore[arg-type]
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.json()["error"]["code"] == "unauthorized"


def test_a_key_checks_itself() -> None:
    """A slip of one letter is seen without asking the store."""
    key = draw(bytes)
    assert well_formed(key)
    assert not well_formed(key[:-1] + ("0" if key[-1] != "0" else "1"))
    assert not well_formed(key.replace("A", "B", 1))


def test_a_key_is_shown_once_and_kept_as_a_hash(api: ApiHouse, tmp_path: Path) -> None:
    """No answer shows it again, and no file of the installation holds it."""
    made = api.post("/v1/keys", {"name": "One", "scopes": ["calendar.read"]})
    api.post("/v1/keys", {"name": "Two", "scopes": ["calendar.read"]},
             headers={"Idempotency-Key": "k"})  # fmt: skip
    secret = made["key"]
    for path in ("/v1/keys", f"/v1/keys/{made['id']}", "/v1/events"):
        assert secret not in api.ask("GET", path).text
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert b"vac_" not in file.read_bytes().replace(b"vacancy", b"")


def test_a_new_key_may_no_more_than_its_maker(api: ApiHouse) -> None:
    """Neither by its scopes nor by its rotation."""
    strong = api.get("/v1/me")["key"]["id"]
    weak = api.make_key(scopes=[Scope.KEYS_MANAGE, Scope.CALENDAR_READ])
    wish = {"name": "More", "scopes": ["bookings.sensitive.read"]}
    for refused in (
        api.ask("POST", "/v1/keys", wish, key=weak),
        api.ask("POST", f"/v1/keys/{strong}/rotate", {}, key=weak),
    ):
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "missing_scope")


def test_a_role_bounds_every_key_of_its_user(api: ApiHouse) -> None:
    """Staff get no key to feeds, whatever is asked for at the terminal."""
    staff = api.make_key(Role.STAFF)
    assert set(api.get("/v1/me", key=staff)["scopes"]) == {s.value for s in ALLOWED[Role.STAFF]}
    assert api.ask("GET", "/v1/feeds", key=staff).status_code == 403


def test_a_rotated_key_works_for_a_day(api: ApiHouse) -> None:
    """Old and new together for 24 hours, then the new one alone."""
    made = api.post("/v1/keys", {"name": "Old", "scopes": ["calendar.read"]})
    new = api.post(f"/v1/keys/{made['id']}/rotate", {})
    again = api.ask("POST", f"/v1/keys/{made['id']}/rotate", {})
    assert again.json()["error"]["code"] == "already_rotated"
    for key in (made["key"], new["key"]):
        api.get("/v1/me", key=key)
    api.pass_time(hours=24)
    assert api.ask("GET", "/v1/me", key=made["key"]).status_code == 401
    api.get("/v1/me", key=new["key"])


def test_a_revoked_key_opens_nothing_from_then_on(api: ApiHouse) -> None:
    """The next request is refused, and both facts are in the journal."""
    made = api.post("/v1/keys", {"name": "Lost", "scopes": ["calendar.read"]})
    api.get("/v1/me", key=made["key"])
    assert api.ask("DELETE", f"/v1/keys/{made['id']}").status_code == 204
    refused = api.ask("GET", "/v1/me", key=made["key"])
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "unauthorized")
    types = [one["type"] for one in api.get("/v1/events")["data"]]
    assert types[-2:] == ["key.created", "key.revoked"]


def test_last_use_is_noted_once_a_minute(api: ApiHouse) -> None:
    """Never more than a minute behind, and no write for each request."""
    first = api.get("/v1/me")["key"]["last_used_at"]
    api.pass_time(seconds=59)
    assert api.get("/v1/me")["key"]["last_used_at"] == first == "2027-01-10T09:00:00Z"
    api.pass_time(seconds=1)
    assert api.get("/v1/me")["key"]["last_used_at"] == "2027-01-10T09:01:00Z"


def test_an_expired_key_opens_nothing(api: ApiHouse) -> None:
    """It ends at its instant."""
    wish = {"name": "Short", "scopes": ["calendar.read"], "expires_at": "2027-01-10T10:00:00Z"}
    key = api.post("/v1/keys", wish)["key"]
    api.get("/v1/me", key=key)
    api.pass_time(hours=1)
    refused = api.ask("GET", "/v1/me", key=key)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "token_expired")
    assert refused.headers["WWW-Authenticate"] == "Bearer"
