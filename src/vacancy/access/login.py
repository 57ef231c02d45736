"""Signing in to the console: passwords, the tokens of browsers, and how often one may try.

Passwords are hashed by argon2id. A token is 256 random bits in a cookie; the store has its hash,
and every form of that browser carries a token of its own, made of it. Tries are counted in the
store, so that neither a restart nor a second instance gives more of them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from vacancy.access.roles import ALLOWED
from vacancy.domain.errors import Refused
from vacancy.domain.scopes import Actor, Role
from vacancy.ids import Chance
from vacancy.store import sessions
from vacancy.store.session import Session

#: How long a browser stays signed in at most, however often it is seen.
LONGEST = timedelta(days=90)
#: How long a one-time link works.
LINK_WORKS = timedelta(hours=24)
#: How far behind `seen_at` may be.
NOTED_EVERY = timedelta(seconds=60)

#: Tries without success within this span, of one name and of one address.
TRIES_WITHIN = timedelta(minutes=15)
OF_NAME, OF_ADDRESS = 5, 20

SHORTEST, LONGEST_PASSWORD = 12, 200

#: Memory in KiB, rounds and lanes of argon2id: a tenth of a second, and 64 MiB.
_HASHER = PasswordHash((Argon2Hasher(time_cost=3, memory_cost=64 * 1024, parallelism=4),))


@dataclass(frozen=True, slots=True)
class Signed:
    """Who is signed in by a browser's token; `stale`: that it was seen should be noted.

    `actor.key_id` is the id of the sign-in.
    """

    actor: Actor
    name: str
    preferences: Mapping[str, Any]
    stale: bool


def refuse_weak(password: str, name: str) -> None:
    """Raises Refused (`weak_password`) where nobody should rely on this password."""
    if not SHORTEST <= len(password) <= LONGEST_PASSWORD:
        raise Refused(
            "weak_password", f"a password has {SHORTEST} to {LONGEST_PASSWORD} characters"
        )
    if password.casefold().strip() == name.casefold() or len(set(password)) < 4:
        raise Refused("weak_password", "choose a password that is harder to guess")


def hash_password(password: str) -> str:
    """What the store keeps of a password. Takes a tenth of a second."""
    return _HASHER.hash(password)


def verify(password: str, kept: str | None) -> tuple[bool, str | None]:
    """Whether this is the password, and what to keep of it from now on, where that is news.

    Takes as long where there is no such user, or where they have no password (`kept` is None).
    """
    right, newer = _HASHER.verify_and_update(
        password[:LONGEST_PASSWORD], _nobodys() if kept is None else kept
    )
    return (right, newer) if kept is not None else (False, None)


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody has this password")


def draw(chance: Chance) -> str:
    """A new token."""
    return base64.urlsafe_b64encode(chance(32)).rstrip(b"=").decode()


def hashed(token: str) -> str:
    """What the store finds a token by."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def form_token(token: str, pad: bytes) -> str:
    """What a form of a browser carries; nobody makes it who has not its token.

    `pad` are 32 random bytes that make it another on each page: of a page that is compressed, its
    size would tell somebody who can see it and write into it what stands there each time.
    """
    return (pad + _mixed(_form_code(token), pad)).hex()


def is_form_token(given: str, token: str) -> bool:
    """Whether a form of this browser carried that."""
    try:
        sent = bytes.fromhex(given)
    except ValueError:
        return False
    pad, code = sent[:32], sent[32:]
    return len(code) == 32 and hmac.compare_digest(_mixed(code, pad), _form_code(token))


def _form_code(token: str) -> bytes:
    return hmac.new(token.encode("utf-8", "replace"), b"form", hashlib.sha256).digest()


def _mixed(code: bytes, pad: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(code, pad, strict=True))


def authenticate(session: Session, token: str, now: datetime) -> Signed | None:
    """Who is signed in by this token; None where nobody is, or is any more."""
    row = sessions.by_hash(session, hashed(token), now) if token else None
    if row is None:
        return None
    role = Role(row.role)
    actor = Actor(row.account_id, row.user_id, row.id, role, ALLOWED[role])
    return Signed(actor, row.name, row.preferences, now - row.seen_at >= NOTED_EVERY)


def subjects(name: str, address: str) -> tuple[str, str]:
    """What a try is counted against: the name, and the network that it came from."""
    return _digest("name", name.casefold()), _digest("address", _network(address))


def count_try(session: Session, counted: tuple[str, str], now: datetime) -> None:
    """Count one try, before it is known whether it succeeds. Raises Refused (`too_many_tries`)."""
    since = now - TRIES_WITHIN
    for subject, most in zip(counted, (OF_NAME, OF_ADDRESS), strict=True):
        count, first = sessions.tries(session, subject, since)
        if count >= most and first is not None:
            minutes = max(1, -int(-(first + TRIES_WITHIN - now).total_seconds() // 60))
            raise Refused("too_many_tries", f"too many tries: wait {minutes} minutes")
    sessions.forget_tries(session, since)
    sessions.note_tries(session, counted, now)


def forgive(session: Session, counted: tuple[str, str], now: datetime) -> None:
    """The try succeeded: those before it are no more counted against its name."""
    sessions.forget_tries(session, now - TRIES_WITHIN, counted[:1])


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network(f"{found}/64", strict=False))


def _digest(kind: str, text: str) -> str:
    return hashlib.sha256(f"{kind}\n{text}".encode("utf-8", "replace")).hexdigest()
