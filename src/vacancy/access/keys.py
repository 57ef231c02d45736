"""API keys: how they are spelt, found and judged.

A key is `vac_`, 43 letters and digits safe in a URL (256 random bits), and 6 that check them: a
slip or a cut key is told without asking the store, and scanners for leaked secrets know the shape.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from datetime import datetime, timedelta

from vacancy.access.roles import ALLOWED
from vacancy.domain.scopes import Actor, Role, Scope
from vacancy.ids import Chance
from vacancy.store import keys
from vacancy.store.session import Session

PREFIX = "vac_"
#: How long a rotated key goes on working beside the new one.
OVERLAP = timedelta(hours=24)
#: How far behind `last_used_at` may be.
NOTED_EVERY = timedelta(seconds=60)

_KEY = re.compile(r"vac_([A-Za-z0-9_-]{43})([0-9a-z]{6})")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def draw(chance: Chance) -> str:
    """A new key."""
    random = base64.urlsafe_b64encode(chance(32)).rstrip(b"=").decode()
    return f"{PREFIX}{random}{_check(random)}"


def well_formed(text: str) -> bool:
    """Whether this could be a key at all."""
    found = _KEY.fullmatch(text)
    return found is not None and _check(found[1]) == found[2]


def hashed(key: str) -> str:
    """What the store finds a key by: a slow hash would add nothing to 256 random bits."""
    return hashlib.sha256(key.encode()).hexdigest()


def authenticate(session: Session, key: str, now: datetime) -> tuple[Actor, bool] | None:
    """Who holds this key, and whether its last use should be noted; None if it opens nothing.

    A key that was revoked, or has expired, opens nothing from its instant on.
    """
    if not well_formed(key):
        return None
    row = keys.by_hash(session, hashed(key))
    if row is None:
        return None
    if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        return None
    role = Role(row.role)
    scopes = frozenset(Scope(scope) for scope in row.scopes) & ALLOWED[role]
    stale = row.last_used_at is None or now - row.last_used_at >= NOTED_EVERY
    return Actor(row.account_id, row.user_id, row.id, role, scopes), stale


def has_expired(session: Session, key: str, now: datetime) -> bool:
    """Whether this key opened something once, and its time is over."""
    row = keys.by_hash(session, hashed(key)) if well_formed(key) else None
    if row is None or row.revoked_at is not None:
        return False
    return row.expires_at is not None and row.expires_at <= now


def _check(random: str) -> str:
    number = zlib.crc32(random.encode())
    digits = []
    for _ in range(6):
        number, digit = divmod(number, 36)
        digits.append(_DIGITS[digit])
    return "".join(digits)
