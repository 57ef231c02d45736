"""Who is signed in, once-only links and counted tries, on each database."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from vacancy.access import login
from vacancy.domain.errors import Refused
from vacancy.domain.scopes import Role
from vacancy.services import keys, sign_in
from vacancy.services.at import At
from vacancy.store import accounts, sessions
from vacancy.store.session import Store

NOW = datetime(2027, 1, 10, 9, 0, tzinfo=UTC)


def at(now: datetime = NOW, seed: int = 3) -> At:
    return At(now, random.Random(f"{now} {seed}").randbytes, lambda *_: None)


@pytest.fixture
def account_id(store: Store) -> str:
    """The account of a store that is settled in."""
    with store.write() as session:
        accounts.settle_in(session, NOW, random.Random(1).randbytes)
        return accounts.the_account(session).id


def a_user(store: Store, account_id: str, name: str = "Maya") -> tuple[str, str]:
    """A user's id, and the token of a link for them."""
    with store.write() as session:
        made = keys.create_user(session, account_id, (name, None, Role.OWNER), at())
        token = sign_in.link_for(session, account_id, name, at())
        assert token is not None
    return made["id"], token


def test_a_link_lets_in_one_of_those_who_try_it_at_once(store: Store, account_id: str) -> None:
    """Whoever is later finds it used."""
    user_id, token = a_user(store, account_id)

    def use(seed: int) -> str | None:
        try:
            with store.write() as session:
                return sign_in.use_link(session, token, "", (f"hash {seed}", "test"), at(seed=seed))
        except Refused:
            return None

    with ThreadPoolExecutor(8) as pool:
        given = [one for one in pool.map(use, range(8)) if one is not None]
    assert len(given) == 1
    with store.read() as session:
        signed = login.authenticate(session, given[0], NOW)
        assert signed is not None
        assert signed.actor.user_id == user_id
        assert len(sessions.of_user(session, user_id, NOW)) == 1


def test_who_is_signed_in_is_so_for_a_while(store: Store, account_id: str) -> None:
    """By the hash of the token alone, until the end or a long silence."""
    user_id, token = a_user(store, account_id)
    with store.write() as session:
        mine = sign_in.use_link(session, token, "", ("hash", "test"), at())
    with store.read() as session:
        signed = login.authenticate(session, mine, NOW)
        assert signed is not None
        here = signed.actor.key_id
        assert not signed.stale
        assert login.authenticate(session, login.hashed(mine), NOW) is None
        later = NOW + timedelta(minutes=1)
        assert login.authenticate(session, mine, later).stale  # type: ignore[union-attr]
        assert sessions.valid(session, {here, "sin_none", "key_x"}, NOW) == {here}
        assert sessions.valid(session, {here}, NOW + sessions.IDLE) == set()
        assert login.authenticate(session, mine, NOW + sessions.IDLE) is None
    with store.write() as session:
        sessions.note_seen(session, here, NOW + timedelta(days=13))
        assert sessions.valid(session, {here}, NOW + sessions.IDLE) == {here}
        assert sign_in.sign_out(session, user_id) == 1
        assert login.authenticate(session, mine, NOW) is None


def test_tries_beyond_count_are_refused_and_old_ones_forgotten(
    store: Store, account_id: str
) -> None:
    """A quarter of an hour after the first there is room for one more."""
    counted = login.subjects("Maya", "192.0.2.1")
    for minute in range(login.OF_NAME):
        with store.write() as session:
            login.count_try(session, counted, NOW + timedelta(minutes=minute))
    with pytest.raises(Refused, match="wait 11 minutes"), store.write() as session:
        login.count_try(session, counted, NOW + timedelta(minutes=4))
    for minute in (15, 16):
        with store.write() as session:
            login.count_try(session, counted, NOW + timedelta(minutes=minute, seconds=1))
    with store.read() as session:
        old, _ = sessions.tries(session, counted[0], NOW - timedelta(days=1))
        assert old == login.OF_NAME
    del account_id


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("testclient", "", False),
    ],
)
def test_an_address_is_its_network(one: str, other: str, same: bool) -> None:
    """Who has one address of IPv6 has 2 to the power of 64 of them."""
    assert (login.subjects("x", one)[1] == login.subjects("x", other)[1]) is same
