"""Signing in and out of the console, and the links that let somebody in once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vacancy.access import login
from vacancy.domain.errors import Malformed, Refused
from vacancy.domain.scopes import Role
from vacancy.ids import new_id
from vacancy.services import keys, shapes
from vacancy.services.at import At
from vacancy.store import keys as stored_users
from vacancy.store import sessions, tables
from vacancy.store.session import Session

#: Roles of people. A program has keys, and no password.
PEOPLE = frozenset({Role.OWNER, Role.MANAGER, Role.STAFF})

_LONGEST_AGENT = 200


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who says who they are, and has not proved it."""

    user_id: str
    account_id: str
    kept: str | None
    counted: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Proof:
    """What trying a password gave; `rehashed` is to be kept in the place of the old hash."""

    candidate: Candidate
    right: bool
    rehashed: str | None = None


def admit(session: Session, name: str, address: str, at: At) -> Candidate:
    """Count a try, and say whose password is to be tried. Raises Refused (`too_many_tries`)."""
    counted = login.subjects(name, address)
    login.count_try(session, counted, at.now)
    user = sessions.user_by_name(session, name)
    if user is None:
        return Candidate("", "", None, counted)
    return Candidate(user.id, user.account_id, user.password_hash, counted)


def prove(candidate: Candidate, password: str) -> Proof:
    """Try a password: outside of a transaction, as it takes a tenth of a second."""
    right, rehashed = login.verify(password, candidate.kept)
    return Proof(candidate, right, rehashed)


def sign_in(session: Session, proof: Proof, agent: str, at: At) -> str:
    """The token of a browser that is signed in from now on. Raises Refused (`wrong_password`)."""
    candidate = proof.candidate
    if not proof.right:
        raise Refused("wrong_password", "this name and password do not belong together")
    user = sessions.user(session, candidate.account_id, candidate.user_id)
    if user.revoked_at is not None or user.password_hash != candidate.kept:
        raise Refused("wrong_password", "this name and password do not belong together")
    user.password_hash = proof.rehashed or user.password_hash
    login.forgive(session, candidate.counted, at.now)
    return _signed_in(session, user, agent, at)


def sign_out(session: Session, user_id: str, signed_in_id: str | None = None) -> int:
    """Sign a user out in one browser, or in all (None); in how many."""
    return sessions.end(session, user_id, signed_in_id)


def browsers(session: Session, user_id: str, at: At) -> list[dict[str, Any]]:
    """Where a user is signed in, last seen first."""
    return [
        {
            "id": row.id,
            "agent": row.agent,
            "created_at": shapes.instant(row.created_at),
            "seen_at": shapes.instant(row.seen_at),
        }
        for row in sessions.of_user(session, user_id, at.now)
    ]


def prefer(session: Session, account_id: str, user_id: str, chosen: Mapping[str, Any]) -> None:
    """Keep what a user chose: language, theme and the like; None forgets a choice."""
    user = sessions.user(session, account_id, user_id)
    kept = {**user.preferences, **chosen}
    user.preferences = {name: value for name, value in kept.items() if value is not None}
    session.flush()


def first_link(session: Session, account_id: str, at: At) -> str | None:
    """The token of a link by which the first user, an owner, makes themselves; None where there
    are users already.
    """
    if stored_users.users(session, account_id):
        return None
    return _link(session, account_id, None, at)


def link_for(session: Session, account_id: str, name: str, at: At) -> str | None:
    """The token of a link by which a user (name or id) sets their password; None for a program.

    Links that were made before for the same user work no more. Raises Unknown.
    """
    user = stored_users.user(session, account_id, name)
    if Role(user.role) not in PEOPLE or user.revoked_at is not None:
        return None
    return _link(session, account_id, user.id, at)


def address(base_url: str, token: str) -> str:
    """Where a link is opened."""
    return f"{base_url}/set-up/{token}"


def whom(session: Session, token: str, at: At) -> dict[str, Any]:
    """Whom a link lets in, `name` None for the first user. Raises Refused (`link_over`)."""
    found = _working(session, token, at)
    if found is None:
        raise Refused("link_over", "this link was used before, or its time is over")
    if found.user_id is None:
        return {"name": None, "role": Role.OWNER.value}
    user = sessions.user(session, found.account_id, found.user_id)
    return {"name": user.name, "role": user.role}


