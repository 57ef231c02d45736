"""What is refused: forms of other sites, frames, tokens set by others, GETs that change."""

from __future__ import annotations

import re

import pytest

from console.browsing import PASSWORD, Browser, ConsoleHouse, text_of
from vacancy.access import login
from vacancy.console.app import ROOMS
from vacancy.domain.scopes import Role
from vacancy.services import sign_in
from vacancy.store import tables

#: Every address with something in the place of what it names, and whether anybody may come.
WAYS = [
    (way.method, re.sub(r"\{\w+\}", "nothing", way.path), way.public)
    for room in ROOMS
    for way in room.ways
]
POSTS = [path for method, path, _ in WAYS if method == "POST"]
GETS = [path for method, path, _ in WAYS if method == "GET"]


def state(house: ConsoleHouse) -> list[str]:
    """Every row of every table, but for when a browser was seen."""
    found = []
    with house.store.read() as session:
        for name, table in sorted(tables.metadata.tables.items()):
            columns = [column for column in table.c if column.name != "seen_at"]
            found += [f"{name} {tuple(row)}" for row in session.execute(_rows(columns))]
    return sorted(found)


def _rows(columns: list[object]) -> object:
    from sqlalchemy import select

    return select(*columns)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "sent",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:8460"},
        {"Sec-Fetch-Site": "none", "Origin": ""},
        {"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "", "Origin": "null"},
        {"Sec-Fetch-Site": "", "Origin": "http://127.0.0.1:8461"},
        {"Sec-Fetch-Site": "", "Origin": ""},
    ],
    ids=lambda sent: " ".join(sent.values()),
)
def test_a_form_of_another_site_changes_nothing(
    house: ConsoleHouse, maya: Browser, sent: dict[str, str]
) -> None:
    """With whatever it says or leaves out, and although it has the right token."""
    before = state(house)
    for path in POSTS:
        answer = maya.send(path, {"form_token": maya.form_token, "theme": "dark"}, **sent)
        assert (path, answer.status_code) == (path, 403)
    assert state(house) == before


def test_an_old_browser_is_believed_by_its_origin(maya: Browser) -> None:
    """Without Sec-Fetch-Site the Origin must be ours: by the address asked, or by public_url."""
    form = {"form_token": maya.form_token, "theme": "dark"}
    answer = maya.send("/you/preferences", form, **{"Sec-Fetch-Site": ""})
    assert answer.status_code == 303


@pytest.mark.parametrize("token", ["", "0" * 128, "é", None])
def test_a_form_without_its_token_changes_nothing(
    house: ConsoleHouse, maya: Browser, token: str | None
) -> None:
    """None, a wrong one, one of another browser, or a browser's own token."""
    other = house.host("Rui")
    for wrong in (token or "", other.form_token, maya.token):
        before = state(house)
        for method, path, public in WAYS:
            if method == "POST" and not public:
                answer = maya.send(path, {"form_token": wrong, "theme": "dark"})
                assert (path, answer.status_code) == (path, 403)
                assert "too old" in text_of(answer.text)
        assert state(house) == before


