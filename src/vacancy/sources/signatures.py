"""Whether a system's webhook was signed with the secret that it gave: HMAC-SHA256, as it comes.

Three ways of writing it are read, because most documents name the method and not the form:
Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`), `t=SECONDS,v1=HEX` over
`SECONDS.body`, and a digest of the body alone, in hex or base 64, `sha256=` before it or not. Where
the signature says when it was made, it holds for five minutes either way; where it does not, a
replay cannot be told from the first, and must be harmless.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

TOLERANCE = 300  # seconds
_PREFIX = "whsec_"


def signed(
    headers: Mapping[str, str], body: bytes, secret: str, now: datetime, named: Sequence[str]
) -> bool:
    """Whether one of the headers holds a signature of `body`. Never raises.

    `headers` have lower-case names; `named` are those that the system may sign in, besides the
    Standard Webhooks ones.
    """
    if not secret:
        return False
    if "webhook-signature" in headers and _standard(headers, body, secret, now):
        return True
    written = [headers[name] for name in named if name in headers]
    return any(_stamped(one, body, secret, now) or _plain(one, body, secret) for one in written)


def _standard(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:
    made = headers.get("webhook-timestamp", "")
    if not _lately(made, now):
        return False
    told = f"{headers.get('webhook-id', '')}.{made}.".encode() + body
    key = _key(secret)
    ours = base64.b64encode(_digest(key, told))
    given = headers["webhook-signature"].split()
    return any(_same(one.removeprefix("v1,"), ours) for one in given if one.startswith("v1,"))


def _stamped(written: str, body: bytes, secret: str, now: datetime) -> bool:
    parts = [part.strip().partition("=") for part in written.split(",")]
    made = next((value for name, _, value in parts if name == "t"), "")
    if not _lately(made, now):
        return False
    ours = _digest(secret.encode(), f"{made}.".encode() + body).hex().encode()
    return any(_same(value.lower(), ours) for name, _, value in parts if name == "v1")


def _plain(written: str, body: bytes, secret: str) -> bool:
    digest = _digest(secret.encode(), body)
    given = written.strip().removeprefix("sha256=")
    return _same(given.lower(), digest.hex().encode()) or _same(given, base64.b64encode(digest))


def _key(secret: str) -> bytes:
    """What Standard Webhooks signs with: the bytes behind `whsec_`, else the text itself."""
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()


def _digest(key: bytes, told: bytes) -> bytes:
    return hmac.digest(key, told, "sha256")


def _lately(made: str, now: datetime) -> bool:
    if not (made.isascii() and made.isdigit() and len(made) <= 12):
        return False
    return abs(int(made) - now.timestamp()) <= TOLERANCE


def _same(given: str, ours: bytes) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), ours)
