"""Coming into the console, and being put out of it."""

from __future__ import annotations

import pytest

from console.browsing import PASSWORD, Browser, ConsoleHouse, text_of
from vacancy.access import login
from vacancy.domain.scopes import Role
from vacancy.services import sign_in
from vacancy.store.tables import User

NEW = "four words for maya"


def link(house: ConsoleHouse, name: str | None = None) -> str:
    """The path of a new one-time link."""
    with house.store.write() as session:
        token = (
            sign_in.first_link(session, house.account_id, house.at())
            if name is None
            else sign_in.link_for(session, house.account_id, name, house.at())
        )
    return f"/set-up/{token}"


def nobody_is_here(house: ConsoleHouse) -> None:
    """Take out the user of the house's API key."""
    from sqlalchemy import delete

    from vacancy.store.tables import ApiKey

    with house.store.write() as session:
        session.execute(delete(ApiKey))
        session.execute(delete(User))


def test_who_is_not_signed_in_is_asked_who_they_are(house: ConsoleHouse) -> None:
    """And comes to the page that they wanted."""
    browser = house.browser()
    answer = browser.ask("/you?a=1")
    assert answer.headers["location"] == "/sign-in?next=%2Fyou%3Fa%3D1"
    house.make_user()
    assert 'value="/you"' in browser.see("/sign-in?next=/you")
    answer = browser.post("/sign-in", name="Maya", password=PASSWORD, next="/you")
    assert answer.headers["location"] == "/you"
    assert "Maya" in text_of(browser.see("/you"))
    assert browser.ask("/sign-in").headers["location"] == "/"


def test_a_wrong_password_and_an_unknown_name_are_told_alike(house: ConsoleHouse) -> None:
    """The name that was typed stays, the password does not."""
    house.make_user()
    pages = []
    for name in ("Maya", "Nobody"):
        answer = house.browser().post("/sign-in", name=name, password="not hers at all")
        assert answer.status_code == 422
        assert f'value="{name}"' in answer.text
        assert "not hers at all" not in answer.text
        pages.append(text_of(answer.text))
    assert pages[0] == pages[1]
    assert "do not belong together" in pages[0]