def test_a_body_that_is_no_form_is_refused(maya: Browser) -> None:
    """JSON, as any site can have it sent, is not read at all."""
    answer = maya.client.post(
        "/you/preferences", json={"theme": "dark"}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert answer.status_code == 415


def test_looking_changes_nothing(house: ConsoleHouse, maya: Browser) -> None:
    """No address does anything when it is looked at, with a query or without."""
    before = state(house)
    for path in GETS:
        for query in ("", "?theme=dark&language=es&form_token=1&note=x"):
            assert maya.ask(path + query).status_code < 500
    for path in POSTS:
        assert maya.ask(path).status_code in (200, 303, 404)
    assert state(house) == before


def test_every_page_forbids_frames_scripts_and_keeping(maya: Browser, house: ConsoleHouse) -> None:
    """Whether it is a page, a refusal or a way elsewhere."""
    answers = [maya.ask(path) for path in (*GETS, "/nowhere")]
    answers += [maya.send("/you/preferences", {}), house.browser().ask("/you")]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers.get_list("referrer-policy") == ["same-origin"]
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"


def test_no_page_needs_what_the_policy_forbids(maya: Browser) -> None:
    """No inline script, style or handler, nothing from elsewhere."""
    for path in (*GETS, "/nowhere"):
        html = maya.ask(path).text
        assert re.findall(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", html) == []
        assert re.findall(r'(?:src|href|action)="(?:https?:)?//', html) == []


def test_every_form_has_its_token(maya: Browser) -> None:
    """On every page of who is signed in; another on each, so that its size tells nothing."""
    tokens: set[str] = set()
    for path in GETS:
        for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", maya.ask(path).text, re.S):
            if "/sign-in" not in form:
                (token,) = re.findall(r'name="form_token" value="([0-9a-f]+)"', form)
                assert login.is_form_token(token, maya.token)
                tokens.add(token)
    assert len(tokens) > 1


def test_a_cookie_is_bound_to_its_host_over_https(house: ConsoleHouse) -> None:
    """With its prefix and Secure where the world comes by HTTPS; never open to scripts."""
    house.make_user()
    plain = house.browser()
    plain.sign_in()
    (cookie,) = plain.sign_in().headers.get_list("set-cookie")
    assert cookie.startswith("vacancy_session=")
    assert "httponly" in cookie.lower()
    assert "samesite=lax" in cookie.lower()
    house.settings = house.settings.model_copy(
        update={
            "server": house.settings.server.model_copy(
                update={"public_url": "https://stay.example.test"}
            )
        }
    )
    (cookie,) = house.browser().sign_in().headers.get_list("set-cookie")
    assert cookie.startswith("__Host-vacancy_session=")
    assert {"secure", "httponly", "path=/", "samesite=lax"} <= {*cookie.lower().split("; ")}
    assert "domain" not in cookie.lower()


def test_a_token_that_somebody_set_is_worth_nothing(house: ConsoleHouse) -> None:
    """Who signs in gets a new one, and the one before works no more."""
    house.make_user()
    browser = house.browser()
    browser.has("vacancy_session", "chosen-by-somebody")
    browser.sign_in()
    first = browser.token
    assert first != "chosen-by-somebody"
    browser.sign_in()
    assert browser.token != first
    thief = house.browser()
    thief.has("vacancy_session", first)
    assert thief.ask("/you").status_code == 303


def test_nobody_else_writes_the_note(maya: Browser) -> None:
    """A note is shown once, and only as it was written."""
    shown = maya.done("/you/preferences", theme="dark")
    assert 'data-theme="dark"' in shown
    answer = maya.post("/you/browsers/sin_none/end")
    assert "That browser is signed out." in text_of(maya.see("/you"))
    assert "That browser is signed out." not in text_of(maya.see("/you"))
    assert answer.headers["location"] == "/you"
    for forged in ("abc.WyJiYWQiLCAiZmFsc2UiXQ==", "x", "."):
        maya.has("vacancy_note", forged)
        assert "false" not in text_of(maya.see("/you"))


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "/\\evil.example", "https://evil.example", "evil", "/a\nb", "/sign-in"],
)
def test_signing_in_goes_nowhere_else(house: ConsoleHouse, wanted: str) -> None:
    """The wanted page is one of ours, or the first."""
    house.make_user()
    answer = house.browser().post("/sign-in", name="Maya", password=PASSWORD, next=wanted)
    assert answer.headers["location"] == "/"


def test_who_is_not_signed_in_gets_nothing(house: ConsoleHouse) -> None:
    """Every page sends them to the door; a script is told 401."""
    browser = house.browser()
    for method, path, public in WAYS:
        if public:
            continue
        answer = browser.ask(path) if method == "GET" else browser.post(path)
        assert (path, answer.status_code) == (path, 303)
        assert answer.headers["location"].startswith("/sign-in")
    assert browser.ask("/you", **{"X-Fragment": "a"}).status_code == 401
    assert browser.ask("/live").status_code == 401


def test_every_page_is_open_to_just_the_roles_of_its_scope(house: ConsoleHouse) -> None:
    """The matrix of the API decides, for pages and for forms."""
    from vacancy.access.roles import ALLOWED

    for role in (Role.OWNER, Role.MANAGER, Role.STAFF):
        browser = house.host(role.value, role)
        for room in ROOMS:
            for way in room.ways:
                path = re.sub(r"\{\w+\}", "nothing", way.path)
                if way.public or path.startswith("/sign-out"):
                    continue
                answer = browser.ask(path) if way.method == "GET" else browser.post(path)
                allowed = way.scope is None or way.scope in ALLOWED[role]
                assert (way.name, answer.status_code == 403) == (way.name, not allowed)


def test_hostile_text_is_shown_as_text(house: ConsoleHouse) -> None:
    """A name that is markup, a template or a script."""
    name = "<script>alert(1)</script>{{7*7}}\"'%(x)s"
    browser = house.host(name)
    page = browser.see("/you")
    assert "<script>alert" not in page
    assert name in text_of(page)


def test_a_page_says_no_more_than_it_must_when_something_breaks(
    house: ConsoleHouse, maya: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page with the request's id, and no word of what broke."""

    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(sign_in, "browsers", broken)
    answer = maya.ask("/you")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert answer.headers["x-request-id"] in answer.text


def test_tokens_are_kept_as_hashes_alone(house: ConsoleHouse, maya: Browser) -> None:
    """No row holds what a browser has, nor a password."""
    rows = "\n".join(state(house))
    assert maya.token not in rows
    assert PASSWORD not in rows
    assert login.hashed(maya.token) in rows
    assert "$argon2id$" in rows
