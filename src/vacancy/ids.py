"""Ids: prefixed, time-ordered, safe in URLs. Time and chance are arguments: a seed repeats them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

#: Takes a count and gives so many random bytes: `secrets.token_bytes`, or a seeded `randbytes`.
Chance = Callable[[int], bytes]

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str, now: datetime, chance: Chance) -> str:
    """`stay_01j9...`: a prefix, 48 bits of milliseconds, 80 random bits, in Crockford's base 32."""
    millis = int(now.timestamp() * 1000)
    number = (millis << 80) | int.from_bytes(chance(10))
    digits = [_DIGITS[(number >> (5 * place)) & 31] for place in range(25, -1, -1)]
    return f"{prefix}_{''.join(digits)}"