def use_link(session: Session, token: str, name: str, secret: tuple[str, str], at: At) -> str:
    """Set a password by a link, make the first user, and sign them in: the browser's token.

    `secret` is the password's hash, made before, and what the browser calls itself. Whoever was
    signed in as that user is no more. Raises Refused (`link_over`).
    """
    found = _working(session, token, at)
    if found is None or not sessions.use_link(session, login.hashed(token), at.now):
        raise Refused("link_over", "this link was used before, or its time is over")
    user_id = found.user_id
    if user_id is None:
        wish = (name, None, Role.OWNER)
        user_id = str(keys.create_user(session, found.account_id, wish, at)["id"])
    user = sessions.user(session, found.account_id, user_id)
    user.password_hash = secret[0]
    sessions.end(session, user.id)
    return _signed_in(session, user, secret[1], at)


def candidate_of(session: Session, who: tuple[str, str], address: str, at: At) -> Candidate:
    """A user, by account id and id, who is to prove themselves once more. Raises Refused."""
    user = sessions.user(session, *who)
    counted = login.subjects(user.name, address)
    login.count_try(session, counted, at.now)
    return Candidate(user.id, user.account_id, user.password_hash, counted)


def change_password(session: Session, proof: Proof, hashed: str, signed_in_id: str, at: At) -> None:
    """Set another password, by one who knows the old one; their other browsers are signed out.

    Raises Refused (`wrong_password`).
    """
    if not proof.right:
        raise Refused("wrong_password", "that is not your password")
    user = sessions.user(session, proof.candidate.account_id, proof.candidate.user_id)
    user.password_hash = hashed
    login.forgive(session, proof.candidate.counted, at.now)
    sessions.end(session, user.id, but=signed_in_id)
    session.flush()


def reset(session: Session, account_id: str, name: str, at: At) -> int:
    """End all that a user (name or id) has: keys, password, browsers; how many keys and browsers.

    Raises Unknown.
    """
    user = stored_users.user(session, account_id, name)
    user.password_hash = None
    ended = keys.reset(session, account_id, user.id, at)
    return ended + sessions.end(session, user.id)


def revoke(session: Session, account_id: str, name: str, at: At) -> int:
    """Let a user (name or id) open nothing more, ever; as `reset` otherwise. Raises Unknown."""
    user = stored_users.user(session, account_id, name)
    user.revoked_at = user.revoked_at or at.now
    return reset(session, account_id, user.id, at)


def read_name(text: str) -> str:
    """A user's name. Raises Malformed."""
    if not text.strip() or len(text) > 200 or not text.isprintable():
        raise Malformed("a user's name is a line of 1 to 200 letters")
    return text.strip()


def _working(session: Session, token: str, at: At) -> tables.OneTimeLink | None:
    found = sessions.link(session, login.hashed(token), at.now)
    if found is None:
        return None
    if found.user_id is None:
        return None if stored_users.users(session, found.account_id) else found
    user = sessions.user(session, found.account_id, found.user_id)
    return None if user.revoked_at is not None else found


def _link(session: Session, account_id: str, user_id: str | None, at: At) -> str:
    token = login.draw(at.chance)
    row = tables.OneTimeLink(
        id=new_id("link", at.now, at.chance),
        account_id=account_id,
        user_id=user_id,
        token_hash=login.hashed(token),
        created_at=at.now,
        expires_at=at.now + login.LINK_WORKS,
    )
    sessions.add_link(session, row)
    return token


def _signed_in(session: Session, user: tables.User, agent: str, at: At) -> str:
    token = login.draw(at.chance)
    row = tables.SignedIn(
        id=new_id("sin", at.now, at.chance),
        account_id=user.account_id,
        user_id=user.id,
        token_hash=login.hashed(token),
        agent=agent[:_LONGEST_AGENT],
        created_at=at.now,
        seen_at=at.now,
        expires_at=at.now + login.LONGEST,
    )
    sessions.add(session, row)
    return token
