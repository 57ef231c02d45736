"""Users and keys at the terminal: the first owner, and what a key may."""

from __future__ import annotations

from cli.conftest import Host


def test_the_first_owner_gets_a_key_that_is_shown_once(host: Host) -> None:
    """Before, the list says how to make one; afterwards nothing shows the key again."""
    assert "vacancy users create --role owner NAME" in host.run("users", "list").out
    made = host.run("users", "create", "--role", "owner", "Ann", "--json").document
    assert made["key"].startswith("vac_")
    assert (made["name"], made["role"]) == ("Ann", "owner")
    for words in (("users", "list"), ("keys", "list"), ("keys", "list", "--json")):
        ran = host.run(*words)
        assert made["key"] not in ran.out
        assert ran.code == 0
    again = host.run("users", "create", "Ann")
    assert (again.code, again.out) == (1, "")


def test_a_key_may_no_more_than_the_role_of_its_user(host: Host) -> None:
    """Scopes are named one by one, or all of the role's are given."""
    host.run("users", "create", "--role", "staff", "Rui")
    plain = host.run("keys", "create", "Rui", "--json").document
    assert "bookings.write" in plain["scopes"]
    assert "feeds.read" not in plain["scopes"]
    few = host.run("keys", "create", "Rui", "--scope", "calendar.read", "--json").document
    assert few["scopes"] == ["calendar.read"]
    refused = host.run("keys", "create", "Rui", "--scope", "keys.manage")
    assert (refused.code, refused.out) == (1, "")
    assert "keys.manage" in refused.err


def test_a_key_is_rotated_and_revoked(host: Host) -> None:
    """The old one names the new one and its end; a revoked one is listed no more."""
    host.run("users", "create", "Ann")
    (old,) = host.run("keys", "list", "--json").document["data"]
    new = host.run("keys", "rotate", old["id"], "--json").document
    known = {one["id"]: one for one in host.run("keys", "list", "--json").document["data"]}
    assert known[old["id"]]["replaced_by"] == new["id"]
    assert known[old["id"]]["expires_at"] is not None
    host.run("keys", "revoke", old["id"])
    assert [one["id"] for one in host.run("keys", "list", "--json").document["data"]] == [new["id"]]


def test_a_new_person_gets_a_link_into_the_console(host: Host) -> None:
    """It works once, for a day; a program gets none, and `reset` ends all and makes another."""
    ann = host.run("users", "create", "Ann")
    assert ann.out.startswith("vac_")
    assert "http://127.0.0.1:8460/set-up/" in ann.err
    made = host.run("users", "create", "Rui", "--role", "staff", "--json").document
    assert made["link"].startswith("http://127.0.0.1:8460/set-up/")
    bot = host.run("users", "create", "bot", "--role", "integration", "--json").document
    assert bot["link"] is None
    reset = host.run("users", "reset", "Rui", "--json").document
    assert reset["revoked"] == 1
    assert reset["link"].startswith("http://127.0.0.1:8460/set-up/")
    assert reset["link"] != made["link"]
    assert "set-up/" in host.run("users", "reset", "Ann").err


def test_a_revoked_user_opens_nothing_more(host: Host) -> None:
    """They are listed no more, and get neither key nor link; their name stays taken."""
    host.run("users", "create", "Ann")
    host.run("users", "create", "Rui")
    assert host.run("users", "revoke", "Rui", "--json").document == {"user": "Rui", "revoked": 1}
    listed = host.run("users", "list", "--json").document["data"]
    assert [one["name"] for one in listed] == ["Ann"]
    assert len(host.run("keys", "list", "--json").document["data"]) == 1
    assert host.run("keys", "create", "Rui").code == 1
    assert host.run("users", "reset", "Rui", "--json").document["link"] is None
    assert host.run("users", "create", "Rui").code == 1


def test_serve_prints_a_link_while_nobody_is_here(host: Host) -> None:
    """For the first one to become the owner."""
    from vacancy.cli.house import open_house
    from vacancy.cli.running import _greet

    for expected in (True, False):
        host.capsys.readouterr()
        with open_house(None) as house:
            _greet(house)
        assert ("/set-up/" in host.capsys.readouterr().err) is expected
        host.run("users", "create", "Ann")
