"""Ids: prefixed, time-ordered, safe in URLs. Time and chance are arguments: a seed repeats them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

#: Takes a count and gives so many random bytes: `secrets.token_bytes`, or a seeded `randbytes`.
Chance = Callable[[int], bytes]

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
#: Ten bits at a time.
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]


def new_id(prefix: str, now: datetime, chance: Chance) -> str:
    """`stay_01j9...`: a prefix, 48 bits of milliseconds, 80 random bits, in Crockford's base 32."""
    number = int.from_bytes(chance(10))
    return f"{prefix}_{_time(now)}{_digits(number, 8)}"


@lru_cache(maxsize=64)
def _time(now: datetime) -> str:
    """Many ids are drawn at one instant."""
    return _digits(int(now.timestamp() * 1000), 5)


def _digits(number: int, pairs: int) -> str:
    return "".join([_PAIRS[(number >> (10 * at)) & 1023] for at in range(pairs - 1, -1, -1)])