def test_an_unknown_name_costs_as_much_as_a_known_one(
    house: ConsoleHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One hash is computed for each try, whoever it is that tries."""
    house.make_user()
    house.make_user("Rui")
    with house.store.write() as session:
        sign_in.reset(session, house.account_id, "Rui", house.at())
    tried = []
    genuine = login._HASHER.verify_and_update
    monkeypatch.setattr(
        login._HASHER, "verify_and_update", lambda *a: tried.append(a) or genuine(*a)
    )
    for name in ("Maya", "Nobody", "Rui"):
        house.browser().post("/sign-in", name=name, password="wrong wrong wrong")
    assert len(tried) == 3
    assert all(kept.startswith("$argon2id$v=19$m=65536,t=3") for _, kept in tried)


def test_a_name_has_five_tries(house: ConsoleHouse) -> None:
    """Then even the right password waits, wherever it comes from; a quarter of an hour later not.

    Somebody else is not kept out, and who succeeds has five again.
    """
    house.make_user()
    house.make_user("Rui")
    for at in range(4):
        answer = house.browser(address=f"192.0.2.{at}").sign_in("Maya", "wrong wrong wrong")
        assert answer.status_code == 422
    assert house.browser().sign_in("maya").status_code == 422  # names are told apart by case
    answer = house.browser(address="198.51.100.7").sign_in("Maya")
    assert answer.status_code == 429
    assert "Too many tries" in text_of(answer.text)
    assert house.browser().sign_in("Rui").status_code == 303
    house.pass_time(minutes=15, seconds=1)
    assert house.browser().sign_in("Maya").status_code == 303
    for _ in range(4):
        house.browser().sign_in("Maya", "wrong wrong wrong")
    assert house.browser().sign_in("Maya").status_code == 303
    assert house.browser().sign_in("Maya", "wrong wrong wrong").status_code == 422


def test_an_address_has_twenty_tries(house: ConsoleHouse) -> None:
    """Of any names; a network of IPv6 is one address."""
    house.make_user()
    for at in range(20):
        with house.store.write() as session:
            sign_in.admit(session, f"Guess {at}", f"2001:db8::{at:x}", house.at())
    assert house.browser(address="2001:db8::ffff").sign_in().status_code == 429
    assert house.browser(address="2001:db8:0:1::1").sign_in().status_code == 303


def test_tries_are_counted_across_restarts(house: ConsoleHouse) -> None:
    """They are in the store, and no more of them than are needed."""
    house.make_user()
    for _ in range(9):
        house.browser().sign_in("Maya", "wrong wrong wrong")
    from sqlalchemy import func, select

    from vacancy.store.tables import SignInTry

    with house.store.read() as session:
        assert session.execute(select(func.count()).select_from(SignInTry)).scalar_one() == 10


def test_the_first_one_here_becomes_the_owner(house: ConsoleHouse) -> None:
    """Once: by then the link is used up, and a program that looks at it uses nothing up."""
    nobody_is_here(house)
    path = link(house)
    browser = house.browser()
    for _ in range(3):
        assert "become the owner" in text_of(browser.see(path))
    short = browser.post(path, name="Maya", password="short")
    assert short.status_code == 422
    assert 'value="Maya"' in short.text
    assert browser.post(path, name=" ", password=NEW).status_code == 422
    page = browser.done(path, name="Maya", password=NEW)
    assert "no longer works" in text_of(page)
    assert "Owner" in text_of(browser.see("/you"))
    late = house.browser()
    assert late.ask(path).status_code == 404
    assert late.post(path, name="Eve", password=NEW).status_code == 404
    assert late.sign_in("Maya", NEW).status_code == 303


def test_a_newer_link_ends_the_one_before_and_a_day_ends_both(house: ConsoleHouse) -> None:
    """So does the first user of an installation, however they came."""
    house.make_user()
    old, new = link(house, "Maya"), link(house, "Maya")
    assert house.browser().ask(old).status_code == 404
    assert house.browser().ask(new).status_code == 200
    house.pass_time(hours=24)
    assert house.browser().ask(new).status_code == 404
    nobody = "/set-up/" + "A" * 43
    assert house.browser().ask(nobody).status_code == 404


def test_a_link_for_a_user_sets_their_password(house: ConsoleHouse) -> None:
    """The old password and every browser of theirs are over; the name is not theirs to choose."""
    maya = house.host()
    path = link(house, "Maya")
    browser = house.browser()
    assert "Welcome, Maya" in text_of(browser.see(path))
    browser.done(path, name="Eve", password=NEW)
    assert "Maya" in text_of(browser.see("/you"))
    assert maya.ask("/you").status_code == 303
    assert house.browser().sign_in("Maya").status_code == 422
    assert house.browser().sign_in("Maya", NEW).status_code == 303


@pytest.mark.parametrize(
    "password", ["elevenchars", "aaaaaaaaaaaaaaa", "x" * 201, "  Maya the Host "]
)
def test_a_weak_password_is_refused(house: ConsoleHouse, password: str) -> None:
    """Too short, too long, hardly any letters, or the name itself."""
    house.make_user("Maya the Host")
    answer = house.browser().post(link(house, "Maya the Host"), password=password)
    assert answer.status_code == 422
    assert "12 to 200" in text_of(answer.text)


def test_a_program_has_no_password(house: ConsoleHouse) -> None:
    """There is no link for the role of programs."""
    from vacancy.services import keys

    with house.store.write() as session:
        keys.create_user(session, house.account_id, ("bot", None, Role.INTEGRATION), house.at())
        assert sign_in.link_for(session, house.account_id, "bot", house.at()) is None


def test_signing_out_ends_it_at_the_server(house: ConsoleHouse, maya: Browser) -> None:
    """Whoever has a copy of the token has nothing."""
    copy = house.browser()
    copy.has("vacancy_session", maya.token)
    assert copy.ask("/you").status_code == 200
    answer = maya.post("/sign-out")
    assert answer.headers["location"] == "/sign-in"
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    assert copy.ask("/you").status_code == 303


def test_one_browser_is_signed_out_or_all(house: ConsoleHouse, maya: Browser) -> None:
    """One's own; nobody signs out another user's."""
    other, third = house.browser(), house.browser()
    other.sign_in()
    third.sign_in()
    rui = house.host("Rui")
    with house.store.read() as session:
        ids = {
            browser: login.authenticate(session, browser.token, house.now)
            for browser in (other, rui)
        }
    maya.done(f"/you/browsers/{ids[rui].actor.key_id}/end")
    assert rui.ask("/you").status_code == 200
    maya.done(f"/you/browsers/{ids[other].actor.key_id}/end")
    assert other.ask("/you").status_code == 303
    assert third.ask("/you").status_code == 200
    maya.post("/sign-out/everywhere")
    assert (third.ask("/you").status_code, rui.ask("/you").status_code) == (303, 200)


def test_a_changed_password_signs_out_the_others(house: ConsoleHouse, maya: Browser) -> None:
    """The old one is asked for, counted like any try."""
    other = house.browser()
    other.sign_in()
    wrong = maya.post("/you/password", old="not this one", password=NEW)
    assert wrong.status_code == 422
    page = maya.done("/you/password", old=PASSWORD, password=NEW)
    assert "Your password is changed" in text_of(page)
    assert other.ask("/you").status_code == 303
    assert house.browser().sign_in("Maya", NEW).status_code == 303


def test_a_browser_that_is_not_seen_is_signed_out(house: ConsoleHouse, maya: Browser) -> None:
    """After two weeks; a visit begins them anew, but after 90 days it is over."""
    for _ in range(6):
        house.pass_time(days=13)
        assert maya.ask("/you").status_code == 200
    house.pass_time(days=13)
    assert maya.ask("/you").status_code == 303
    again = house.browser()
    again.sign_in()
    house.pass_time(days=14, minutes=1)
    assert again.ask("/you").status_code == 303


def test_a_reset_or_revoked_user_is_out_at_once(house: ConsoleHouse, maya: Browser) -> None:
    """The next page already is the door."""
    rui = house.host("Rui")
    with house.store.write() as session:
        assert sign_in.reset(session, house.account_id, "Maya", house.at()) == 1
        assert sign_in.revoke(session, house.account_id, "Rui", house.at()) == 1
    assert (maya.ask("/you").status_code, rui.ask("/you").status_code) == (303, 303)
    assert house.browser().sign_in("Maya").status_code == 422
    assert house.browser().sign_in("Rui").status_code == 422
